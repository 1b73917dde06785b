import { execFile } from "node:child_process";
import net from "node:net";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

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
});
