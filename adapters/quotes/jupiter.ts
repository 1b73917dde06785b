/** Quotes from Jupiter's Swap API v1 or anything compatible, for trades that are not made: paper and marks. */
import { QuoteGetSwapModeEnum, querystring } from "@jup-ag/api";
import type { QuoteRequest, Quotes } from "../../domain/ports/quotes.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import { type AnsweredQuote, readQuote } from "./jupiter-answer.ts";
import { failed, type Question } from "./jupiter-calls.ts";
import { createJupiterServers, type JupiterOptions } from "./jupiter-servers.ts";

export type { JupiterOptions } from "./jupiter-servers.ts";

export type JupiterQuotes = Quotes & {
  /** Ends the calls under way; every later quote fails. */
  close(): void;
};

/**
 * Throws for a base URL that is none or has a query. `cached` never has anything: put a cache in
 * front. `servers`: those of the live swaps, to share their limits.
 */
export function createJupiterQuotes(
  options: JupiterOptions,
  servers = createJupiterServers(options),
): JupiterQuotes {
  return {
    cached: () => undefined,
    async quote(request) {
      if (request.amount <= 0n || request.amount > U64_MAX) {
        return failed("refused", "the amount must be from 1 to 2^64 - 1");
      }
      const outcome = await servers.ask(questionOf(request));
      if (outcome.kind === "failed") return outcome;
      const { value, source, obtainedAtUs } = outcome;
      const quote = { ...value, source, obtainedAtUs };
      return { kind: "quoted", quote, cacheHit: false, stale: false };
    },
    close: servers.close,
  };
}

const questionOf = (request: QuoteRequest): Question<AnsweredQuote> => ({
  send(clientWith, init) {
    const { inputMint, outputMint } = request;
    // The client's type for an amount is a number, which cannot carry u64: the digits go in here.
    const amount = request.amount.toString();
    const queryParamsStringify = (query: object) => querystring({ ...query, amount });
    const parameters = { inputMint, outputMint, amount: 0, swapMode: QuoteGetSwapModeEnum.ExactIn };
    return clientWith({ queryParamsStringify }).quoteGetRaw(parameters, init);
  },
  read: (text) => readQuote(text, request),
});
