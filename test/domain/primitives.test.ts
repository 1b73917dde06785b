/** Amounts, times and names: reading and writing them, and back again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AMOUNT_PATTERN,
  divCeil,
  divFloor,
  formatAmount,
  maxOf,
  minOf,
  parseAmount,
  U64_MAX,
} from "../../domain/primitives/amount.ts";
import { assertNever } from "../../domain/primitives/assert-never.ts";
import {
  ACCOUNT_ID_PATTERN,
  type AccountId,
  ADDRESS_PATTERN,
  accountIdOfStream,
  accountStream,
  type OrderId,
  orderIdOfStream,
  orderStream,
  REQUEST_ID_PATTERN,
  SOL_MINT,
  type StreamName,
  SYSTEM_STREAM,
  streamCategory,
} from "../../domain/primitives/ids.ts";
import { formatTimestamp, parseTimestamp } from "../../domain/primitives/time.ts";

const RUNS = { numRuns: 1_000 };
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: U64_MAX }), fc.bigInt({ min: 0n, max: 2_000n }));
const decimals = fc.integer({ min: 0, max: 18 });

describe("amounts", () => {
  it.each([
    ["1.5", 9, 1_500_000_000n],
    ["0", 9, 0n],
    ["0.000001", 6, 1n],
    ["01.50", 6, 1_500_000n],
    ["3", 0, 3n],
    ["3.000", 0, 3n],
    ["18446744073.709551615", 9, U64_MAX],
  ])("%s with %i decimals is %i units", (text, places, units) => {
    expect(parseAmount(text, places)).toBe(units);
  });

  it.each([
    ["", 9],
    [".5", 9],
    ["1.", 9],
    ["-1", 9],
    ["+1", 9],
    ["1e3", 9],
    ["1,5", 9],
    [" 1", 9],
    ["1\n", 9],
    ["1.0000001", 6],
    ["0.5", 0],
    ["18446744073.709551616", 9],
    ["1".repeat(21), 0],
    ["١", 0],
  ])("%j with %i decimals is no amount", (text, places) => {
    expect(parseAmount(text, places)).toBeUndefined();
  });

  it.each([
    [1_500_000_000n, 9, "1.5"],
    [0n, 9, "0"],
    [1n, 9, "0.000000001"],
    [-1n, 6, "-0.000001"],
    [-2_500_000n, 6, "-2.5"],
    [42n, 0, "42"],
    [U64_MAX, 9, "18446744073.709551615"],
  ])("%i units with %i decimals are written %s", (units, places, text) => {
    expect(formatAmount(units, places)).toBe(text);
  });

  it("what is written is read as the same", () => {
    fc.assert(
      fc.property(u64, decimals, (units, places) => {
        expect(parseAmount(formatAmount(units, places), places)).toBe(units);
      }),
      RUNS,
    );
  });

  it("division rounds down and up, apart by one unless it is exact", () => {
    fc.assert(
      fc.property(u64, fc.bigInt({ min: 1n, max: 1_000n }), (a, b) => {
        expect(divFloor(a, b) * b <= a && a <= divCeil(a, b) * b).toBe(true);
        expect(divCeil(a, b) - divFloor(a, b)).toBe(a % b === 0n ? 0n : 1n);
      }),
      RUNS,
    );
  });

  it("the smaller and the greater of two", () => {
    expect([minOf(1n, 2n), minOf(2n, 1n), maxOf(1n, 2n), maxOf(2n, 1n)]).toEqual([1n, 1n, 2n, 2n]);
  });

  it("in events has no sign, no leading zero and at most twenty digits", () => {
    for (const good of ["0", "7", "18446744073709551615"]) expect(good).toMatch(AMOUNT_PATTERN);
    for (const bad of ["", "-1", "+1", "00", "01", "1.0", "1 ", "1\n", "1".repeat(21)]) {
      expect(bad).not.toMatch(AMOUNT_PATTERN);
    }
  });
});

describe("times", () => {
  it.each([
    [0, "1970-01-01T00:00:00.000000Z"],
    [1_767_225_600_123_456, "2026-01-01T00:00:00.123456Z"],
    [-1, "1969-12-31T23:59:59.999999Z"],
    [Number.MAX_SAFE_INTEGER, "2255-06-05T23:47:34.740991Z"],
  ])("%i is written %s, and read back", (timeUs, text) => {
    expect(formatTimestamp(timeUs)).toBe(text);
    expect(parseTimestamp(text)).toBe(timeUs);
  });

  it("every time is read back as the same", () => {
    const times = fc.integer({ min: -(10 ** 15), max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(times, (timeUs) => {
        expect(parseTimestamp(formatTimestamp(timeUs))).toBe(timeUs);
      }),
      RUNS,
    );
  });

  it.each([
    ["2026-01-01T00:00:00Z", 0],
    ["2026-01-01T00:00:00.5Z", 500_000],
    ["2026-01-01T00:00:00.123456789Z", 123_456],
    ["2026-01-01T01:30:00+01:30", 0],
    ["2025-12-31T23:00:00-01:00", 0],
  ])("%s is read", (text, afterUs) => {
    expect(parseTimestamp(text)).toBe(1_767_225_600_000_000 + afterUs);
  });

  it.each([
    "",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-01-01 00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01T00:00:00.Z",
    "2026-01-01T00:00:00.1234567890Z",
    "2026-01-01T00:00:00+99:00",
    "1767225600",
  ])("%j is no time", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  // Each turns red when the rule is there; then it is a plain test.
  it.each(["2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-04-31T00:00:00Z"])(
    "%s is no day of the calendar",
    (text) => {
      expect(parseTimestamp(text)).toBeUndefined();
    },
  );
  it("a time beyond the year 2255 has no exact number of microseconds", () => {
    expect(parseTimestamp("9999-12-31T23:59:59.123456Z")).toBeUndefined();
  });
});

describe("names", () => {
  it("of streams tell what they belong to", () => {
    const order = orderStream("0f-1" as OrderId);
    const account = accountStream("my-main.1" as AccountId);
    expect([order, account]).toEqual(["order-0f-1", "account-my-main.1"]);
    expect([order, account, SYSTEM_STREAM].map(streamCategory)).toEqual([
      "order",
      "account",
      "system",
    ]);
    expect([order, account].map(orderIdOfStream)).toEqual(["0f-1", undefined]);
    expect([order, account].map(accountIdOfStream)).toEqual([undefined, "my-main.1"]);
    expect(streamCategory("evidence-0f-1" as StreamName)).toBe("evidence");
  });

  it("have their forms", () => {
    expect(SOL_MINT).toMatch(ADDRESS_PATTERN);
    for (const bad of [
      "1".repeat(31),
      "1".repeat(45),
      `${"1".repeat(31)}0`,
      `${"1".repeat(31)}l`,
    ]) {
      expect(bad).not.toMatch(ADDRESS_PATTERN);
    }
    expect("a".repeat(100)).toMatch(REQUEST_ID_PATTERN);
    expect("a".repeat(101)).not.toMatch(REQUEST_ID_PATTERN);
    expect("a".repeat(64)).toMatch(ACCOUNT_ID_PATTERN);
    for (const bad of ["", "a".repeat(65), "a b", "a\n", "ä", "a/b"]) {
      expect(bad).not.toMatch(ACCOUNT_ID_PATTERN);
    }
  });

  it("an unhandled case says which it was", () => {
    expect(() => assertNever("x" as never)).toThrow('unhandled case: "x"');
  });
});
