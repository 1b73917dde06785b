/** The configuration: what holds by default, who wins, and what is said about a wrong one. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { environmentName, KEYS, nearestKey } from "../../adapters/config/keys.ts";
import { type ConfigFlags, loadConfig } from "../../adapters/config.ts";
import { DEFAULT_MEV } from "../../domain/pricing/mev-options.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import { TOKENS } from "../../localnet/tokens.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();

const fileOf = (content: unknown): string => {
  const file = folder.file("config.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
};

function load(flags: ConfigFlags = {}, environment: Record<string, string> = {}) {
  const result = loadConfig(flags, environment);
  if (result.kind === "wrong") throw new Error(result.problems.join("\n"));
  return result.config;
}

function problems(flags: ConfigFlags, environment: Record<string, string> = {}): string[] {
  const result = loadConfig(flags, environment);
  return result.kind === "wrong" ? [...result.problems] : [];
}

describe("defaults", () => {
  it("are a paper engine on loopback", () => {
    const config = load();
    expect(config.grpc).toEqual({ host: "127.0.0.1", port: 50_051 });
    expect(config.http).toEqual({ host: "127.0.0.1", port: 8_080 });
    expect(config.data).toBe(resolve("./.orderstream"));
    expect(config.paper).toMatchObject({ slippageBps: 50, delayMs: 0, baseFeeLamports: 5_000n });
    expect(config.paper.mev).toEqual(DEFAULT_MEV);
    expect(config.paper.outcomes).toBeUndefined();
    expect(config.defaults.priorityFeeLamports.NORMAL).toBe(2_500n);
    expect(config.firstAccount?.funds[0]).toEqual({ mint: SOL_MINT, amount: 100_000_000_000n });
    expect(config.jupiter.apiKey).toBeUndefined();
  });

  it("know every token of the local market with its mint and decimals", () => {
    const known = load().tokens.map(({ symbol, mint, decimals }) => ({ symbol, mint, decimals }));
    for (const { symbol, mint, decimals } of TOKENS) {
      expect(known).toContainEqual({ symbol, mint, decimals });
    }
  });
});

describe("precedence", () => {
  it("is flags over environment over file over defaults", () => {
    const config = fileOf({ cache: { ttlMs: 1 }, retry: { attempts: 1 }, paper: { delayMs: 1 } });
    const environment = { ORDERSTREAM_CACHE_TTL_MS: "2", ORDERSTREAM_RETRY_ATTEMPTS: "2" };
    const loaded = load({ config, set: ["cache.ttlMs=3"] }, environment);
    expect([loaded.cache.ttlMs, loaded.retry.attempts, loaded.paper.delayMs]).toEqual([3, 2, 1]);
    expect(loaded.retry.baseDelayMs).toBe(100);
  });

  it("is a flag of its own before everything", () => {
    const values = [{ flag: "--grpc", key: "grpc", value: "127.0.0.1:3" }];
    const environment = { ORDERSTREAM_GRPC: "127.0.0.1:1" };
    expect(load({ values, set: ["grpc=127.0.0.1:2"] }, environment).grpc.port).toBe(3);
  });

  it("finds the file by ORDERSTREAM_CONFIG, and a flag for another one wins", () => {
    const file = fileOf({ cache: { ttlMs: 7 } });
    expect(load({}, { ORDERSTREAM_CONFIG: file }).cache.ttlMs).toBe(7);
    const missing = { ORDERSTREAM_CONFIG: folder.file("none.json") };
    expect(load({ config: file }, missing).cache.ttlMs).toBe(7);
  });

  it("replaces first funds as a whole and closes the door with null", () => {
    const config = fileOf({ firstAccount: { funds: { JUP: "2.5" } } });
    expect(load({ config }).firstAccount?.funds.map(({ amount }) => amount)).toEqual([2_500_000n]);
    expect(load({ config: fileOf({ firstAccount: null }) }).firstAccount).toBeUndefined();
  });

  it("reads every key with a plain value from its variable", () => {
    for (const [key, kind] of KEYS) {
      if (kind === "other") continue;
      const [problem = ""] = problems({}, { [environmentName(key)]: "\u0007wrong" });
      const takesAnyText = [
        ...["data", "market.file", "market.symbol", "jupiter.apiKeyFile", "jito.authKeyFile"],
        ...["signer.keystores", "signer.passphraseFile"],
      ];
      if (!takesAnyText.includes(key)) expect(problem).toContain(`\`${key}`);
    }
    expect(environmentName("jupiter.baseUrls")).toBe("ORDERSTREAM_JUPITER_BASE_URLS");
  });

  it("splits lists at commas", () => {
    const name = "ORDERSTREAM_JUPITER_BASE_URLS";
    const urls = "http://127.0.0.1:1/a, https://example.com/b";
    expect(load({}, { [name]: urls }).jupiter.baseUrls).toEqual([
      "http://127.0.0.1:1/a",
      "https://example.com/b",
    ]);
  });
});

describe("a wrong key", () => {
  it.each([
    ["paper.squareRoot.depthUsdOf", "`paper.squareRoot.depthUsdOf` is no plain value; it can be"],
    ["paper.squareRoot.depthUsdOf.SOL", "`paper.squareRoot.depthUsdOf` is no plain value; it can"],
    ["tokens", "`tokens` is no plain value; it can be given in the configuration file only"],
    ["paper", "`paper` is a group of keys; set one of them, such as `paper.slippageBps`"],
  ])("of the file is not proposed to itself: %s", (key, sentence) => {
    expect(problems({ set: [`${key}=1`] })).toEqual([
      expect.stringContaining(`--set ${key}: ${sentence}`),
    ]);
  });

  it("of the first account begins with a letter or a digit", () => {
    const config = fileOf({ firstAccount: { name: "--help" } });
    expect(problems({ config })).toEqual([
      expect.stringContaining("`firstAccount.name` must begin with a letter or a digit"),
    ]);
  });

  it("of the file is told to a variable too", () => {
    expect(problems({}, { ORDERSTREAM_TOKENS: "SOL" })).toEqual([
      "ORDERSTREAM_TOKENS: `tokens` is no plain value; it can be given in the configuration file only",
    ]);
  });

  it("is named with the nearest right one", () => {
    const config = fileOf({ cache: { tllMs: 1 }, limit: {}, paper: { slippagebps: 60 } });
    expect(problems({ config, set: ["cache.ttl=1"] }, { ORDERSTREAM_HTPP: "x" })).toEqual([
      "unknown environment variable `ORDERSTREAM_HTPP`; did you mean `ORDERSTREAM_HTTP`?",
      "--set cache.ttl: unknown key `cache.ttl`; did you mean `cache.ttlMs`?",
      `${config}: unknown key \`cache.tllMs\`; did you mean \`cache.ttlMs\`?`,
      `${config}: unknown key \`paper.slippagebps\`; did you mean \`paper.slippageBps\`?`,
      `${config}: unknown key \`limit\`; did you mean \`limits\`?`,
    ]);
  });

  it("is found one change away from every key, and not guessed at far away", () => {
    const keys = [...KEYS.keys()];
    const changed = fc
      .record({ key: fc.constantFrom(...keys), at: fc.nat(), letter: fc.constantFrom("", "x") })
      .map(({ key, at, letter }) => {
        const place = at % key.length;
        return { key, typed: key.slice(0, place) + letter + key.slice(place + 1) };
      });
    fc.assert(
      fc.property(changed, ({ key, typed }) => {
        const near = nearestKey(typed);
        // Another key may be just as near, never none.
        expect(near).toBeDefined();
        if (!keys.some((other) => other !== key && Math.abs(other.length - key.length) < 2)) {
          expect(near).toBe(key);
        }
      }),
    );
    expect(nearestKey("somethingQuiteDifferent")).toBeUndefined();
  });
});

describe("a wrong value", () => {
  it.each<[string, string]>([
    ["cache.ttlMs=60001", "`cache.ttlMs` must be a whole number from 0 to 60000, not 60001"],
    ["cache.ttlMs=1.5", "`cache.ttlMs` must be a whole number from 0 to 60000, not 1.5"],
    ["cache.ttlMs=x", '`cache.ttlMs` must be a whole number from 0 to 60000, not "x"'],
    ["paper.slippageBps=49", "`paper.slippageBps` must be a whole number from 50 to 200, not 49"],
    ["paper.slippageBps=201", "`paper.slippageBps` must be a whole number from 50 to 200, not 201"],
    ["executor.mode=LIVE", 'must be "PAPER": the frozen contract has no field'],
    ["paper.baseFeeLamports=-1", "must be a whole number of lamports"],
    ["paper.baseFeeLamports=18446744073709551616", "at most u64"],
    ["limits.maxOpenPerAccount=10001", "must not be above limits.maxOpenOrders, 10000"],
    ["defaults.slippageToleranceBps=5000", "must be below limits.slippageToleranceBelowBps, 5000"],
    ["defaults.priorityFeeLamports.HIGH=1000000", "must be below limits.priorityFeeBelowLamports"],
    ["retry.baseDelayMs=30001", "must not be above retry.maxDelayMs, 30000"],
    ["blockedPairs=SOL/USDC,SOL/FOO", "must be BASE/QUOTE of configured tokens, not SOL/FOO"],
    ["jupiter.baseUrls=http://example.com/swap", "must be an https:// address"],
    ["http=127.0.0.1:50051", "must differ from grpc"],
    ["cache.ttlMs", "must be KEY=VALUE"],
  ])("%s is told with path and limit", (setting, message) => {
    expect(problems({ set: [setting] }).join("\n")).toContain(message);
  });

  it.each<[string, string]>([
    ["0.0.0.0:50051", "which other machines can reach"],
    ["192.168.0.1:50051", "which other machines can reach"],
    ["[::]:50051", "which other machines can reach"],
    ["127.0.0.1:65536", "ports go from 0 to 65535"],
    ["127.0.0.1", "must be HOST:PORT"],
    [":50051", "must be HOST:PORT"],
    ["127.0.0.1:50051/x", "must be HOST:PORT"],
  ])("address %s is refused", (value, message) => {
    const flags = { values: [{ flag: "--grpc", key: "grpc", value }] };
    expect(problems(flags).join("\n")).toContain(`--grpc: \`grpc\``);
    expect(problems(flags).join("\n")).toContain(message);
  });

  it.each(["127.0.0.1:0", "localhost:1", "[::1]:65535", "127.1.2.3:9"])("%s is taken", (value) => {
    expect(problems({ values: [{ flag: "--grpc", key: "grpc", value }] })).toEqual([]);
  });

  it("in a token names the token's place", () => {
    const sol = { symbol: "SOL", mint: SOL_MINT, decimals: 9, minAmount: "1", maxAmount: "2" };
    const tokens = (...changes: object[]) =>
      problems({
        config: fileOf({
          tokens: changes.map((change) => ({ ...sol, ...change })),
          firstAccount: null,
        }),
      });
    const other = { mint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", symbol: "X" };
    expect(tokens({}, other)).toEqual([]);
    expect(tokens({}, { ...other, symbol: "sol" }).join()).toContain("tokens.1.symbol` is there");
    expect(tokens({}, { symbol: "X" }).join()).toContain("tokens.1.mint` is there twice");
    expect(tokens({}, { ...other, minAmount: "3" }).join()).toContain("below minAmount 3");
    expect(tokens({}, { ...other, decimals: 2, minAmount: "0.001" }).join()).toContain(
      "2 decimals",
    );
    expect(tokens({ decimals: 8 }, other).join()).toContain("must have SOL");
  });

  it("of the whole file is a sentence", () => {
    expect(problems({ config: fileOf("{") })[0]).toContain("is not valid JSON");
    expect(problems({ config: fileOf("[]") })[0]).toContain("must hold one JSON object");
    expect(problems({ config: folder.file("none") })[0]).toContain("cannot read the configuration");
  });

  it("never throws, whatever the file holds", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...KEYS.keys()), (value, key) => {
        const nested = key.split(".").reduceRight<unknown>((inner, n) => ({ [n]: inner }), value);
        const result = loadConfig({ config: fileOf(nested) }, {});
        if (result.kind === "wrong") expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the API key", () => {
  const name = "ORDERSTREAM_JUPITER_API_KEY";

  it("comes from the environment or a file and never shows", () => {
    const file = folder.file("key");
    writeFileSync(file, "secret-key\n");
    for (const config of [
      load({}, { [name]: "secret-key" }),
      load({ set: [`jupiter.apiKeyFile=${file}`] }),
    ]) {
      expect(config.jupiter.apiKey?.()).toBe("secret-key");
      const shown = inspect(config, { depth: 9 }) + JSON.stringify(config.jupiter);
      expect(shown).not.toContain("secret-key");
    }
  });

  it("is refused in the configuration file and on the command line, and not repeated", () => {
    const inFile = problems({ config: fileOf({ jupiter: { apiKey: "secret-key" } }) });
    const asFlag = problems({ set: ["jupiter.apiKey=secret-key"] });
    const wrong = problems({}, { [name]: "secret key" });
    expect(inFile.join()).toContain("must not stand in a configuration file");
    expect(asFlag.join()).toContain("other users see command lines");
    expect(wrong.join()).toContain("printable characters");
    expect([...inFile, ...asFlag, ...wrong].join()).not.toMatch(/secret.key/);
  });
});
