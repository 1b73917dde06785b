/**
 * Time as a number of microseconds since the Unix epoch: a safe integer until the year 2255. UTC always.
 */
export type TimestampUs = number;

export const US_PER_MS = 1_000;
export const US_PER_SECOND = 1_000_000;

/** RFC 3339 with microseconds, `2026-11-21T13:15:06.123456Z`. */
export function formatTimestamp(timeUs: TimestampUs): string {
  const seconds = Math.floor(timeUs / US_PER_SECOND);
  const micros = timeUs - seconds * US_PER_SECOND;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(micros).padStart(6, "0")}Z`;
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** Parses RFC 3339; digits beyond microseconds are cut off. Undefined for anything else. */
export function parseTimestamp(text: string): TimestampUs | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}T${match[2]}${match[4]}`);
  // Date.parse takes the 30th of February for the 2nd of March.
  const day = new Date(`${match[1]}T00:00:00Z`);
  if (Number.isNaN(ms) || day.toISOString().slice(0, 10) !== match[1]) return undefined;
  const micros = Number((match[3] ?? "").padEnd(6, "0").slice(0, 6));
  const timeUs = ms * US_PER_MS + micros;
  return Number.isSafeInteger(timeUs) ? timeUs : undefined;
}
