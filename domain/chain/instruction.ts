/** Instructions and lookup tables before they are a message: what a swap is made of. Addresses are base58. */

export type AccountMeta = {
  readonly address: string;
  readonly isSigner: boolean;
  readonly isWritable: boolean;
};

export type Instruction = {
  readonly programId: string;
  readonly accounts: readonly AccountMeta[];
  readonly data: Uint8Array;
};

/** An address lookup table as a node of ours resolved it. */
export type LookupTable = {
  readonly address: string;
  readonly addresses: readonly string[];
};
