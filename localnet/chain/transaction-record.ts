/**
 * A landed transaction as text: kept so in memory, where it takes a third of the objects' room,
 * and in the state file. Lamports are decimal strings in it, bytes are base64.
 */
import { z } from "zod";
import type { LandedTransaction } from "./chain.types.ts";

const address = z.string();
const error = z.union([z.string(), z.record(z.string(), z.unknown())]);

const tokenBalance = z.object({
  accountIndex: z.number(),
  mint: address,
  owner: address,
  programId: address,
  uiTokenAmount: z.object({
    amount: z.string(),
    decimals: z.number(),
    uiAmount: z.number().nullable(),
    uiAmountString: z.string(),
  }),
});

const balances = z.object({
  lamports: z.array(z.string().transform(BigInt)),
  tokens: z.array(tokenBalance),
});

const innerInstructions = z.object({
  index: z.number(),
  instructions: z.array(
    z.object({
      programIdIndex: z.number(),
      accounts: z.array(z.number()),
      data: z.string(),
      stackHeight: z.number(),
    }),
  ),
});

const record = z.object({
  signature: z.string(),
  slot: z.number(),
  height: z.number(),
  blockTime: z.number(),
  memo: z.string().nullable(),
  raw: z.string().transform((text) => new Uint8Array(Buffer.from(text, "base64"))),
  keys: z.array(address),
  err: error.nullable(),
  logs: z.array(z.string()),
  unitsConsumed: z.number(),
  innerInstructions: z.array(innerInstructions),
  returnData: z
    .object({ programId: address, data: z.tuple([z.string(), z.literal("base64")]) })
    .nullable(),
  loadedAddresses: z.object({ writable: z.array(address), readonly: z.array(address) }),
  pre: balances,
  post: balances,
  fee: z.string().transform(BigInt),
});

export function encodeRecord(transaction: LandedTransaction): Buffer {
  const text = JSON.stringify(transaction, (_key, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
  });
  return Buffer.from(text);
}

/** Throws a ZodError on text that `encodeRecord` did not write. */
export const decodeRecord = (text: Buffer): LandedTransaction =>
  record.parse(JSON.parse(text.toString("utf8")));
