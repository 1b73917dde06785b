/** The error page says what the table says, and statuses stay small and well-formed whatever is in them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { invalid, refused } from "../../adapters/grpc/errors.ts";
import { createPositionTokens } from "../../adapters/grpc/mapping/position-token.ts";
import { strictDecode } from "../../adapters/grpc/strict-decode.ts";
import { remainingMs, waitMsOf } from "../../adapters/grpc/wait.ts";
import { FAILURES, isFailureReason } from "../../domain/order/failures.ts";
import { TradeRequest } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { sellRequest } from "./support/harness.ts";
import { LOG_ID, OTHER_LOG_ID } from "./support/world.ts";

const PAGE = readFileSync(resolve(import.meta.dirname, "../../docs/errors.md"), "utf8");

describe("docs/errors.md", () => {
  const rows = [
    ...PAGE.matchAll(/^\| ([A-Z_]+) \| ([A-Z_]+) \| (yes|no) \| (yes|no) \| (.+) \|$/gm),
  ];
  const yes = (value: boolean): string => (value ? "yes" : "no");

  it.each(Object.entries(FAILURES))("has the line of %s", (reason, failure) => {
    const row = rows.find(([, name]) => name === reason)?.slice(2, 5);
    expect(row).toEqual([failure.status, yes(failure.recorded), yes(failure.retryable)]);
  });

  it("has no line of its own, and explains each", () => {
    expect(rows.filter(([, name = ""]) => !isFailureReason(name))).toEqual([]);
    expect(rows).toHaveLength(Object.keys(FAILURES).length);
    expect(rows.every(([, , , , , meaning = ""]) => meaning.length > 20)).toBe(true);
  });
});

describe("statuses", () => {
  it("have a code for each line of the table", () => {
    for (const reason of Object.keys(FAILURES).filter(isFailureReason)) {
      const { code } = refused({ reason, message: "m" }).status;
      expect(status[code]).toBe(FAILURES[reason].status);
    }
  });

  it("fit into a header and are well-formed, whatever the text", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.constant("\ud800"), fc.string());
    const long = fc.tuple(text, fc.nat(3_000)).map(([part, count]) => part.repeat(count));
    const violations = fc.array(fc.record({ field: long, description: long }), { maxLength: 40 });
    fc.assert(
      fc.property(violations, (all) => {
        const { details, metadata } = invalid(all).status;
        expect(() => encodeURI(details)).not.toThrow();
        const [bytes] = metadata.get("grpc-status-details-bin");
        expect(bytes?.length).toBeLessThan(16 * 1024);
      }),
      { numRuns: 50 },
    );
  });
});

describe("strictDecode", () => {
  it("never throws, and takes no bytes that it would write otherwise", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // A good message with one byte changed.
      fc.tuple(fc.nat(200), fc.nat(255)).map(([at, value]) => {
        const good = TradeRequest.encode(sellRequest("id", { metadata: { a: "b" } })).finish();
        good[at % good.length] = value;
        return good;
      }),
    );
    let taken = 0;
    fc.assert(
      fc.property(bytes, (input) => {
        const result = strictDecode(input, TradeRequest);
        if (!result.ok) return;
        taken += 1;
        // Writing it again and reading that gives the same message: nothing was guessed.
        const again = TradeRequest.encode(result.message).finish();
        expect(strictDecode(again, TradeRequest)).toEqual(result);
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

it("takes no number over u64, whatever the domain says of it later", () => {
  const over = (last: number) =>
    strictDecode(Uint8Array.from([0x40, ...Array(9).fill(0xff), last]), TradeRequest);
  expect(over(0x01)).toMatchObject({ ok: true, message: { amount: 2n ** 64n - 1n } });
  for (const last of [0x02, 0x03, 0x7f]) expect(over(last).ok).toBe(false);
});

describe("position tokens", () => {
  const tokens = createPositionTokens(LOG_ID);
  const other = createPositionTokens(OTHER_LOG_ID);

  it("give back what they were made from, in their own log alone", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 63n - 1n), (position) => {
        const token = tokens.encode(position);
        expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(tokens.decode("p", token)).toEqual({ ok: true, value: position });
        expect(other.decode("p", token).ok).toBe(false);
      }),
    );
    expect(tokens.encode(undefined)).toBe("");
    expect(tokens.decode("p", "")).toEqual({ ok: true, value: undefined });
  });

  it("take nothing else", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        expect(tokens.decode("p", text).ok).toBe(false);
      }),
    );
    const over = Buffer.from(`1/${LOG_ID.slice(0, 13)}/p/9999999999999999999`).toString(
      "base64url",
    );
    expect(tokens.decode("p", over).ok).toBe(false);
  });
});

describe("the wait", () => {
  const limits = { defaultWaitMs: 60_000, maxWaitMs: 600_000 };
  it.each([
    [undefined, 60_000],
    [30_000, 29_800],
    [1_000, 800],
    [100, 80],
    [0, 0],
    [10_000_000, 600_000],
  ])("of a call with %s ms left is %d ms", (remaining, waitMs) => {
    expect(waitMsOf(remaining, limits)).toBe(waitMs);
  });

  it("is counted from the deadline", () => {
    expect(remainingMs(new Date(5_000), 3_000)).toBe(2_000);
    expect(remainingMs(5_000, 6_000)).toBe(0);
    expect(remainingMs(Number.POSITIVE_INFINITY, 6_000)).toBeUndefined();
  });
});
