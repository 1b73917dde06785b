/** What the engine's own nodes say against an outcome that a person's answers prove. */
import { describe, expect, it } from "vitest";
import {
  type Claim,
  contradictionOf,
  contradictionsOf,
  type Seen,
} from "../../../domain/application/live/own-nodes.ts";
import type { ChainAnswer, ChainFailure, ChainNode } from "../../../domain/ports/chain.ts";

const SLOT = 100;
const claim = (outcome: Claim["outcome"]): Claim => ({
  ...{ signature: "s", outcome },
  slot: outcome === "expired" ? undefined : SLOT,
});
const there = (slot: number, error?: unknown): Seen => ({
  ...{ slot: SLOT, first: undefined },
  status: { slot, commitment: "confirmed", error },
});
const absent = (slot: number, first?: number): Seen => ({ slot, first, status: undefined });

describe("a node of the engine", () => {
  it.each<[string, Claim["outcome"], Seen, string]>([
    ["landed, unknown there", "landed", absent(SLOT, SLOT), "does not know it, at slot 100"],
    ["landed elsewhere", "landed", there(99), "knows it in slot 99, not 100"],
    ["landed, failed there", "landed", there(SLOT, "e"), "says that it failed in slot 100"],
    ["failed, good there", "failed", there(SLOT), "says that it succeeded in slot 100"],
    ["failed, unknown there", "failed", absent(SLOT, 0), "with blocks from slot 0 on"],
    ["dead, known there", "expired", there(7), "knows it in slot 7"],
    ["dead, failed there", "expired", there(7, "e"), "knows it in slot 7"],
  ])("contradicts: %s", (_, outcome, seen, words) => {
    expect(contradictionOf(claim(outcome), seen)).toContain(words);
  });

  it.each<[string, Claim["outcome"], Seen]>([
    ["it agrees", "landed", there(SLOT)],
    ["it agrees that it failed", "failed", there(SLOT, "e")],
    ["it is behind", "landed", absent(SLOT - 1, 0)],
    ["its blocks begin later", "landed", absent(SLOT + 1, SLOT + 1)],
    ["it does not tell how far back it knows", "landed", absent(SLOT)],
    ["it does not know what is dead", "expired", absent(SLOT, 0)],
  ])("does not: %s", (_, outcome, seen) => {
    expect(contradictionOf(claim(outcome), seen)).toBeUndefined();
  });

  it("is named, and one that does not answer says nothing", async () => {
    const down: ChainFailure = { kind: "failed", class: "timeout", message: "5 s" };
    const ok = <T>(value: T): ChainAnswer<T> => ({ kind: "ok", value, node: "n" });
    const node = (name: string, isDown: boolean): Pick<ChainNode, "name" | NodeCalls> => ({
      name,
      statuses: async (_, { searchHistory }) =>
        isDown || !searchHistory ? down : ok({ slot: SLOT, statuses: [undefined] }),
      firstAvailableBlock: async () => ok(0),
    });
    const nodes = [node("one", false), node("two", true), node("three", false)];
    const words = "does not know it, at slot 100 and with blocks from slot 0 on";
    expect(await contradictionsOf(nodes, claim("landed"))).toEqual([
      ...[`one ${words}`, `three ${words}`],
    ]);
    expect(await contradictionsOf(nodes, claim("expired"))).toEqual([]);
  });
});

type NodeCalls = "statuses" | "firstAvailableBlock";
