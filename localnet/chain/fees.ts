/**
 * What a transaction pays: 5,000 lamports a signature, and the priority fee
 * ceil(price x unit limit / 1e6). Source: solana.com/docs/core/fees. The limit counts, not the use.
 */
import type { ParsedTransaction } from "./message.ts";
import { BUILTIN_PROGRAMS, COMPUTE_BUDGET_PROGRAM, SIGNATURE_PROGRAMS } from "./programs.ts";

const LAMPORTS_PER_SIGNATURE = 5_000n;
const MICRO = 1_000_000n;
const MAX_UNITS = 1_400_000;
const UNITS_PER_INSTRUCTION = 200_000;
const UNITS_PER_BUILTIN = 3_000;

export type Fees = {
  /** Lamports, base and priority together. */
  readonly fee: bigint;
  /** Micro-lamports per compute unit. */
  readonly unitPrice: bigint;
  readonly unitLimit: number;
};

export function feesOf({ header, instructions, staticKeys }: ParsedTransaction): Fees {
  let unitPrice = 0n;
  let asked: number | undefined;
  let byDefault = 0;
  let signatures = header.numRequiredSignatures;
  for (const { programIdIndex, data } of instructions) {
    const program = staticKeys[programIdIndex] ?? "";
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
    byDefault += BUILTIN_PROGRAMS.has(program) ? UNITS_PER_BUILTIN : UNITS_PER_INSTRUCTION;
    if (SIGNATURE_PROGRAMS.has(program)) signatures += data[0] ?? 0;
    if (program !== COMPUTE_BUDGET_PROGRAM) continue;
    if (data[0] === 2 && data.length >= 5) asked = bytes.readUInt32LE(1);
    if (data[0] === 3 && data.length >= 9) unitPrice = bytes.readBigUInt64LE(1);
  }
  const unitLimit = Math.min(asked ?? byDefault, MAX_UNITS);
  const priority = (unitPrice * BigInt(unitLimit) + MICRO - 1n) / MICRO;
  return { fee: LAMPORTS_PER_SIGNATURE * BigInt(signatures) + priority, unitPrice, unitLimit };
}
