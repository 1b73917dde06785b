/** The generated code is what the protos say now, and the protos keep their promises to clients. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "orderstream-proto-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const buf = (...args: string[]): void => {
  execFileSync(join(ROOT, "node_modules/.bin/buf"), args, { cwd: ROOT, stdio: "pipe" });
};

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

describe("proto", () => {
  it("is generated fresh (npm run proto)", () => {
    buf("generate", "--output", scratch);
    const fresh = join(scratch, "proto/generated");
    const committed = join(ROOT, "proto/generated");
    expect(filesOf(fresh)).toEqual(filesOf(committed));
    for (const file of filesOf(fresh)) {
      const same =
        readFileSync(join(fresh, file), "utf8") === readFileSync(join(committed, file), "utf8");
      expect(same, `${file} is stale: npm run proto`).toBe(true);
    }
  });

  it("is linted by buf", () => {
    buf("lint");
  });

  it("breaks no client: the contract is compared with its frozen image", () => {
    // The image is made anew only when a release is cut: buf build -o test/fixtures/proto.binpb
    buf("breaking", "--against", "test/fixtures/proto.binpb");
  });

  it("notices a breaking change", () => {
    const changed = join(scratch, "changed");
    execFileSync("cp", ["-r", join(ROOT, "proto"), changed]);
    const file = join(changed, "trade_executor/trade_executor.proto");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace("string request_id = 1;", "string request_id = 21;"),
    );
    expect(() => buf("breaking", changed, "--against", "test/fixtures/proto.binpb")).toThrow();
  });
});
