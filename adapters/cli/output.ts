/**
 * Printing: tables for people; one JSON object a line for programs, with bigints as texts and enums
 * by name.
 */

import { formatTimestamp, type TimestampUs } from "../../domain/primitives/time.ts";
import type { Timestamp } from "../../proto/generated/google/protobuf/timestamp.ts";
import {
  AttemptOutcome,
  BreakerState,
  CancelOutcome,
  OrderStatus,
  TradeAction,
  TradingMode,
  Urgency,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";

type Enum = { readonly prefix: string; readonly values: Readonly<Record<string, number>> };

/** Enums by the name of the field that holds them. */
const ENUMS: Readonly<Record<string, Enum>> = {
  status: { prefix: "ORDER_STATUS_", values: OrderStatus },
  mode: { prefix: "TRADING_MODE_", values: TradingMode },
  action: { prefix: "TRADE_ACTION_", values: TradeAction },
  urgency: { prefix: "URGENCY_", values: Urgency },
  waitFor: { prefix: "WAIT_FOR_", values: WaitFor },
  outcome: { prefix: "CANCEL_OUTCOME_", values: CancelOutcome },
  state: { prefix: "BREAKER_STATE_", values: BreakerState },
  attemptOutcome: { prefix: "ATTEMPT_OUTCOME_", values: AttemptOutcome },
};

/** `FILLED` for 4 in the field `status`; the number itself where this program does not know it. */
export function enumName(field: string, value: number): string {
  const { prefix = "", values = {} } = ENUMS[field] ?? {};
  const name = Object.entries(values).find(([, number]) => number === value)?.[0];
  return name?.replace(prefix, "") ?? String(value);
}

export const statusName = (status: OrderStatus): string => enumName("status", status);

/** Microseconds of a protobuf timestamp. */
export const timeUsOf = ({ seconds, nanos }: Timestamp): TimestampUs =>
  Number(seconds) * 1_000_000 + Math.floor(nanos / 1_000);

export const timestampOf = (timeUs: TimestampUs): Timestamp => ({
  seconds: BigInt(Math.floor(timeUs / 1_000_000)),
  nanos: (timeUs - Math.floor(timeUs / 1_000_000) * 1_000_000) * 1_000,
});

export const formatTime = (time: Timestamp | undefined): string =>
  time === undefined ? "" : formatTimestamp(timeUsOf(time));

const isTimestamp = (value: object): value is Timestamp =>
  Object.keys(value).length === 2 &&
  "seconds" in value &&
  typeof value.seconds === "bigint" &&
  "nanos" in value &&
  typeof value.nanos === "number";

/** One line of JSON. Keys are those of the proto in camel case; times are RFC 3339. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(plain(value, ""))}\n`;

function plain(value: unknown, field: string): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && field in ENUMS) return enumName(field, value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (Array.isArray(value)) return value.map((item) => plain(item, field));
  if (typeof value !== "object" || value === null) return value;
  if (isTimestamp(value)) return formatTime(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, key)]));
}

/** Columns as wide as their widest cell; numbers (after a `>` in the head) to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const right = head.map((name) => name.startsWith(">"));
  const names = head.map((name) => name.replace(/^>/, ""));
  const widths = names.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return `${[names, ...rows].map(line).join("\n")}\n`;
}

/** A label and its text per line, aligned. */
export function fields(lines: readonly (readonly [string, string])[]): string {
  const shown = lines.filter(([, text]) => text !== "");
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  return shown.map(([label, text]) => `  ${label.padEnd(width)}  ${text}\n`).join("");
}

/** Third-party text cannot move the cursor of somebody's terminal. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it replaces.
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
