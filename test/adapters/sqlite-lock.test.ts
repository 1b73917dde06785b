/** The lock of a data folder, in one process and between two. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { acquireLock } from "../../adapters/event-store/lock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();
const REFUSED = /another program .*is using this data folder.*Stop it first, or use another/;

describe("the lock", () => {
  it("is held by one, refused to others with a sentence, and free after release", () => {
    const first = acquireLock(folder.file("lock.db"));
    expect(() => acquireLock(folder.file("lock.db"))).toThrow(REFUSED);
    first.release();
    first.release();
    acquireLock(folder.file("lock.db")).release();
  });

  it("holds against another process until that one is killed, forgotten or not", async () => {
    const program = fileURLToPath(new URL("../support/hold-lock.ts", import.meta.url));
    const flags = ["--disable-warning=ExperimentalWarning", "--expose-gc"];
    const child = spawn(process.execPath, [...flags, program, folder.file("lock.db")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const closed = once(child, "close");
    try {
      await once(child.stdout, "data");
      expect(() => acquireLock(folder.file("lock.db"))).toThrow(REFUSED);
    } finally {
      child.kill("SIGKILL");
      await closed;
    }
    acquireLock(folder.file("lock.db")).release();
  });
});
