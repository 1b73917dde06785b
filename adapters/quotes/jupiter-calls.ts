/**
 * Single exchanges with a Jupiter-compatible server over `@jup-ag/api`, each with its own timeout.
 * `createJupiterApiClient` is not used because it overwrites the base URL and the headers.
 */
import {
  Configuration,
  QuoteGetSwapModeEnum,
  querystring,
  ResponseError,
  SwapApi,
} from "@jup-ag/api";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Quote, QuoteFailureClass, QuoteRequest } from "../../domain/ports/quotes.ts";
import { isAboutRequest, readFailure, readQuote, readRetryAfterMs } from "./jupiter-answer.ts";
import { type Endpoint, failureText, readBody } from "./jupiter-endpoint.ts";

export type Failure = {
  readonly kind: "failed";
  readonly class: QuoteFailureClass;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  /** This is about the request: no other server will say otherwise. */
  readonly final?: boolean;
};
export type Attempt = { readonly kind: "quoted"; readonly quote: Quote } | Failure;

export type JupiterCalls = {
  /** One exchange of at most `limitMs`, the body included. Never rejects. */
  call(endpoint: Endpoint, request: QuoteRequest, limitMs: number): Promise<Attempt>;
  /** Ends what is under way. */
  close(): void;
  closed(): boolean;
};

export function createJupiterCalls(clock: Clock): JupiterCalls {
  const underWay = new Set<AbortController>();
  let closed = false;
  return {
    async call(endpoint, request, limitMs) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), limitMs);
      underWay.add(controller);
      try {
        return await exchange({ endpoint, request, clock, signal: controller.signal });
      } catch (error) {
        if (closed) return failed("unreachable", "the quote source is closed");
        if (controller.signal.aborted) return failed("timeout", `no answer in ${limitMs} ms`);
        return failed("unreachable", failureText(error));
      } finally {
        clearTimeout(timer);
        underWay.delete(controller);
      }
    },
    close() {
      closed = true;
      for (const controller of underWay) controller.abort();
    },
    closed: () => closed,
  };
}

type Exchange = {
  readonly endpoint: Endpoint;
  readonly request: QuoteRequest;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** One HTTP exchange. Throws for a broken connection and on abort. */
async function exchange({ endpoint, request, clock, signal }: Exchange): Promise<Attempt> {
  const response = await send(endpoint, request, signal);
  const body = await readBody(response);
  if (body === undefined) return failed("malformed", "the answer is too large or no UTF-8");
  if (!response.ok) {
    const failure = readFailure(response.status, body);
    const retryAfterMs = readRetryAfterMs(response.headers, clock.nowUs() / 1_000);
    const message = endpoint.withoutSecrets(failure.message);
    return {
      ...failed(failure.class, message, retryAfterMs),
      final: isAboutRequest(response.status),
    };
  }
  const reading = readQuote(body, request);
  if (reading.kind === "quote") {
    const quote = { ...reading.quote, source: endpoint.name, obtainedAtUs: clock.nowUs() };
    return { kind: "quoted", quote };
  }
  return { ...failed(reading.class, reading.message), final: reading.class === "no-route" };
}

/** The answer whatever its status; the body is not read yet. */
async function send(endpoint: Endpoint, request: QuoteRequest, signal: AbortSignal) {
  const amount = request.amount.toString();
  const api = new SwapApi(
    new Configuration({
      basePath: endpoint.basePath,
      headers: endpoint.headers,
      // The client's type for an amount is a number, which cannot carry u64: the digits go in here.
      queryParamsStringify: (query) => querystring({ ...query, amount }),
    }),
  );
  const { inputMint, outputMint } = request;
  const parameters = { inputMint, outputMint, amount: 0, swapMode: QuoteGetSwapModeEnum.ExactIn };
  try {
    return (await api.quoteGetRaw(parameters, { signal, redirect: "manual" })).raw;
  } catch (error) {
    if (error instanceof ResponseError) return error.response;
    throw error;
  }
}

export function failed(
  kind: QuoteFailureClass,
  message: string,
  retryAfterMs: number | undefined = undefined,
): Failure {
  return { kind: "failed", class: kind, message, retryAfterMs };
}
