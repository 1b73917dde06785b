/**
 * The subscription that the memory and the SQLite store share: one cursor over the total order.
 * Whatever a page came from, the next one starts after the last event of this one, so the seam
 * between catch-up and live has neither gap nor repeat.
 */
import type { Position, StoredEvent, SubscriptionMessage } from "../../domain/ports/event-store.ts";
import { streamCategory } from "../../domain/primitives/ids.ts";

export type Cursor = Position | "start";

export type LogSource = {
  end(): Promise<Position | undefined>;
  /** The next events, at least one if anything acknowledged stands after the cursor. */
  page(after: Cursor): Promise<readonly StoredEvent[]>;
  /** Resolves when something stands after the cursor, or when the signal aborts. */
  more(after: Cursor, signal: AbortSignal): Promise<void>;
};

/** Large third-party answers: part of the log, of no use to a processor. */
const LEFT_OUT = "evidence";

/**
 * Lazy: a page is fetched when the consumer asks, nothing is read ahead. Ends when the signal
 * aborts. Throws when `after` is beyond the log: it belongs to another log or to a newer copy, and
 * events would be passed over.
 */
export async function* subscription(
  source: LogSource,
  after: Cursor,
  signal: AbortSignal,
): AsyncGenerator<SubscriptionMessage, void, undefined> {
  if (after !== "start") await assertInside(source, after);
  let cursor = after;
  let announced = false;
  while (!signal.aborted) {
    const page = await source.page(cursor);
    if (signal.aborted) return;
    const last = page.at(-1);
    if (last) {
      cursor = last.position;
      announced = false;
      const events = page.filter((event) => streamCategory(event.stream) !== LEFT_OUT);
      if (events.length > 0) yield { kind: "events", events };
    } else if (announced) {
      await source.more(cursor, signal);
    } else {
      announced = true;
      yield { kind: "caught-up", position: cursor === "start" ? undefined : cursor };
    }
  }
}

async function assertInside(source: LogSource, after: Position): Promise<void> {
  const end = await source.end();
  if (end === undefined || after > end) {
    throw new Error(`position ${after} is beyond the end of the log (${end ?? "empty"})`);
  }
}

export type Wakeups = {
  wake(): void;
  /**
   * Resolves at the next wake that finds `ready()` true, at once if it is, and when the signal
   * aborts.
   */
  wait(ready: () => boolean, signal: AbortSignal): Promise<void>;
};

/** Sleepers that are woken together; a sleeper that goes away leaves nothing behind. */
export function createWakeups(): Wakeups {
  const sleepers = new Set<() => void>();
  return {
    wake() {
      for (const look of [...sleepers]) look();
    },
    wait(ready, signal) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!signal.aborted && !ready()) return;
          sleepers.delete(look);
          signal.removeEventListener("abort", look);
          resolve();
        };
        sleepers.add(look);
        signal.addEventListener("abort", look);
        look();
      });
    },
  };
}
