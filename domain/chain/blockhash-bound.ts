/**
 * From which block height on a transaction can be dead in the eyes of a node. The last valid height comes from one node, which may lie:
 * too low, and an attempt seems dead while it can still land. What a node has seen itself binds it: a blockhash that was valid at height
 * h is not older than h, and is accepted for 150 blocks at most.
 */
import { nodeKey } from "./node-identity.ts";
import type { JudgedAttempt } from "./outcome-proof.types.ts";

/** Blocks for which a blockhash is accepted after its own. */
const BLOCKHASH_LIFE_BLOCKS = 150;
/** With so many witnesses one of them is honest, as long as one node lies. */
const ENOUGH_WITNESSES = 2;

/**
 * The height above which the node may call the attempt dead: by what it saw itself, else by the highest that several others saw.
 * Undefined: it can say nothing.
 */
export function boundOf(attempt: JudgedAttempt, node: string): number | undefined {
  const { witnesses, lastValidBlockHeight } = attempt;
  if (witnesses === undefined) return lastValidBlockHeight;
  const key = nodeKey(node);
  const own = witnesses.find((witness) => nodeKey(witness.node) === key);
  if (own) return own.blockHeight + BLOCKHASH_LIFE_BLOCKS;
  if (witnesses.length < ENOUGH_WITNESSES) return undefined;
  const highest = Math.max(...witnesses.map(({ blockHeight }) => blockHeight));
  return Math.max(highest + BLOCKHASH_LIFE_BLOCKS, lastValidBlockHeight);
}

/**
 * The same for nodes of a person's choice, which saw nothing themselves: what any witness saw binds all. Nothing is signed again after it,
 * so that one witness is enough; without any the last valid height is believed.
 */
export function boundByAll(attempt: JudgedAttempt): JudgedAttempt {
  const { witnesses = [], lastValidBlockHeight, contextSlot } = attempt;
  const bounds = witnesses.map(({ blockHeight }) => blockHeight + BLOCKHASH_LIFE_BLOCKS);
  const highest = bounds.length === 0 ? lastValidBlockHeight : Math.max(...bounds);
  return { contextSlot, lastValidBlockHeight: highest };
}
