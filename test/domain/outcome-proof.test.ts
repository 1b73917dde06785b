/** What may be called landed, failed, dead: by example, and the laws that keep a second signature away. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeKey } from "../../domain/chain/node-identity.ts";
import {
  type AttemptVerdict,
  judgeAttempt,
  type NodeObservation,
  type ProofRule,
} from "../../domain/chain/outcome-proof.ts";
import { createCounter } from "../support/counter.ts";

const LAST = 1_000;
const attempt = { lastValidBlockHeight: LAST, contextSlot: 5_000 };
const TWO: ProofRule = { nodesRequired: 2, acceptSingleNode: false };
const [A, B, C] = ["http://a:1", "http://b:1", "http://c:1"];
const judge = (observations: readonly NodeObservation[], rule = TWO) =>
  judgeAttempt(attempt, observations, rule);

/** A node that is `past` blocks after the last valid one, and does not know the signature 32 slots later. */
const absent = (node: string, past = 1, more: Partial<NodeObservation> = {}): NodeObservation => ({
  ...{ node, finalizedHeight: { slot: 6_000 + past, blockHeight: LAST + past } },
  ...{ status: { slot: 6_032 + past, status: undefined, searchedHistory: true }, ...more },
});
const knows = (
  node: string,
  commitment: "processed" | "confirmed" | "finalized",
  { slot = 5_500, error, at = slot + 40 }: { slot?: number; error?: unknown; at?: number } = {},
): NodeObservation => ({
  ...{ node, status: { slot: at, status: { slot, commitment, error }, searchedHistory: false } },
});
const silent = (node: string): NodeObservation => ({ node });
const ERROR = { InstructionError: [4, { Custom: 6_001 }] };
const whats = (verdict: AttemptVerdict) =>
  verdict.kind === "unprovable" ? verdict.missing.map(({ node, what }) => `${node} ${what}`) : [];

describe("death", () => {
  test("two nodes past the last valid height that do not know it", () => {
    expect(judge([absent(A), absent(B, 7)])).toEqual({
      kind: "expired",
      singleNode: false,
      evidence: [
        {
          node: A,
          finalizedBlockHeight: 1_001,
          lastValidBlockHeight: 1_000,
          heightSlot: 6_001,
          statusSlot: 6_033,
        },
        {
          node: B,
          finalizedBlockHeight: 1_007,
          lastValidBlockHeight: 1_000,
          heightSlot: 6_007,
          statusSlot: 6_039,
        },
      ],
    });
  });

  test.each<[string, NodeObservation]>([
    ["at the last valid height", absent(B, 0)],
    ["before it", absent(B, -1)],
    ["that has told no height", { ...absent(B), finalizedHeight: undefined }],
    ["that has told no status", { ...absent(B), status: undefined }],
    [
      "that has not searched its history",
      { ...absent(B), status: { slot: 6_033, status: undefined, searchedHistory: false } },
    ],
    [
      "whose status is older than its height",
      { ...absent(B), status: { slot: 6_000, status: undefined, searchedHistory: true } },
    ],
    ["that is the first one under another path", absent("http://A:1/rpc/key")],
    ["that is silent", silent(B)],
    ["beyond its cache that has not told its oldest block", absent(B, 151)],
    ["beyond its cache without the blocks", absent(B, 151, { firstAvailableBlock: 5_001 })],
  ])("not with a second node %s", (_, second) => {
    expect(judge([absent(A), second]).kind).not.toBe("expired");
  });

  test("a status at the height's own slot counts, and 150 blocks after", () => {
    const same = { slot: 6_150, status: undefined, searchedHistory: true };
    expect(judge([absent(A, 150), absent(B, 150, { status: same })]).kind).toBe("expired");
  });

  test("beyond the cache, the oldest block must reach back to the attempt", () => {
    const deep = { firstAvailableBlock: 5_000 };
    const verdict = judge([absent(A, 99_999, deep), absent(B, 151, deep)]);
    expect(verdict).toMatchObject({ kind: "expired", evidence: [deep, deep] });
  });

  test("a status long after its height may be beyond the cache", () => {
    const late = { slot: 6_001 + 32 + 150, status: undefined, searchedHistory: true };
    expect(judge([absent(A), absent(B, 1, { status: late })]).kind).toBe("open");
    const inTime = { ...late, slot: late.slot - 1 };
    expect(judge([absent(A), absent(B, 1, { status: inTime })]).kind).toBe("expired");
  });

  test("one node alone is enough only where it is the only one and accepted", () => {
    const rule = { ...TWO, acceptSingleNode: true };
    expect(judge([absent(A)], rule)).toMatchObject({ kind: "expired", singleNode: true });
    expect(judge([absent(A), silent(B)], rule).kind).toBe("open");
    expect(whats(judge([absent(A)]))).toEqual([
      "http://a:1 does not know it, but 2 nodes must show that",
    ]);
  });

  test.each(["processed", "confirmed", "finalized"] as const)(
    "one node that knows it as %s stands against any number",
    (commitment) => {
      for (const error of [undefined, ERROR]) {
        const verdict = judge([absent(A), absent(B), knows(C, commitment, { error })]);
        expect(verdict.kind).not.toBe("expired");
        // Also when the same node did not know it a moment before or after.
        const both = [absent(A), absent(B), knows(B, commitment, { error })];
        expect(judge(both).kind).not.toBe("expired");
        expect(judge(both.toReversed()).kind).not.toBe("expired");
      }
    },
  );
});

describe("when nothing can be shown", () => {
  test("before the end nothing is missing", () => {
    expect(judge([])).toEqual({ kind: "open" });
    expect(judge([absent(A, 0), absent(B, -50)])).toEqual({ kind: "open" });
    expect(judge([absent(A, -50)])).toEqual({ kind: "open" });
  });

  test("every node has said what it can: what is missing, of each", () => {
    const pruned = absent(B, 200, { firstAvailableBlock: 5_700 });
    expect(whats(judge([absent(A, 200, { firstAvailableBlock: 1 }), pruned]))).toEqual([
      "http://a:1 does not know it, but 2 nodes must show that",
      "http://b:1 is more than 150 blocks past the last valid one and has no blocks before slot 5700, " +
        "the transaction being from slot 5000 on",
    ]);
  });

  test("a silent node has some blocks' time", () => {
    const deep = { firstAvailableBlock: 1 };
    expect(judge([absent(A, 150, deep), silent(B)])).toEqual({ kind: "open" });
    expect(whats(judge([absent(A, 151, deep), silent(B)]))[1]).toBe(
      "http://b:1 has not told its finalized block height",
    );
    const rule = { ...TWO, patienceBlocks: 300 };
    expect(judge([absent(A, 300, deep), silent(B)], rule)).toEqual({ kind: "open" });
    expect(judge([absent(A, 301, deep), silent(B)], rule).kind).toBe("unprovable");
  });
});

describe("landed", () => {
  test("one node's word is enough while nobody denies it", () => {
    const only = { kind: "landed", commitment: "finalized", slot: 5_500, nodes: [A] };
    expect(judge([knows(A, "finalized")])).toEqual(only);
    expect(judge([knows(A, "finalized"), silent(B)])).toEqual(only);
    expect(judge([knows(A, "finalized"), knows(B, "processed")])).toEqual(only);
    // It has not reached the slot.
    const behind = { slot: 5_499, status: undefined, searchedHistory: true };
    expect(judge([knows(A, "finalized"), { node: B, status: behind }])).toEqual(only);
    // It cannot know it any more.
    const pruned = absent(B, 151, { firstAvailableBlock: 5_501 });
    expect(judge([knows(A, "finalized"), pruned])).toEqual(only);
  });

  test.each<[string, NodeObservation]>([
    [
      "does not know it",
      { node: B, status: { slot: 5_500, status: undefined, searchedHistory: false } },
    ],
    ["would know it", absent(B, 400, { firstAvailableBlock: 5_000 })],
    ["has it in another slot", knows(B, "finalized", { slot: 5_501 })],
    ["has it as failed", knows(B, "finalized", { error: ERROR })],
  ])("against a node that %s it is confirmed, no more", (_, denial) => {
    const verdict = judge([knows(A, "finalized"), denial]);
    const isOver = (denial.finalizedHeight?.blockHeight ?? 0) > LAST + 150;
    const confirmed = { kind: "landed", commitment: "confirmed" };
    expect(verdict).toMatchObject(isOver ? { kind: "unprovable" } : confirmed);
    if (denial.status?.status) return;
    const outvoted = [knows(A, "finalized"), knows(C, "finalized"), denial];
    expect(judge(outvoted)).toMatchObject({
      kind: "landed",
      commitment: "finalized",
      nodes: [A, C],
    });
  });

  test("two against one that says failed; two against two is no success", () => {
    const [good, bad] = [knows(A, "finalized"), knows(B, "finalized", { error: ERROR })];
    expect(judge([good, knows(C, "finalized"), bad])).toMatchObject({ commitment: "finalized" });
    const fourth = knows("http://d:1", "finalized", { error: ERROR });
    expect(judge([good, knows(C, "finalized"), bad, fourth])).toMatchObject({
      ...{ kind: "landed", commitment: "confirmed" },
    });
  });

  test("confirmed before processed; an error that is not final is nothing yet", () => {
    expect(judge([knows(A, "processed"), knows(B, "confirmed")])).toMatchObject({
      ...{ kind: "landed", commitment: "confirmed", nodes: [B] },
    });
    expect(judge([knows(A, "processed")])).toMatchObject({ commitment: "processed" });
    expect(judge([knows(A, "confirmed", { error: ERROR })])).toEqual({ kind: "open" });
    const mixed = [knows(A, "confirmed", { error: ERROR }), knows(B, "confirmed")];
    expect(judge(mixed)).toEqual({ kind: "open" });
  });
});

describe("failed, finalized", () => {
  const bad = (node: string, slot = 5_500) => knows(node, "finalized", { slot, error: ERROR });
  test("as two nodes say", () => {
    expect(judge([bad(A), bad(B)])).toEqual({
      ...{ kind: "failed-finalized", error: ERROR, slot: 5_500, nodes: [A, B] },
    });
    expect(judge([bad(A), bad(B), absent(C), silent("http://d:1")])).toMatchObject({
      kind: "failed-finalized",
    });
  });

  test.each<[string, readonly NodeObservation[]]>([
    ["one node alone of two", [bad(A), silent(B)]],
    ["one node under two names", [bad(A), bad("http://a:1/x"), silent(B)]],
    ["two that name other slots", [bad(A), bad(B, 5_501)]],
    ["two, and one saw it succeed", [bad(A), bad(B), knows(C, "finalized")]],
    ["two, and one has it confirmed", [bad(A), bad(B), knows(C, "confirmed")]],
    ["two of which one has it confirmed only", [bad(A), knows(B, "confirmed", { error: ERROR })]],
  ])("not as %s say", (_, observations) => {
    expect(judge(observations).kind).not.toBe("failed-finalized");
  });

  test("an older look at another block does not stand against it", () => {
    const before = knows(C, "processed", { slot: 5_400, at: 5_499 });
    expect(judge([bad(A), bad(B), before]).kind).toBe("failed-finalized");
  });

  test("with one node, it proves nothing unless that is accepted", () => {
    expect(whats(judge([bad(A)]))).toEqual([
      "http://a:1 says that it failed in slot 5500, finalized; 2 nodes must say so",
    ]);
    expect(judge([bad(A)], { ...TWO, acceptSingleNode: true }).kind).toBe("failed-finalized");
  });
});

test("the same host and port is one node, whatever else the address says", () => {
  const same = [
    ["http://127.0.0.1:8899", "http://localhost:8899/", "http://[::1]:8899/path"],
    [
      "https://RPC.example.org/key-1",
      "https://rpc.example.org:443/key-2",
      "wss://rpc.example.org.",
    ],
    ["http://h", "http://h:80"],
    ["A node", " a node "],
  ];
  for (const names of same) expect(new Set(names.map(nodeKey)).size, names[0]).toBe(1);
  expect(new Set(same.flat().map(nodeKey)).size).toBe(same.length);
  expect(nodeKey("http://h:1")).not.toBe(nodeKey("http://h:2"));
  expect(nodeKey("http://h")).not.toBe(nodeKey("https://h"));
});

const NAMES = [A, B, C, "http://A:1/other", "http://b:1/x", "http://d:1"];
const near = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -200, max: 400 }));
const statuses = fc.record({
  slot: near.map((by) => 5_500 + by),
  commitment: fc.constantFrom("processed", "confirmed", "finalized"),
  error: fc.constantFrom(undefined, undefined, ERROR),
});
const observationOf = (status: fc.Arbitrary<NonNullable<NodeObservation["status"]>["status"]>) =>
  fc.record({
    node: fc.constantFrom(...NAMES),
    finalizedHeight: fc.option(
      fc.record({ slot: near.map((by) => 6_000 + by), blockHeight: near.map((by) => LAST + by) }),
      { nil: undefined, freq: 8 },
    ),
    status: fc.option(
      fc.record({ slot: near.map((by) => 6_020 + by), status, searchedHistory: fc.boolean() }),
      { nil: undefined, freq: 8 },
    ),
    firstAvailableBlock: fc.constantFrom(undefined, 1, 5_000, 5_001, 5_900),
  });
const unknowing = fc.array(observationOf(fc.constant(undefined)), { maxLength: 8 });
const anything = fc.array(
  observationOf(fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, statuses)),
  { maxLength: 8 },
);
const rules = fc.record({
  nodesRequired: fc.integer({ min: 1, max: 3 }),
  acceptSingleNode: fc.boolean(),
});
const nodesIn = (observations: readonly { readonly node: string }[]) =>
  new Set(observations.map(({ node }) => nodeKey(node)));

/** The rule, written down a second time. */
function provesDeath(o: NodeObservation): boolean {
  const { finalizedHeight: height, status, firstAvailableBlock: first } = o;
  if (!height || !status || status.status || !status.searchedHistory) return false;
  if (height.blockHeight <= LAST || status.slot < height.slot) return false;
  return height.blockHeight <= LAST + 150 || (first !== undefined && first <= 5_000);
}

describe("laws", () => {
  const RUNS = { numRuns: 5_000 };
  test("never dead while any node knows it, never with fewer proofs than required, of different nodes", () => {
    const counter = createCounter();
    fc.assert(
      fc.property(fc.oneof(anything, unknowing), rules, (observations, rule) => {
        const verdict = judge(observations, rule);
        counter.add(verdict.kind);
        if (verdict.kind !== "expired") return;
        expect(observations.some(({ status }) => status?.status)).toBe(false);
        const proofs = nodesIn(observations.filter(provesDeath));
        const isAlone = rule.acceptSingleNode && nodesIn(observations).size === 1;
        const needed = isAlone ? 1 : rule.nodesRequired;
        expect(proofs.size).toBeGreaterThanOrEqual(needed);
        expect(nodesIn(verdict.evidence).size).toBeGreaterThanOrEqual(needed);
        expect(verdict.singleNode).toBe(needed === 1);
      }),
      RUNS,
    );
    counter.expectAll(["landed", "failed-finalized", "expired", "open", "unprovable"], 20);
  });

  test("a failure needs as many nodes, and nobody who saw it succeed for good", () => {
    let seen = 0;
    fc.assert(
      fc.property(anything, rules, (observations, rule) => {
        const verdict = judge(observations, rule);
        if (verdict.kind !== "failed-finalized") return;
        seen += 1;
        const final = observations.filter(
          ({ status }) => status?.status?.commitment === "finalized",
        );
        const isAlone = rule.acceptSingleNode && nodesIn(observations).size === 1;
        expect(nodesIn(final).size).toBeGreaterThanOrEqual(isAlone ? 1 : rule.nodesRequired);
        expect(final.every(({ status }) => status?.status?.error !== undefined)).toBe(true);
      }),
      RUNS,
    );
    expect(seen).toBeGreaterThan(20);
  });

  test("what is there is told once or more often, in any order: the same", () => {
    fc.assert(
      fc.property(anything, rules, fc.nat(7), (observations, rule, turn) => {
        const twice = [...observations, ...observations];
        expect(judge(twice, rule)).toEqual(judge(observations, rule));
        const turned = [...observations.slice(turn), ...observations.slice(0, turn)];
        expect(judge(turned, rule).kind).toBe(judge(observations, rule).kind);
      }),
      RUNS,
    );
  });

  test("more that nobody knows it leaves the dead dead, and one who knows it ends that", () => {
    let dead = 0;
    const rule = TWO;
    fc.assert(
      fc.property(unknowing, unknowing, statuses, (observations, more, status) => {
        if (judge(observations, rule).kind !== "expired") return;
        dead += 1;
        expect(judge([...observations, ...more], rule).kind).toBe("expired");
        const node = more[0]?.node ?? A;
        const knowing = { node, status: { slot: 1, status, searchedHistory: false } };
        expect(judge([...observations, knowing], rule).kind).not.toBe("expired");
      }),
      RUNS,
    );
    expect(dead).toBeGreaterThan(100);
  });

  test("nodes that say nothing change no verdict that two others have proven", () => {
    fc.assert(
      fc.property(anything, fc.array(fc.constantFrom(...NAMES)), (observations, names) => {
        const before = judge(observations);
        const isProven = before.kind === "expired" || before.kind === "failed-finalized";
        if (!isProven && before.kind !== "landed") return;
        expect(judge([...observations, ...names.map(silent)])).toEqual(before);
      }),
      RUNS,
    );
  });
});
