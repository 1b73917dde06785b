/**
 * What the engine's own nodes say, at this moment, against an outcome that a person's answers prove: anybody can write an answer, so a
 * node that could know better ends it.
 */
import type { ChainNode, SignatureStatus } from "../../ports/chain.ts";

type OwnNode = Pick<ChainNode, "name" | "statuses" | "firstAvailableBlock">;

export type Claim = {
  readonly signature: string;
  readonly outcome: "landed" | "failed" | "expired";
  /** Where it landed or failed. */
  readonly slot?: number | undefined;
};

export type Seen = {
  /** Context of the answer. */
  readonly slot: number;
  readonly status: SignatureStatus | undefined;
  /** Oldest slot whose block the node still has; undefined: it did not tell. */
  readonly first: number | undefined;
};

/** Sentences, each naming a node that contradicts; none: nobody does, or nobody could know. Never rejects. */
export async function contradictionsOf(
  nodes: readonly OwnNode[],
  claim: Claim,
): Promise<readonly string[]> {
  const found = await Promise.all(
    nodes.map(async (node) => {
      const seen = await askOf(node, claim.signature);
      const what = seen && contradictionOf(claim, seen);
      return what === undefined ? [] : [`${node.name} ${what}`];
    }),
  );
  return found.flat();
}

async function askOf(node: OwnNode, signature: string): Promise<Seen | undefined> {
  const answer = await node.statuses([signature], { searchHistory: true });
  if (answer.kind === "failed") return undefined;
  const { slot, statuses } = answer.value;
  // Asked for after it: what is gone by then may have been gone before.
  const first = await node.firstAvailableBlock();
  return { slot, status: statuses[0], first: first.kind === "ok" ? first.value : undefined };
}

/** Continues a sentence that begins with the node; undefined: it says nothing against the claim. */
export function contradictionOf(
  { outcome, slot }: Claim,
  { slot: at, status, first }: Seen,
): string | undefined {
  if (status) {
    if (outcome === "expired") return `knows it in slot ${status.slot}`;
    if (status.slot !== slot) return `knows it in slot ${status.slot}, not ${slot}`;
    const hasFailed = status.error !== undefined;
    if (hasFailed === (outcome === "failed")) return undefined;
    return `says that it ${hasFailed ? "failed" : "succeeded"} in slot ${slot}`;
  }
  if (slot === undefined || at < slot || first === undefined || first > slot) return undefined;
  return `does not know it, at slot ${at} and with blocks from slot ${first} on`;
}
