/** The results of a node's methods, parsed. What is missing where it decides something is malformed, never a default. */
import { z } from "zod";
import type { AccountInfo, SignatureStatus } from "../../domain/ports/chain.ts";
import { AMOUNT_PATTERN, U64_MAX } from "../../domain/primitives/amount.ts";
import { ADDRESS_PATTERN } from "../../domain/primitives/ids.ts";

const MAX_LOGS = 10_000;
const MAX_FEE_SLOTS = 1_000;
/** The longest list that may be asked for. */
const MAX_LIST = 256;

const address = z.string().regex(ADDRESS_PATTERN, "is no base58 address");
/** Slots and heights. */
const count = z.int().min(0);
const UNSAFE = "is no whole number from 0 to 2^64 - 1";
/** Above 2^53 the digits come as a text. */
const lamports = z
  .union([z.int().min(0), z.string().regex(AMOUNT_PATTERN)], UNSAFE)
  .transform(BigInt)
  .refine((value) => value <= U64_MAX, UNSAFE);
/** Null: it succeeded. Left out it would look the same: `z.unknown()` demands the key. */
const transactionError = z.unknown().transform((value) => value ?? undefined);
const context = z.object({ slot: count });

export const addressAnswer = address;
export const slotAnswer = count;
export const lamportsAnswer = lamports;

export const epochInfoAnswer = z
  .object({ absoluteSlot: count, blockHeight: count })
  .refine(
    ({ absoluteSlot, blockHeight }) => blockHeight <= absoluteSlot,
    "has more blocks than slots",
  )
  .transform(({ absoluteSlot, blockHeight }) => ({ slot: absoluteSlot, blockHeight }));

export const blockhashAnswer = z
  .object({ context, value: z.object({ blockhash: address, lastValidBlockHeight: count }) })
  .transform((answer) => ({ ...answer.value, slot: answer.context.slot }));

export const blockhashValidAnswer = z
  .object({ context, value: z.boolean() })
  .transform((answer) => ({ isValid: answer.value, slot: answer.context.slot }));

const confirmationStatus = z.enum(["processed", "confirmed", "finalized"]).nullish();
const status = z
  .object({
    slot: count,
    confirmations: count.nullish(),
    err: transactionError,
    confirmationStatus,
  })
  .transform((entry): SignatureStatus => {
    // Old nodes say it by the confirmations alone: null is rooted.
    const commitment =
      entry.confirmationStatus ?? (entry.confirmations === null ? "finalized" : "processed");
    return { slot: entry.slot, commitment, error: entry.err };
  });

// Schemas are made once: to make one costs more than to parse an answer. How many were asked for is looked at afterwards.

export const statusesAnswer = z
  .object({
    context,
    value: z.array(status.nullable().transform((entry) => entry ?? undefined)).max(MAX_LIST),
  })
  .transform((answer) => ({ slot: answer.context.slot, statuses: answer.value }));

const account = z
  .object({
    lamports,
    owner: address,
    data: z
      .tuple([z.string(), z.literal("base64")], 'is not [bytes, "base64"]')
      .transform(([text], issues): Uint8Array => {
        const bytes = Buffer.from(text, "base64");
        // What is no base64 is left out silently.
        const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
        const isWhole = bytes.length === (text.length / 4) * 3 - padding;
        if (!isWhole) issues.addIssue({ code: "custom", message: "is no base64" });
        return Uint8Array.from(bytes);
      }),
  })
  // What a transaction closed is told with nothing in it: there is no such account any more.
  .transform((found): AccountInfo | undefined => (found.lamports === 0n ? undefined : found))
  .nullable()
  .transform((found) => found ?? undefined);

export const accountsAnswer = z
  .object({ context, value: z.array(account).max(MAX_LIST) })
  .transform((answer) => ({ slot: answer.context.slot, accounts: answer.value }));

/** A node tells no accounts where the transaction failed. */
export const simulationAnswer = z
  .object({
    context,
    value: z.object({
      err: transactionError,
      logs: z.array(z.string()).max(MAX_LOGS).nullish(),
      unitsConsumed: count.nullish(),
      accounts: z.array(account).max(MAX_LIST).nullish(),
    }),
  })
  .transform(({ context: { slot }, value }, issues) => {
    const { err: error, logs, unitsConsumed, accounts } = value;
    if (error === undefined && typeof unitsConsumed !== "number") {
      const path = ["value", "unitsConsumed"];
      issues.addIssue({ code: "custom", path, message: "is missing" });
    }
    return {
      ...{ slot, error, logs: logs ?? [], unitsConsumed: unitsConsumed ?? 0 },
      accounts: error === undefined ? (accounts ?? []) : [],
    };
  });

/** Micro-lamports per compute unit, oldest slot first. */
export const prioritizationFeesAnswer = z
  .array(z.object({ slot: count, prioritizationFee: lamports }))
  .max(MAX_FEE_SLOTS)
  .transform((list) =>
    list.toSorted((one, other) => one.slot - other.slot).map((fee) => fee.prioritizationFee),
  );
