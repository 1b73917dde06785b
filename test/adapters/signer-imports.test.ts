/** The signer's process has next to no dependencies: Node itself, its own folder, and the pure chain code. */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** What a file loads when it runs; types are gone by then. */
function loadedBy(path: string): string[] {
  const text = readFileSync(resolve(ROOT, path), "utf8");
  const found = text.matchAll(
    /^(?:import\s+(?!type\b)(?:[\w*\s{},$]+?\sfrom\s+)?|export\s+(?!type\b)[\w*\s{},$]+?\sfrom\s+)["']([^"']+)["']/gm,
  );
  const dynamic = text.matchAll(/\b(?:import|require)\(\s*["'`]?([^"'`)]*)/g);
  return [...found, ...dynamic].map(([, name = ""]) =>
    name.startsWith(".") ? relative(ROOT, resolve(ROOT, dirname(path), name)) : name,
  );
}

function allLoadedBy(main: string): Set<string> {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    if (path.endsWith(".ts")) for (const next of loadedBy(path)) visit(next);
  };
  visit(main);
  return seen;
}

const ALLOWED =
  /^(node:[a-z_/]+|adapters\/signer\/[\w-]+\.ts|domain\/(chain|primitives)\/[\w-]+\.ts)$/;
const NETWORK = /^node:(net|tls|http|https|http2|dgram|dns|worker_threads|child_process|cluster)/;

it.each(["signer-main", "make-wallet-main"])(
  "%s loads Node, its folder and the chain only",
  (name) => {
    const loaded = [...allLoadedBy(`adapters/signer/${name}.ts`)];
    expect(loaded.filter((path) => !ALLOWED.test(path))).toEqual([]);
    expect(loaded.filter((path) => NETWORK.test(path))).toEqual([]);
    expect(loaded).toContain("adapters/signer/keystore.ts");
  },
);

it("the signer reads what it signs by itself", () => {
  const loaded = [...allLoadedBy("adapters/signer/signer-main.ts")];
  expect(loaded).toContain("domain/chain/gate.ts");
  expect(loaded).toContain("domain/chain/message.ts");
});
