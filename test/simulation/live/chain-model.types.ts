/** The chain model as others see it. */
import type { Executed, Prices, State } from "./execute.ts";
import type { WireSwap } from "./wire.ts";

export type Block = {
  readonly slot: number;
  readonly height: number;
  readonly parent: Block | undefined;
  readonly bornUs: number;
  /** When a fork took it off the chain. */
  deadUs: number;
  readonly state: State;
  readonly prices: Prices;
  readonly placements: Placement[];
};

export type Placement = Executed & {
  readonly block: Block;
  readonly transaction: Transaction;
  readonly before: State;
};

/** One signature: the same bytes always. */
export type Transaction = WireSwap & {
  readonly bytes: Uint8Array;
  /** Last block height that takes it; undefined: nobody knows its blockhash. */
  readonly lastValid: number | undefined;
  readonly hashBlock: Block | undefined;
  readonly placements: Placement[];
};

/** The chain at one time. */
export type View = { readonly atUs: number; readonly tip: Block; readonly root: Block };

export type ChainModel = {
  readonly plan: ChainPlan;
  readonly viewAt: (atUs: number) => View;
  readonly confirmedOf: (view: View) => Block;
  /** A copy of the bytes has reached a leader. */
  readonly receive: (bytes: Uint8Array) => void;
  readonly placementAt: (view: View, signature: string) => Placement | undefined;
  readonly commitmentOf: (view: View, block: Block) => "processed" | "confirmed" | "finalized";
  /** Whether a node whose newest block is this one accepts the blockhash. */
  readonly isValidAt: (at: Block, blockhash: string) => boolean;
  /** Base58, valid until 150 blocks after. */
  readonly blockhashOf: (block: Block) => string;
  readonly transaction: (signature: string) => Transaction | undefined;
  /** It can never be executed successfully any more, whatever anybody sends. */
  readonly isDead: (attempt: {
    readonly signature: string;
    readonly lastValidBlockHeight: number;
  }) => boolean;
  readonly now: () => View;
  /** Told of each landing, and of each that a fork undoes. */
  readonly onLanding: (listener: (placement: Placement) => void) => void;
  readonly forks: () => number;
  /** From here on everything lands at once. */
  readonly calm: () => void;
  readonly movePrices: (byBps: number) => void;
};

export type Fates = {
  /** Chance that a transaction is one that leaders like to lose, and of losing each copy of such a one. */
  readonly unlucky: number;
  readonly dropRate: number;
  /** Chance to land much later, and exactly in the last valid block. */
  readonly late: number;
  readonly withheld: number;
  /** Chance that what a fork dropped never comes again by itself. */
  readonly lost: number;
};

export type ChainPlan = {
  readonly blockMs: number;
  readonly skipRate: number;
  /** Blocks behind the tip. */
  readonly confirmLag: number;
  readonly finalLag: number;
  /** Chance of a fork at a block. */
  readonly forkRate: number;
  readonly moveBps: number;
  readonly fates: Fates;
};
