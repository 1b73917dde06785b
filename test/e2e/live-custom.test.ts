/** `serve` against somebody else's chain and Jupiter: keystores, genesis hashes, doubt and its end, and what is said about all that. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LocalWorld, startLocalWorld } from "../../localnet/localnet.ts";
import {
  OrderStatus,
  TradeAction,
  type TradeRequest,
  TradingMode,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { run } from "../cli/harness.ts";
import { type EngineProcess, execute, startEngineProcess } from "../support/engine-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SOL = "So11111111111111111111111111111111111111112";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const SOME_HASH = "11111111111111111111111111111112";
const PASSPHRASE = { ORDERSTREAM_WALLET_PASSPHRASE: "a passphrase of a test" };

const folder = temporaryFolder();
let world: LocalWorld;
let engine: EngineProcess | undefined;
let data = "";
let wallet = "";

beforeEach(async () => {
  data = folder.file("data");
  world = await startLocalWorld({ blockTimeMs: 10, finalLag: 4 });
  const made = await run(["wallet", "new", "desk", "--data", data, "--json"], PASSPHRASE);
  wallet = String(made.json()[0]?.address);
  world.fund(wallet, 10_000_000_000n);
});
afterEach(async () => {
  await engine?.stop();
  engine = undefined;
  await world.close();
});

const rpcs = (count: number): string[] =>
  world.addresses.nodes.slice(0, count).flatMap(({ url, wsUrl }) => ["--rpc", url, "--ws", wsUrl]);

/** All that `serve` needs for this chain; later options of the same kind are added. */
const network = (genesisHash = world.addresses.genesisHash, nodes = 2): string[] => [
  ...["--network", "custom", "--live", "--genesis-hash", genesisHash, ...rpcs(nodes)],
  ...["--jupiter", world.addresses.swapUrl, "--account", `desk=${wallet}`],
];

async function serve(args: readonly string[], environment: Record<string, string> = PASSPHRASE) {
  engine = await startEngineProcess(data, args, { command: "serve", environment });
  return engine;
}

const sell = (requestId: string, changes: Partial<TradeRequest> = {}): Partial<TradeRequest> => ({
  ...{ requestId, mode: TradingMode.TRADING_MODE_LIVE, account: "desk", amount: 50_000_000n },
  ...{ action: TradeAction.TRADE_ACTION_SELL, baseMint: SOL, quoteMint: USDC },
  ...{ waitFor: WaitFor.WAIT_FOR_FINALIZED, ...changes },
});
const PAPER = { mode: TradingMode.TRADING_MODE_PAPER, account: "paper" };

async function statusOf(running: EngineProcess, request: Partial<TradeRequest>) {
  const answer = await execute(running.client, request);
  if (answer.kind === "error") throw answer.error;
  return answer.result;
}
const refusalOf = async (running: EngineProcess, request: Partial<TradeRequest>) => {
  const answer = await execute(running.client, request);
  return answer.kind === "error" ? answer.error.details : "";
};

describe("serve on a custom network", () => {
  it("trades through its nodes with a keystore of the data folder, and says that nothing protects it", async () => {
    const running = await serve(network());
    expect(running).toMatchObject({ network: "custom", accounts: [{ name: "desk", wallet }] });
    const result = await statusOf(running, sell("public"));
    expect(result).toMatchObject({ status: OrderStatus.ORDER_STATUS_FILLED, route: "public" });
    expect(running.said()).toContain("live orders take the public route");
    expect(await refusalOf(running, sell("exposed", { amount: 1_000_000_000n }))).toContain(
      "over the signer's limit of 100000000 a transaction",
    );
  });

  it("takes the protected route through Jito, with a keystore and a passphrase that are named", async () => {
    const file = folder.file("desk.passphrase");
    writeFileSync(file, PASSPHRASE.ORDERSTREAM_WALLET_PASSPHRASE, { mode: 0o600 });
    const keystore = join(data, "wallets", "desk.json");
    const named = [
      "--jito",
      world.addresses.jitoUrl,
      "--wallet",
      keystore,
      "--passphrase-file",
      file,
    ];
    const running = await serve([...network(), ...named], {});
    const result = await statusOf(running, sell("protected"));
    expect(result).toMatchObject({ status: OrderStatus.ORDER_STATUS_FILLED, mevProtected: true });
  });

  it("uses no node of another chain: paper goes on, live orders are rejected", async () => {
    const running = await serve(network(SOME_HASH));
    for (const { url } of world.addresses.nodes) {
      expect(running.said()).toContain(`the node ${url} is never used: it is on another cluster`);
    }
    expect(await refusalOf(running, sell("live"))).toContain("no node has shown that it is on the");
    expect((await statusOf(running, sell("paper", PAPER))).status).toBe(
      OrderStatus.ORDER_STATUS_FILLED,
    );
    expect(await (await fetch(`http://${running.http}/readyz`)).text()).toContain(
      "cluster not confirmed by any node",
    );
  });

  it("does not take a chain on loopback for mainnet, and warns of real money without showing keys", async () => {
    const [first] = world.addresses.nodes;
    const running = await serve([
      ...["--network", "mainnet", "--live", "--rpc", `${first?.url}/v2/very-secret-key`],
      ...["--jupiter", world.addresses.swapUrl, "--account", `desk=${wallet}`],
    ]);
    expect(running.said()).toContain("WARNING: this engine trades REAL MONEY on mainnet");
    expect(running.said()).toContain(`account desk: wallet ${wallet}`);
    expect(running.said()).toContain("0.1 SOL and 1 SOL, 20 and 200 USDC");
    expect(running.said()).toContain("one node cannot prove that a transaction expired");
    expect(running.said()).not.toContain("very-secret-key");
    expect(await refusalOf(running, sell("live"))).toContain("no node has shown that it is on the");
  });

  it("starts without its nodes, and paper goes on", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((resolve) => server.close(resolve));
    const running = await serve([
      ...["--network", "custom", "--live", "--genesis-hash", SOME_HASH],
      ...["--rpc", `http://127.0.0.1:${port}`, "--jupiter", world.addresses.swapUrl],
      ...["--account", `desk=${wallet}`],
    ]);
    expect(running.said()).toContain("is not known to be on the cluster yet");
    expect((await statusOf(running, sell("paper", PAPER))).status).toBe(
      OrderStatus.ORDER_STATUS_FILLED,
    );
  });

  it.each<[string, () => string[], Record<string, string>, RegExp]>([
    ["a wrong passphrase", network, { ORDERSTREAM_WALLET_PASSPHRASE: "another one" }, /passphrase/],
    [
      "no passphrase",
      network,
      {},
      /no passphrase was given for .*desk\.json: use signer\.passphraseFile/,
    ],
    [
      "an account without a keystore",
      () => [...network(), "--account", `other=${SOME_HASH}`],
      PASSPHRASE,
      /the live account other has no keystore for its wallet 1{31}2 in .*wallets; make one/,
    ],
    [
      "a keystore of another wallet",
      () => [
        ...network().slice(0, -1),
        `desk=${SOME_HASH}`,
        "--wallet",
        join(data, "wallets", "desk.json"),
      ],
      PASSPHRASE,
      /has no keystore for its wallet 1{31}2 among signer\.keystores/,
    ],
    [
      "a live account of a paper account's name",
      () => [...network(), "--account", `paper=${wallet}`],
      PASSPHRASE,
      /must differ from firstAccount/,
    ],
    [
      "an account that is none",
      () => [...network(), "--account", "desk"],
      PASSPHRASE,
      /--account must be NAME=WALLET/,
    ],
    [
      "mainnet without a node",
      () => ["--network", "mainnet", "--live"],
      PASSPHRASE,
      /`rpc.urls` must name one node or more/,
    ],
  ])("does not start with %s, and says why", async (_, args, environment, message) => {
    const started = serve(args(), environment);
    await expect(started).rejects.toThrow(message);
    await expect(started).rejects.not.toThrow(/\n\s+at |a passphrase of a test|another one/);
  });
});

describe("resolve", () => {
  it("ends the doubt about an order by what nodes answer, and by nothing less", async () => {
    const patience = ["--set", "liveLimits.graceMs=200", "--set", "liveLimits.rebroadcastMs=100"];
    // One node proves no death: the order's outcome stays unknown.
    const running = await serve([...network(undefined, 1), ...patience]);
    world.control({ sends: [{ action: "drop" }] });
    await execute(running.client, sell("doubt", { waitFor: WaitFor.WAIT_FOR_SUBMITTED }));
    const target = ["--grpc", running.grpc];
    const shown = async () => (await run(["history", "--json", ...target])).out;
    await vi.waitFor(async () => expect(await shown()).toContain("OUTCOME_UNKNOWN"), {
      ...{ timeout: 20_000, interval: 200 },
    });
    expect(running.said()).toContain("needs somebody");
    const [one, two] = world.addresses.nodes.map(({ url }) => url);
    const alone = await run(["resolve", "doubt", "--rpc", `${one}`, ...target]);
    expect(alone).toMatchObject({ code: 5, out: "" });
    expect(alone.err).toContain("EVIDENCE_NOT_ENOUGH");
    const none = await run(["resolve", "doubt", ...target]);
    expect(none).toMatchObject({ code: 2 });
    expect(none.err).toContain("name nodes with --rpc URL");

    const foreign = await startLocalWorld({ blockTimeMs: 0, nodes: 1 });
    const abroad = await run([
      "resolve",
      "doubt",
      "--rpc",
      `${foreign.addresses.nodes[0]?.url}`,
      ...target,
    ]);
    await foreign.close();
    expect(abroad).toMatchObject({ code: 5, out: "" });
    expect(abroad.err).toContain("is left out: it is on another chain than the order");

    world.control({ sends: [] });
    const asked = ["--rpc", `${one}`, "--rpc", `${two}`];
    const resolved = await run(["resolve", "doubt", ...asked, ...target]);
    expect(resolved).toMatchObject({ code: 0, err: "" });
    const story = async () => (await run(["explain", "doubt", ...target])).out;
    expect(await story()).toContain("ended the doubt");
    // Who has waited for a person does not act on its own again.
    expect(await shown()).toContain('"status":"FAILED"');
    expect(await shown()).toContain("TRANSACTION_EXPIRED");
    const late = await run(["resolve", "doubt", ...asked, ...target]);
    expect(late).toMatchObject({ code: 5 });
    expect(late.err).toContain("OUTCOME_IS_KNOWN");
  });
});
