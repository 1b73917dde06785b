/**
 * Single exchanges with a Jupiter-compatible server over `@jup-ag/api`, each with its own timeout.
 * `createJupiterApiClient` is not used because it overwrites the base URL and the headers.
 */
import { Configuration, type ConfigurationParameters, SwapApi } from "@jup-ag/api";
import type { Clock } from "../../domain/ports/clock.ts";
import type { QuoteFailureClass } from "../../domain/ports/quotes.ts";
import type { TimestampUs } from "../../domain/primitives/time.ts";
import { type Reading, readFailure, readRetryAfterMs } from "./jupiter-answer.ts";
import { type Endpoint, failureText } from "./jupiter-endpoint.ts";
import { createJupiterHttp, type HttpAnswer, type JupiterHttp } from "./jupiter-http.ts";

export type Failure = {
  readonly kind: "failed";
  readonly class: QuoteFailureClass;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  /** This is about the request: no other server will say otherwise. */
  readonly final?: boolean;
  /** The server was not asked, to keep to its limit. */
  readonly unasked?: boolean;
};

export type Answered<T> = {
  readonly kind: "answered";
  readonly value: T;
  /** The body as it came. */
  readonly text: string;
  /** Name of the server. */
  readonly source: string;
  readonly obtainedAtUs: TimestampUs;
};
export type Attempt<T> = Answered<T> | Failure;

/** What is asked, and how the answer is read. Asking twice does no harm. */
export type Question<T> = {
  /** Calls one of the client's `…Raw` methods. */
  send(clientWith: ClientWith, init: RequestInit): Promise<unknown>;
  /** The body of a 2xx answer. */
  read(text: string): Reading<T>;
};

export type JupiterCalls = {
  /** One exchange of at most `limitMs`, the body included, in a turn of the server's limiter. Never rejects. */
  call<T>(
    endpoint: Endpoint,
    question: Question<T>,
    turn: { readonly ticket: number; readonly limitMs: number },
  ): Promise<Attempt<T>>;
  /** Ends what is under way. */
  close(): void;
  closed(): boolean;
};

/** Jupiter's client for the server that is asked. */
export type ClientWith = (
  extra: Pick<ConfigurationParameters, "queryParamsStringify" | "middleware">,
) => SwapApi;

export function createJupiterCalls(clock: Clock): JupiterCalls {
  const underWay = new Set<AbortController>();
  const http = createJupiterHttp();
  let closed = false;
  return {
    async call(endpoint, question, { ticket, limitMs }) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), limitMs);
      underWay.add(controller);
      try {
        const { signal } = controller;
        return await exchange({ endpoint, question, clock, ticket, signal, http });
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
      http.close();
    },
    closed: () => closed,
  };
}

type Exchange<T> = {
  readonly endpoint: Endpoint;
  readonly question: Question<T>;
  readonly clock: Clock;
  readonly ticket: number;
  readonly signal: AbortSignal;
  readonly http: JupiterHttp;
};

/** One HTTP exchange. Throws for a broken connection and on abort. */
async function exchange<T>(given: Exchange<T>): Promise<Attempt<T>> {
  const { endpoint, question, clock, ticket } = given;
  const answer = await send(given);
  endpoint.limiter.note(ticket, answer);
  const { status, headers, text } = answer;
  if (text === undefined) return failed("malformed", "the answer is too large or no UTF-8");
  if (status < 200 || status > 299) {
    const failure = readFailure(status, text);
    const retryAfterMs = readRetryAfterMs(headers, clock.nowUs() / 1_000);
    const message = endpoint.withoutSecrets(failure.message) + requestId(headers);
    return { ...failed(failure.class, message, retryAfterMs), final: failure.isFinal };
  }
  // What is kept as evidence must not hold a key.
  if (endpoint.holdsSecret(text)) return failed("malformed", "the answer repeats a credential");
  const reading = question.read(text);
  if (reading.kind === "problem") {
    return { ...failed(reading.class, reading.message), final: reading.class === "no-route" };
  }
  const { name: source } = endpoint;
  return { kind: "answered", value: reading.value, text, source, obtainedAtUs: clock.nowUs() };
}

/**
 * The answer whatever its status. The client makes the request and gets an empty response: what it would hand back is the answer as
 * it came, which is at hand already.
 */
async function send<T>({ endpoint, question, signal, http }: Exchange<T>): Promise<HttpAnswer> {
  const { basePath, headers } = endpoint;
  let answer: HttpAnswer | undefined;
  const fetchApi = async (
    url: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> => {
    const { method = "GET", body } = init;
    const text = typeof body === "string" ? body : undefined;
    answer = await http.exchange({ url: String(url), method, headers, body: text, signal });
    return new Response(null);
  };
  await question.send(
    (extra) => new SwapApi(new Configuration({ basePath, headers, fetchApi, ...extra })),
    { signal },
  );
  if (!answer) throw new Error("nothing was asked");
  return answer;
}

/** Jupiter's support asks for it. */
function requestId(headers: HttpAnswer["headers"]): string {
  const id = /^[\w-]{1,64}$/.exec(headers.get("x-api-gateway-request-id") ?? "");
  return id ? ` (request ${id[0]})` : "";
}

export function failed(
  kind: QuoteFailureClass,
  message: string,
  retryAfterMs: number | undefined = undefined,
): Failure {
  return { kind: "failed", class: kind, message, retryAfterMs };
}
