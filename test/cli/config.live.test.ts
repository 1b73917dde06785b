/** The keys of live trading: which network is meant, what must be given with it, what the limits come to, and what never shows. */
import { writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { liveConfigOf } from "../../adapters/config/engine-config.ts";
import { type ConfigFlags, loadConfig } from "../../adapters/config.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import { ALL_TOKENS } from "../../localnet/tokens.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { run } from "./harness.ts";

const MAINNET = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
const DEVNET = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";
const WALLET = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const BERN = "CKfatsPMUf8SkiURsDXs7eK6GWb4Jsd6UDbs7twMCWxo";

const folder = temporaryFolder();
type Tree = Record<string, unknown>;

function result(content: Tree, flags: ConfigFlags = {}) {
  const config = folder.file("config.json");
  writeFileSync(config, JSON.stringify(content));
  return loadConfig({ config, ...flags }, {});
}

function load(content: Tree = {}, flags: ConfigFlags = {}) {
  const loaded = result(content, flags);
  if (loaded.kind === "wrong") throw new Error(loaded.problems.join("\n"));
  return loaded.config;
}

const problems = (content: Tree): string => {
  const loaded = result(content);
  return loaded.kind === "wrong" ? loaded.problems.join("\n") : "";
};

const JUPITER = { baseUrls: ["https://api.jup.ag/swap/v1"] };
/** All that live trading on mainnet needs. */
const COMPLETE = {
  ...{ network: "mainnet", live: true, jupiter: JUPITER },
  rpc: { urls: ["https://a.example/v2/rpc-secret", "https://b.example"] },
  accounts: [{ name: "desk", wallet: WALLET }],
};
const complete = (changes: Tree): Tree => ({ ...COMPLETE, ...changes });

describe("the network", () => {
  it.each<[Tree, string, boolean, string | undefined]>([
    [{}, "localnet", true, undefined],
    [{ live: false }, "localnet", false, undefined],
    [{ jupiter: JUPITER }, "none", false, undefined],
    [{ network: "none", jupiter: JUPITER }, "none", false, undefined],
    [{ network: "mainnet", jupiter: JUPITER }, "mainnet", false, MAINNET],
    [{ network: "devnet", jupiter: JUPITER, genesisHash: DEVNET }, "devnet", false, DEVNET],
    [{ network: "custom", jupiter: JUPITER, genesisHash: WALLET }, "custom", false, WALLET],
    [COMPLETE, "mainnet", true, MAINNET],
  ])("%j", (content, network, isLive, genesisHash) => {
    expect(load(content)).toMatchObject({ network, isLive });
    expect(load(content).genesisHash).toBe(genesisHash);
  });

  it.each<[Tree, string]>([
    [{ network: "testnet" }, "`network` must be one of: localnet, devnet, mainnet, custom, none"],
    [
      { network: "localnet", jupiter: JUPITER },
      "`jupiter.baseUrls` must not be given with network localnet",
    ],
    [
      { network: "localnet", jito: { url: "http://127.0.0.1:1" } },
      "`jito.url` must not be given with",
    ],
    [{ network: "localnet", genesisHash: MAINNET }, "`genesisHash` must not be given with network"],
    [
      { rpc: { urls: ["http://127.0.0.1:1"] } },
      "`rpc.urls` needs `network` as devnet, mainnet or custom",
    ],
    [
      { privateSenders: ["https://a.example"], jupiter: JUPITER },
      "`privateSenders` needs `network`",
    ],
    [
      { network: "none" },
      "`jupiter.baseUrls` must name where quotes come from where network is none",
    ],
    [{ live: true, jupiter: JUPITER }, "`live` needs a network to trade on"],
    [
      { network: "devnet" },
      "`jupiter.baseUrls` must name where quotes come from with network devnet",
    ],
    [{ network: "custom", jupiter: JUPITER }, "`genesisHash` must be given with network custom"],
    [
      { network: "mainnet", jupiter: JUPITER, genesisHash: DEVNET },
      `must be ${MAINNET} with network mainnet`,
    ],
    [
      { network: "devnet", jupiter: JUPITER, genesisHash: MAINNET },
      `must be ${DEVNET} with network devnet`,
    ],
    [
      complete({ rpc: {} }),
      "`rpc.urls` must name one node or more to trade live on network mainnet",
    ],
    [complete({ accounts: undefined }), "`accounts` must name a live account with its wallet"],
    [
      complete({
        rpc: { urls: ["https://a.example"], wsUrls: ["wss://a.example", "wss://b.example"] },
      }),
      "`rpc.wsUrls` must have at most as many entries as rpc.urls, 1",
    ],
  ])("%j is refused", (content, message) => {
    expect(problems(content)).toContain(message);
  });
});

describe("a wrong value", () => {
  const many = (count: number, make: (index: number) => unknown) =>
    Array.from({ length: count }, (_, i) => make(i));
  it.each<[Tree, string]>([
    [{ live: "yes" }, "`live` must be true or false"],
    [{ genesisHash: "0OIl" }, "`genesisHash` must be a hash of 32 bytes in base58"],
    [
      { rpc: { urls: ["http://a.example"] } },
      "`rpc.urls.0` must be an https:// address (http:// on loopback only)",
    ],
    [{ rpc: { urls: ["ftp://127.0.0.1"] } }, "`rpc.urls.0` must be an https:// address"],
    [{ rpc: { urls: ["https://a.example/#x"] } }, "without #"],
    [
      { rpc: { urls: many(9, () => "https://a.example") } },
      "`rpc.urls` must be a list of 0 to 8 entries",
    ],
    [{ rpc: { wsUrls: ["https://a.example"] } }, "`rpc.wsUrls.0` must be a wss:// address"],
    [{ rpc: { timeoutMs: 9 } }, "`rpc.timeoutMs` must be a whole number from 10 to 60000, not 9"],
    [{ jito: { url: "http://jito.example" } }, "`jito.url` must be an https:// address"],
    [{ jito: { authKeyFile: "/no/such/file" } }, "cannot read the authentication key file of Jito"],
    [
      { privateSenders: ["http://relay.example"] },
      "`privateSenders.0` must be an https:// address",
    ],
    [{ jupiter: { requestsPerMinute: -1 } }, "`jupiter.requestsPerMinute` must be a whole number"],
    [
      { jupiter: { platformFeeBps: 256 } },
      "`jupiter.platformFeeBps` must be a whole number from 0 to 255",
    ],
    [{ jupiter: { restrictIntermediateTokens: 1 } }, "must be true or false"],
    [{ jupiter: { maxAccounts: 65 } }, "`jupiter.maxAccounts` must be a whole number from 1 to 64"],
    [
      { jupiter: { dexes: ["a,b"] } },
      "`jupiter.dexes.0` must be a name of 1 to 64 printable characters",
    ],
    [{ accounts: [] }, "`accounts` must be a list of 1 to 1000 entries"],
    [
      { accounts: [{ name: "-x", wallet: WALLET }] },
      "`accounts.0.name` must begin with a letter or a digit",
    ],
    [
      { accounts: [{ name: "a b", wallet: WALLET }] },
      "`accounts.0.name` must be 1 to 64 characters",
    ],
    [
      { accounts: [{ name: "a", wallet: "abc" }] },
      "`accounts.0.wallet` must be an address of 32 bytes",
    ],
    [
      { accounts: [{ name: "a", wallet: WALLET, owner: "" }] },
      "`accounts.0.owner` must be 1 to 100",
    ],
    [
      { accounts: [{ name: "a", wallet: WALLET, wallets: [] }] },
      "unknown key `accounts.0.wallets`",
    ],
    [
      { accounts: many(2, () => ({ name: "a", wallet: WALLET })) },
      "`accounts.1.name` is there twice: a",
    ],
    [
      { accounts: [{ name: "paper", wallet: WALLET }] },
      "must differ from firstAccount.name, paper",
    ],
    [{ firstAccount: { name: "live" } }, "`firstAccount.name` must not be live"],
    [{ signer: { keystores: [] } }, "`signer.keystores` must be a list of 1 to 32 entries"],
    [
      { signer: { maxSolPerTransaction: 1 } },
      "`signer.maxSolPerTransaction` must be an amount of whole tokens",
    ],
    [
      { signer: { maxSolPerDay: "0.0000000001" } },
      "`signer.maxSolPerDay` must have at most 9 decimals",
    ],
    [
      complete({ signer: { maxSolPerTransaction: "2" } }),
      "`signer.maxSolPerDay` must not be below the limit of one",
    ],
    [{ signer: { maxFeeAndTipLamports: "x" } }, "must be a whole number of lamports"],
    [
      { signer: { tokens: { FOO: { perTransaction: "1", perDay: "1" } } } },
      "`signer.tokens.FOO` is not among",
    ],
    [
      { signer: { tokens: { USDC: { perTransaction: "2", perDay: "1" } } } },
      "`signer.tokens.USDC.perDay` must not",
    ],
    [
      { signer: { tokens: { SOL: { perTransaction: "1", perDay: "1" } } } },
      "is limited by signer.maxSolPer",
    ],
    [
      { signer: { tokens: { USDC: { perTransaction: "0.0000001", perDay: "1" } } } },
      "at most 6 decimals",
    ],
    [{ signer: { otherMints: "maybe" } }, '`signer.otherMints` must be "refuse" or "allow"'],
    [{ signer: { feeAccounts: ["x"] } }, "`signer.feeAccounts.0` must be an address of 32 bytes"],
    [
      complete({ jupiter: { ...JUPITER, platformFeeBps: 5 } }),
      "`signer.feeAccounts` must not be empty",
    ],
    [{ liveLimits: { slippageToleranceBps: 10_001 } }, "must be a whole number from 0 to 10000"],
    [
      { liveLimits: { slippageToleranceBps: 100 } },
      "must not be below defaults.slippageToleranceBps, 200",
    ],
    [
      { liveLimits: { priceBandBps: 0 } },
      "`liveLimits.priceBandBps` must be a whole number from 1 to 10000",
    ],
    [
      { liveLimits: { maxOrdersPerMinute: 0 } },
      "`liveLimits.maxOrdersPerMinute` must be a whole number",
    ],
    [{ liveLimits: { maxExposure: { FOO: "1" } } }, "`liveLimits.maxExposure.FOO` is not among"],
    [
      { liveLimits: { maxExposure: { SOL: "0.0000000001" } } },
      "`liveLimits.maxExposure.SOL` must have at most 9",
    ],
    [
      { liveLimits: { allowedExtensions: { BERN: ["a b"] } } },
      "must be a name of a Token-2022 extension",
    ],
    [
      { liveLimits: { allowedExtensions: { FOO: [] } } },
      "`liveLimits.allowedExtensions.FOO` is not among",
    ],
    [
      { liveLimits: { slotsPerAccount: 4 } },
      "`liveLimits.slotsPerAccount` must be a whole number from 1 to 3",
    ],
    [
      { liveLimits: { confirmationTimeoutMs: 99 } },
      "`liveLimits.confirmationTimeoutMs` must be a whole number",
    ],
    [
      { liveLimits: { rebroadcastMs: 49 } },
      "`liveLimits.rebroadcastMs` must be a whole number from 50",
    ],
    [
      { liveLimits: { acceptSingleNode: "no" } },
      "`liveLimits.acceptSingleNode` must be true or false",
    ],
    [
      { liveLimits: { graceMs: 600_001 } },
      "`liveLimits.graceMs` must be a whole number from 0 to 600000",
    ],
    [
      { liveLimits: { feeCapLamports: "1999" } },
      "`liveLimits.feeCapLamports` must be at least 2000",
    ],
    [
      { localnet: { blockTimeMs: 9 } },
      "`localnet.blockTimeMs` must be a whole number from 10 to 60000",
    ],
    [{ localnet: { nodes: 17 } }, "`localnet.nodes` must be a whole number from 1 to 16"],
    [
      { localnet: { rpcPort: 65_001 } },
      "`localnet.rpcPort` must be a whole number from 0 to 65000",
    ],
  ])("%j is told with path and limit", (content, message) => {
    expect(problems(content)).toContain(message);
  });
});

describe("limits", () => {
  it("of the signer are little by little elsewhere, and generous on a localnet", () => {
    expect(load(COMPLETE).signer.limits).toEqual({
      lamports: { perTransaction: 100_000_000n, perDay: 1_000_000_000n },
      maxFeeAndTipLamports: 10_000n,
      tokens: [{ mint: USDC, perTransaction: 20_000_000n, perDay: 200_000_000n }],
      otherMints: "refuse",
      ...{ programs: undefined, platformFee: undefined },
    });
    expect(load().signer.limits).toMatchObject({ tokens: [], otherMints: "allow" });
    expect(load().signer.limits.lamports.perTransaction).toBe(10_000_000_000_000n);
  });

  it("of the signer are what is configured", () => {
    const signer = {
      ...{ maxSolPerTransaction: "0.05", maxSolPerDay: "0.2", maxFeeAndTipLamports: "4000" },
      tokens: { bern: { perTransaction: "1.5", perDay: "3" } },
      ...{ otherMints: "allow", feeAccounts: [WALLET] },
    };
    const jupiter = { ...JUPITER, platformFeeBps: 7 };
    expect(load(complete({ signer, jupiter })).signer.limits).toEqual({
      lamports: { perTransaction: 50_000_000n, perDay: 200_000_000n },
      maxFeeAndTipLamports: 4_000n,
      tokens: [{ mint: BERN, perTransaction: 150_000n, perDay: 300_000n }],
      otherMints: "allow",
      programs: undefined,
      platformFee: { maxBps: 7, accounts: [WALLET] },
    });
  });

  it("of the engine reach it in smallest units, by mint", () => {
    const liveLimits = {
      ...{ maxExposure: { SOL: "2" }, allowedExtensions: { BERN: ["TransferFeeConfig"] } },
      ...{ slippageToleranceBps: 300, feeCapLamports: "5000", acceptSingleNode: true, graceMs: 7 },
    };
    const defaults = { priorityFeeLamports: { LOW: "1", NORMAL: "2", HIGH: "3", CRITICAL: "4" } };
    const config = load(complete({ liveLimits, defaults }));
    const live = liveConfigOf(config, new Map());
    expect(live).toMatchObject({
      ...{ slippageToleranceBps: 300, graceMs: 7, slotsPerAccount: 1, maxOrdersPerMinute: 60 },
      ...{ confirmationTimeoutMs: 30_000, rebroadcastMs: 2_000, platformFeeBps: 0 },
      proof: { nodesRequired: 2, acceptSingleNode: true },
      priorityFee: { capLamports: 5_000n, defaultLamports: { LOW: 1n, CRITICAL: 4n } },
    });
    expect([...live.maxExposure]).toEqual([[SOL_MINT, 2_000_000_000n]]);
    expect([...live.allowedExtensions]).toEqual([[BERN, ["TransferFeeConfig"]]]);
    expect(live.tipAccounts).toHaveLength(8);
    expect(load().liveLimits.slotsPerAccount).toBe(3);
  });
});

describe("accounts", () => {
  it("belong to local unless they say otherwise", () => {
    const accounts = [
      { name: "desk", wallet: WALLET },
      { name: "b", wallet: WALLET, owner: "eve" },
    ];
    expect(load(complete({ accounts })).accounts).toEqual([
      { name: "desk", wallet: WALLET, owner: "local" },
      { name: "b", wallet: WALLET, owner: "eve" },
    ]);
  });

  it("may trade every token of the local world", () => {
    const known = load().tokens.map(({ symbol, mint, decimals }) => ({ symbol, mint, decimals }));
    for (const { symbol, mint, decimals } of ALL_TOKENS) {
      expect(known).toContainEqual({ symbol, mint, decimals });
    }
  });
});

describe("keys of nodes and senders", () => {
  const SECRET = /secret/;

  it("never show, and are handed on", () => {
    const authKeyFile = folder.file("jito.key");
    writeFileSync(authKeyFile, "jito-secret\n");
    const config = load(
      complete({
        rpc: { urls: ["https://a.example/v2/rpc-secret"], wsUrls: ["wss://a.example/ws-secret"] },
        jito: { url: "https://user:jito-secret@jito.example", authKeyFile },
        privateSenders: ["https://relay.example/?key=relay-secret"],
      }),
    );
    expect(inspect(config, { depth: 9 })).not.toMatch(SECRET);
    expect(config.rpc.nodes()).toEqual([
      { url: "https://a.example/v2/rpc-secret", wsUrl: "wss://a.example/ws-secret" },
    ]);
    expect(config.jito.authKey?.()).toBe("jito-secret");
    expect(config.jito.url?.()).toContain("jito-secret");
    expect(config.privateSenders()).toEqual(["https://relay.example/?key=relay-secret"]);
  });

  it("are in no message about them", () => {
    const told = problems({
      rpc: {
        urls: ["http://a.example/rpc-secret"],
        wsUrls: ["http://a.example/ws-secret", "rpc-secret"],
      },
      jito: { url: "jito-secret" },
      privateSenders: ["http://relay.example/?key=relay-secret", "relay-secret"],
    });
    expect(told).toContain("`privateSenders.1`");
    expect(told).not.toMatch(SECRET);
  });

  it("and passphrases stay nowhere: `serve` takes its own out of the environment at once", async () => {
    const name = "ORDERSTREAM_WALLET_PASSPHRASE";
    process.env[name] = "a secret";
    const { code, err } = await run(["serve", "--network", "nowhere"], process.env);
    expect(code).toBe(2);
    expect(err).not.toMatch(SECRET);
    expect(process.env[name]).toBeUndefined();
  });

  it("leave a WebSocket that is not named to be looked for", () => {
    const rpc = {
      urls: ["https://a.example", "https://b.example"],
      wsUrls: ["", "wss://c.example"],
    };
    expect(load(complete({ rpc })).rpc.nodes()).toEqual([
      { url: "https://a.example", wsUrl: undefined },
      { url: "https://b.example", wsUrl: "wss://c.example" },
    ]);
  });
});
