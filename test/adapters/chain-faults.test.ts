/** The RPC adapter over nodes that fail, lag, lie or are of another cluster. */
import { describe, expect, test, vi } from "vitest";
import { createChain } from "../../adapters/chain/chain.ts";
import type { ChainAnswer } from "../../domain/ports/chain.ts";
import { told, UNKNOWN_SIGNATURE } from "../contracts/chain.contract.ts";
import { type ChainAdapterWorld, openChainAdapter } from "../support/chain-adapter.ts";
import { startLoopbackServer } from "../support/loopback-server.ts";
import { createManualClock } from "../support/manual-clock.ts";

type Fault = Parameters<ChainAdapterWorld["local"]["localnet"]["nodes"][0]["setFaults"]>[0][0];

/** Faults of a node, and the class that each must be reported as. */
const FAULTS: readonly (readonly [string, Fault, string])[] = [
  ["429", { status: 429, retryAfterS: 3 }, "rate-limited"],
  ["403", { status: 403 }, "refused"],
  ["503", { status: 503 }, "unreachable"],
  ["no answer", { hang: true }, "timeout"],
  ["a late answer", { delayMs: 60_000 }, "timeout"],
  ["a closed connection", { reset: true }, "unreachable"],
  ["half an answer", { truncated: true }, "malformed"],
  ["no JSON", { garbage: true }, "malformed"],
  ["node behind", { error: { code: -32_005, message: "Node is behind by 42 slots" } }, "behind"],
  ["slot not reached", { error: { code: -32_016, message: "Minimum context slot" } }, "behind"],
  ["internal error", { error: { code: -32_603, message: "Internal error" } }, "refused"],
  ["a result of another kind", { result: { value: 7 } }, "malformed"],
  ["a list", { result: [1] }, "malformed"],
  ["a negative number", { result: -1 }, "malformed"],
];

/** Every question that the port knows, by its method. */
function questions({ chain, wallet, message, newAddress }: ChainAdapterWorld) {
  const [node] = chain.nodes;
  if (!node) throw new Error("no node");
  const asked: Readonly<Record<string, () => Promise<ChainAnswer<unknown>>>> = {
    getEpochInfo: () => node.finalizedHeight(),
    getSignatureStatuses: () => node.statuses([UNKNOWN_SIGNATURE], { searchHistory: true }),
    getFirstAvailableBlock: () => node.firstAvailableBlock(),
    getTransaction: () => node.transaction(UNKNOWN_SIGNATURE, "finalized"),
    getLatestBlockhash: () => chain.latestBlockhash(),
    getMultipleAccounts: () => chain.accounts([wallet], 0),
    simulateTransaction: () =>
      chain.simulate(message(newAddress(), 1_000_000n), { watched: [], minContextSlot: 0 }),
    getRecentPrioritizationFees: () => chain.prioritizationFees([wallet]),
    getMinimumBalanceForRentExemption: () => chain.rentExemption(165),
  };
  return asked;
}

const open = (world: ChainAdapterWorld, timeoutMs = 5_000) =>
  createChain({
    nodes: world.urls.slice(0, 1).map((url) => ({ url })),
    genesisHash: world.local.localnet.chain.genesisHash,
    ...{ timeoutMs, clock: createManualClock() },
  });

describe("faults of the only node", () => {
  test.each(FAULTS)("%s", async (_, fault, kind) => {
    const world = await openChainAdapter();
    const [first] = world.local.localnet.nodes;
    for (const method of Object.keys(questions(world))) {
      const chain = open(world, fault.hang || fault.delayMs ? 50 : 5_000);
      expect(await chain.checkGenesis()).toMatchObject([{ kind: "same" }]);
      first?.setFaults([{ ...fault, methods: [method] }]);
      const answer = await questions({ ...world, chain })[method]?.();
      first?.setFaults([]);
      expect(answer, method).toMatchObject({ kind: "failed", class: kind });
      expect(answer).toHaveProperty("message", expect.stringContaining(method));
      if (fault.retryAfterS) expect(answer).toMatchObject({ retryAfterMs: 3_000 });
      chain.close();
    }
  });

  test("nobody there, and then somebody again", async () => {
    const world = await openChainAdapter();
    const [first] = world.local.localnet.nodes;
    first?.configure({ down: true });
    const chain = open(world);
    expect(await chain.checkGenesis()).toMatchObject([{ kind: "unknown", node: first?.url }]);
    for (const ask of Object.values(questions({ ...world, chain }))) {
      expect(await ask()).toMatchObject({ kind: "failed", class: "unreachable" });
    }
    first?.configure({ down: false });
    for (const ask of Object.values(questions({ ...world, chain }))) {
      expect(await ask()).toMatchObject({ kind: "ok" });
    }
    chain.close();
    for (const [method, ask] of Object.entries(questions({ ...world, chain }))) {
      const isKept = method === "getMinimumBalanceForRentExemption";
      expect(await ask(), method).toMatchObject({ kind: isKept ? "ok" : "failed" });
    }
  });

  test.each<[string, Fault["result"]]>([
    ["no error field", { context: { slot: 9 }, value: [{ slot: 8, confirmations: null }] }],
    ["too few", { context: { slot: 9 }, value: [] }],
    [
      "an unknown commitment",
      { context: { slot: 9 }, value: [{ slot: 8, err: null, confirmationStatus: "sure" }] },
    ],
    ["no context", { value: [null] }],
  ])("a status with %s is believed in nothing", async (_, result) => {
    const world = await openChainAdapter();
    world.local.localnet.nodes[0]?.setFaults([{ methods: ["getSignatureStatuses"], result }]);
    const [node] = world.chain.nodes;
    expect(await node?.statuses([UNKNOWN_SIGNATURE], { searchHistory: true })).toMatchObject({
      class: "malformed",
    });
  });

  test("an account with nothing in it is none: so a node tells what a transaction closes", async () => {
    const world = await openChainAdapter();
    const account = { lamports: 0, owner: world.wallet, data: ["", "base64"], executable: false };
    const value = { err: null, logs: [], unitsConsumed: 1, accounts: [account] };
    const result = { context: { slot: 9 }, value };
    world.local.localnet.nodes[0]?.setFaults([{ methods: ["simulateTransaction"], result }]);
    const watched = [world.wallet];
    expect(
      await world.chain.simulate(world.message(world.wallet, 1n), { watched, minContextSlot: 0 }),
    ).toMatchObject({ value: { accounts: [undefined], unitsConsumed: 1 } });
  });

  test("another's transaction is not taken for the one that was asked for", async () => {
    const world = await openChainAdapter();
    const signature = await world.land(world.newAddress(), 1_000_000n);
    world.advance(2);
    const { url } = world.local.localnet.nodes[0] ?? { url: "" };
    const body = { jsonrpc: "2.0", id: 1, method: "getTransaction" };
    const options = {
      encoding: "json",
      maxSupportedTransactionVersion: 0,
      commitment: "confirmed",
    };
    const params = [signature, options];
    const answer = await fetch(url, { method: "POST", body: JSON.stringify({ ...body, params }) });
    const { result }: { result: Fault["result"] } = JSON.parse(await answer.text());
    world.local.localnet.nodes[0]?.setFaults([{ methods: ["getTransaction"], result }]);
    const [node] = world.chain.nodes;
    expect(await node?.transaction(signature, "confirmed")).toMatchObject({ kind: "ok" });
    expect(await node?.transaction(UNKNOWN_SIGNATURE, "confirmed")).toMatchObject({
      ...{ class: "malformed", message: expect.stringContaining("another request") },
    });
  });
});

describe("several nodes", () => {
  const calls = (world: ChainAdapterWorld, node: number, method: string) =>
    world.local.localnet.nodes[node]?.stats().calls[method] ?? 0;

  test("the next one answers, and who failed is asked last for a while", async () => {
    const clock = createManualClock();
    const world = await openChainAdapter({ clock });
    const [first, second] = world.local.localnet.nodes;
    first?.setFaults([{ methods: ["getRecentPrioritizationFees"], status: 500 }]);
    const ask = () => world.chain.prioritizationFees([]);
    expect(await ask()).toMatchObject({ kind: "ok", node: second?.url });
    first?.setFaults([]);
    expect(await ask()).toMatchObject({ node: second?.url });
    expect(calls(world, 0, "getRecentPrioritizationFees")).toBe(0);
    clock.advanceMs(6_000);
    expect(await ask()).toMatchObject({ node: first?.url });
  });

  test("if all fail the failure names all of them", async () => {
    const world = await openChainAdapter();
    const [first, second] = world.local.localnet.nodes;
    first?.setFaults([{ methods: ["getRecentPrioritizationFees"], reset: true }]);
    second?.setFaults([{ methods: ["getRecentPrioritizationFees"], status: 429, retryAfterS: 2 }]);
    expect(await world.chain.prioritizationFees([])).toEqual({
      ...{ kind: "failed", class: "rate-limited", retryAfterMs: 2_000 },
      message: `${first?.url}: getRecentPrioritizationFees: the connection was closed; ${second?.url}: getRecentPrioritizationFees: HTTP 429`,
    });
  });

  test("a blockhash comes from the node that is ahead, whichever is first", async () => {
    const world = await openChainAdapter();
    const { localnet } = world.local;
    world.advance(100);
    localnet.nodes[0]?.configure({ lagBlocks: 60 });
    await world.chain.checkGenesis();
    const asked = calls(world, 0, "getLatestBlockhash");
    const found = await world.chain.latestBlockhash();
    expect(found).toMatchObject({ node: localnet.nodes[1]?.url });
    expect(told(found).slot).toBe(world.confirmedSlot());
    expect(calls(world, 0, "getLatestBlockhash")).toBe(asked);
  });

  test("no dead blockhash, though its node is the only one left; one that lags a little is used", async () => {
    const world = await openChainAdapter();
    const { localnet } = world.local;
    world.advance(150);
    await world.chain.checkGenesis();
    localnet.nodes[0]?.configure({ lagBlocks: 101 });
    localnet.nodes[1]?.configure({ down: true });
    expect(await world.chain.latestBlockhash()).toMatchObject({
      ...{ kind: "failed", class: "behind" },
      message: expect.stringContaining("101 slots behind"),
    });
    localnet.nodes[0]?.configure({ lagBlocks: 100 });
    expect(await world.chain.latestBlockhash()).toMatchObject({ kind: "ok" });
  });

  test("a node that nobody heard of lately is asked beside, so that its lag is known", async () => {
    const clock = createManualClock();
    const world = await openChainAdapter({ clock });
    await world.chain.checkGenesis();
    const before = calls(world, 1, "getLatestBlockhash");
    await world.chain.latestBlockhash();
    expect(calls(world, 1, "getLatestBlockhash")).toBe(before);
    clock.advanceMs(6_000);
    await world.chain.latestBlockhash();
    await vi.waitFor(() => expect(calls(world, 1, "getLatestBlockhash")).toBe(before + 1));
  });

  test("accounts of a slot that only one node has reached", async () => {
    const world = await openChainAdapter();
    const { localnet } = world.local;
    world.advance(10);
    localnet.nodes[0]?.configure({ lagBlocks: 5 });
    const slot = world.confirmedSlot();
    expect(await world.chain.accounts([world.wallet], slot)).toMatchObject({
      ...{ kind: "ok", node: localnet.nodes[1]?.url, value: { slot } },
    });
    // A node that does not know `minContextSlot` answers what it has.
    const old = { context: { slot: slot - 1 }, value: [null] };
    for (const node of localnet.nodes) {
      node.setFaults([{ methods: ["getMultipleAccounts"], result: old }]);
    }
    expect(await world.chain.accounts([world.wallet], slot)).toMatchObject({ class: "behind" });
  });

  test("pruned, without history and lying nodes speak for themselves", async () => {
    const world = await openChainAdapter();
    const { localnet } = world.local;
    const signature = await world.land(world.newAddress(), 1_000_000n);
    world.advance(50);
    localnet.nodes[0]?.configure({ history: "none", keepBlocks: 10 });
    localnet.nodes[1]?.configure({ lie: "absent" });
    const [pruned, liar] = world.chain.nodes;
    expect(await pruned?.statuses([signature], { searchHistory: true })).toMatchObject({
      ...{ class: "refused", message: expect.stringContaining("-32011") },
    });
    expect(await pruned?.firstAvailableBlock()).toMatchObject({
      value: localnet.state().slot - 9,
    });
    expect(await pruned?.transaction(signature, "finalized")).toMatchObject({ class: "refused" });
    expect(await liar?.statuses([signature], { searchHistory: true })).toMatchObject({
      value: { statuses: [undefined] },
    });
  });

  test("rent is asked for once a minute", async () => {
    const clock = createManualClock();
    const world = await openChainAdapter({ clock });
    const asked = () => calls(world, 0, "getMinimumBalanceForRentExemption");
    const rent = await world.chain.rentExemption(165);
    world.local.localnet.control({ rent: 5_080 });
    expect(told(await world.chain.rentExemption(165))).toBe(told(rent));
    expect(asked()).toBe(1);
    clock.advanceMs(61_000);
    expect(told(await world.chain.rentExemption(165))).toBe(1_488_440n);
  });

  test("two addresses of one server are one node", async () => {
    const world = await openChainAdapter();
    const [url = ""] = world.urls;
    const nodes = [{ url }, { url: `${url.replace("127.0.0.1", "localhost")}/?api-key=secret-9` }];
    const chain = createChain({ ...only(world), nodes });
    expect(chain.nodes.map((node) => node.name)).toEqual([url]);
    expect(chain.warnings).toHaveLength(1);
    expect(chain.warnings[0]).toContain("is one node");
    expect(chain.warnings[0]).not.toContain("secret");
    chain.close();
  });

  test("no node, and a node that is none, are refused", async () => {
    const world = await openChainAdapter();
    expect(() => createChain({ ...only(world), nodes: [] })).toThrow("at least one node");
    const broken = { nodes: [{ url: "http://127.0.0.1:1", wsUrl: "http://secret" }] };
    expect(() => createChain({ ...only(world), ...broken })).toThrow(/^(?!.*secret).*WebSocket/);
  });
});

const only = ({ local }: ChainAdapterWorld) => ({
  genesisHash: local.localnet.chain.genesisHash,
  timeoutMs: 5_000,
  clock: createManualClock(),
});

describe("the cluster", () => {
  test("a node of another one is never asked, and its word counts for nothing", async () => {
    const world = await openChainAdapter();
    const other = await openChainAdapter();
    const [url = ""] = world.urls;
    const [stranger = ""] = other.urls;
    const nodes = [{ url: stranger }, { url }];
    const chain = createChain({ ...only(world), nodes });
    expect(await chain.checkGenesis()).toEqual([
      {
        ...{ kind: "other", node: stranger },
        message: expect.stringContaining(other.local.localnet.chain.genesisHash),
      },
      { kind: "same", node: url },
    ]);
    expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: url });
    const [first] = chain.nodes;
    expect(await first?.finalizedHeight()).toMatchObject({
      ...{ kind: "failed", class: "refused", message: expect.stringContaining("another cluster") },
    });
    expect(other.local.localnet.nodes[0]?.stats().calls).toEqual({ getGenesisHash: 1 });
    chain.close();
  });

  test("whoever was away is asked for it again", async () => {
    const world = await openChainAdapter();
    const [first] = world.local.localnet.nodes;
    const genesis = () => first?.stats().calls.getGenesisHash ?? 0;
    const [node] = world.chain.nodes;
    await Promise.all([node?.firstAvailableBlock(), node?.finalizedHeight()]);
    expect(genesis()).toBe(1);
    first?.configure({ down: true });
    expect(await node?.firstAvailableBlock()).toMatchObject({ class: "unreachable" });
    first?.configure({ down: false });
    expect(await node?.firstAvailableBlock()).toMatchObject({ kind: "ok" });
    expect(genesis()).toBe(2);
  });

  test("a server that is no node at all", async () => {
    const page = await startLoopbackServer((_, response) => response.end("<html>"));
    const world = await openChainAdapter();
    const chain = createChain({ ...only(world), nodes: [{ url: `${page.url}/path-secret` }] });
    const verdicts = await chain.checkGenesis();
    expect(verdicts).toMatchObject([{ kind: "unknown", node: page.url }]);
    expect(JSON.stringify(verdicts)).not.toContain("secret");
    chain.close();
    await page.close();
  });
});
