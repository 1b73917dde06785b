/**
 * Cases of the event store contract: an answer is lost on the way, and the same bytes are sent
 * again.
 */
import { expect } from "vitest";
import type { Transport } from "../../adapters/event-store/group-commit.ts";
import { encodedEvents, newStream } from "../support/encoded-events.ts";
import type { Case } from "./event-store-case.ts";

type Fault = "none" | "answer lost" | "batch lost";

/** A way to the log that loses batches or answers while `fault` says so. */
function lossy(): { fault: Fault; wrap: (inner: Transport) => Transport } {
  const state = {
    fault: "none" as Fault,
    wrap: (inner: Transport): Transport => ({
      async send(batch) {
        const { fault } = state;
        if (fault === "batch lost") throw new Error("connection lost");
        const answer = await inner.send(batch);
        if (fault === "answer lost") throw new Error("connection lost");
        return answer;
      },
    }),
  };
  return state;
}

export const unknownCases: readonly Case[] = [
  [
    "a lost answer is unknown, and sending the same bytes again finds them",
    async (make) => {
      const way = lossy();
      const { store } = await make({ transport: way.wrap });
      const stream = newStream();
      const events = encodedEvents(stream, 0, 3);
      way.fault = "answer lost";
      const result = await store.append(stream, "no-stream", events);
      expect(result).toEqual({ kind: "unknown", cause: "connection lost" });
      way.fault = "none";
      const again = await store.append(stream, "no-stream", events);
      const position = await store.end();
      expect(again).toEqual({ kind: "already-appended", revision: 2, position });
      expect(await store.readStream(stream, 0, 10)).toHaveLength(3);
    },
  ],
  [
    "a lost batch is unknown, and sending the same bytes again stores them",
    async (make) => {
      const way = lossy();
      const { store } = await make({ transport: way.wrap });
      const stream = newStream();
      const events = encodedEvents(stream, 0, 3);
      way.fault = "batch lost";
      expect((await store.append(stream, "no-stream", events)).kind).toBe("unknown");
      expect(await store.readStream(stream, 0, 10)).toEqual([]);
      way.fault = "none";
      const again = await store.append(stream, "no-stream", events);
      expect(again).toMatchObject({ kind: "appended", revision: 2 });
    },
  ],
  [
    "after a lost answer other bytes at the same place conflict",
    async (make) => {
      const way = lossy();
      const { store } = await make({ transport: way.wrap });
      const stream = newStream();
      way.fault = "answer lost";
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 1));
      way.fault = "none";
      const decidedAnew = encodedEvents(stream, 0, 1, "another signature");
      const result = await store.append(stream, "no-stream", decidedAnew);
      expect(result).toEqual({ kind: "conflict", actual: 0 });
    },
  ],
  [
    "what was stored reaches subscribers although its answer was lost",
    async (make) => {
      const way = lossy();
      const { store } = await make({ transport: way.wrap });
      const messages = store.subscribe("start", new AbortController().signal);
      const iterator = messages[Symbol.asyncIterator]();
      await iterator.next();
      const next = iterator.next();
      const stream = newStream();
      way.fault = "answer lost";
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 1));
      expect((await next).value).toMatchObject({ kind: "events", events: [{ stream }] });
    },
  ],
];
