/** docs/gate.md names every rule, and no rule that there is not. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "domain/chain");
const SOURCES = readdirSync(FOLDER).filter((name) => /^(gate|simulated-balances)/.test(name));

test("docs/gate.md", () => {
  const code = SOURCES.map((name) => readFileSync(join(FOLDER, name), "utf8")).join("\n");
  const named = [
    ...code.matchAll(/refused\(\s*"([a-z-]+)"/g),
    ...code.matchAll(/\["(swap-[a-z-]+|platform-fee)", (?:ROUTE|SHARED)/g),
    ...code.matchAll(/equal\("([a-z-]+)"/g),
  ].map(([, rule]) => rule);
  const fields = /for \(const name of \[([\s\S]*?)\] as const/.exec(code)?.[1] ?? "";
  const changes = [...fields.matchAll(/"(\w+)"/g)].map(([, field]) => `own-account-${field}`);
  const doc = readFileSync(join(ROOT, "docs/gate.md"), "utf8");
  const documented = [...doc.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, rule]) => rule),
  );
  expect(new Set(documented)).toEqual(new Set([...named, ...changes]));
  expect(documented.length).toBeGreaterThan(45);
});
