/** Appends to the event store, counted beside the answer and never in its way. */
import { Counter, type Registry } from "prom-client";
import type { AppendResult, EventStore } from "../../domain/ports/event-store.ts";

const OUTCOMES: readonly AppendResult["kind"][] = [
  "appended",
  "already-appended",
  "conflict",
  "unavailable",
  "unknown",
];

/** The same store, with its appends counted. */
export function countAppends(store: EventStore, registry: Registry): EventStore {
  const registers = [registry];
  const appends = new Counter({
    name: "orderstream_store_appends_total",
    help: "Appends to the log by outcome; each is one or more events of one stream.",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of OUTCOMES) appends.inc({ outcome }, 0);
  const events = new Counter({
    name: "orderstream_store_events_total",
    help: "Events that this engine appended to the log.",
    registers,
  });
  return {
    ...store,
    append: (stream, expected, batch) => {
      const answer = store.append(stream, expected, batch);
      void answer.then(({ kind }) => {
        appends.inc({ outcome: kind });
        if (kind === "appended") events.inc(batch.length);
      });
      return answer;
    },
  };
}
