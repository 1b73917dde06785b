/** Which node's blockhash is used where nodes lag, fail or claim slots that nobody else knows. */
import type { BlockhashInfo, ChainAnswer, ChainFailure } from "../../domain/ports/chain.ts";
import type { RpcChainNode } from "./node.ts";
import { failureOfAll, inOrder } from "./node-health.ts";

/** A blockhash lives for 151 blocks. From further behind the best known slot another node is asked for a younger one. */
const GOOD_LAG_SLOTS = 50;
/**
 * Without another one, up to here it is good enough: it still lives for about 50 blocks, 20 s, and a transaction that is late expires
 * and is tried again. From further behind it would be dead before it lands.
 */
const MAX_LAG_SLOTS = 100;

type Told = { readonly node: RpcChainNode; readonly answer: Answer };
type Answer = Extract<ChainAnswer<BlockhashInfo>, { kind: "ok" }>;

/** `bestSlot`: best known slot, 0 if unknown; then nobody is behind. */
export async function freshestBlockhash(
  nodes: readonly RpcChainNode[],
  bestSlot: () => number,
): Promise<ChainAnswer<BlockhashInfo>> {
  const failures: (readonly [string, ChainFailure])[] = [];
  const spare: Told[] = [];
  const lagOf = ({ answer }: Told) => bestSlot() - answer.value.slot;
  const left = inOrder(nodes);
  for (let node = left.shift(); node; node = left.shift()) {
    const answer = await node.latestBlockhash();
    if (answer.kind === "failed") {
      failures.push([node.name, answer]);
      continue;
    }
    const told = { node, answer };
    const limit = left.some(isOfUse) ? GOOD_LAG_SLOTS : MAX_LAG_SLOTS;
    if (!node.health.isOutlier() && lagOf(told) <= limit) return answer;
    spare.push(told);
  }
  const [found] = spare.filter((told) => lagOf(told) <= MAX_LAG_SLOTS).toSorted(byUse);
  if (found) return found.answer;
  return failureOfAll([
    ...failures,
    ...spare.map((told) => [told.node.name, behind(lagOf(told))] as const),
  ]);
}

/** It is worth its wait: it has neither failed lately nor claimed what nobody else knows. */
const isOfUse = ({ health }: RpcChainNode) => !health.isAvoided() && !health.isOutlier();

const byUse = (one: Told, other: Told) =>
  Number(one.node.health.isOutlier()) - Number(other.node.health.isOutlier()) ||
  other.answer.value.slot - one.answer.value.slot;

const behind = (lag: number): ChainFailure => ({
  ...{ kind: "failed", class: "behind" },
  message: `getLatestBlockhash: it is ${lag} slots behind what is known of the chain`,
});
