/**
 * Virtual time and all interleaving. Whatever would be a macrotask in a real process is an item here: a port call before its
 * effect, its answer on the way back, a timer, a client's next act. The loop lets all promise jobs run out, picks one item by
 * the seed, moves the time and runs it; every pick goes into the trace. A crash drops the engine's items: what waits for them
 * never goes on, as in a killed process.
 */
import { createHash } from "node:crypto";
import type { Random } from "./random.ts";

/** `engine` dies with the process; `world` (clients, the one who restarts it) lives on. */
export type Owner = "engine" | "world";

export type Item = {
  readonly dueUs: number;
  readonly order: number;
  readonly owner: Owner;
  readonly kind: "port" | "timer";
  readonly label: string;
  readonly run: () => void;
};

export type Scheduler = {
  /** Monotonic virtual microseconds. */
  readonly nowUs: () => number;
  readonly schedule: (item: Omit<Item, "order" | "dueUs">, delayUs: number) => () => void;
  /** A port call's wait; it ends never if the process dies before. */
  readonly park: (label: string, delayUs: number) => Promise<void>;
  /** A wait of the world outside. */
  readonly sleep: (label: string, delayUs: number) => Promise<void>;
  /** The next item, with the time moved to it; undefined when nothing waits. */
  readonly pick: () => Item | undefined;
  /** Drops all that the engine waits for. */
  readonly crash: () => void;
  /** Adds a line of the world's own to the trace. */
  readonly note: (text: string) => void;
  /** What the engine waits for, of one kind, by label. */
  readonly ofEngine: (kind: Item["kind"]) => readonly string[];
  readonly picks: () => number;
  readonly traceHash: () => string;
};

export type SchedulerOptions = {
  readonly random: Random;
  /** Told every line of the trace. */
  readonly onTrace?: ((line: string) => void) | undefined;
};

/** Items this close to the earliest one may overtake it. */
const OVERTAKE_US = 2_000;
const OVERTAKERS = 3;

export function createScheduler({ random, onTrace }: SchedulerOptions): Scheduler {
  const heap = createHeap();
  const trace = createHash("sha256");
  let lines = "";
  let now = 0;
  let created = 0;
  let picked = 0;

  const note = (text: string): void => {
    const line = `${now} ${text}\n`;
    lines += line;
    if (lines.length > 16_384) {
      trace.update(lines);
      lines = "";
    }
    onTrace?.(line.trimEnd());
  };

  const schedule: Scheduler["schedule"] = (item, delayUs) => {
    if (!Number.isFinite(delayUs)) throw new Error(`${item.label}: a delay of ${delayUs}`);
    created += 1;
    const entry: Item = { ...item, dueUs: now + Math.max(0, Math.round(delayUs)), order: created };
    heap.push(entry);
    return () => heap.remove(entry);
  };

  const wait = (owner: Owner, label: string, delayUs: number): Promise<void> =>
    new Promise((resolve) => {
      schedule({ owner, kind: "port", label, run: resolve }, delayUs);
    });

  return {
    nowUs: () => now,
    schedule,
    park: (label, delayUs) => wait("engine", label, delayUs),
    sleep: (label, delayUs) => wait("world", label, delayUs),
    pick: () => {
      const first = heap.pop();
      if (!first) return undefined;
      const near = [first];
      while (near.length <= OVERTAKERS) {
        const next = heap.peek();
        if (!next || next.dueUs > first.dueUs + OVERTAKE_US) break;
        heap.pop();
        near.push(next);
      }
      // Mostly the earliest; sometimes one that overtakes it.
      const chosen = near.length === 1 || random.chance(0.6) ? first : random.pick(near);
      for (const item of near) if (item !== chosen) heap.push(item);
      now = Math.max(now, chosen.dueUs);
      picked += 1;
      note(`${chosen.owner} ${chosen.label}`);
      return chosen;
    },
    crash: () => {
      heap.keep(({ owner }) => owner !== "engine");
      note("CRASH");
    },
    note,
    ofEngine: (kind) =>
      heap
        .all()
        .filter((item) => item.owner === "engine" && item.kind === kind)
        .map(({ label, dueUs }) => `${label} due at ${dueUs}`),
    picks: () => picked,
    traceHash: () => trace.copy().update(lines).digest("hex"),
  };
}

type Heap = {
  readonly push: (item: Item) => void;
  readonly pop: () => Item | undefined;
  readonly peek: () => Item | undefined;
  readonly remove: (item: Item) => void;
  readonly keep: (wanted: (item: Item) => boolean) => void;
  readonly all: () => readonly Item[];
};

/** Earliest last, by insertion into a sorted array: a run holds a few hundred items at most. */
function createHeap(): Heap {
  let items: Item[] = [];
  const later = (a: Item, b: Item): boolean =>
    a.dueUs > b.dueUs || (a.dueUs === b.dueUs && a.order > b.order);
  return {
    push: (item) => {
      let low = 0;
      let high = items.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const there = items[middle];
        if (there && later(there, item)) low = middle + 1;
        else high = middle;
      }
      items.splice(low, 0, item);
    },
    pop: () => items.pop(),
    peek: () => items.at(-1),
    remove: (item) => {
      const at = items.indexOf(item);
      if (at >= 0) items.splice(at, 1);
    },
    keep: (wanted) => {
      items = items.filter(wanted);
    },
    all: () => items,
  };
}

/** Lets every promise job run out: a macrotask comes after all of them. */
export const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
