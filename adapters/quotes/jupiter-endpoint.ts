/**
 * One server behind the Jupiter adapter: its address without secrets, its headers, and what we
 * remember of it.
 */
import type { RequestLimiter } from "./request-limiter.ts";

export type Endpoint = {
  /** Scheme, host and port only: a key may stand in the path as well as in front of the host. */
  readonly name: string;
  readonly basePath: string;
  readonly headers: { readonly [name: string]: string };
  /** Cuts this server's credentials out of a text. */
  withoutSecrets(text: string): string;
  /** One of them stands in the text. Short ones are left out: they may stand anywhere. */
  holdsSecret(text: string): boolean;
  /** Servers of one organisation share it. */
  readonly limiter: RequestLimiter;
  /** Monotonic time until which it is asked last. */
  avoidUntilUs: number;
};

/** Throws, without repeating the URL, unless it is http or https without query and fragment. */
export function createEndpoint(
  baseUrl: string,
  apiKey: string | undefined,
  limiterOf: (host: string) => RequestLimiter,
): Endpoint {
  const url = URL.parse(baseUrl);
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error("a base URL must be http or https");
  if (url.search || url.hash) throw new Error("a base URL has neither query nor fragment");
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  const basic = Buffer.from(`${user}:${password}`).toString("base64");
  const headers = {
    accept: "application/json",
    ...(apiKey ? { "x-api-key": apiKey } : {}),
    ...(user || password ? { authorization: `Basic ${basic}` } : {}),
  };
  const longer = (secrets: readonly (string | undefined)[], length: number): string[] =>
    secrets.flatMap((secret) => (secret !== undefined && secret.length >= length ? secret : []));
  const known = longer([apiKey, user, password, basic, url.username, url.password], 3);
  const long = longer([apiKey, password, url.password], 8);
  return {
    name: url.origin,
    basePath: url.origin + url.pathname.replace(/\/+$/, ""),
    headers,
    withoutSecrets: (text) => known.reduce((rest, it) => rest.replaceAll(it, "***"), text),
    holdsSecret: (text) => long.some((secret) => text.includes(secret)),
    limiter: limiterOf(url.hostname),
    avoidUntilUs: 0,
  };
}

/** By the codes of the system, of Node and of its HTTP client, or the error's name; the first that fits. */
const FAILURE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, "the connection was refused"],
  [/^(ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET)$/, "the connection was closed"],
  [/TIMEDOUT$|TIMEOUT$/, "the connection timed out"],
  [/^(ENOTFOUND|EAI_AGAIN)$/, "the name of the host was not found"],
  [/UNREACH$/, "the host cannot be reached"],
  [/CERT|TLS|SSL|SIGNATURE/, "the encrypted connection could not be made"],
  [/^HPE_|^HTTPParserError$/, "the answer was not HTTP"],
];

/**
 * Why there was no answer, in words. Never the message of the error, which may hold the URL.
 */
export function failureText(error: unknown): string {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    const code = "code" in current ? String(current.code) : "";
    const names = [code, current.name];
    const words = FAILURE_WORDS.find(([pattern]) => names.some((name) => pattern.test(name)));
    if (words) return words[1];
    current = current.cause;
  }
  return "the connection failed";
}
