/**
 * What the local chain offers inside the process: to the RPC nodes, to the venue and the Jupiter
 * server beside it, and to tests. Addresses, signatures and blockhashes are base58 text; lamports
 * are bigint; slots and block heights are whole numbers.
 */
export type Address = string;

export type Commitment = "processed" | "confirmed" | "finalized";

export type Account = {
  readonly lamports: bigint;
  readonly owner: Address;
  readonly data: Uint8Array;
  readonly executable: boolean;
};

/** `err` as the JSON of a real node: a name, or an object such as {InstructionError: [...]}. */
export type TransactionError = string | { readonly [name: string]: unknown };

export type TokenBalance = {
  readonly accountIndex: number;
  readonly mint: Address;
  readonly owner: Address;
  readonly programId: Address;
  readonly uiTokenAmount: {
    readonly amount: string;
    readonly decimals: number;
    readonly uiAmount: number | null;
    readonly uiAmountString: string;
  };
};

export type InnerInstructions = {
  readonly index: number;
  readonly instructions: readonly {
    readonly programIdIndex: number;
    readonly accounts: readonly number[];
    /** Base58. */
    readonly data: string;
    readonly stackHeight: number;
  }[];
};

export type ReturnData = {
  readonly programId: Address;
  readonly data: readonly [string, "base64"];
};

export type LoadedAddresses = {
  readonly writable: readonly Address[];
  readonly readonly: readonly Address[];
};

/** Balances in lamports, in the order of the message's keys: static, then loaded ones. */
export type Balances = {
  readonly lamports: readonly bigint[];
  readonly tokens: readonly TokenBalance[];
};

/** What running a transaction once did, or would have done. */
export type Execution = {
  readonly err: TransactionError | null;
  readonly logs: readonly string[];
  readonly unitsConsumed: number;
  readonly innerInstructions: readonly InnerInstructions[];
  readonly returnData: ReturnData | null;
  readonly loadedAddresses: LoadedAddresses;
  readonly pre: Balances;
  readonly post: Balances;
  /** Lamports, base and priority fee together. */
  readonly fee: bigint;
  /** Static and loaded keys; all indexes are into this list. */
  readonly keys: readonly Address[];
};

/** A transaction in a block, failed ones included. */
export type LandedTransaction = Execution & {
  readonly signature: string;
  readonly slot: number;
  readonly height: number;
  /** Unix seconds. */
  readonly blockTime: number;
  /** Of each memo instruction, as a node lists it: `[bytes] text`, joined by `; `; null if none. */
  readonly memo: string | null;
  readonly raw: Uint8Array;
};

export type Simulation = Execution & {
  /** Accounts after it, by address; only those that it may have changed. */
  readonly accounts: ReadonlyMap<Address, Account>;
};

export type Block = {
  readonly slot: number;
  readonly parentSlot: number;
  /** Counts blocks; skipped slots do not count. */
  readonly height: number;
  readonly blockhash: string;
  readonly previousBlockhash: string;
  /** Unix seconds. */
  readonly time: number;
};

export type SignatureStatus = {
  readonly slot: number;
  /** Blocks on top of it; null once it is finalized. */
  readonly confirmations: number | null;
  readonly err: TransactionError | null;
  readonly confirmationStatus: Commitment;
};

/**
 * What became of sent bytes. A leader says nothing about bytes that it drops; `reason` is for
 * tests and logs, no client of a real chain learns it.
 */
export type SendOutcome =
  | { readonly kind: "landed"; readonly transaction: LandedTransaction }
  | { readonly kind: "rejected"; readonly signature: string; readonly reason: TransactionError }
  | { readonly kind: "withheld"; readonly signature: string };

export type SendOptions = {
  /** Land only if it succeeds, as a single-transaction bundle does; default false. */
  readonly revertProtection?: boolean;
  /** The node that took it, for rules about sends; none for the in-process callers. */
  readonly node?: number;
};

export type SimulateOptions = {
  /** Default false. */
  readonly sigVerify?: boolean;
  /** State as of this block height; default the newest. */
  readonly height?: number;
  /** Refuse a dead blockhash and a landed signature, as preflight does; default false. */
  readonly checkBlockhash?: boolean;
};

/** The chain seen from inside, always at `processed`; nodes have views of their own. */
export type Chain = {
  readonly genesisHash: string;
  slot(): number;
  /** Block height. */
  height(): number;
  latestBlockhash(): { readonly blockhash: string; readonly lastValidBlockHeight: number };
  getAccount(address: Address): Account | undefined;
  /** Creates or replaces; 0 lamports remove it. A fork does not undo it. */
  setAccount(address: Address, account: Account): void;
  /** Deploys ELF bytes; replaces what was there. Throws a sentence if they cannot be loaded. */
  addProgram(address: Address, elf: Uint8Array): void;
  /** Lamports that make an account of so many data bytes rent-exempt. */
  rentExempt(bytes: number): bigint;
  /** Lamports per byte: 6960 is the old rent, 5080 that of September 2026. */
  setRent(lamportsPerByte: bigint): void;
  /** Lands or rejects at once, unless a rule withholds it. Throws on bytes that are no message. */
  sendTransaction(raw: Uint8Array, options?: SendOptions): SendOutcome;
  simulate(raw: Uint8Array, options?: SimulateOptions): Simulation;
  /** Creates lamports; answers the signature of the transaction that did it. */
  airdrop(address: Address, lamports: bigint): string;
  status(signature: string): SignatureStatus | undefined;
  transaction(signature: string): LandedTransaction | undefined;
  /** Newest block. */
  tip(): Block;
  /** Called after each new block; returns the way to stop. */
  onBlock(listener: (block: Block) => void): () => void;
  onTransaction(listener: (transaction: LandedTransaction) => void): () => void;
};
