/**
 * Where the venue program keeps what: offsets in its heap, whose start is in register 9 throughout,
 * and in the input that the runtime hands over (docs: solana.com/docs/programs/faq, serialization).
 */
import { type Assembler, at, type Place, type Register } from "./assembler.ts";

/** Start of a program's heap of 32 KiB, zeroed for each call. */
export const HEAP_START = 0x3_0000_0000n;
export const HEAP: Register = 9;

/** Eight-byte slots. "Record" is the address of an account in the input. */
export const SLOT = {
  accountCount: 0,
  data: 8,
  dataLength: 16,
  programId: 24,
  inAmount: 32,
  quotedOut: 40,
  slippageBps: 48,
  platformFeeBps: 56,
  steps: 64,
  plan: 72,
  hop: 80,
  cursor: 88,
  amount: 96,
  /** Record of the owner of the accounts that the hops use, and who signs for it: see SIGNER. */
  payer: 104,
  payerSigner: 112,
  /** Records of the accounts that the next hop takes from, and that the last one gives to. */
  input: 120,
  output: 128,
  destinationMint: 136,
  platformFee: 144,
  eventAuthority: 152,
  /** Records for the transfer at the end: none where the output is at its place. */
  forwardTo: 160,
  authorityId: 168,
  minimumOut: 176,
  /** Of the hop: pool data, addresses of both reserves, and amounts. */
  pool: 184,
  reserveIn: 192,
  reserveOut: 200,
  before: 208,
  received: 216,
  out: 224,
  hopRecords: 232,
  bits: 240,
  tokenProgram: 248,
  /** Arguments of a transfer: records, amount, and a SIGNER. */
  source: 256,
  mint: 264,
  target: 272,
  authority: 280,
  transferAmount: 288,
  signer: 296,
  userAuthority: 304,
  /** An instruction for a call: program, accounts, their number, data, its length. */
  instruction: 320,
  metas: 360,
  callData: 448,
  seeds: 600,
  signerSeeds: 648,
  bump: 664,
  /** Constant keys and seeds. */
  tokenKey: 704,
  token2022Key: 736,
  eventKey: 768,
  vaultKey: 800,
  ammKey: 832,
  authoritySeed: 896,
  vaultSeed: 912,
  eventSeed: 928,
  derived: 960,
  records: 1_024,
  infos: 2_048,
} as const;

/** Who signs a call beside the signers of the transaction. */
export const SIGNER = {
  none: 0,
  programAuthority: 1,
  vaultAuthority: 2,
  eventAuthority: 3,
} as const;

/** More are refused: the tables above end there. */
export const MAX_ACCOUNTS = 64;
export const INFO_BYTES = 56;

/** Offsets in an account's record. */
export const RECORD = {
  ...{ isSigner: 1, isWritable: 2, isExecutable: 3, key: 8, owner: 40 },
  ...{ lamports: 72, dataLength: 80, data: 88 },
} as const;
/** Room that the runtime leaves behind an account's data. */
export const GROWTH_BYTES = 10_240;
export const NOT_DUPLICATE = 0xff;

/** Offsets in the data of a token account and of a mint, both programs alike. */
export const TOKEN_ACCOUNT = { amount: 64, bytes: 165 } as const;
export const MINT = { decimals: 44, bytes: 82 } as const;

export const slot = (name: keyof typeof SLOT): Place => at(HEAP, SLOT[name]);

/** register = address of a slot. */
export function addressOfSlot(a: Assembler, register: Register, offset: number): void {
  a.register("mov", register, HEAP);
  a.constant("add", register, offset);
}

/** register = record of the account at a fixed place of the instruction's list. */
export const loadRecord = (a: Assembler, register: Register, index: number): void =>
  a.load(8, register, at(HEAP, SLOT.records + 8 * index));
