/**
 * The tail of the log against a plain array: whatever it answers is what the array says, and it
 * stays within its bounds.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTail } from "../../adapters/event-store/tail.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";

const event = (position: bigint, size = 10): StoredEvent => ({
  stream: "order-1" as StreamName,
  revision: 0,
  position,
  type: "QuoteObtained",
  data: new Uint8Array(size),
  metadata: new Uint8Array(0),
});

const positions = (events: readonly StoredEvent[] | undefined) =>
  events?.map((one) => Number(one.position));

describe("tail", () => {
  it("begins behind what is in the file", () => {
    const tail = createTail(7n);
    expect(tail.last()).toBe(7n);
    expect(tail.after(7n, 10)).toEqual([]);
    expect(tail.after(6n, 10)).toBeUndefined();
  });

  it("forgets everything when an event is not behind the last one", () => {
    const tail = createTail(0n);
    tail.push([event(1n), event(2n)]);
    tail.push([event(5n)]);
    expect(tail.after(2n, 10)).toBeUndefined();
    expect(positions(tail.after(4n, 10))).toEqual([5]);
    expect(tail.last()).toBe(5n);
  });

  it("keeps to its limit of bytes, even for a single event", () => {
    const tail = createTail(0n, { events: 100, bytes: 25 });
    tail.push([event(1n), event(2n), event(3n)]);
    expect(tail.after(0n, 10)).toBeUndefined();
    expect(positions(tail.after(1n, 10))).toEqual([2, 3]);
    tail.push([event(4n, 1_000)]);
    expect(tail.after(3n, 10)).toBeUndefined();
    expect(tail.last()).toBe(4n);
  });

  it("agrees with an array", () => {
    const groups = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 30 });
    let remembered = 0;
    fc.assert(
      fc.property(groups, fc.integer({ min: 1, max: 1_500 }), (sizes, limit) => {
        const tail = createTail(0n, { events: limit, bytes: 1_000_000 });
        let count = 0;
        for (const size of sizes) {
          tail.push(Array.from({ length: size }, (_, i) => event(BigInt(count + i + 1))));
          count += size;
          const oldest = Math.max(0, count - limit);
          expect(tail.last()).toBe(BigInt(count));
          for (const after of new Set([oldest, Math.floor((oldest + count) / 2), count])) {
            const wanted = Array.from(
              { length: Math.min(50, count - after) },
              (_, i) => after + i + 1,
            );
            expect(positions(tail.after(BigInt(after), 50))).toEqual(wanted);
            remembered += wanted.length;
          }
          if (oldest > 0) expect(tail.after(BigInt(oldest - 1), 50)).toBeUndefined();
        }
      }),
    );
    expect(remembered).toBeGreaterThan(1_000);
  });
});
