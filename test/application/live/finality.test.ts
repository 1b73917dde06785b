/** What answers of nodes say of a transaction that was seen to land; pure, so every case by hand. */
import { describe, expect, it } from "vitest";
import {
  couldKnow,
  finalityOf,
  isForgotten,
  isNewer,
} from "../../../domain/application/live/finality.ts";
import type { NodeObservation, ObservedStatus } from "../../../domain/chain/outcome-proof.ts";

const [A, B] = ["http://127.0.0.1:8899", "http://127.0.0.1:8898"];
const SLOT = 1_000;
const WATCHED = {
  attempt: { lastValidBlockHeight: 900, contextSlot: 990 },
  slot: SLOT,
  isPatienceOver: false,
};
const TWO = { nodesRequired: 2, acceptSingleNode: false };

const LANDED: ObservedStatus = { slot: SLOT, commitment: "confirmed", error: undefined };
const FINAL: ObservedStatus = { ...LANDED, commitment: "finalized" };

const says = (
  node: string,
  status: ObservedStatus | undefined,
  { slot = SLOT + 10, first = undefined as number | undefined } = {},
): NodeObservation => ({
  ...{ node, status: { slot, status, searchedHistory: true } },
  ...(first === undefined ? {} : { firstAvailableBlock: first }),
});
const silent = (node: string): NodeObservation => ({ node });
const finality = (seen: readonly NodeObservation[], rule = TWO) => finalityOf(WATCHED, seen, rule);

describe("a landing", () => {
  it.each<[string, readonly NodeObservation[]]>([
    ["nobody has said anything", [silent(A), silent(B)]],
    ["it is not final yet", [says(A, LANDED), says(B, LANDED)]],
    ["one has it, and not final", [says(A, LANDED), silent(B)]],
    ["one has not reached the slot", [says(A, undefined), says(B, undefined, { slot: SLOT - 1 })]],
    ["one denies it and the other is silent", [says(A, undefined), silent(B)]],
    ["one has it final and the other denies it", [says(A, FINAL), says(B, undefined)]],
    ["it is processed elsewhere", [says(A, { ...LANDED, slot: 1_001, commitment: "processed" })]],
  ])("stands while %s", (_, seen) => {
    expect(finality(seen)).toBeUndefined();
  });

  it("is final when a node says so and none that knows denies it", () => {
    expect(finality([says(A, FINAL), says(B, FINAL)])).toEqual({
      ...{ kind: "finalized", slot: SLOT, nodes: [A, B] },
    });
    expect(finality([says(A, FINAL), silent(B)])).toMatchObject({ kind: "finalized", nodes: [A] });
    // Who has forgotten that time says nothing against it.
    const forgetful = says(B, undefined, { slot: SLOT + 200, first: SLOT + 1 });
    expect(finality([says(A, FINAL), forgetful])).toMatchObject({ kind: "finalized" });
  });

  it("has vanished where it is in another slot, or has another end", () => {
    const moved = { ...LANDED, slot: SLOT + 1 };
    expect(finality([says(A, moved), says(B, LANDED)])).toEqual({
      ...{ kind: "vanished", message: "it is in slot 1001 now", nodes: [A, B] },
    });
    expect(finality([says(A, { ...moved, error: "x" })])).toMatchObject({
      message: "it is in slot 1001 now, and failed there",
    });
    expect(finality([says(A, { ...LANDED, error: "x" })])).toMatchObject({ kind: "vanished" });
  });

  it("is absent where as many nodes as must say so have reached it and do not know it", () => {
    expect(finality([says(A, undefined), says(B, undefined)])).toBe("absent");
    expect(finality([says(A, undefined), silent(B)])).toBeUndefined();
    // Where there is one node only, its word must do.
    expect(finality([says(A, undefined)])).toBe("absent");
    const single = { nodesRequired: 1, acceptSingleNode: true };
    expect(finality([says(A, undefined), silent(B)], single)).toBe("absent");
    const three = [says(A, undefined), says(B, undefined), silent("http://127.0.0.1:8897")];
    expect(finality(three)).toBe("absent");
    expect(finality(three, { ...TWO, nodesRequired: 3 })).toBeUndefined();
  });

  it("is forgotten where every node shows that it has nothing of that time", () => {
    const forgetful = (node: string) => says(node, undefined, { slot: SLOT + 151, first: 1_001 });
    expect(finality([forgetful(A), forgetful(B)])).toBe("forgotten");
    expect(finality([forgetful(A), silent(B)])).toBeUndefined();
    // One that could know denies it, which is not enough, and no other one will ever say anything.
    expect(finality([forgetful(A), says(B, undefined)])).toBe("forgotten");
    // It has not told how far back it knows anything.
    expect(finality([forgetful(A), says(B, undefined, { slot: SLOT + 151 })])).toBeUndefined();
  });
});

describe("a node", () => {
  it.each<[boolean, NodeObservation]>([
    [false, silent(A)],
    [false, says(A, undefined, { slot: SLOT - 1 })],
    [true, says(A, undefined, { slot: SLOT })],
    [true, says(A, undefined, { slot: SLOT + 150 })],
    [false, says(A, undefined, { slot: SLOT + 151 })],
    [true, says(A, undefined, { slot: SLOT + 151, first: SLOT })],
    [false, says(A, undefined, { slot: SLOT + 151, first: SLOT + 1 })],
    [true, says(A, LANDED, { slot: SLOT + 151, first: SLOT + 1 })],
  ])("could know of that slot: %s", (could, seen) => {
    expect(couldKnow(seen, SLOT)).toBe(could);
  });

  it("may have forgotten what it does not know, and not what it has not been asked", () => {
    expect([isForgotten(undefined), isForgotten(silent(A))]).toEqual([false, false]);
    expect([isForgotten(says(A, undefined)), isForgotten(says(A, LANDED))]).toEqual([true, false]);
  });
});

describe("an answer", () => {
  const before = says(A, LANDED, { slot: 50 });
  const absent = says(A, undefined, { slot: 50 });
  const next = (slot: number, status: unknown, searchHistory: boolean) => ({
    ...{ slot, status, searchHistory },
  });

  it("says nothing over one of a newer context", () => {
    expect(isNewer(silent(A), next(1, undefined, false))).toBe(true);
    expect(isNewer(before, next(49, LANDED, true))).toBe(false);
    expect(isNewer(before, next(50, LANDED, true))).toBe(true);
    expect(isNewer(before, next(51, undefined, false))).toBe(true);
  });

  it("that the last minutes do not know it says less than that the history does not", () => {
    expect(isNewer(absent, next(60, undefined, false))).toBe(false);
    expect(isNewer(absent, next(60, undefined, true))).toBe(true);
    expect(isNewer(absent, next(60, LANDED, false))).toBe(true);
  });
});
