/**
 * Solana as the engine sees it: some nodes, each addressed by itself where its word is evidence, any of them where it is not.
 * Slots and block heights are safe integers. Nothing here ever rejects.
 */
import type { Instruction, LookupTable } from "../chain/instruction.ts";
import type { ChainTransaction } from "../chain/transaction.ts";

export type Commitment = "processed" | "confirmed" | "finalized";

export type ChainFailure = {
  readonly kind: "failed";
  readonly class:
    | "timeout"
    | "unreachable"
    | "rate-limited"
    /** The answer is none. */
    | "malformed"
    /** The node understood and said no. */
    | "refused"
    /** It has not reached the slot that was asked for. */
    | "behind";
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
};

/** `node`: who said so, a URL without credentials. */
export type ChainAnswer<T> =
  | { readonly kind: "ok"; readonly value: T; readonly node: string }
  | ChainFailure;

export type SignatureStatus = {
  readonly slot: number;
  readonly commitment: Commitment;
  /** As JSON of the node; undefined: it succeeded. */
  readonly error: unknown;
};

export type BlockhashInfo = {
  readonly blockhash: string;
  /** Accepted while the block height is not above. */
  readonly lastValidBlockHeight: number;
  readonly slot: number;
};

export type AccountInfo = {
  readonly lamports: bigint;
  /** Program that owns the account. */
  readonly owner: string;
  readonly data: Uint8Array;
};

export type Simulation = {
  readonly slot: number;
  /** As JSON of the node; undefined: it succeeded. */
  readonly error: unknown;
  readonly logs: readonly string[];
  readonly unitsConsumed: number;
  /** State after it of the accounts that were asked for, in their order; undefined: no such account. */
  readonly accounts: readonly (AccountInfo | undefined)[];
};

/** One node: independent evidence. Two URLs of the same host and port are one node. */
export interface ChainNode {
  readonly name: string;
  /** Finalized block height and the absolute slot that it belongs to (`getEpochInfo`). */
  finalizedHeight(): Promise<ChainAnswer<{ readonly slot: number; readonly blockHeight: number }>>;
  /** Whether the blockhash is accepted at `confirmed`, and the block height at `confirmed`, asked for afterwards. */
  witness(
    blockhash: string,
  ): Promise<ChainAnswer<{ readonly isValid: boolean; readonly blockHeight: number }>>;
  /** At most 256. `slot`: context of the answer. Undefined entries: not found. */
  statuses(
    signatures: readonly string[],
    options: { readonly searchHistory: boolean },
  ): Promise<
    ChainAnswer<{
      readonly slot: number;
      readonly statuses: readonly (SignatureStatus | undefined)[];
    }>
  >;
  /** Oldest slot whose block it still has. */
  firstAvailableBlock(): Promise<ChainAnswer<number>>;
  /** `value` undefined: not found, which proves nothing. */
  transaction(
    signature: string,
    commitment: "confirmed" | "finalized",
  ): Promise<ChainAnswer<ChainTransaction | undefined>>;
}

export interface Chain {
  /** In configured order; at least one. */
  readonly nodes: readonly ChainNode[];
  readonly genesisHash: string;
  /** At `confirmed`, from the node that is ahead as far as known. */
  latestBlockhash(): Promise<ChainAnswer<BlockhashInfo>>;
  /** At `confirmed`, at most 100. A node behind `minContextSlot` is not believed. */
  accounts(
    addresses: readonly string[],
    minContextSlot: number,
  ): Promise<
    ChainAnswer<{
      readonly slot: number;
      readonly accounts: readonly (AccountInfo | undefined)[];
    }>
  >;
  /** Cached; `isFresh`: read again, because an index was not found. */
  lookupTables(
    addresses: readonly string[],
    options: { readonly isFresh: boolean },
  ): Promise<ChainAnswer<readonly LookupTable[]>>;
  /** Of a message that nobody signed; its blockhash is replaced by the node. `watched`: addresses whose state after it is wanted. */
  simulate(
    message: Uint8Array,
    options: { readonly watched: readonly string[]; readonly minContextSlot: number },
  ): Promise<ChainAnswer<Simulation>>;
  /** Lowest price that landed in each of the last slots, micro-lamports per compute unit, for whoever writes to these accounts. */
  prioritizationFees(writable: readonly string[]): Promise<ChainAnswer<readonly bigint[]>>;
  /** Lamports that an account of so many bytes must hold. */
  rentExemption(bytes: number): Promise<ChainAnswer<bigint>>;
  /** A hint that something may have become of a signature; it may never come. The returned function ends it. */
  onSignature(signature: string, hint: () => void): () => void;
}

/** Puts instructions into a v0 message; unsigned bytes of the message alone. */
export interface TransactionCompiler {
  compile(parts: {
    readonly payer: string;
    readonly blockhash: string;
    readonly instructions: readonly Instruction[];
    readonly lookupTables: readonly LookupTable[];
    /** Addresses that no table may stand for, though it holds them: wallet, own token accounts, tip account. */
    readonly staticKeys?: readonly string[];
  }):
    | { readonly kind: "message"; readonly bytes: Uint8Array }
    /** Over 1,232 bytes with its signature, or not to be put together. */
    | { readonly kind: "problem"; readonly message: string };
}
