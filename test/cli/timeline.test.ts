/** The timeline of an order: every step, to scale, whatever came to pass. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  durationText,
  type TimelineStep,
  timelineOf,
  timelineText,
} from "../../adapters/cli/orders/timeline.ts";

const recorded = (type: string, recordedAtUs: number, data: object = {}) =>
  ({ event: { type, data }, metadata: { recordedAtUs } }) as Parameters<
    typeof timelineOf
  >[0][number];

const barsOf = (text: string): string[] =>
  [...text.matchAll(/\|([ #]*)\|/g)].map(([, bar = ""]) => bar);

describe("timeline", () => {
  it("names each step by the event that ends it, and the waiting before an attempt", () => {
    const steps = timelineOf([
      recorded("OrderRequested", 1_000),
      recorded("OrderValidated", 1_100),
      recorded("QuoteFailed", 21_100),
      recorded("RetryScheduled", 21_101, { notBeforeUs: 121_100 }),
      recorded("QuoteObtained", 161_101),
      recorded("FundsReserved", 161_151),
      recorded("PaperExecutionSimulated", 161_181),
      recorded("OrderFilled", 201_000),
    ]);
    expect(steps.map(({ label, fromUs, toUs }) => [label, toUs - fromUs])).toEqual([
      ["validate", 100],
      ["no quote", 20_000],
      ["plan retry", 1],
      ["wait", 99_999],
      ["quote", 40_001],
      ["reserve", 50],
      ["execute", 30],
      ["settle", 39_819],
    ]);
    expect(timelineText(steps)).toBe(
      `Timeline: 200.0 ms from the first event to the last
  validate      100 us  |#                                                 |
  no quote     20.0 ms  |#####                                             |
  plan retry      1 us  |     #                                            |
  wait        100.0 ms  |     #########################                    |
  quote        40.0 ms  |                              ##########          |
  reserve        50 us  |                                        #         |
  execute        30 us  |                                        #         |
  settle       39.8 ms  |                                        ##########|
`,
    );
  });

  it("cuts the waiting at a cancel that came first", () => {
    const steps = timelineOf([
      recorded("OrderRequested", 0),
      recorded("RetryScheduled", 10, { notBeforeUs: 1_000_000 }),
      recorded("OrderCancelled", 500),
    ]);
    expect(steps).toEqual([
      { label: "plan retry", fromUs: 0, toUs: 10 },
      { label: "wait", fromUs: 10, toUs: 500 },
      { label: "cancel", fromUs: 500, toUs: 500 },
    ]);
  });

  it("draws nothing of one event", () => {
    expect(timelineText(timelineOf([recorded("OrderRequested", 5)]))).toBe("");
  });

  it("draws every step inside the same width, one after the other", () => {
    const durations = fc.array(fc.nat({ max: 10 ** 9 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(durations, (all) => {
        let at = 1_700_000_000_000_000;
        const steps: TimelineStep[] = all.map((us, i) => {
          at += us;
          return { label: `s${i}`, fromUs: at - us, toUs: at };
        });
        const bars = barsOf(timelineText(steps));
        expect(bars).toHaveLength(steps.length);
        expect(new Set(bars.map(({ length }) => length))).toEqual(new Set([50]));
        const starts = bars.map((bar) => bar.indexOf("#"));
        expect(starts.every((start) => start >= 0)).toBe(true);
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
        // A step that took half of the time has half of the columns, give or take a column at each end.
        const total = Math.max(
          1,
          all.reduce((sum, us) => sum + us, 0),
        );
        bars.forEach((bar, i) => {
          const columns = bar.trim().length;
          expect(Math.abs(columns - ((all[i] ?? 0) * 50) / total)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  it("writes durations with a unit that fits", () => {
    expect([0, 999, 1_000, 999_940, 999_950, 61_500_000].map(durationText)).toEqual([
      "0 us",
      "999 us",
      "1.0 ms",
      "999.9 ms",
      "1.00 s",
      "61.50 s",
    ]);
  });
});
