/** The engine killed while live orders are on their way: ten times here, as often as wanted by `npm run kill:live`. */
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { killRun } from "./kill/kill-run.ts";
import { summaryText } from "./kill/kill-summary.ts";

const KILLS = 10;
const folder = temporaryFolder();

it("every order lands at most once and ends, and the books are the chain's, whenever the engine dies", async () => {
  const { summary, problems } = await killRun({ kills: KILLS, seed: 7, folder: folder.file("") });
  console.log(summaryText(summary));
  expect(problems).toEqual([]);
  // Else the run has shown nothing.
  expect(summary.filled).toBeGreaterThan(0);
  expect(summary.landed).toBe(summary.filled);
  expect(summary.unknown).toBe(0);
  expect(summary.foundAt.size).toBeGreaterThanOrEqual(3);
}, 180_000);
