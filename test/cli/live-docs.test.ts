/** docs/live.md: its configuration is one and trades nothing by itself, and its commands, options, reasons and variables exist. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ConfigResult, loadConfig } from "../../adapters/config.ts";
import { FAILURES } from "../../domain/order/failures.ts";
import { readSettings } from "../smoke/settings.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { run } from "./harness.ts";

const PAGE = readFileSync(new URL("../../docs/live.md", import.meta.url), "utf8");

const folder = temporaryFolder();
let file = "";
beforeEach(() => {
  const [, example = ""] = /```json\n([\s\S]*?)```/.exec(PAGE) ?? [];
  writeFileSync(folder.file("jupiter.key"), "a-key\n", { mode: 0o600 });
  file = folder.file("desk.json");
  // The one file that is read with the configuration.
  writeFileSync(file, example.replace('"jupiter.key"', JSON.stringify(folder.file("jupiter.key"))));
});

/** As `serve --config desk.json --network mainnet --live` has it, or without the last two. */
const load = (isAsked: boolean): ConfigResult => {
  const layers = [{ source: "flags", values: { network: "mainnet", live: true } }];
  return loadConfig({ config: file, ...(isAsked ? { layers } : {}) }, {});
};

describe("the example of docs/live.md", () => {
  it("is a configuration for mainnet, with the limits that the page speaks of", () => {
    const loaded = load(true);
    if (loaded.kind === "wrong") throw new Error(loaded.problems.join("\n"));
    const { network, isLive, signer, rpc, liveLimits } = loaded.config;
    expect({ network, isLive, nodes: rpc.nodes().length }).toEqual({
      ...{ network: "mainnet", isLive: true, nodes: 2 },
    });
    expect(signer.limits).toMatchObject({
      lamports: { perTransaction: 50_000_000n, perDay: 200_000_000n },
      tokens: [{ perTransaction: 10_000_000n, perDay: 50_000_000n }],
      otherMints: "refuse",
    });
    expect(liveLimits).toMatchObject({ slippageToleranceBps: 100, maxOrdersPerMinute: 6 });
  });

  it("names files from where it is started: the signer runs somewhere else", () => {
    const asked = loadConfig(
      { config: file, set: ["network=mainnet", "live=true", "signer.keystores=a.json"] },
      {},
    );
    const signer = asked.kind === "config" ? asked.config.signer : undefined;
    expect(signer?.passphraseFile).toBe(resolve("desk.passphrase"));
    expect(signer?.keystores).toEqual([resolve("a.json")]);
  });

  it("starts nothing without a network on the command line", () => {
    const loaded = load(false);
    expect(loaded.kind === "wrong" && loaded.problems.join("\n")).toContain("needs `network`");
  });
});

describe("docs/live.md", () => {
  const lines = PAGE.replaceAll("\\\n", " ")
    .split("\n")
    .flatMap((line) => /(?:^|`)npx orderstream ([^`#]+)/.exec(line)?.[1]?.trim() ?? []);

  it.each([...new Set(lines)].map((line) => [line]))(
    "%s is a command with these options",
    async (line) => {
      const words = line.split(" ");
      const isGroup = ["wallet", "trade"].includes(words[0] ?? "");
      const { code, out } = await run([...words.slice(0, isGroup ? 2 : 1), "--help"]);
      expect(code).toBe(0);
      for (const option of words.filter((word) => word.startsWith("--"))) {
        expect(out).toMatch(new RegExp(`${option}\\b`));
      }
    },
  );

  it("names reasons that there are", () => {
    const named = PAGE.match(/\b[A-Z]{4,}(?:_[A-Z]{2,})+\b/g) ?? [];
    const others = ["PUBLIC_ROUTE"];
    const isVariable = (name: string): boolean => name.startsWith("SMOKE_");
    const unknown = named.filter(
      (name) => !Object.hasOwn(FAILURES, name) && !others.includes(name) && !isVariable(name),
    );
    expect(unknown).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });

  it("names every variable of the smoke test", () => {
    const asked = new Set<string>();
    const environment = new Proxy(z.record(z.string(), z.string()).parse({}), {
      get: (_, name) => {
        asked.add(String(name));
        return name === "SMOKE_NETWORK" ? "custom" : undefined;
      },
    });
    readSettings(environment);
    expect(asked.size).toBeGreaterThan(8);
    expect([...asked].filter((name) => !PAGE.includes(`\`${name}`))).toEqual([]);
  });
});
