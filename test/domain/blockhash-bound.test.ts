/** From which height on a node may call an attempt dead: never by another node's word alone. */
import { describe, expect, it } from "vitest";
import { boundByAll, boundOf } from "../../domain/chain/blockhash-bound.ts";
import { judgeAttempt, type NodeObservation } from "../../domain/chain/outcome-proof.ts";

const A = "http://a.example";
const B = "http://b.example";
const C = "http://c.example";
const seenBy = (...witnesses: [string, number][]) => ({
  ...{ contextSlot: 500, lastValidBlockHeight: 1_000 },
  witnesses: witnesses.map(([node, blockHeight]) => ({ node, blockHeight })),
});

describe("the bound of a node", () => {
  it.each([
    ["is 150 above what it saw itself, whatever was told", seenBy([A, 990], [B, 700]), A, 1_140],
    ["is not moved by a lie of another one", seenBy([A, 990], [B, 100_000]), A, 1_140],
    ["is the highest of two others, where it saw nothing", seenBy([A, 990], [B, 980]), C, 1_140],
    ["is not below the last valid height then", seenBy([A, 10], [B, 20]), C, 1_000],
    ["is none where one other node alone saw it", seenBy([A, 990]), B, undefined],
    ["is none where nobody saw it", seenBy(), A, undefined],
  ])("%s", (_, attempt, node, bound) => {
    expect(boundOf(attempt, node)).toBe(bound);
  });

  it("is the same by whatever name of the node", () => {
    expect(boundOf(seenBy([`${A}:80/`, 990]), A)).toBe(1_140);
  });

  it("of a person's nodes is what any witness saw", () => {
    expect(boundByAll(seenBy([A, 990], [B, 980])).lastValidBlockHeight).toBe(1_140);
    expect(boundByAll(seenBy()).lastValidBlockHeight).toBe(1_000);
  });
});

describe("a last valid height that a node made up", () => {
  const denies = (node: string, blockHeight: number): NodeObservation => ({
    ...{ node, finalizedHeight: { slot: blockHeight + 100, blockHeight } },
    status: { slot: blockHeight + 132, status: undefined, searchedHistory: true },
  });
  const rule = { nodesRequired: 2, acceptSingleNode: false };

  it("too low does not kill what may still land", () => {
    const attempt = { ...seenBy([A, 860], [B, 1_000]), lastValidBlockHeight: 860 };
    const seen = [denies(A, 1_020), denies(B, 1_020)];
    expect(judgeAttempt(attempt, seen, rule).kind).not.toBe("expired");
    expect(judgeAttempt(attempt, [denies(A, 1_151), denies(B, 1_151)], rule).kind).toBe("expired");
  });

  it("too high does not keep it alive for ever", () => {
    const attempt = { ...seenBy([A, 1_000], [B, 1_000]), lastValidBlockHeight: 100_000_000 };
    const seen = [denies(A, 1_151), denies(B, 1_151)];
    expect(judgeAttempt(attempt, seen, rule).kind).toBe("expired");
  });
});

describe("a landing in a slot that no other node is near", () => {
  const at = (node: string, slot: number, landed: number | undefined): NodeObservation => ({
    node,
    status: {
      ...{ slot, searchedHistory: true },
      status:
        landed === undefined
          ? undefined
          : { slot: landed, commitment: "finalized", error: undefined },
    },
  });
  it("is not believed, and stands against a death", () => {
    const rule = { nodesRequired: 2, acceptSingleNode: false };
    const seen = [at(A, 900_000_000, 900_000_000), at(B, 1_000, undefined)];
    expect(judgeAttempt(seenBy([A, 900], [B, 900]), seen, rule).kind).toBe("open");
  });
});
