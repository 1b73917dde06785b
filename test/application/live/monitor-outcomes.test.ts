/** What the monitor says of an attempt, and what it must have asked before it says so. */
import { describe, expect, it } from "vitest";
import type { FakeNode } from "../../support/fake-chain.ts";
import { attemptNamed, LAST_VALID, monitorWorld, settled } from "../../support/monitor-world.ts";

const A = attemptNamed("a");
const LANDED = { slot: 95, commitment: "confirmed", error: undefined } as const;
const FINAL = { ...LANDED, commitment: "finalized" } as const;
const FAILED = { ...FINAL, error: { InstructionError: [3, { Custom: 6_001 }] } } as const;

/** Its finalized height is past the last valid one. */
const past = ({ says }: FakeNode, blocks = 1): void => {
  says.height = { slot: 200 + blocks, blockHeight: LAST_VALID + blocks };
  says.slot = says.height.slot + 32;
};

describe("a landing", () => {
  it("is said by one node, at confirmed", async () => {
    const { monitor, nodes, time } = monitorWorld();
    const outcome = monitor.follow(A);
    nodes[1].says.statuses.set("a", LANDED);
    await time.advanceMs(20);
    expect(await settled(outcome)).toEqual({
      ...{ kind: "landed", commitment: "confirmed", slot: 95, nodes: [nodes[1].name] },
    });
  });

  it("with an error counts when both nodes have it finalized", async () => {
    const { monitor, nodes, time } = monitorWorld();
    const outcome = monitor.follow(A);
    nodes[0].says.statuses.set("a", { ...FAILED, commitment: "confirmed" });
    await time.advanceMs(200);
    nodes[0].says.statuses.set("a", FAILED);
    await time.advanceMs(200);
    expect(await settled(outcome)).toBeUndefined();
    nodes[1].says.statuses.set("a", FAILED);
    await time.advanceMs(100);
    expect(await settled(outcome)).toMatchObject({ kind: "failed-finalized", error: FAILED.error });
  });
});

describe("a death", () => {
  it("is asked about only once a second, and its history only after the height is past", async () => {
    const { monitor, nodes, time } = monitorWorld();
    void monitor.follow(A);
    await time.advanceMs(4_000);
    const [{ calls }] = nodes;
    const heights = calls.filter(({ method }) => method === "finalizedHeight");
    expect(heights.map(({ atMs }) => Math.floor(atMs / 1_000))).toEqual([1, 2, 3]);
    expect(calls.some(({ searchHistory }) => searchHistory)).toBe(false);
    expect(calls.some(({ method }) => method === "firstAvailableBlock")).toBe(false);
  });

  it("is proven by height first and absence then, of both nodes", async () => {
    const { monitor, nodes, time } = monitorWorld();
    const outcome = monitor.follow(A);
    await time.advanceMs(1_000);
    past(nodes[0]);
    await time.advanceMs(1_100);
    expect(await settled(outcome)).toBeUndefined();
    past(nodes[1], 2);
    await time.advanceMs(1_100);
    expect(await settled(outcome)).toMatchObject({
      ...{ kind: "expired", singleNode: false },
      evidence: [
        {
          node: nodes[0].name,
          finalizedBlockHeight: 151,
          lastValidBlockHeight: 150,
          heightSlot: 201,
          statusSlot: 233,
        },
        {
          node: nodes[1].name,
          finalizedBlockHeight: 152,
          lastValidBlockHeight: 150,
          heightSlot: 202,
          statusSlot: 234,
        },
      ],
    });
    for (const { calls } of nodes) {
      const history = calls.findIndex(({ searchHistory }) => searchHistory);
      const before = calls.slice(0, history).map(({ method }) => method);
      expect(before.slice(-2)).toEqual(["finalizedHeight", "firstAvailableBlock"]);
    }
  });

  it("is not proven by an absence that is older than the height", async () => {
    const { monitor, nodes, time } = monitorWorld({ graceMs: 1_000_000 });
    const outcome = monitor.follow(A);
    for (const node of nodes) past(node);
    // It answers from a slot that the height has left behind.
    nodes[1].says.slot = 150;
    await time.advanceMs(10_000);
    expect(await settled(outcome)).toBeUndefined();
    nodes[1].says.slot = 300;
    await time.advanceMs(1_000);
    expect(await settled(outcome)).toMatchObject({ kind: "expired" });
  });

  it("is not there while any node knows the signature", async () => {
    const { monitor, nodes, time } = monitorWorld();
    const outcome = monitor.follow(A);
    for (const node of nodes) past(node);
    nodes[1].says.statuses.set("a", { ...LANDED, commitment: "processed" });
    await time.advanceMs(30_000);
    expect(await settled(outcome)).toBeUndefined();
  });

  it("needs one node's word where that is configured", async () => {
    const { monitor, nodes, time } = monitorWorld({
      rule: { nodesRequired: 1, acceptSingleNode: false },
    });
    const outcome = monitor.follow(A);
    past(nodes[0]);
    nodes[1].says.hangs = true;
    await time.advanceMs(1_200);
    expect(await settled(outcome)).toMatchObject({ kind: "expired", singleNode: true });
  });
});

describe("what nobody can prove", () => {
  /** It is past the last valid height and has nothing of that time any more. */
  const pruned = (node: FakeNode): void => {
    past(node, 400);
    node.says.first = 500;
  };

  it("is said only after the grace time, counted from the first node that is past", async () => {
    const { monitor, nodes, time } = monitorWorld({ graceMs: 10_000 });
    const outcome = monitor.follow(A);
    await time.advanceMs(1_000);
    for (const node of nodes) pruned(node);
    await time.advanceMs(10_000);
    expect(await settled(outcome)).toBeUndefined();
    await time.advanceMs(2_500);
    expect(await settled(outcome)).toMatchObject({
      kind: "unprovable",
      missing: nodes.map(({ name }) => ({ node: name })),
    });
  });

  it("may still be proven within the grace time", async () => {
    const { monitor, nodes, time } = monitorWorld({ graceMs: 10_000 });
    const outcome = monitor.follow(A);
    for (const node of nodes) pruned(node);
    await time.advanceMs(5_000);
    nodes[1].says.statuses.set("a", FINAL);
    await time.advanceMs(1_500);
    expect(await settled(outcome)).toMatchObject({ kind: "landed", commitment: "finalized" });
  });

  it("is said where no node has answered anything for 180 s", async () => {
    const { monitor, nodes, time, sent } = monitorWorld();
    const outcome = monitor.follow(A);
    await time.advanceMs(1_000);
    for (const { says } of nodes) says.hangs = true;
    await time.advanceMs(179_000);
    expect(await settled(outcome)).toBeUndefined();
    expect(sent.length).toBeGreaterThan(60);
    await time.advanceMs(4_000);
    expect(await settled(outcome)).toEqual({
      kind: "unprovable",
      missing: nodes.map(({ name }) => ({ node: name, what: "no answer" })),
    });
  });
});

describe("finality of a landing", () => {
  const landed = async (config = {}) => {
    const world = monitorWorld(config);
    for (const { says } of world.nodes) says.statuses.set("a", LANDED);
    const finality = world.monitor.finality(A, 95);
    await world.time.advanceMs(1_000);
    expect(await settled(finality)).toBeUndefined();
    return { ...world, finality };
  };

  it("is asked for each 500 ms with history, and said when the nodes agree", async () => {
    const { nodes, time, finality } = await landed();
    expect(nodes[0].calls.map(({ atMs, searchHistory }) => [atMs, searchHistory])).toEqual([
      [500, true],
      [1_000, true],
    ]);
    for (const { says } of nodes) says.statuses.set("a", FINAL);
    await time.advanceMs(500);
    expect(await settled(finality)).toMatchObject({ kind: "finalized", slot: 95 });
  });

  it("never comes for another slot, or another end: the landing is gone", async () => {
    for (const moved of [{ ...LANDED, slot: 97 }, FAILED]) {
      const { nodes, time, finality } = await landed();
      nodes[0].says.statuses.set("a", moved);
      await time.advanceMs(500);
      expect(await settled(finality)).toMatchObject({ kind: "vanished" });
    }
  });

  it("is given up when no node knows it, each several times in a row", async () => {
    const { nodes, time, finality } = await landed();
    for (const { says } of nodes) says.statuses.delete("a");
    await time.advanceMs(500);
    expect(await settled(finality)).toBeUndefined();
    // One knows it again: counted anew.
    nodes[0].says.statuses.set("a", LANDED);
    await time.advanceMs(500);
    nodes[0].says.statuses.delete("a");
    await time.advanceMs(1_000);
    expect(await settled(finality)).toBeUndefined();
    await time.advanceMs(1_000);
    expect(await settled(finality)).toMatchObject({
      ...{ kind: "vanished", nodes: nodes.map(({ name }) => name) },
    });
  });

  it("is not given up by nodes that have forgotten that time: nobody can say", async () => {
    const { nodes, time, finality } = await landed();
    for (const { says } of nodes) {
      says.statuses.delete("a");
      says.slot = 95 + 151;
      says.first = 96;
    }
    await time.advanceMs(5_000);
    expect(await settled(finality)).toMatchObject({ kind: "forgotten" });
  });

  it("follows the same bytes again where a fork has undone it", async () => {
    const { monitor, nodes, time, sent } = monitorWorld({ rebroadcastMs: 200 });
    const finality = monitor.finality(A, 95);
    const outcome = monitor.follow(A);
    expect(monitor.following()).toBe(1);
    await time.advanceMs(1_000);
    expect(sent.length).toBeGreaterThan(2);
    expect(await settled(finality)).toBeUndefined();
    nodes[0].says.statuses.set("a", { ...LANDED, slot: 99 });
    await time.advanceMs(100);
    expect(await settled(outcome)).toMatchObject({ kind: "landed", slot: 99 });
  });
});
