/** The whole local chain as its nodes, its control endpoint and tests use it. */
import type { Blocks } from "./blocks.ts";
import type { Account, Address, Block, Chain, Commitment } from "./chain.types.ts";
import type { History } from "./history.ts";
import type { SendRule } from "./send-rules.ts";

export type ChainSettings = {
  /** Blocks on top of a block until it is confirmed; 0 confirms at once. */
  confirmLag: number;
  /** The same until it is final. */
  finalLag: number;
  /** Micro-lamports per compute unit that blocks without transactions report as their minimum. */
  quietPriorityFee: number;
};

export type ForkOptions = {
  /** How many of the newest blocks lose; at most those that are not final. */
  readonly depth: number;
  /** Signatures that land again at once in the winning fork; all others vanish. */
  readonly keep?: readonly string[];
};

export type ForkReport = { readonly dropped: readonly string[]; readonly kept: readonly string[] };

export type PriorityFee = { readonly slot: number; readonly prioritizationFee: number };

export type Rejection = { readonly signature: string; readonly reason: unknown };

export type LocalChain = Chain & {
  readonly blocks: Blocks;
  readonly history: History;
  readonly settings: ChainSettings;
  /** Opens the next block, after so many slots without one; lands what was withheld until then. */
  produceBlock(skippedSlots?: number): Block;
  /** Throws a sentence if the depth reaches a final block. */
  fork(options: ForkOptions): ForkReport;
  /** Replaces the rules; withheld transactions stay withheld. */
  setSendRules(rules: readonly SendRule[]): void;
  /** Lands all withheld transactions now, or gives them up; answers how many. */
  releaseWithheld(how: "land" | "drop"): number;
  withheld(): readonly { readonly signature: string; readonly untilHeight: number }[];
  /** The newest rejections, which no client of a real chain would learn of. */
  rejections(): readonly Rejection[];
  /** From this slot on every transaction is still known. */
  firstSlot(): number;
  /** The newest block of that commitment for somebody who sees the chain up to `tipHeight`. */
  heightOf(commitment: Commitment, tipHeight: number): number;
  accountAt(address: Address, height: number): Account | undefined;
  accountsOf(program: Address, height: number): (readonly [Address, Account])[];
  isBlockhashValid(blockhash: string, height: number): boolean;
  /** Per block up to 150 before `height`, over the transactions that locked these accounts. */
  priorityFees(writable: readonly Address[], height: number): readonly PriorityFee[];
  save(): ChainState;
};

/** What the state file holds; records and virtual machine as bytes. */
export type ChainState = {
  readonly genesisHash: string;
  readonly settings: ChainSettings;
  readonly blocks: readonly Block[];
  readonly airdrops: number;
  readonly prunedBelow: number;
  readonly withheld: readonly {
    readonly raw: Uint8Array;
    readonly untilHeight: number;
    readonly revertProtection?: boolean | undefined;
  }[];
  readonly records: readonly Buffer[];
  readonly machine: Uint8Array;
};
