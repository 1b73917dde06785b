/**
 * The store of one life of the process: the memory store and its group-commit queue over a log that outlives them, with the way
 * between queue and log in the scheduler's hands. Answers come late, together or never; writes fail, or happen unseen.
 */
import type {
  AppendRequest,
  BatchAnswer,
  Transport,
} from "../../adapters/event-store/group-commit.ts";
import { createMemoryEventStore, type MemoryLog } from "../../adapters/event-store/memory.ts";
import type { AppendResult, EventStore } from "../../domain/ports/event-store.ts";
import type { Coverage } from "./coverage.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export type SimStoreOptions = {
  readonly log: MemoryLog;
  readonly plan: Pick<Plan, "store" | "storeLimits">;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly coverage: Pick<Coverage, "mark">;
  /** False once all is healed. */
  readonly faulty: () => boolean;
  /** Something may have been written. */
  readonly onWritten: () => void;
  readonly onDead: () => void;
};

export type SimStore = {
  readonly store: EventStore;
  /** Batches handed over and not written; written and not answered. */
  readonly underWay: () => { readonly unwritten: number; readonly unanswered: number };
};

type Fate = "written" | "unavailable" | "partly" | "lostBefore" | "lostLate" | "lostAfter" | "dies";

type Handed = {
  readonly batch: readonly AppendRequest[];
  readonly fate: Fate;
  readonly resolve: (answer: BatchAnswer) => void;
  readonly reject: (error: Error) => void;
};

const UNAVAILABLE: AppendResult = { kind: "unavailable", reason: "simulated: nothing is written" };
const DEAD = "simulated: the disk answered an error";

export function createSimStore(options: SimStoreOptions): SimStore {
  const { log, plan, random, scheduler, coverage } = options;
  const { store: faults } = plan;
  const handed: Handed[] = [];
  const held: (() => void)[] = [];
  /** Appends whose answer was lost, by stream and expected revision. */
  const doubtful = new Set<string>();
  let unwritten = 0;
  let unanswered = 0;
  let dead = false;

  const delayUs = (): number => random.between(20, random.chance(0.1) ? 30_000 : 2_000);
  const timer = (label: string, afterUs: number, run: () => void): void => {
    scheduler.schedule({ owner: "engine", kind: "port", label, run }, afterUs);
  };
  const nameOf = ({ stream, expected }: AppendRequest): string => `${stream}@${expected}`;

  function drawFate(): Fate {
    if (dead || isOut()) return "unavailable";
    if (!options.faulty()) return "written";
    for (const fate of ["dies", "unavailable", "partly"] as const) {
      if (random.chance(faults[fate])) return fate;
    }
    for (const fate of ["lostBefore", "lostLate", "lostAfter"] as const) {
      if (random.chance(faults[fate])) return fate;
    }
    return "written";
  }

  const isOut = (): boolean => {
    const now = scheduler.nowUs();
    return (
      options.faulty() && faults.outages.some(({ fromUs, toUs }) => now >= fromUs && now < toUs)
    );
  };

  /** What the log says to a batch; `late`: its answer was given up long ago. */
  async function write(
    inner: Transport,
    batch: readonly AppendRequest[],
    late = false,
  ): Promise<readonly AppendResult[]> {
    const { results } = await inner.send(batch);
    if (batch.length > 1) coverage.mark("store: several appends in one batch");
    batch.forEach((request, i) => {
      markWrite(request, results[i]?.kind === "appended", late);
    });
    options.onWritten();
    return results;
  }

  function markWrite(request: AppendRequest, isNew: boolean, late: boolean): void {
    const filled = request.events.at(-1)?.type === "OrderFilled";
    if (isNew && filled && request.expected === "no-stream") {
      coverage.mark("store: an order is one append from request to fill");
    }
    if (late) {
      coverage.mark(
        isNew
          ? "store: a doubtful append is written late, before its repetition"
          : "store: a doubtful append is written late, behind its repetition",
      );
    } else if (doubtful.delete(nameOf(request))) {
      coverage.mark(
        isNew
          ? "store: a doubtful append was not written and is sent again"
          : "store: a doubtful append was written and is sent again",
      );
    }
  }

  /** The answer of a batch, perhaps late, perhaps only together with another one. */
  function answer({ resolve }: Handed, answered: BatchAnswer): void {
    const faulty = options.faulty();
    unanswered += 1;
    const give = (): void => {
      unanswered -= 1;
      resolve(answered);
      const others = held.splice(0);
      if (others.length > 0) coverage.mark("store: answers kept and given together");
      for (const other of others) other();
    };
    if (faulty && random.chance(faults.heldAnswer)) {
      const own = (): void => {
        unanswered -= 1;
        resolve(answered);
      };
      held.push(own);
      timer("store gives a kept answer", random.between(5_000, 100_000), () => {
        const at = held.indexOf(own);
        if (at < 0) return;
        held.splice(at, 1);
        own();
      });
      return;
    }
    const late = faulty && random.chance(faults.lateAnswer);
    if (late) coverage.mark("store: a batch overtakes nobody but its answer comes late");
    timer("store answers", late ? random.between(10_000, 3_000_000) : delayUs(), give);
  }

  async function perform(inner: Transport, item: Handed): Promise<void> {
    const { batch, reject } = item;
    const lose = (): void => {
      for (const request of batch) doubtful.add(nameOf(request));
      unanswered += 1;
      timer("store loses an answer", random.between(100, 200_000), () => {
        unanswered -= 1;
        reject(new Error("simulated: no answer"));
      });
    };
    const none = batch.map(() => UNAVAILABLE);
    switch (isOut() ? "unavailable" : item.fate) {
      case "written":
        return answer(item, { results: await write(inner, batch) });
      case "unavailable":
        if (batch.some(({ expected }) => expected !== "no-stream")) {
          coverage.mark("store: refuses an accepted order's append, which is tried again");
        }
        return answer(item, { results: none });
      case "partly": {
        const taken = batch.filter(() => random.chance(0.5));
        const results = taken.length > 0 ? [...(await write(inner, taken))] : [];
        if (taken.length > 0 && taken.length < batch.length) {
          coverage.mark("store: some appends of a batch refused, others written");
        }
        const all = batch.map((r) => (taken.includes(r) ? results.shift() : UNAVAILABLE));
        return answer(item, { results: all.map((result) => result ?? UNAVAILABLE) });
      }
      case "lostBefore":
        return lose();
      case "lostLate":
        timer("store writes late", random.between(100, 400_000), () => {
          void write(inner, batch, true);
        });
        return lose();
      case "lostAfter":
        await write(inner, batch);
        return lose();
      case "dies":
        dead = true;
        coverage.mark("store: dead until the restart");
        options.onDead();
        return answer(item, { results: none, dead: DEAD });
    }
  }

  const transport = (inner: Transport): Transport => ({
    send(batch) {
      if (options.faulty() && random.chance(faults.throws)) {
        throw new Error("simulated: the worker cannot be reached");
      }
      const streams = batch.map(nameOf).join(" ");
      unwritten += 1;
      return new Promise((resolve, reject) => {
        handed.push({ batch, fate: drawFate(), resolve, reject });
        // Batches are written in the order in which they were handed over, whichever item is picked.
        timer(`store writes ${streams}`, delayUs(), () => {
          unwritten -= 1;
          const next = handed.shift();
          if (next) void perform(inner, next);
        });
      });
    },
  });

  const inner = createMemoryEventStore({
    log,
    transport,
    schedule: (drain) => timer("store queue", random.between(1, 300), drain),
    limits: plan.storeLimits,
  });
  const read = async <T>(label: string, effect: () => Promise<T>): Promise<T> => {
    await scheduler.park(`before ${label}`, random.between(5, 500));
    const result = await effect();
    await scheduler.park(`after ${label}`, random.between(5, 500));
    return result;
  };
  return {
    store: {
      ...inner,
      readStream: (stream, from, limit) =>
        read(`read ${stream}`, () => inner.readStream(stream, from, limit)),
      readAll: (after, limit) => read(`read all ${after}`, () => inner.readAll(after, limit)),
    },
    underWay: () => ({ unwritten, unanswered }),
  };
}
