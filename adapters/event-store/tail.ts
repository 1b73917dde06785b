/**
 * The newest events of the log, kept as objects when they are acknowledged: subscribers at the tip
 * get them from here and the disk is left to the writer. Bounded; a subscriber that falls behind
 * reads pages from the file.
 */
import type { Position, StoredEvent } from "../../domain/ports/event-store.ts";

export type TailLimits = { readonly events: number; readonly bytes: number };

export const TAIL_LIMITS: TailLimits = { events: 2_000, bytes: 4 * 1024 * 1024 };

export type Tail = {
  /** Position of the newest acknowledged event. */
  last(): Position;
  /** Events directly behind the last ones, in order. */
  push(events: readonly StoredEvent[]): void;
  /** At most `limit` events after the position; undefined when some of them have left the tail. */
  after(position: Position, limit: number): readonly StoredEvent[] | undefined;
};

/**
 * `from`: position of the last event in the log when the tail begins, 0 for an empty log. Positions
 * have no holes.
 */
export function createTail(from: Position, limits: TailLimits = TAIL_LIMITS): Tail {
  let items: StoredEvent[] = [];
  let head = 0;
  let base = from;
  let bytes = 0;
  const last = (): Position => base + BigInt(items.length - head);

  function pushOne(event: StoredEvent): void {
    if (event.position !== last() + 1n) {
      // Not behind the last one: forget all, the file has it.
      items = [];
      head = 0;
      bytes = 0;
      base = event.position - 1n;
    }
    items.push(event);
    bytes += sizeOf(event);
  }

  function dropOldest(): void {
    while (items.length - head > limits.events || (bytes > limits.bytes && head < items.length)) {
      const oldest = items[head];
      if (oldest) bytes -= sizeOf(oldest);
      head++;
      base++;
    }
    // Every event is moved once per time that the tail turns over, however many leave at a time.
    if (head > 1_024 && head * 2 > items.length) {
      items = items.slice(head);
      head = 0;
    }
  }

  return {
    last,
    push(events) {
      for (const event of events) pushOne(event);
      dropOldest();
    },
    after(position, limit) {
      if (position < base) return undefined;
      const start = head + Number(position - base);
      return items.slice(start, start + limit);
    },
  };
}

const sizeOf = (event: StoredEvent): number => event.data.byteLength + event.metadata.byteLength;
