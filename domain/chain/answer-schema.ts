/** The form of a `getTransaction` answer as a node sends it, with a limit on every part. */
import { z } from "zod";
import { AMOUNT_PATTERN } from "../primitives/amount.ts";
import { ADDRESS_PATTERN } from "../primitives/ids.ts";
import { MAX_WIRE_BYTES } from "./wire-message.ts";

export type TokenBalance = {
  readonly accountIndex: number;
  readonly mint: string;
  /** Undefined in answers of old nodes. */
  readonly owner: string | undefined;
  /** Smallest units. */
  readonly amount: bigint;
};

const MAX_KEYS = 256;
const MAX_SIGNATURES = 64;
const MAX_INSTRUCTIONS = 512;
/** Base58 of the 10 KiB that a program may hand to another. */
const MAX_DATA = 16_000;

const address = z.string().regex(ADDRESS_PATTERN, "is no base58 address");
const index = z
  .int()
  .min(0)
  .max(MAX_KEYS - 1);
const UNSAFE = "must be a whole number below 2^53, or a text of digits";
/** Above 2^53 a JSON number has been rounded by whoever read it: then only a text is exact. */
const lamports = z
  .union([z.int(UNSAFE).min(0), z.string().regex(AMOUNT_PATTERN)], UNSAFE)
  .transform((value) => BigInt(value));

const tokenBalance = z
  .object({
    accountIndex: index,
    mint: address,
    owner: address.nullish(),
    uiTokenAmount: z.object({ amount: z.string().regex(AMOUNT_PATTERN) }),
  })
  .transform(
    ({ accountIndex, mint, owner, uiTokenAmount }): TokenBalance => ({
      ...{ accountIndex, mint },
      owner: owner ?? undefined,
      amount: BigInt(uiTokenAmount.amount),
    }),
  );
const tokenBalances = z
  .array(tokenBalance)
  .max(MAX_KEYS)
  .nullish()
  .transform((list) => list ?? []);

const data = z.string().max(MAX_DATA);
const stackHeight = z.int().min(1).max(64).nullish();
/** By index into the keys (json), by address (jsonParsed, not parsed), or parsed by the node. */
const rawInstruction = z.union([
  z.object({
    programIdIndex: index,
    accounts: z.array(index).max(MAX_KEYS),
    ...{ data, stackHeight },
  }),
  z.object({ programId: address, accounts: z.array(address).max(MAX_KEYS), data, stackHeight }),
  z.object({ programId: address, parsed: z.unknown(), stackHeight }),
]);
const instructions = z.array(rawInstruction).max(MAX_INSTRUCTIONS);
export const parsedForm = z.object({ type: z.string(), info: z.unknown() });

const accountKey = z.union([address, z.object({ pubkey: address }).transform((key) => key.pubkey)]);
const accountKeys = z.array(accountKey).min(1).max(MAX_KEYS);
const signatures = z.array(z.string().max(100)).min(1).max(MAX_SIGNATURES);

export const decoded = z.object({
  signatures,
  message: z.object({
    accountKeys,
    instructions,
    addressTableLookups: z.array(z.unknown()).max(MAX_KEYS).nullish(),
  }),
});
const BASE64 = 'must be [bytes, "base64"]';
export const encoded = z.tuple(
  [z.string().max(MAX_WIRE_BYTES * 2), z.literal("base64", BASE64)],
  BASE64,
);

export const resultSchema = z.object({
  slot: lamports,
  blockTime: z.int().nullish(),
  version: z.union([z.literal("legacy"), z.literal(0), z.literal(1)]).optional(),
  transaction: z.unknown(),
  meta: z.object({
    err: z.unknown(),
    fee: lamports,
    preBalances: z.array(lamports).max(MAX_KEYS),
    postBalances: z.array(lamports).max(MAX_KEYS),
    preTokenBalances: tokenBalances,
    postTokenBalances: tokenBalances,
    innerInstructions: z.array(z.object({ index, instructions })).max(MAX_INSTRUCTIONS).nullish(),
    loadedAddresses: z
      .object({
        writable: z.array(address).max(MAX_KEYS),
        readonly: z.array(address).max(MAX_KEYS),
      })
      .nullish(),
    computeUnitsConsumed: lamports.nullish(),
  }),
});

export type RawInstruction = z.output<typeof rawInstruction>;
export type RawResult = z.output<typeof resultSchema>;
