/**
 * Names of things. Branded strings: the compiler keeps an order id out of a place that wants a mint.
 * Ids are derived, never drawn: the same request is the same order, the same bytes are the same event.
 */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };

export type OrderId = Brand<string, "OrderId">;
export type RequestId = Brand<string, "RequestId">;
/** Name of an account, `[A-Za-z0-9._-]{1,64}`. */
export type AccountId = Brand<string, "AccountId">;
/** Base58 address of a token mint. */
export type Mint = Brand<string, "Mint">;
/** Stable id of whoever asks; `local` until there is authentication. */
export type Principal = Brand<string, "Principal">;
export type StreamName = Brand<string, "StreamName">;
/** sha256 as 64 lower-case hex digits. */
export type Hash = Brand<string, "Hash">;
export type EventId = Brand<string, "EventId">;
/** Random id of one log, written as its first event. */
export type LogId = Brand<string, "LogId">;

/** Mint address of (wrapped) SOL: every fee is counted in it. */
export const SOL_MINT = "So11111111111111111111111111111111111111112" as Mint;

export const REQUEST_ID_PATTERN = /^[A-Za-z0-9._:-]{1,100}$/;
export const ACCOUNT_ID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;
/** Of names that are given now: those that commands and paths can be mistaken for are not given any more. */
export const NEW_ACCOUNT_PATTERN = /^[A-Za-z0-9]/;
export const NEW_ACCOUNT = "must begin with a letter or a digit";
/** 32 to 44 base58 digits: the shape of a 32-byte address. */
export const ADDRESS_PATTERN = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/;

export const orderStream = (orderId: OrderId): StreamName => `order-${orderId}` as StreamName;
export const accountStream = (account: AccountId): StreamName => `account-${account}` as StreamName;
/** Answers of third parties about an order. */
export const evidenceStream = (orderId: OrderId): StreamName => `evidence-${orderId}` as StreamName;
export const SYSTEM_STREAM = "system" as StreamName;
/** Halts, resumptions and the circuit breaker. */
export const SAFETY_STREAM = "safety" as StreamName;

/** The category of a stream: what stands before the first dash. */
export function streamCategory(stream: StreamName): string {
  const dash = stream.indexOf("-");
  return dash < 0 ? stream : stream.slice(0, dash);
}

/** The order id inside `order-<orderId>`; undefined for other streams. */
export function orderIdOfStream(stream: StreamName): OrderId | undefined {
  return stream.startsWith("order-") ? (stream.slice("order-".length) as OrderId) : undefined;
}

/** The order id inside `evidence-<orderId>`; undefined for other streams. */
export function orderIdOfEvidence(stream: StreamName): OrderId | undefined {
  const prefix = "evidence-";
  return stream.startsWith(prefix) ? (stream.slice(prefix.length) as OrderId) : undefined;
}

/** The account id inside `account-<id>`; undefined for other streams. */
export function accountIdOfStream(stream: StreamName): AccountId | undefined {
  return stream.startsWith("account-") ? (stream.slice("account-".length) as AccountId) : undefined;
}
