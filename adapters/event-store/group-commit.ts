/**
 * The group-commit queue that the memory and the SQLite store share. Appends wait in call order and
 * leave in batches, one drain per macrotask, several batches on their way at a time. The transport
 * is injected: a simulator can answer late, lose an answer or keep answers together without knowing
 * the store behind it.
 */
import type {
  AppendResult,
  EncodedEvent,
  ExpectedRevision,
} from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import type { GroupCommitLimits } from "./group-commit-limits.ts";
import { GROUP_COMMIT_LIMITS } from "./group-commit-limits.ts";

export type AppendRequest = {
  readonly stream: StreamName;
  readonly expected: ExpectedRevision;
  readonly events: readonly EncodedEvent[];
};

/**
 * One result per append, in the order of the batch. `dead`: the store takes nothing more until the
 * process restarts.
 */
export type BatchAnswer = {
  readonly results: readonly AppendResult[];
  readonly dead?: string | undefined;
};

/**
 * Takes a batch. A throw says that nothing was handed over; a rejected promise says that nobody
 * knows what became of the batch. Batches must be applied in the order in which they were handed
 * over.
 */
export type Transport = {
  send(batch: readonly AppendRequest[]): Promise<BatchAnswer>;
};

export type GroupCommitOptions = {
  readonly transport: Transport;
  /** Runs the callback in a later macrotask. */
  readonly schedule?: ((drain: () => void) => void) | undefined;
  readonly limits?: Partial<GroupCommitLimits> | undefined;
  /** Called once, with the reason, when the store dies. */
  readonly onDead?: ((reason: string) => void) | undefined;
};

export type GroupCommit = {
  append(request: AppendRequest): Promise<AppendResult>;
  /**
   * The transport is gone: what was handed over becomes `unknown`, the rest `unavailable`, now and
   * later.
   */
  fail(reason: string): void;
  /** Refuses new appends and resolves when all earlier ones are answered. */
  close(): Promise<void>;
};

type Waiting = {
  readonly request: AppendRequest;
  readonly bytes: number;
  readonly settle: (result: AppendResult) => void;
};

type Batch = readonly Waiting[];

type State = {
  readonly transport: Transport;
  readonly schedule: (drain: () => void) => void;
  readonly limits: GroupCommitLimits;
  readonly onDead: ((reason: string) => void) | undefined;
  readonly inFlight: Set<Batch>;
  waiting: Waiting[];
  /** Events and bytes that wait or are on their way. */
  events: number;
  bytes: number;
  /** A drain is scheduled. */
  planned: boolean;
  dead: boolean;
  /** Why nothing more is taken. */
  refusal: string | undefined;
  closers: (() => void)[];
};

/** Later macrotask of this process. */
export const nextMacrotask = (callback: () => void): void => {
  setImmediate(callback);
};

export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const state: State = {
    transport: options.transport,
    schedule: options.schedule ?? nextMacrotask,
    limits: { ...GROUP_COMMIT_LIMITS, ...options.limits },
    onDead: options.onDead,
    inFlight: new Set(),
    waiting: [],
    events: 0,
    bytes: 0,
    planned: false,
    dead: false,
    refusal: undefined,
    closers: [],
  };
  return {
    append: (request) => enqueue(state, request),
    fail(reason) {
      stop(state, reason);
      for (const batch of [...state.inFlight]) lost(state, batch, reason);
    },
    close() {
      state.refusal ??= "The event store is closed.";
      return new Promise((resolve) => {
        state.closers.push(resolve);
        whenIdle(state);
      });
    },
  };
}

function enqueue(state: State, request: AppendRequest): Promise<AppendResult> {
  const bytes = bytesOf(request.events);
  const reason = refusalOf(state, request.events.length, bytes);
  if (reason !== undefined) return Promise.resolve({ kind: "unavailable", reason });
  state.events += request.events.length;
  state.bytes += bytes;
  return new Promise((resolve) => {
    state.waiting.push({ request, bytes, settle: resolve });
    plan(state);
  });
}

function refusalOf(state: State, events: number, bytes: number): string | undefined {
  const { limits } = state;
  if (state.refusal !== undefined) return state.refusal;
  if (bytes > limits.bytes) {
    return `An append of ${bytes} bytes is more than the store takes at once (${limits.bytes}).`;
  }
  if (state.events + events > limits.events || state.bytes + bytes > limits.bytes) {
    const waiting = `${state.events} events, ${state.bytes} bytes wait`;
    return `The event store is behind (${waiting}). Try again shortly.`;
  }
  return undefined;
}

function plan(state: State): void {
  if (state.planned || state.waiting.length === 0) return;
  state.planned = true;
  state.schedule(() => {
    state.planned = false;
    while (state.waiting.length > 0 && state.inFlight.size < state.limits.batchesInFlight) {
      handOver(state, takeBatch(state));
    }
    whenIdle(state);
  });
}

function takeBatch(state: State): Batch {
  const { limits, waiting } = state;
  let events = 0;
  let bytes = 0;
  let count = 0;
  for (const one of waiting) {
    events += one.request.events.length;
    bytes += one.bytes;
    if (count > 0 && (events > limits.batchEvents || bytes > limits.batchBytes)) break;
    count++;
  }
  state.waiting = waiting.slice(count);
  return waiting.slice(0, count);
}

function handOver(state: State, batch: Batch): void {
  let answer: Promise<BatchAnswer>;
  try {
    answer = state.transport.send(batch.map((one) => one.request));
  } catch (error) {
    const reason = `The event store could not take the events: ${messageOf(error)}`;
    for (const one of batch) settle(state, one, { kind: "unavailable", reason });
    return;
  }
  state.inFlight.add(batch);
  answer.then(
    (received) => answered(state, batch, received),
    (error: unknown) => lost(state, batch, messageOf(error)),
  );
}

function answered(state: State, batch: Batch, answer: BatchAnswer): void {
  const { results, dead } = answer;
  if (results.length !== batch.length) {
    lost(state, batch, `${results.length} results came for ${batch.length} appends`);
    return;
  }
  if (!state.inFlight.delete(batch)) return;
  if (dead !== undefined) stop(state, dead);
  batch.forEach((one, index) => {
    const result = results[index];
    if (result) settle(state, one, result);
  });
  plan(state);
  whenIdle(state);
}

function lost(state: State, batch: Batch, cause: string): void {
  if (!state.inFlight.delete(batch)) return;
  for (const one of batch) settle(state, one, { kind: "unknown", cause });
  plan(state);
  whenIdle(state);
}

/** No append leaves any more; what is on its way may still be answered. */
function stop(state: State, reason: string): void {
  if (state.dead) return;
  state.dead = true;
  state.refusal = reason;
  const never = state.waiting;
  state.waiting = [];
  for (const one of never) settle(state, one, { kind: "unavailable", reason });
  state.onDead?.(reason);
}

function settle(state: State, one: Waiting, result: AppendResult): void {
  state.events -= one.request.events.length;
  state.bytes -= one.bytes;
  one.settle(result);
}

function whenIdle(state: State): void {
  if (state.waiting.length > 0 || state.inFlight.size > 0) return;
  for (const resolve of state.closers.splice(0)) resolve();
}

function bytesOf(events: readonly EncodedEvent[]): number {
  let total = 0;
  for (const event of events) total += event.data.byteLength + event.metadata.byteLength;
  return total;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
