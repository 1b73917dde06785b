import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSlots } from "../../domain/application/orders/slots.ts";
import type { AccountId } from "../../domain/primitives/ids.ts";
import { settle } from "../support/manual-time.ts";

const A = "a" as AccountId;
const B = "b" as AccountId;

describe("slots", () => {
  it("runs an account's orders first in, first out, later attempts first of all", async () => {
    const slots = createSlots(1);
    const order: string[] = [];
    expect(slots.take(A, false)).toBeUndefined();
    expect(slots.take(B, false)).toBeUndefined();
    void slots.take(A, false)?.then(() => order.push("fresh 1"));
    void slots.take(A, false)?.then(() => order.push("fresh 2"));
    void slots.take(A, true)?.then(() => order.push("again"));
    expect(slots.waiting()).toBe(3);
    for (let turn = 0; turn < 3; turn++) {
      slots.give(A);
      await settle();
    }
    expect(order).toEqual(["again", "fresh 1", "fresh 2"]);
    expect(slots.waiting()).toBe(0);
  });

  it("never lets more run than the limit, and lets all run in the end", async () => {
    const plan = fc.array(fc.constantFrom("take", "give"), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), plan, async (limit, steps) => {
        const slots = createSlots(limit);
        let running = 0;
        let wanted = 0;
        let done = 0;
        const give = (): void => {
          running -= 1;
          done += 1;
          slots.give(A);
        };
        for (const step of steps) {
          if (step === "take") {
            wanted += 1;
            const turn = slots.take(A, false);
            if (turn) void turn.then(() => (running += 1));
            else running += 1;
          } else if (running > 0) give();
          await Promise.resolve();
          await Promise.resolve();
          expect(running).toBeLessThanOrEqual(limit);
        }
        while (done < wanted) {
          give();
          await Promise.resolve();
          await Promise.resolve();
        }
        expect(slots.waiting()).toBe(0);
        expect(slots.take(A, false)).toBeUndefined();
      }),
    );
  });

  it("knows no limit when none is set", () => {
    const slots = createSlots(undefined);
    for (let i = 0; i < 100; i++) expect(slots.take(A, false)).toBeUndefined();
    slots.give(A);
    expect(slots.waiting()).toBe(0);
  });
});

describe("a turn that nobody took", () => {
  it("is given back without harm", () => {
    const slots = createSlots(1);
    slots.give(A);
    expect(slots.take(A, false)).toBeUndefined();
  });
});
