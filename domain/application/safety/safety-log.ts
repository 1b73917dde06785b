/**
 * The stream `safety`: read once at the start, then written by commands one at a time. It is short, operators and an opening
 * breaker write it, so it has no snapshot.
 */
import type { Codec, RecordedEvent } from "../../codec/codec.ts";
import type { EventStore, Position } from "../../ports/event-store.ts";
import { type Hash, type Principal, type RequestId, SAFETY_STREAM } from "../../primitives/ids.ts";
import type { SafetyDecision } from "../../safety/decide.ts";
import type { SafetyEvent } from "../../safety/events.ts";
import { evolveSafety, NOTHING_HALTED, type SafetyState } from "../../safety/state.ts";
import type { Refused } from "../engine.types.ts";
import type { Recorder } from "../log/recorder.ts";
import { type Sealer, type Tip, tipOf } from "../log/sealer.ts";
import { readEvents } from "../orders/load-order.ts";
import { refused } from "../orders/refusals.ts";

export type SafetyLogPorts = {
  readonly store: Pick<EventStore, "readStream">;
  readonly codec: Codec;
  readonly recorder: Recorder;
  readonly sealer: Sealer;
  readonly onStored: (position: Position) => void;
  /** Another engine wrote to the stream: nothing may be trusted any more. */
  readonly onFenced: () => void;
};

export type SafetyOutcome =
  /** It is durable, or was so before. */
  | { readonly kind: "done" }
  /** The stream is another engine's; what this one was asked for is in its memory only. */
  | { readonly kind: "fenced" }
  | Refused;

export type SafetyLog = {
  /** What is durable. */
  readonly state: () => SafetyState;
  /** Fingerprint of the command that was obeyed under an id of a principal. */
  readonly known: (by: Principal, requestId: RequestId) => Hash | undefined;
  /**
   * Decides in its turn and records what follows. `neverGivesUp`: what cannot be stored now is tried until it is; else that
   * is refused.
   */
  readonly run: (
    decide: (state: SafetyState) => SafetyDecision,
    how: { readonly actor: string; readonly neverGivesUp: boolean },
  ) => Promise<SafetyOutcome>;
};

/** Commands that are remembered; the oldest are forgotten first. */
const MAX_COMMANDS = 10_000;
/** Commands that wait for the store. */
const MAX_WAITING = 1_000;

/** What the stream says at the start. */
export type RecoveredSafety = {
  readonly state: SafetyState;
  readonly tip: Tip;
  readonly commands: ReadonlyMap<string, Hash>;
};

export const NOTHING_RECORDED: RecoveredSafety = {
  state: NOTHING_HALTED,
  tip: undefined,
  commands: new Map(),
};

/** Reads the stream whole. */
export async function recoverSafety(
  ports: Pick<SafetyLogPorts, "store" | "codec">,
): Promise<RecoveredSafety> {
  const commands = new Map<string, Hash>();
  let { state, tip } = NOTHING_RECORDED;
  for await (const one of readEvents(ports, SAFETY_STREAM)) {
    const recorded = one as RecordedEvent as RecordedEvent<SafetyEvent>;
    state = evolveSafety(state, recorded);
    tip = tipOf(recorded);
    remember(commands, recorded.event);
  }
  return { state, tip, commands };
}

/** `onChange` is called when an event became durable. */
export function createSafetyLog(
  ports: Omit<SafetyLogPorts, "store" | "codec">,
  recovered: RecoveredSafety,
  onChange: () => void,
): SafetyLog {
  const commands = new Map(recovered.commands);
  let { state, tip } = recovered;
  let fenced = false;
  let waiting = 0;
  let queue: Promise<unknown> = Promise.resolve();

  const apply = (recorded: RecordedEvent<SafetyEvent>): void => {
    state = evolveSafety(state, recorded);
    tip = tipOf(recorded);
    remember(commands, recorded.event);
  };

  const perform = async (
    decide: (state: SafetyState) => SafetyDecision,
    { actor, neverGivesUp }: { readonly actor: string; readonly neverGivesUp: boolean },
  ): Promise<SafetyOutcome> => {
    if (fenced) return { kind: "fenced" };
    const decision = decide(state);
    if (decision.kind === "refused") return { kind: "refused", refusal: decision };
    if (decision.kind !== "event") return { kind: "done" };
    const place = { stream: SAFETY_STREAM, tip };
    const cause = { actor, correlationId: SAFETY_STREAM };
    const { encoded, recorded } = ports.sealer.seal(place, decision.event, cause);
    const batch = {
      stream: SAFETY_STREAM,
      expected: tip?.revision ?? ("no-stream" as const),
      events: [encoded],
    };
    const outcome = await ports.recorder.record(batch, neverGivesUp);
    switch (outcome.kind) {
      case "stored":
        apply(recorded);
        ports.onStored(outcome.position);
        onChange();
        return { kind: "done" };
      case "unavailable":
        return refused("STORE_UNAVAILABLE", outcome.reason);
      case "conflict":
        fenced = true;
        ports.onFenced();
        return { kind: "fenced" };
    }
  };

  return {
    state: () => state,
    known: (by, requestId) => commands.get(commandKey(by, requestId)),
    run: (decide, how) => {
      if (waiting >= MAX_WAITING) {
        const message = `${MAX_WAITING} safety commands wait for the store, the most allowed`;
        return Promise.resolve(refused("STORE_UNAVAILABLE", message));
      }
      waiting += 1;
      const result = queue.then(() => perform(decide, how));
      queue = result
        .catch(() => undefined)
        .then(() => {
          waiting -= 1;
        });
      return result;
    },
  };
}

/** A request id has no blanks. */
const commandKey = (by: Principal, requestId: RequestId): string => `${requestId} ${by}`;

function remember(commands: Map<string, Hash>, { type, data }: SafetyEvent): void {
  if (type === "BreakerOpened") return;
  const { by, requestId, fingerprint } = data;
  if (requestId === undefined || fingerprint === undefined) return;
  commands.set(commandKey(by, requestId), fingerprint);
  const [oldest] = commands.keys();
  if (commands.size > MAX_COMMANDS && oldest !== undefined) commands.delete(oldest);
}
