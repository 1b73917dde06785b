/** A start that has to fold its log says how far it is. */
import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { foldingProgress } from "../../adapters/cli/serve.ts";
import { loadConfig } from "../../adapters/config.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { startServer } from "../../adapters/serve.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();
const MANY = 2_500;

async function storedEvents(): Promise<number> {
  const log = createLogWriter();
  log.openAccount("main", [{ mint: SOL, amount: "1" }]);
  for (let n = 0; n < MANY; n += 1) log.deposit("main", { mint: SOL, amount: "1" });
  const store = await openSqliteEventStore({ file: folder.file("log.db") });
  await log.appendTo(store);
  await store.close();
  return log.recorded.length;
}

/** Starts on the folder and stops again: what progress was told. */
async function progressOfStart() {
  // Nobody listens there; nothing is asked in this test.
  const settings = ["jupiter.baseUrls=http://127.0.0.1:9", "grpc=127.0.0.1:0", "http=127.0.0.1:0"];
  const loaded = loadConfig({ set: [...settings, `data=${folder.file(".")}`] }, {});
  if (loaded.kind === "wrong") throw new Error(loaded.problems.join("\n"));
  const told = { totals: [] as number[], steps: [] as number[], ends: 0 };
  const running = await startServer(loaded.config, {
    version: "test",
    log: () => undefined,
    onFatal: (sentence) => {
      throw new Error(sentence);
    },
    progress: (total) => {
      told.totals.push(total);
      return {
        step: (events) => void told.steps.push(events),
        end: () => {
          told.ends += 1;
        },
      };
    },
  });
  expect(told.ends).toBe(1);
  await running.stop();
  return told;
}

describe("the start of an engine", () => {
  it("tells how much of the log is folded, and less with a snapshot", async () => {
    const before = await storedEvents();
    const { totals, steps } = await progressOfStart();
    // The start itself is an event.
    expect(totals).toEqual([before + 1]);
    expect(steps.at(-1)).toBe(before + 1);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.length).toBeGreaterThan(2);
    const again = await progressOfStart();
    expect(again.steps.at(-1) ?? 0).toBeLessThan(10);
    rmSync(folder.file("state.db"));
    const anew = await progressOfStart();
    expect(anew.steps.at(-1)).toBe(anew.totals[0]);
  });

  it("shows it on stderr: at a terminal as a bar, elsewhere as lines", () => {
    const shown = (isTerminal: boolean): string => {
      let nowMs = 0;
      let text = "";
      const err = (part: string) => {
        text += part;
      };
      const progress = foldingProgress({ err, isTerminal }, 1_000_000, () => nowMs);
      progress.step(1_000);
      nowMs = 10_000;
      progress.step(500_000);
      progress.end();
      return text;
    };
    expect(shown(true)).toContain(
      "folding the log [####-----]  50 % 500,000/1,000,000 events, 50,000/s, 10 s left",
    );
    expect(shown(false)).toMatch(/^folding the log 50 % 500,000\/1,000,000 events, 50,000\/s/);
  });
});
