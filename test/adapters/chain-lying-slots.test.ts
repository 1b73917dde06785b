/** Nodes that claim slots which the chain never reached, and what is done with such slots. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createChain } from "../../adapters/chain/chain.ts";
import { createNodesHealth, inOrder } from "../../adapters/chain/node-health.ts";
import { told } from "../contracts/chain.contract.ts";
import { type ChainAdapterWorld, openChainAdapter } from "../support/chain-adapter.ts";
import { createManualClock } from "../support/manual-clock.ts";

const LIE = 900_000_000;
const HASH = "11111111111111111111111111111111";
const blockhashAt = (slot: number) => ({
  context: { slot },
  value: { blockhash: HASH, lastValidBlockHeight: 1 },
});
const ACCOUNTS = { context: { slot: LIE }, value: [null] };

async function open() {
  const clock = createManualClock();
  const world = await openChainAdapter({ clock });
  world.advance(200);
  await world.chain.checkGenesis();
  const [first, second] = world.local.localnet.nodes;
  if (!first || !second) throw new Error("two nodes are needed");
  const calls = (method: string) => first.stats().calls[method] ?? 0;
  return { ...{ world, clock, first, second, calls }, chain: world.chain };
}

const single = ({ local, urls }: ChainAdapterWorld) =>
  createChain({
    nodes: urls.slice(0, 1).map((url) => ({ url })),
    genesisHash: local.localnet.chain.genesisHash,
    ...{ timeoutMs: 5_000, clock: createManualClock() },
  });

describe("a blockhash", () => {
  test("one lie about the slot stops nobody, and the liar's hash is not the one that is used", async () => {
    const { chain, first, second, calls } = await open();
    first.setFaults([{ methods: ["getLatestBlockhash"], result: blockhashAt(LIE), count: 1 }]);
    expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: second.url });
    const asked = calls("getLatestBlockhash");
    expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: second.url });
    expect(calls("getLatestBlockhash")).toBe(asked);
    second.configure({ down: true });
    expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: first.url });
  });

  test("the liar is the last to be asked for as long as it lies, and no longer", async () => {
    const { chain, clock, first, second, calls, world } = await open();
    first.setFaults([{ methods: ["getLatestBlockhash"], result: blockhashAt(LIE) }]);
    await chain.latestBlockhash();
    for (let round = 0; round < 10; round += 1) {
      clock.advanceMs(6_000);
      expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: second.url });
      expect(await chain.accounts([world.wallet], 0)).toMatchObject({ node: second.url });
    }
    expect(calls("getMultipleAccounts")).toBe(0);
    first.setFaults([]);
    await chain.checkGenesis();
    expect(await chain.latestBlockhash()).toMatchObject({ node: first.url });
  });

  test("nodes that disagree from the start are both used", async () => {
    const { world, first, second } = await open();
    second.setFaults([{ methods: ["getLatestBlockhash"], result: blockhashAt(LIE), count: 2 }]);
    const nodes = world.urls.map((url) => ({ url }));
    const { genesisHash } = world.local.localnet.chain;
    const chain = createChain({
      ...{ nodes, genesisHash, timeoutMs: 5_000, clock: createManualClock() },
    });
    await chain.checkGenesis();
    expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: first.url });
    first.configure({ down: true });
    expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: second.url });
    chain.close();
  });

  test.each([40, 80])("garbage on one node, %i blocks of lag on the other", async (lagBlocks) => {
    const { chain, first, second, world } = await open();
    first.setFaults([{ garbage: true }]);
    second.configure({ lagBlocks });
    for (let round = 0; round < 6; round += 1) {
      expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: second.url });
      expect(await chain.accounts([world.wallet], 0)).toMatchObject({ node: second.url });
    }
  });

  test("one that lags is better than a liar's", async () => {
    const { chain, first, second } = await open();
    first.configure({ lagBlocks: 80 });
    second.setFaults([{ methods: ["getLatestBlockhash"], result: blockhashAt(LIE), count: 1 }]);
    expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: first.url });
  });

  test("one that lags is not used while a younger one is to be had", async () => {
    const { chain, first, second } = await open();
    first.configure({ lagBlocks: 60 });
    expect(await chain.latestBlockhash()).toMatchObject({ kind: "ok", node: second.url });
  });
});

describe("accounts of a slot that was never reached", () => {
  test("are read at the tip, and not from the liar", async () => {
    const { chain, first, second, world } = await open();
    first.setFaults([
      { methods: ["getLatestBlockhash"], result: blockhashAt(LIE) },
      { methods: ["getMultipleAccounts"], result: ACCOUNTS },
    ]);
    await chain.latestBlockhash();
    expect(await chain.accounts([world.wallet], LIE)).toMatchObject({
      ...{ kind: "ok", node: second.url },
      value: { slot: world.confirmedSlot(), accounts: [{ lamports: world.lamports }] },
    });
    // What takes its place is no older than the tip.
    second.configure({ lagBlocks: 30 });
    first.setFaults([]);
    first.configure({ down: true });
    expect(await chain.accounts([world.wallet], LIE)).toMatchObject({ class: "behind" });
  });

  test("though nobody told a slot lately", async () => {
    const { chain, clock, world } = await open();
    clock.advanceMs(60_000);
    const { slot } = told(await chain.accounts([world.wallet], LIE));
    expect(slot).toBe(world.confirmedSlot());
  });

  test("nearer slots stay refused, also with a single node", async () => {
    const { chain, world } = await open();
    const alone = single(world);
    for (const each of [chain, alone]) {
      const tip = world.confirmedSlot();
      const read = (slot: number) => each.accounts([world.wallet], slot);
      expect(await read(tip + 5_000)).toMatchObject({ kind: "failed", class: "behind" });
      expect(await read(tip + 5_001)).toMatchObject({ kind: "ok", value: { slot: tip } });
    }
    alone.close();
  });

  test("nothing is replaced while the other node cannot say how far the chain is", async () => {
    const { chain, clock, second, world } = await open();
    second.configure({ down: true });
    clock.advanceMs(60_000);
    expect(await chain.accounts([world.wallet], LIE)).toMatchObject({ kind: "failed" });
  });
});

describe("the best known slot", () => {
  test("is never far from what an honest node told, whatever one of three claims", () => {
    const steps = fc.array(
      fc.record({ node: fc.nat(2), slot: fc.nat(2 ** 40), pauseMs: fc.nat(20_000) }),
      { minLength: 1, maxLength: 50 },
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const clock = createManualClock();
        const health = createNodesHealth(() => clock.monotonicUs());
        const nodes = [0, 1, 2].map((id) => ({ id, health: health.add() }));
        let tip = 450_000_000;
        for (const { node, slot, pauseMs } of sequence) {
          clock.advanceMs(pauseMs);
          tip += Math.floor(pauseMs / 400);
          nodes[node]?.health.told(node === 0 ? slot : tip);
          expect(health.bestSlot()).toBeLessThanOrEqual(tip + 1_000);
          expect(nodes[1]?.health.isOutlier()).toBe(false);
          expect(nodes[2]?.health.isOutlier()).toBe(false);
          if (nodes[0]?.health.isOutlier()) expect(inOrder(nodes).at(-1)?.id).toBe(0);
        }
      }),
    );
  });

  test("of two nodes needs both, of one none", () => {
    const clock = createManualClock();
    const pair = createNodesHealth(() => clock.monotonicUs());
    const [one, other] = [pair.add(), pair.add()];
    one.told(5_000);
    expect(pair.bestSlot()).toBe(0);
    other.told(3_999);
    expect(pair.bestSlot()).toBe(0);
    other.told(4_000);
    expect(pair.bestSlot()).toBe(5_000);
    clock.advanceMs(31_000);
    one.told(5_001);
    expect(pair.bestSlot()).toBe(0);
    const alone = createNodesHealth(() => clock.monotonicUs());
    alone.add().told(7);
    expect(alone.bestSlot()).toBe(7);
  });
});
