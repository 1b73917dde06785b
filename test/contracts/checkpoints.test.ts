/** The checkpoints contract over both adapters, and what only the file can get wrong. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMemoryCheckpoints } from "../../adapters/checkpoints/memory.ts";
import { openSqliteCheckpoints } from "../../adapters/checkpoints/sqlite.ts";
import type { Checkpoint, Checkpoints } from "../../domain/ports/checkpoints.ts";
import type { EventId, LogId } from "../../domain/primitives/ids.ts";

const checkpoint = (processor: string, position: bigint, state = "{}"): Checkpoint => ({
  processor,
  version: 1,
  logId: "log" as LogId,
  targetId: "target",
  position,
  eventId: `event-${position}` as EventId,
  state,
});

let folder = "";
let file = "";
let open: { close(): void }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "orderstream-"));
  file = join(folder, "deep", "state.db");
});
afterEach(() => {
  for (const one of open) one.close();
  open = [];
  rmSync(folder, { recursive: true });
});

function openFile() {
  const checkpoints = openSqliteCheckpoints(file);
  open.push(checkpoints);
  return checkpoints;
}

/** `reopen` gives what a restart finds. */
type Make = () => { first: Checkpoints; reopen: () => Checkpoints };

const memory: Make = () => {
  const saved = new Map<string, Checkpoint>();
  return {
    first: createMemoryCheckpoints(saved),
    reopen: () => createMemoryCheckpoints(saved),
  };
};

const sqlite: Make = () => {
  const first = openFile();
  return {
    first,
    reopen() {
      first.close();
      return openFile();
    },
  };
};

describe.each([
  ["memory", memory],
  ["sqlite", sqlite],
])("checkpoints contract: %s", (_, make) => {
  it("knows nothing of a processor that never saved", async () => {
    expect(await make().first.load("trades")).toBeUndefined();
  });

  it("gives back what was saved last, for each processor", async () => {
    const { first } = make();
    await first.save(checkpoint("trades", 5n));
    await first.save(checkpoint("portfolio", 2n));
    await first.save({ ...checkpoint("trades", 9n, '{"n":1}'), version: 2, targetId: "other" });
    const wanted = { ...checkpoint("trades", 9n, '{"n":1}'), version: 2, targetId: "other" };
    expect(await first.load("trades")).toEqual(wanted);
    expect(await first.load("portfolio")).toEqual(checkpoint("portfolio", 2n));
  });

  it("keeps large positions, large states and odd characters through a restart", async () => {
    const { first, reopen } = make();
    const saved = checkpoint("trades", 18_446_744_073_709_551_615n, "ł🚀'".repeat(200_000));
    await first.save(saved);
    expect(await reopen().load("trades")).toEqual(saved);
  });
});

describe("checkpoints in a file", () => {
  it("that is damaged inside are told with the file and what to do", async () => {
    const first = openFile();
    await first.save(checkpoint("trades", 1n, "x".repeat(20_000)));
    first.close();
    writeFileSync(file, readFileSync(file).fill(0xff, 4_096));
    const load = async () => openFile().load("trades");
    await expect(load()).rejects.toThrow(/state\.db cannot be used: .*move it away and start/);
  });

  it("refuses a damaged file, unchanged, and says that it may go", () => {
    file = join(folder, "state.db");
    writeFileSync(file, "garbage ".repeat(1_000));
    const before = readFileSync(file);
    expect(() => openSqliteCheckpoints(file)).toThrow(/not a database.*move it away/);
    expect(readFileSync(file)).toEqual(before);
  });

  it("refuses a newer and a foreign file", () => {
    openFile().close();
    const db = new DatabaseSync(file);
    db.exec("PRAGMA user_version = 2");
    expect(() => openSqliteCheckpoints(file)).toThrow("newer version");
    db.exec("PRAGMA user_version = 1; PRAGMA application_id = 7");
    expect(() => openSqliteCheckpoints(file)).toThrow("another program");
    db.close();
  });
});
