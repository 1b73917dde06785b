import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { run as runCli } from "../cli/harness.ts";
import { startEngineProcess } from "../support/engine-process.ts";

const run = promisify(execFile);

describe("loopback", () => {
  it("is not left by a test: the guard refuses addresses and names before anything is sent", async () => {
    expect(() => net.connect(443, "192.0.2.1")).toThrow(/would leave loopback: 192.0.2.1/);
    expect(() => net.connect({ host: "example.invalid", port: 443 })).toThrow(
      /would leave loopback/,
    );
    await expect(fetch("http://192.0.2.1/")).rejects.toThrow();
  });

  it("is not left by a process that a test starts", async () => {
    const code = "fetch('http://192.0.2.1/').then(() => process.exit(0), () => process.exit(7))";
    await expect(run(process.execPath, ["-e", code])).rejects.toMatchObject({
      code: 7,
      stderr: expect.stringContaining("would leave loopback: 192.0.2.1"),
    });
  });

  it("is not left by `start`: nothing public is asked unless it was named", async () => {
    const folder = mkdtempSync(join(tmpdir(), "orderstream-loopback-"));
    const fast = ["--set", "localnet.blockTimeMs=20", "--set", "localnet.finalLag=8"];
    const engine = await startEngineProcess(folder, fast);
    try {
      const target = ["--grpc", engine.grpc];
      const paper = await runCli(["trade", "buy", "1", "SOL", "--for", "USDC", ...target]);
      const live = await runCli([
        "trade",
        "sell",
        "0.5",
        "SOL",
        "--for",
        "USDC",
        "--live",
        ...target,
      ]);
      expect([paper.code, live.code]).toEqual([0, 0]);
      // The guard is in the engine and in the localnet, and says so on stderr, which is the engine's too.
      expect(engine.said()).not.toContain("would leave loopback");
      if (process.platform === "linux") expect(foreignPeers(engine.pid)).toEqual([]);
    } finally {
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Addresses beyond loopback that a process and those it started are connected to, as hex of the kernel. */
function foreignPeers(pid: number): string[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parentOf = (one: string): string => {
    try {
      return (
        readFileSync(`/proc/${one}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ")[1] ?? ""
      );
    } catch {
      return "";
    }
  };
  const family = numbers.filter((one) => one === String(pid) || parentOf(one) === String(pid));
  const sockets = new Set(family.flatMap(socketsOf));
  return ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , peer = "", , , , , , , inode = ""]) => peer !== "" && sockets.has(inode))
      .map(([, , peer = ""]) => peer.split(":")[0] ?? "")
      .filter((peer) => !/^0+$|7F$|^0{16}FFFF00000100007F$|^0{24}01000000$/.test(peer)),
  );
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = readLink(`/proc/${pid}/fd/${fd}`);
      return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
    });
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
