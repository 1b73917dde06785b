/** `npm run demo` holds every answer to what it must say by itself; here it is run, and what it prints at the end is looked at. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { TOUR_LIMIT_MS } from "./demo-tools.ts";

const DEMO = resolve(import.meta.dirname, "demo.ts");

const folders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("orderstream-demo-"));

it(
  "tours paper and live to the end, and leaves nothing behind",
  async () => {
    const before = folders();
    const { code, said } = await new Promise<{ code: unknown; said: string }>((resolve) => {
      execFile(process.execPath, [DEMO], (error, out, err) => {
        resolve({ code: error?.code ?? 0, said: out + err });
      });
    });
    expect(said).toMatch(/All as it should be, in \d+\.\d s\.\n$/);
    expect(code).toBe(0);
    // The live part: a failure on the chain with its retry, and one signature over a crash.
    expect(said).toMatch(/attempt 1 failed on the chain .*SLIPPAGE_EXCEEDED/);
    expect(said).toMatch(/signed attempt 2 as/);
    expect(said).toMatch(/killed; landed; starting again …\n\$ orderstream watch demo-dies/);
    expect(folders().filter((name) => !before.includes(name))).toEqual([]);
  },
  TOUR_LIMIT_MS + 10_000,
);
