/**
 * Forks: the newest blocks lose, their transactions vanish with their effects, and as many new
 * blocks take their heights. What was set from outside is not the fork's and is set again.
 */
import type { Bank } from "./bank.ts";
import type { Blocks } from "./blocks.ts";
import type { Account, Address, Block } from "./chain.types.ts";
import type { History } from "./history.ts";
import { type Leader, parseOrThrow } from "./leader.ts";
import type { ForkOptions, ForkReport } from "./local-chain.types.ts";
import type { PriorityFees } from "./priority-fees.ts";

type Operation =
  | { readonly kind: "transaction"; readonly signature: string; readonly raw: Uint8Array }
  | { readonly kind: "account"; readonly address: Address; readonly account: Account };

/** What has been done to the chain, per block, in order. */
export type Operations = {
  note(height: number, operation: Operation): void;
  /** Those above this height, which are forgotten. */
  takeAbove(height: number): Operation[];
  forget(height: number): void;
};

export function createOperations(): Operations {
  const byHeight = new Map<number, Operation[]>();
  return {
    note(height, operation) {
      const list = byHeight.get(height);
      if (list) list.push(operation);
      else byHeight.set(height, [operation]);
    },
    takeAbove(height) {
      const taken = [...byHeight].filter(([at]) => at > height);
      for (const [at] of taken) byHeight.delete(at);
      return taken.flatMap(([, list]) => list);
    },
    forget: (height) => byHeight.delete(height),
  };
}

export type ForkParts = {
  readonly blocks: Blocks;
  readonly history: History;
  readonly bank: Bank;
  readonly fees: PriorityFees;
  readonly leader: Leader;
  readonly operations: Operations;
  setAccount(address: Address, account: Account): void;
  openBlock(): Block;
  /** Lands what is due in the open block, and tells of it. */
  completeOpening(block: Block): void;
};

/** `lowest` is the height below which nothing can be undone. Throws a sentence. */
export function forkChain(
  parts: ForkParts,
  { depth, keep = [] }: ForkOptions,
  lowest: number,
): ForkReport {
  const { blocks, history, bank, fees, leader, operations } = parts;
  const base = blocks.tip().height - depth;
  if (!Number.isInteger(depth) || depth < 1 || base < lowest) {
    throw new Error(`depth must be from 1 to ${blocks.tip().height - lowest}: the rest is final`);
  }
  const again = operations.takeAbove(base);
  const gone = history.dropAbove(base).map(({ signature }) => signature);
  bank.undoAbove(base);
  fees.dropAbove(base);
  blocks.dropAbove(base);
  const opened = parts.openBlock();
  for (const operation of again) {
    if (operation.kind === "account") parts.setAccount(operation.address, operation.account);
    else if (keep.includes(operation.signature)) leader.land(parseOrThrow(operation.raw));
  }
  parts.completeOpening(opened);
  for (let count = 1; count < depth; count += 1) parts.completeOpening(parts.openBlock());
  const kept = gone.filter((signature) => history.get(signature) !== undefined);
  return { kept, dropped: gone.filter((signature) => !kept.includes(signature)) };
}
