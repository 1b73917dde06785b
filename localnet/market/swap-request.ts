/**
 * What `POST /swap` and `POST /swap-instructions` take: Jupiter's request, with the quote as it was
 * received. Fields without an effect here are let through.
 */
import { z } from "zod";
import { isAddress } from "../chain/base58.ts";
import { type Token, tokenByMint } from "../tokens.ts";
import type { Answer } from "./faults.ts";
import { type Pool, poolByAddress } from "./pools.ts";
import { refusal } from "./quote.ts";

const MAX_HOPS = 4;
const U64_MAX = 2n ** 64n - 1n;
/** One byte in the instruction. */
const MAX_PLATFORM_FEE_BPS = 255;

const address = z.string().max(64).refine(isAddress, "Invalid public key");
const amount = z
  .string()
  .regex(/^\d{1,20}$/, "invalid digit found in string")
  .transform(BigInt)
  .refine((value) => value <= U64_MAX, "number too large to fit in target type");
const lamports = z.int().nonnegative();

const quoteSchema = z.object({
  inputMint: address,
  inAmount: amount,
  outputMint: address,
  outAmount: amount,
  otherAmountThreshold: amount,
  swapMode: z.enum(["ExactIn", "ExactOut"]),
  slippageBps: z.int().min(0).max(65_535),
  platformFee: z.object({ feeBps: z.int().min(0).max(10_000).optional() }).nullish(),
  routePlan: z
    .array(
      z.object({
        swapInfo: z.object({ ammKey: address, inputMint: address, outputMint: address }),
        percent: z.number().nullish(),
        bps: z.number().nullish(),
      }),
    )
    .max(64),
  instructionVersion: z.enum(["V1", "V2"]).nullish(),
});

const priorityFeeSchema = z.union([
  lamports,
  z.literal("auto"),
  z.object({ jitoTipLamports: lamports }),
  z.object({ jitoTipLamportsWithPayer: z.object({ lamports, payer: address }) }),
  z.object({
    priorityLevelWithMaxLamports: z.object({
      priorityLevel: z.enum(["medium", "high", "veryHigh"]),
      maxLamports: lamports,
    }),
  }),
]);
export type PriorityFee = z.infer<typeof priorityFeeSchema>;

const requestSchema = z.object({
  userPublicKey: address,
  quoteResponse: quoteSchema,
  payer: address.nullish(),
  wrapAndUnwrapSol: z.boolean().nullish(),
  useSharedAccounts: z.boolean().nullish(),
  feeAccount: address.nullish(),
  trackingAccount: address.nullish(),
  destinationTokenAccount: address.nullish(),
  nativeDestinationAccount: address.nullish(),
  asLegacyTransaction: z.boolean().nullish(),
  useTokenLedger: z.boolean().nullish(),
  dynamicComputeUnitLimit: z.boolean().nullish(),
  skipUserAccountsRpcCalls: z.boolean().nullish(),
  prioritizationFeeLamports: priorityFeeSchema.nullish(),
  computeUnitPriceMicroLamports: lamports.nullish(),
});
export type SwapRequest = z.infer<typeof requestSchema>;

export type Hop = { readonly pool: Pool; readonly input: Token; readonly output: Token };

export type SwapOrder = {
  readonly request: SwapRequest;
  readonly input: Token;
  readonly output: Token;
  readonly hops: readonly Hop[];
};

export type Parsed =
  | { readonly kind: "order"; readonly order: SwapOrder }
  | { readonly kind: "refused"; readonly answer: Answer }
  /** Jupiter's server answers a body that it cannot read with 422 and plain text. */
  | { readonly kind: "unreadable"; readonly status: 400 | 422; readonly text: string };

export function parseSwapRequest(text: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "not JSON";
    const message = `Failed to parse the request body as JSON: ${reason}`;
    return { kind: "unreadable", status: 400, text: message };
  }
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong"}`;
    const message = `Failed to deserialize the JSON body into the target type: ${where}`;
    return { kind: "unreadable", status: 422, text: message };
  }
  return orderOf(parsed.data);
}

function orderOf(request: SwapRequest): Parsed {
  const refuse = (errorCode: string, error: string): Parsed => ({
    kind: "refused",
    answer: refusal(errorCode, error),
  });
  const { quoteResponse: quote } = request;
  const unsupported = unsupportedPart(request);
  if (unsupported !== undefined) return refuse("NOT_SUPPORTED", unsupported);
  if (
    request.computeUnitPriceMicroLamports !== undefined &&
    request.computeUnitPriceMicroLamports !== null &&
    request.prioritizationFeeLamports !== undefined &&
    request.prioritizationFeeLamports !== null
  ) {
    return refuse(
      "INVALID_COMPUTE_UNIT_PRICE_AND_PRIORITIZATION_FEE",
      "Cannot specify both computeUnitPriceMicroLamports and prioritizationFeeLamports",
    );
  }
  const input = tokenByMint(quote.inputMint);
  const output = tokenByMint(quote.outputMint);
  if (!input || !output) {
    const mint = input ? quote.outputMint : quote.inputMint;
    return refuse("TOKEN_NOT_TRADABLE", `The token ${mint} is not tradable`);
  }
  const hops = hopsOf(quote.routePlan);
  if (typeof hops === "string") return refuse("MARKET_NOT_FOUND", hops);
  if (hops[0]?.input !== input || hops.at(-1)?.output !== output) {
    return refuse("INVALID_REQUEST", "The route plan does not lead from input to output mint");
  }
  if (quote.routePlan.some(({ percent }) => (percent ?? 100) !== 100)) {
    return refuse(
      "ROUTE_PLAN_DOES_NOT_CONSUME_ALL_THE_AMOUNT",
      "Route plan does not consume all the amount, please lower your maxAccounts parameter",
    );
  }
  return { kind: "order", order: { request, input, output, hops } };
}

function unsupportedPart(request: SwapRequest): string | undefined {
  const { quoteResponse: quote } = request;
  if (quote.swapMode === "ExactOut") return "ExactOut is not supported";
  if (quote.instructionVersion === "V2") return "instructionVersion V2 is not supported";
  if (request.useTokenLedger) return "useTokenLedger is not supported";
  if (request.nativeDestinationAccount) return "nativeDestinationAccount is not supported";
  if ((quote.platformFee?.feeBps ?? 0) > MAX_PLATFORM_FEE_BPS) {
    return `platformFeeBps over ${MAX_PLATFORM_FEE_BPS} is not supported`;
  }
  if (quote.routePlan.length > MAX_HOPS) return `more than ${MAX_HOPS} hops are not supported`;
  return undefined;
}

/** A sentence where a market is unknown or does not join the one before. */
function hopsOf(plan: SwapRequest["quoteResponse"]["routePlan"]): Hop[] | string {
  const hops: Hop[] = [];
  for (const { swapInfo } of plan) {
    const pool = poolByAddress(swapInfo.ammKey);
    const input = tokenByMint(swapInfo.inputMint);
    const output = tokenByMint(swapInfo.outputMint);
    if (!pool || !input || !output) return `Market ${swapInfo.ammKey} not found`;
    const before = hops.at(-1)?.output ?? input;
    const trades = pool.tokens.includes(input) && pool.tokens.includes(output) && input !== output;
    if (!trades || before !== input) return `Market ${swapInfo.ammKey} not found`;
    hops.push({ pool, input, output });
  }
  return hops;
}
