/**
 * The configuration after all sources are laid over each other: its form, its limits, and what it
 * is turned into. Messages continue a sentence that begins with the key. Checks between keys are in
 * check.ts.
 */
import { z } from "zod";
import type { Token } from "../../domain/order/policy.ts";
import { FIXED_SLIPPAGE_BPS } from "../../domain/pricing/slippage/fixed.ts";
import { parseAmount } from "../../domain/primitives/amount.ts";
import {
  ACCOUNT_ID_PATTERN,
  type AccountId,
  ADDRESS_PATTERN,
  type Mint,
  NEW_ACCOUNT,
  NEW_ACCOUNT_PATTERN,
} from "../../domain/primitives/ids.ts";
import { type Address, isLoopback, parseAddress } from "./address.ts";
import {
  accountsSchema,
  genesisHashSchema,
  jitoSchema,
  liveLimitsSchema,
  localnetSchema,
  networkSchema,
  privateSendersSchema,
  routeFields,
  rpcSchema,
  signerSchema,
  yesNo,
} from "./live-schema.ts";
import { mevSchema, outcomesSchema } from "./paper-models.ts";
import {
  routeImpactSchema,
  slippageModel,
  squareRootSchema,
  usdTokensSchema,
  volatilitySchema,
} from "./slippage-models.ts";
import { lamports, list, text, whole, wholeTokens } from "./values.ts";

const address = z
  .string("must be HOST:PORT such as 127.0.0.1:50051")
  .transform((value, context): Address => {
    const result = parseAddress(value);
    if (result.kind === "address") return result.address;
    context.issues.push({ code: "custom", message: result.problem, input: value });
    return z.NEVER;
  });

const ACCOUNT = "must be 1 to 64 characters of A-Z a-z 0-9 . _ -";
const account = z
  .string(ACCOUNT)
  .regex(ACCOUNT_ID_PATTERN, ACCOUNT)
  .transform((value) => value as AccountId);

const URL_FORM =
  "must be an https:// address (http:// on loopback only) without ? and # " +
  "such as https://api.jup.ag/swap/v1";
const baseUrl = z.string(URL_FORM).refine((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, search, hash } = new URL(value);
  const host = hostname.replace(/^\[|\]$/g, "");
  return (
    search === "" &&
    hash === "" &&
    (protocol === "https:" || (protocol === "http:" && isLoopback(host)))
  );
}, URL_FORM);

const MINT = "must be a base58 address of 32 to 44 characters";
const MAX_DECIMALS = 18;

const token = z
  .strictObject({
    symbol: z
      .string("must be a text")
      .regex(/^[A-Za-z0-9$._-]{1,16}$/, "must be 1 to 16 characters of A-Z a-z 0-9 $ . _ -"),
    mint: z
      .string(MINT)
      .regex(ADDRESS_PATTERN, MINT)
      .transform((value) => value as Mint),
    decimals: whole(0, MAX_DECIMALS),
    minAmount: wholeTokens,
    maxAmount: wholeTokens,
  })
  .transform(({ minAmount, maxAmount, ...rest }, context): Token => {
    const units = (value: string, path: string): bigint => {
      const parsed = parseAmount(value, rest.decimals);
      if (parsed !== undefined && parsed > 0n) return parsed;
      const decimals = `at most ${rest.decimals} decimals`;
      const message = `must be greater than 0, have ${decimals} and fit in u64`;
      context.issues.push({ code: "custom", path: [path], message, input: value });
      return 1n;
    };
    const min = units(minAmount, "minAmount");
    const max = units(maxAmount, "maxAmount");
    if (min > max) {
      const message = `must not be below minAmount ${minAmount}`;
      context.issues.push({ code: "custom", path: ["maxAmount"], message, input: maxAmount });
    }
    return { ...rest, minAmount: min, maxAmount: max };
  });

export const configSchema = z.strictObject({
  data: text(1_000),
  grpc: address,
  http: address,
  market: z.strictObject({
    file: text(1_000).optional(),
    symbol: text(16),
    seed: whole(0, Number.MAX_SAFE_INTEGER),
    speed: z
      .number("must be a number from 0 to 1000000")
      .min(0, "must be a number from 0 to 1000000")
      .max(1_000_000, "must be a number from 0 to 1000000"),
    port: whole(0, 65_535),
  }),
  network: networkSchema,
  live: yesNo.optional(),
  genesisHash: genesisHashSchema,
  rpc: rpcSchema,
  jito: jitoSchema,
  privateSenders: privateSendersSchema,
  accounts: accountsSchema,
  signer: signerSchema,
  liveLimits: liveLimitsSchema,
  localnet: localnetSchema,
  jupiter: z.strictObject({
    baseUrls: z.array(baseUrl, list(0, 8)).max(8, list(0, 8)),
    apiKey: z
      .string("must be a text")
      .regex(/^[\x21-\x7e]{1,500}$/, "must be 1 to 500 printable characters without spaces")
      .optional(),
    apiKeyFile: text(1_000).optional(),
    timeoutMs: whole(10, 60_000),
    ...routeFields,
  }),
  cache: z.strictObject({
    ttlMs: whole(0, 60_000),
    staleMs: whole(0, 86_400_000),
    whenStale: z.enum(["refuse", "mark"], 'must be "refuse" or "mark"'),
  }),
  tokens: z.array(token, list(2, 1_000)).min(2, list(2, 1_000)).max(1_000, list(2, 1_000)),
  blockedPairs: z.array(text(100), list(0, 10_000)).max(10_000, list(0, 10_000)),
  limits: z.strictObject({
    slippageToleranceBelowBps: whole(1, 10_001),
    priorityFeeBelowLamports: lamports,
    maxQuoteAgeMs: whole(1, 600_000),
    maxOpenOrders: whole(1, 100_000),
    maxOpenPerAccount: whole(1, 100_000),
  }),
  defaults: z.strictObject({
    slippageToleranceBps: whole(0, 10_000),
    slippageModel,
    priorityFeeLamports: z.strictObject({
      LOW: lamports,
      NORMAL: lamports,
      HIGH: lamports,
      CRITICAL: lamports,
    }),
  }),
  paper: z.strictObject({
    slippageBps: whole(FIXED_SLIPPAGE_BPS.minimum, FIXED_SLIPPAGE_BPS.maximum),
    delayMs: whole(0, 600_000),
    baseFeeLamports: lamports,
    slotsPerAccount: whole(1, 100_000).optional(),
    usdTokens: usdTokensSchema,
    volatility: volatilitySchema,
    squareRoot: squareRootSchema,
    routeImpact: routeImpactSchema,
    mev: mevSchema,
    outcomes: outcomesSchema,
  }),
  retry: z.strictObject({
    attempts: whole(1, 100),
    baseDelayMs: whole(1, 60_000),
    maxDelayMs: whole(1, 3_600_000),
  }),
  safety: z.strictObject({
    unknownsToOpen: whole(1, 1_000),
    errorsToOpen: whole(1, 1_000),
    windowMs: whole(1_000, 86_400_000),
    coolDownMs: whole(1_000, 86_400_000),
  }),
  executor: z.strictObject({
    mode: z.literal(
      "PAPER",
      'must be "PAPER": the frozen contract has no field for what a live trade needs',
    ),
    account,
  }),
  firstAccount: z
    .strictObject({
      name: account.refine((name) => NEW_ACCOUNT_PATTERN.test(name), NEW_ACCOUNT),
      funds: z.record(text(64), wholeTokens),
    })
    .nullable(),
});

export type RawConfig = z.output<typeof configSchema>;
