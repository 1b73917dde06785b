/** Instructions of the programs that say what a transaction pays: the system program and the compute budget. */
import { z } from "zod";
import { AMOUNT_PATTERN } from "../primitives/amount.ts";
import { COMPUTE_BUDGET_PROGRAM, SYSTEM_PROGRAM } from "./addresses.ts";
import { decodeBase58, readUint } from "./bytes.ts";
import type { ChainInstruction } from "./transaction.ts";

const NO_BYTES = new Uint8Array();

/** The instruction's data; empty where it is parsed, or longer than any instruction that is read here. */
export const bytesOf = ({ data }: ChainInstruction): Uint8Array =>
  typeof data === "string" ? (decodeBase58(data) ?? NO_BYTES) : data;

export type LamportTransfer = {
  readonly from: string;
  readonly to: string;
  readonly lamports: bigint;
};

const amount = z
  .union([z.int().min(0), z.string().regex(AMOUNT_PATTERN)])
  .transform((value) => BigInt(value));
const parsedInfo = z.object({
  source: z.string(),
  destination: z.string().optional(),
  newAccount: z.string().optional(),
  lamports: amount,
});

/** Bincode numbers of the system program's instructions that move lamports out of a signer. */
const CREATE_ACCOUNT = 0n;
const TRANSFER = 2n;
const CREATE_ACCOUNT_WITH_SEED = 3n;
const TRANSFER_WITH_SEED = 11n;

/** Lamports that an instruction of the system program moves; undefined for every other instruction. */
export function transferOf(instruction: ChainInstruction): LamportTransfer | undefined {
  if (instruction.programId !== SYSTEM_PROGRAM) return undefined;
  if (instruction.parsed) {
    const info = parsedInfo.safeParse(instruction.parsed.info);
    if (!info.success) return undefined;
    const { source, destination, newAccount, lamports } = info.data;
    const to = destination ?? newAccount;
    return to === undefined ? undefined : { from: source, to, lamports };
  }
  const bytes = bytesOf(instruction);
  const kind = readUint(bytes, 0, 4);
  const [from, second, third] = instruction.accounts;
  const to = kind === TRANSFER_WITH_SEED ? third : second;
  const lamports = lamportsAt(bytes, kind);
  if (from === undefined || to === undefined || lamports === undefined) return undefined;
  return { from, to, lamports };
}

function lamportsAt(bytes: Uint8Array, kind: bigint | undefined): bigint | undefined {
  if (kind === CREATE_ACCOUNT || kind === TRANSFER || kind === TRANSFER_WITH_SEED) {
    return readUint(bytes, 4, 8);
  }
  if (kind !== CREATE_ACCOUNT_WITH_SEED) return undefined;
  // The base key and a seed text come before the amount.
  const seedLength = readUint(bytes, 36, 8);
  return seedLength === undefined || seedLength > 32n
    ? undefined
    : readUint(bytes, 44 + Number(seedLength), 8);
}

export type ComputeBudget = {
  /** Compute units asked for; undefined where the default holds. */
  readonly unitLimit: bigint | undefined;
  /** Micro-lamports for each compute unit; undefined where none was set. */
  readonly unitPrice: bigint | undefined;
};

/** What the transaction asked of the compute budget: SetComputeUnitLimit (2) and SetComputeUnitPrice (3). */
export function computeBudgetOf(instructions: readonly ChainInstruction[]): ComputeBudget {
  let unitLimit: bigint | undefined;
  let unitPrice: bigint | undefined;
  for (const instruction of instructions) {
    if (instruction.programId !== COMPUTE_BUDGET_PROGRAM) continue;
    const bytes = bytesOf(instruction);
    if (bytes[0] === 2) unitLimit = readUint(bytes, 1, 4) ?? unitLimit;
    if (bytes[0] === 3) unitPrice = readUint(bytes, 1, 8) ?? unitPrice;
  }
  return { unitLimit, unitPrice };
}
