/** The beginning of a log, and of each life of the engine in it. */
import type { Codec, RecordedEvent } from "../../codec/codec.ts";
import type { DomainEvent } from "../../codec/registry.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventStore, ExpectedRevision } from "../../ports/event-store.ts";
import { type LogId, SYSTEM_STREAM } from "../../primitives/ids.ts";
import { readEvents } from "../orders/load-order.ts";
import type { Recorder } from "./recorder.ts";
import { createSealer, type Tip, tipOf } from "./sealer.ts";

export type OpenLogPorts = {
  readonly store: EventStore;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly recorder: Recorder;
};

/** The log's id, from its first event. Undefined: the log is empty. Throws when it begins with something else. */
export async function readLogId(ports: {
  readonly store: Pick<EventStore, "readAll">;
  readonly codec: Codec;
}): Promise<LogId | undefined> {
  const [first] = await ports.store.readAll("start", 1);
  if (!first) return undefined;
  const { event } = ports.codec.decode(first);
  if (event.type !== "LogCreated") {
    throw new Error(`the log begins with ${event.type}, not with LogCreated: it is no whole log`);
  }
  return event.data.logId;
}

/** Begins an empty log with `newLogId`, and records that an engine has started. Answers the log's id. */
export async function openLog(
  ports: OpenLogPorts,
  start: { readonly newLogId: LogId; readonly engineVersion: string },
): Promise<LogId> {
  const found = await readLogId(ports);
  const logId = found ?? start.newLogId;
  let tip: Tip;
  let lastUs = 0;
  for await (const recorded of readEvents(ports, SYSTEM_STREAM)) {
    tip = tipOf(recorded as RecordedEvent);
    lastUs = recorded.metadata.recordedAtUs;
  }
  const { codec, clock } = ports;
  const sealer = createSealer({ codec, clock, logId, lastUs });
  const events: DomainEvent[] = [
    { type: "EngineStarted", data: { engineVersion: start.engineVersion } },
  ];
  if (!found) events.unshift({ type: "LogCreated", data: { logId } });
  const expected: ExpectedRevision = tip?.revision ?? "no-stream";
  const encoded = events.map((event) => {
    const place = { stream: SYSTEM_STREAM, tip };
    const sealed = sealer.seal(place, event, { actor: "engine", correlationId: logId });
    tip = tipOf(sealed.recorded);
    return sealed.encoded;
  });
  const batch = { stream: SYSTEM_STREAM, expected, events: encoded };
  const outcome = await ports.recorder.record(batch, false);
  if (outcome.kind === "stored") return logId;
  throw new Error(
    outcome.kind === "conflict"
      ? "another engine started on this log at the same moment"
      : `the log cannot be written: ${outcome.reason}`,
  );
}
