/**
 * Live swaps from Jupiter's Swap API v1 or anything compatible: the quote that an order is held to,
 * and the instructions that make it. The quote goes back to the server as it came, to the letter.
 */
import {
  type Middleware,
  QuoteGetInstructionVersionEnum,
  QuoteGetSwapModeEnum,
  type QuoteResponse,
  querystring,
  SwapMode,
  type SwapRequest,
} from "@jup-ag/api";
import { z } from "zod";
import type {
  SwapFailure,
  SwapInstructions,
  SwapInstructionsRequest,
  SwapQuoteRequest,
  Swaps,
} from "../../domain/ports/swaps.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import { parseJson } from "./jupiter-answer.ts";
import { failed, type Question } from "./jupiter-calls.ts";
import type { JupiterServers } from "./jupiter-servers.ts";
import { type AnsweredTerms, readSwapInstructions, readSwapQuote } from "./jupiter-swap-answer.ts";

export type RouteOptions = {
  /** Only through tokens that are traded much; default true, as Jupiter advises. */
  readonly restrictIntermediateTokens?: boolean;
  /** Labels of the venues to use, or not to use; none: all. */
  readonly dexes?: readonly string[];
  readonly excludeDexes?: readonly string[];
  readonly onlyDirectRoutes?: boolean;
  /** Most accounts that the route may take; default Jupiter's, 64. */
  readonly maxAccounts?: number;
  /**
   * Whether tokens between two hops pass through accounts of the program. Unset, the router decides: it
   * alone knows which venues of the route cannot take them (tokens with a transfer fee, some new
   * pools), and without them the wallet pays rent for an account of each token in between.
   */
  readonly useSharedAccounts?: boolean;
  /**
   * True, the default: accounts are created idempotently without asking the chain whether they are
   * there; the server saves a call, and the answer stays right when an account goes meanwhile.
   */
  readonly skipUserAccountsRpcCalls?: boolean;
};

const anyObject = z.looseObject({});

/** `servers`: those of the paper quotes, to share their limits. */
export function createJupiterSwaps(servers: JupiterServers, options: RouteOptions = {}): Swaps {
  return {
    async quote(request) {
      const wrong = wrongRequest(request);
      if (wrong !== undefined) return failed("refused", wrong);
      const outcome = await servers.ask(quoteQuestion(request, options));
      if (outcome.kind === "failed") return asFailure(outcome);
      const { value, text: answer, source, obtainedAtUs } = outcome;
      const { quote, minimumOut } = value;
      return {
        ...{ kind: "quoted", quote: { ...quote, source, obtainedAtUs } },
        ...{ minimumOut, slippageBps: request.slippageBps, answer },
      };
    },
    async instructions(request) {
      const parsed = anyObject.safeParse(parseJson(request.quoteAnswer));
      if (!parsed.success) return failed("refused", "the quote to be swapped is no JSON object");
      const outcome = await servers.ask(instructionsQuestion(request, options));
      if (outcome.kind === "failed") return asFailure(outcome);
      return { kind: "instructions", ...outcome.value, answer: outcome.text };
    },
  };
}

const asFailure = ({ kind, class: name, message, retryAfterMs }: SwapFailure): SwapFailure => ({
  ...{ kind, class: name, message, retryAfterMs },
});

const isBps = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 10_000;

function wrongRequest({ amount, slippageBps, platformFeeBps }: SwapQuoteRequest) {
  if (amount <= 0n || amount > U64_MAX) return "the amount must be from 1 to 2^64 - 1";
  if (!isBps(slippageBps)) return "slippageBps must be a whole number from 0 to 10000";
  // One byte in the instruction.
  if (!isBps(platformFeeBps) || platformFeeBps > 255) return "platformFeeBps must be 0 to 255";
  return undefined;
}

/** The server takes a list with commas; the client would repeat the parameter. */
const listOf = (labels: readonly string[] | undefined) =>
  labels && labels.length > 0 ? [labels.join(",")] : undefined;

function quoteQuestion(request: SwapQuoteRequest, options: RouteOptions): Question<AnsweredTerms> {
  const { inputMint, outputMint, slippageBps, platformFeeBps } = request;
  const dexes = listOf(options.dexes);
  const excludeDexes = listOf(options.excludeDexes);
  const { onlyDirectRoutes, maxAccounts } = options;
  const parameters = {
    ...{ inputMint, outputMint, amount: 0, slippageBps },
    ...(platformFeeBps > 0 ? { platformFeeBps } : {}),
    swapMode: QuoteGetSwapModeEnum.ExactIn,
    instructionVersion: QuoteGetInstructionVersionEnum.V1,
    restrictIntermediateTokens: options.restrictIntermediateTokens ?? true,
    ...(onlyDirectRoutes === undefined ? {} : { onlyDirectRoutes }),
    ...(maxAccounts === undefined ? {} : { maxAccounts }),
    ...(dexes ? { dexes } : {}),
    ...(excludeDexes ? { excludeDexes } : {}),
  };
  // Neither fits the client's types: the amount is u64, and the last one is on the wire only.
  const amount = request.amount.toString();
  const untyped = { amount, ...(request.isProtected ? { forJitoBundle: true } : {}) };
  const queryParamsStringify = (query: object) => querystring({ ...query, ...untyped });
  return {
    send: (clientWith, init) => clientWith({ queryParamsStringify }).quoteGetRaw(parameters, init),
    read: (text) => readSwapQuote(text, request),
  };
}

/** What the client's own serializer walks over before its result is replaced. */
const NO_QUOTE: QuoteResponse = {
  ...{ inputMint: "", inAmount: "", outputMint: "", outAmount: "", otherAmountThreshold: "" },
  ...{ swapMode: SwapMode.ExactIn, slippageBps: 0, priceImpactPct: "", routePlan: [] },
};

function instructionsQuestion(
  request: SwapInstructionsRequest,
  { useSharedAccounts, skipUserAccountsRpcCalls = true }: RouteOptions,
): Question<Omit<SwapInstructions, "answer">> {
  const { wallet, feeAccount, trackingAccount, quoteAnswer } = request;
  const fields: Omit<SwapRequest, "quoteResponse"> = {
    userPublicKey: wallet,
    wrapAndUnwrapSol: true,
    asLegacyTransaction: false,
    // We simulate ourselves, and set limit and price ourselves.
    dynamicComputeUnitLimit: false,
    skipUserAccountsRpcCalls,
    ...(useSharedAccounts === undefined ? {} : { useSharedAccounts }),
    ...(feeAccount === undefined ? {} : { feeAccount }),
    ...(trackingAccount === undefined ? {} : { trackingAccount }),
  };
  const swapRequest = { ...fields, quoteResponse: NO_QUOTE };
  const middleware = [withBody(bodyOf(fields, quoteAnswer))];
  return {
    send: (clientWith, init) =>
      clientWith({ middleware }).swapInstructionsPostRaw({ swapRequest }, init),
    read: readSwapInstructions,
  };
}

/** `quoteAnswer` is JSON, so that it can stand in JSON as it is. */
const bodyOf = (fields: Omit<SwapRequest, "quoteResponse">, quoteAnswer: string): string =>
  `${JSON.stringify(fields).slice(0, -1)},"quoteResponse":${quoteAnswer}}`;

/**
 * The client writes the quote anew, field by field: what it does not know is lost, and numbers beyond
 * 2^53 are rounded. So its body is replaced by ours.
 */
const withBody = (body: string): Middleware => ({
  pre: async ({ url, init }) => ({ url, init: { ...init, body } }),
});
