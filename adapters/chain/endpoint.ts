/**
 * The address of a server that speaks JSON-RPC over HTTP: where calls go, and the name by which it may be spoken of. A key may stand
 * before the host, in the path and in the query, so that nothing but scheme, host and port is ever shown.
 */

export type Endpoint = {
  /** Scheme, host and port. */
  readonly name: string;
  /** Host and port; two addresses of one peer are one server. */
  readonly peer: string;
  readonly isEncrypted: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Path and query for a call; `suffix` is appended to the path and may have a query of its own. */
  pathWith(suffix: string): string;
  readonly headers: { readonly [name: string]: string };
  /** Foreign words made fit to be shown: without this address's secrets, on one line, short. */
  presentable(text: string): string;
};

const MAX_TEXT = 200;
/** Shorter parts of a path are words such as `v2` or `rpc`. */
const MIN_SECRET_SEGMENT = 8;
const MIN_SECRET = 3;

/** Throws, without repeating the URL, unless it is http or https without fragment. `headers` hold secrets too. */
export function createEndpoint(
  url: string,
  headers: { readonly [name: string]: string } = {},
): Endpoint {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new Error("the URL of a node must begin with http:// or https://");
  }
  if (parsed.hash) throw new Error("the URL of a node has no fragment");
  const { username, password, pathname, searchParams } = parsed;
  const basic = Buffer.from(`${decode(username)}:${decode(password)}`).toString("base64");
  const authorization = username || password ? { authorization: `Basic ${basic}` } : {};
  const segments = pathname.split("/").filter((part) => part.length >= MIN_SECRET_SEGMENT);
  const secrets = [
    ...[username, password, basic, ...segments, ...segments.map(decode)],
    ...[decode(username), decode(password)],
    ...[...searchParams.values()].flatMap((value) => [value, encodeURIComponent(value)]),
    ...Object.values(headers),
  ]
    .filter((secret) => secret.length >= MIN_SECRET)
    // A secret that holds another goes first.
    .toSorted((one, other) => other.length - one.length);
  const isEncrypted = parsed.protocol === "https:";
  const port = Number(parsed.port || (isEncrypted ? 443 : 80));
  const base = pathname.replace(/\/+$/, "");
  return {
    name: parsed.origin,
    peer: `${peerHost(parsed.hostname)}:${port}`,
    ...{ isEncrypted, port },
    // As sockets want it.
    hostname: parsed.hostname.replace(/^\[|\]$/g, ""),
    pathWith(suffix) {
      const [path = "", query = ""] = suffix.split("?");
      const queries = [parsed.search.slice(1), query].filter((part) => part !== "");
      const whole = queries.length > 0 ? `?${queries.join("&")}` : "";
      return `${base}${path}` === "" ? `/${whole}` : `${base}${path}${whole}`;
    },
    headers: { ...authorization, ...headers },
    presentable: (text) =>
      secrets
        .reduce((rest, secret) => rest.replaceAll(secret, "***"), text)
        .slice(0, MAX_TEXT)
        .toWellFormed()
        .replace(/\p{C}+/gu, " ")
        .trim(),
  };
}

/** What is no escape is taken as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Loopback has more than one spelling, and a name may end with the dot of the root. */
function peerHost(hostname: string): string {
  const host = hostname.replace(/\.$/, "");
  return host === "localhost" || host === "[::1]" ? "127.0.0.1" : host;
}

/** By the codes of the system, of Node and of its HTTP parser; the first that fits. */
const FAILURE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, "the connection was refused"],
  [/^(ECONNRESET|ECONNABORTED|EPIPE)$/, "the connection was closed"],
  [/TIMEDOUT$|TIMEOUT$/, "the connection timed out"],
  [/^(ENOTFOUND|EAI_AGAIN)$/, "the name of the host was not found"],
  [/UNREACH$/, "the host cannot be reached"],
  [/CERT|TLS|SSL|SIGNATURE|EPROTO/, "the encrypted connection could not be made"],
  [/^HPE_/, "the answer was not HTTP"],
];

export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

/** In words; never the message of the error, which may hold the address. */
export function failureText(error: unknown): string {
  const code = codeOf(error);
  return FAILURE_WORDS.find(([pattern]) => pattern.test(code))?.[1] ?? "the connection failed";
}

/** Of errors that come before the first byte of a request has left. */
export const isUnsent = (error: unknown): boolean =>
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$|UNREACH$|CERT/.test(codeOf(error));
