/**
 * Opaque places: positions in the log and pages of the history. A token names its log, so that one of another log is refused
 * instead of pointing somewhere; a page token names its query too.
 */
import type { Position } from "../../../domain/ports/event-store.ts";
import type { LogId } from "../../../domain/primitives/ids.ts";
import type { TimestampUs } from "../../../domain/primitives/time.ts";
import { type Parsed, valid, wrong } from "./parsed.ts";

export type PageCursor = { readonly requestedAtUs: TimestampUs; readonly orderId: string };

export type PositionTokens = {
  /** Empty while the log is empty. */
  readonly encode: (position: Position | undefined) => string;
  /** Undefined for an empty token. */
  readonly decode: (name: string, token: string) => Parsed<Position | undefined>;
  /** `query`: fingerprint of the filters that the page belongs to. */
  readonly encodePage: (cursor: PageCursor, query: string) => string;
  readonly decodePage: (
    name: string,
    token: string,
    query: string,
  ) => Parsed<PageCursor | undefined>;
};

const LOG_PREFIX = 13;
const MAX_TOKEN = 300;
const I64_MAX = 9_223_372_036_854_775_807n;

export function createPositionTokens(logId: LogId): PositionTokens {
  const log = logId.slice(0, LOG_PREFIX).replaceAll("/", "_");
  const encodeParts = (...parts: readonly string[]): string =>
    Buffer.from(["1", log, ...parts].join("/"), "utf8").toString("base64url");

  const decodeParts = (name: string, token: string): Parsed<readonly string[]> => {
    if (token.length > MAX_TOKEN) return wrong(name, "is no token of this server");
    const text = Buffer.from(token, "base64url").toString("utf8");
    const again = Buffer.from(text, "utf8").toString("base64url");
    const [version, ofLog, ...parts] = text.split("/");
    if (again !== token || version !== "1") return wrong(name, "is no token of this server");
    return ofLog === log ? valid(parts) : wrong(name, "belongs to another log");
  };

  return {
    encode: (position) => (position === undefined ? "" : encodeParts("p", position.toString())),
    decode: (name, token) => {
      if (token === "") return valid(undefined);
      const parts = decodeParts(name, token);
      if (!parts.ok) return parts;
      const [kind, digits = "", ...rest] = parts.value;
      const ours = kind === "p" && /^[0-9]{1,19}$/.test(digits) && rest.length === 0;
      if (!ours || BigInt(digits) > I64_MAX) return wrong(name, "is no position token");
      return valid(BigInt(digits));
    },
    encodePage: ({ requestedAtUs, orderId }, query) =>
      encodeParts("h", query, String(requestedAtUs), orderId),
    decodePage: (name, token, query) => {
      if (token === "") return valid(undefined);
      const parts = decodeParts(name, token);
      if (!parts.ok) return parts;
      const [kind, ofQuery, timeUs = "", orderId = "", ...rest] = parts.value;
      const ours = kind === "h" && /^[0-9]{1,16}$/.test(timeUs) && rest.length === 0;
      if (!ours || orderId === "") return wrong(name, "is no page token");
      if (ofQuery !== query) return wrong(name, "belongs to a query with other filters");
      return valid({ requestedAtUs: Number(timeUs), orderId });
    },
  };
}
