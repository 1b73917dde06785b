/** Rows of the `orders` view as history entries. Rows come from a store: they are parsed like anything from outside. */
import { z } from "zod";
import { failureOf } from "../../../domain/order/failures.ts";
import type { Row } from "../../../domain/ports/read-model.ts";
import type { TradeHistoryEntry } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { ACTIONS, MODES, numberOf, STATUSES } from "./enums.ts";
import { timestampOf } from "./time.ts";

const text = z.string();
const optionalText = z.string().nullish();
const amount = z
  .bigint()
  .min(0n)
  .nullish()
  .transform((value) => value ?? 0n);
const timeUs = z.int();

const rowSchema = z.object({
  order_id: text,
  request_id: text,
  account: text,
  mode: text,
  action: text,
  base_mint: text,
  quote_mint: text,
  status: text,
  amount_in: amount,
  amount_out: amount,
  price: optionalText,
  fees_lamports: amount,
  error_reason: optionalText,
  error_message: optionalText,
  tx_signature: optionalText,
  source_service: optionalText,
  requested_at: timeUs,
  updated_at: timeUs,
  revision: z.int().min(0),
  attempts: z.int().min(0),
  provisional: z.boolean(),
  slot: z.int().min(0).nullish(),
  wallet: optionalText,
});

type OrderRow = z.output<typeof rowSchema>;

/** Throws on a row that is none: the view is damaged. */
export const orderRowOf = (values: Row["values"]): OrderRow => rowSchema.parse(values);

export const historyEntryOf = (row: OrderRow): TradeHistoryEntry => ({
  orderId: row.order_id,
  requestId: row.request_id,
  account: row.account,
  mode: numberOf(MODES, row.mode),
  action: numberOf(ACTIONS, row.action),
  baseMint: row.base_mint,
  quoteMint: row.quote_mint,
  status: numberOf(STATUSES, row.status),
  amountIn: row.amount_in,
  amountOut: row.amount_out,
  price: row.price ?? "",
  feesLamports: row.fees_lamports,
  error: errorOf(row),
  txSignature: row.tx_signature || undefined,
  sourceService: row.source_service ?? "",
  requestedAt: timestampOf(row.requested_at),
  updatedAt: timestampOf(row.updated_at),
  revision: BigInt(row.revision),
  attemptCount: row.attempts,
  provisional: row.provisional,
  slot: row.slot === null || row.slot === undefined ? undefined : BigInt(row.slot),
  wallet: row.wallet ?? "",
});

function errorOf(row: OrderRow): TradeHistoryEntry["error"] {
  if (!row.error_reason) return undefined;
  return {
    reason: row.error_reason.toUpperCase().replaceAll("-", "_"),
    message: row.error_message ?? "",
    retryable: row.status === "PENDING" && failureOf(row.error_reason).retryable,
  };
}
