/** google.protobuf.Timestamp and microseconds. */
import { type TimestampUs, US_PER_SECOND } from "../../../domain/primitives/time.ts";
import type { Timestamp } from "../../../proto/generated/google/protobuf/timestamp.ts";
import { type Parsed, valid, wrong } from "./parsed.ts";

const NANOS_PER_US = 1_000;
/** Last second whose microseconds are safe integers. */
const MAX_SECONDS = BigInt(Math.floor(Number.MAX_SAFE_INTEGER / US_PER_SECOND)) - 1n;

export function timestampOf(timeUs: TimestampUs): Timestamp {
  const seconds = Math.floor(timeUs / US_PER_SECOND);
  return {
    seconds: BigInt(seconds),
    nanos: (timeUs - seconds * US_PER_SECOND) * NANOS_PER_US,
  };
}

/** Digits beyond microseconds are cut off. Undefined when absent. */
export function timeUsOf(
  name: string,
  timestamp: Timestamp | undefined,
): Parsed<TimestampUs | undefined> {
  if (timestamp === undefined) return valid(undefined);
  const { seconds, nanos } = timestamp;
  if (seconds < 0n || seconds > MAX_SECONDS) {
    return wrong(name, "must be between the years 1970 and 2255");
  }
  if (nanos < 0 || nanos > 999_999_999) return wrong(name, "has nanos outside 0 to 999999999");
  return valid(Number(seconds) * US_PER_SECOND + Math.floor(nanos / NANOS_PER_US));
}
