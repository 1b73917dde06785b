/**
 * A trade request as it comes from an edge: its form (refused and unrecorded when broken), its defaults, and the
 * fingerprint that tells whether two requests are the same.
 */
import { z } from "zod";
import type { Hasher } from "../ports/hasher.ts";
import { U64_MAX } from "../primitives/amount.ts";
import { canonicalJson } from "../primitives/canonical-json.ts";
import {
  ACCOUNT_ID_PATTERN,
  type AccountId,
  ADDRESS_PATTERN,
  type Hash,
  type Mint,
  NEW_ACCOUNT,
  NEW_ACCOUNT_PATTERN,
  type OrderId,
  type Principal,
  REQUEST_ID_PATTERN,
  type RequestId,
} from "../primitives/ids.ts";
import { isDecimalPrice, plainPrice } from "../primitives/ratio.ts";
import type { OrderRequest } from "./events.ts";
import type { OrderState } from "./state.ts";

export const REQUEST_LIMITS = {
  sourceServiceBytes: 100,
  metadataEntries: 16,
  metadataKeyBytes: 64,
  metadataValueBytes: 256,
} as const;

const encoder = new TextEncoder();
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** Marks that change the direction of text: what is shown then is not what was written. */
const DIRECTION = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Text from outside: well-formed, no control characters, no marks of direction, at most `maxBytes` bytes of UTF-8. */
export const cleanText = (maxBytes: number) =>
  z
    .string()
    .refine((value) => value.isWellFormed(), "has a lone surrogate")
    .refine((value) => !CONTROL.test(value), "has a control character")
    .refine((value) => !DIRECTION.test(value), "has a mark that changes the direction of text")
    .refine(
      (value) => value.length <= maxBytes && encoder.encode(value).length <= maxBytes,
      `is longer than ${maxBytes} bytes`,
    );

export const requestIdSchema = z
  .string()
  .regex(REQUEST_ID_PATTERN, "must be 1 to 100 characters of A-Z a-z 0-9 . _ : -")
  .transform((value) => value as RequestId);

export const accountIdSchema = z
  .string()
  .regex(ACCOUNT_ID_PATTERN, "must be 1 to 64 characters of A-Z a-z 0-9 . _ -")
  .transform((value) => value as AccountId);

/** For opening only: what the log has is called what it is called. `--help` is no name on a command line. */
export const newAccountIdSchema = accountIdSchema.refine(
  (value) => NEW_ACCOUNT_PATTERN.test(value),
  NEW_ACCOUNT,
);

const addressSchema = z
  .string()
  .regex(ADDRESS_PATTERN, "is no base58 address of 32 to 44 characters");

export const mintSchema = addressSchema.transform((value) => value as Mint);

/** Greater than zero, at most u64. */
export const amountSchema = z
  .bigint()
  .min(1n, "must be greater than 0")
  .max(U64_MAX, "is over the largest u64, 18446744073709551615");

const lamports = z.bigint().min(0n).max(U64_MAX);
const bps = z.int("is no whole number").min(0).max(10_000, "must be 0 to 10000 basis points");

const fields = z.object({
  requestId: requestIdSchema,
  mode: z.enum(["PAPER", "LIVE"], "must be PAPER or LIVE"),
  account: accountIdSchema,
  sourceService: cleanText(REQUEST_LIMITS.sourceServiceBytes),
  action: z.enum(["BUY", "SELL", "SWAP"], "must be BUY, SELL or SWAP"),
  baseMint: mintSchema,
  quoteMint: mintSchema,
  amount: amountSchema,
  isBaseInput: z.boolean().optional(),
  slippageToleranceBps: bps.optional(),
  urgency: z.enum(["LOW", "NORMAL", "HIGH", "CRITICAL"], "is no known urgency").optional(),
  priorityFeeLamports: lamports.optional(),
  mev: z
    .object({
      simulate: z.boolean(),
      protect: z.boolean().optional(),
      tipLamports: lamports.optional(),
    })
    .optional(),
  maxPriceImpactBps: bps.optional(),
  expectedPrice: z
    .string()
    .refine(
      isDecimalPrice,
      'must be a decimal number greater than 0 such as "150.25", at most 20 digits before and 18 after the point',
    )
    .optional(),
  feeAccount: addressSchema.optional(),
  trackingAccount: addressSchema.optional(),
  slippageModel: cleanText(64).min(1, "must not be empty").optional(),
  expiresAtUs: z.int().min(1, "must be after 1970-01-01T00:00:00Z").optional(),
  isSimulated: z.boolean(),
  metadata: z
    .record(
      cleanText(REQUEST_LIMITS.metadataKeyBytes).min(1, "has an empty key"),
      cleanText(REQUEST_LIMITS.metadataValueBytes),
    )
    .refine(
      (entries) => Object.keys(entries).length <= REQUEST_LIMITS.metadataEntries,
      `has more than ${REQUEST_LIMITS.metadataEntries} entries`,
    ),
});

/** The form of a trade request. Issues carry the path of the field. */
export const tradeCommandSchema = fields.check((context) => {
  const command = context.value;
  const refuse = (path: keyof typeof command, message: string): void => {
    context.issues.push({ code: "custom", path: [path], message, input: command[path] });
  };
  if (command.baseMint === command.quoteMint) refuse("quoteMint", "must differ from base_mint");
  if (command.action === "SWAP" && command.isBaseInput === false) {
    refuse("isBaseInput", "must be true or absent for SWAP, which always counts its input");
  }
  if (command.mode === "LIVE" && countsOutput(command)) {
    refuse("isBaseInput", "counts the received mint, which only PAPER orders may do");
  }
  if (command.isSimulated && command.mode === "LIVE") {
    refuse("isSimulated", "must be false for LIVE orders");
  }
  if (command.isSimulated && command.expectedPrice === undefined) {
    refuse("expectedPrice", "must be given for a simulated order, which fills at it");
  }
});

export type TradeCommand = z.output<typeof tradeCommandSchema>;

/** BUY counting base, or SELL counting quote: the amount is what is received. */
const countsOutput = ({
  action,
  isBaseInput,
}: {
  readonly action: OrderRequest["action"];
  readonly isBaseInput?: boolean | undefined;
}): boolean =>
  (action === "BUY" && isBaseInput === true) || (action === "SELL" && isBaseInput === false);

export type RequestDefaults = {
  readonly slippageToleranceBps: number;
  readonly slippageModel: string;
  readonly priorityFeeLamports: Readonly<Record<OrderRequest["urgency"], bigint>>;
};

/** Fills in what the caller left out, and says which fields those were. */
export function resolveRequest(
  command: TradeCommand,
  defaults: RequestDefaults,
): { readonly request: OrderRequest; readonly defaulted: readonly string[] } {
  const urgency = command.urgency ?? "NORMAL";
  const configured = ["slippageToleranceBps", "slippageModel", "priorityFeeLamports"] as const;
  return {
    request: {
      ...command,
      amount: command.amount.toString(),
      isBaseInput: command.isBaseInput ?? command.action !== "BUY",
      expectedPrice: command.expectedPrice && plainPrice(command.expectedPrice),
      slippageToleranceBps: command.slippageToleranceBps ?? defaults.slippageToleranceBps,
      urgency,
      priorityFeeLamports: (
        command.priorityFeeLamports ?? defaults.priorityFeeLamports[urgency]
      ).toString(),
      mev: {
        simulate: command.mev?.simulate ?? false,
        protect: command.mev?.protect,
        tipLamports: (command.mev?.tipLamports ?? 0n).toString(),
      },
      slippageModel: command.slippageModel ?? defaults.slippageModel,
    },
    defaulted: configured.filter((field) => command[field] === undefined),
  };
}

/** sha256 over all that makes the trade; who asks, the metadata and the waiting are left out. */
export function fingerprintOf(request: OrderRequest, hasher: Hasher): Hash {
  const { metadata: _, sourceService: __, requestId: ___, ...trade } = request;
  return hasher.sha256(canonicalJson(trade));
}

/**
 * Whether a command is the one that a recorded order was made from. What the configuration filled in then is filled in
 * the same way now, so that a changed default does not turn a repeated request into another one.
 */
export function isSameRequest(
  order: OrderState,
  command: TradeCommand,
  { defaults, hasher }: { readonly defaults: RequestDefaults; readonly hasher: Hasher },
): boolean {
  const { request } = resolveRequest(command, defaults);
  const asThen = { ...request };
  for (const field of order.defaulted) {
    const given =
      Object.hasOwn(command, field) && command[field as keyof TradeCommand] !== undefined;
    if (!given) Object.assign(asThen, { [field]: order.request[field as keyof OrderRequest] });
  }
  return fingerprintOf(asThen, hasher) === order.fingerprint;
}

/** Namespace of order ids (a fixed random UUID). */
const ORDER_NAMESPACE = "0c7d0d3a-6f0b-4d58-8f2e-2d9a3b1e7c54";

/** uuid5(uuid5(namespace, principal), requestId): the same request id of one principal is the same order for ever. */
export const orderIdOf = (principal: Principal, requestId: RequestId, hasher: Hasher): OrderId =>
  hasher.uuid5(hasher.uuid5(ORDER_NAMESPACE, principal), requestId) as OrderId;
