/**
 * The floor: what no engine on this store and this gRPC library can be faster than. A grpc-js
 * server that answers one fixed result, after it has stored the bytes of a real order's events with
 * the engine's own group commit, in one append; for a live order after it has also made the
 * exchanges of one, with an append where the order needs one.
 */
import { randomUUID } from "node:crypto";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { z } from "zod";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { openSqliteReader } from "../../adapters/event-store/sqlite-reader.ts";
import type { EncodedEvent, EventStore, ExpectedRevision } from "../../domain/ports/event-store.ts";
import type { EventId, Hash, StreamName } from "../../domain/primitives/ids.ts";
import {
  TradeExecutionServiceService,
  type TradeRequest,
  TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { answerParent } from "./answer-parent.ts";
import { createFloorRun, floorStepsSchema } from "./live/live-floor.ts";
import { usageOfThisProcess } from "./usage.ts";

const startSchema = z.object({
  /** Path of the floor's own log. */
  log: z.string(),
  /** The order whose bytes are stored: a log and a stream in it. */
  sample: z.object({ log: z.string(), stream: z.string() }),
  /** Its TradeResult, base64. */
  answer: z.string(),
  /** Of a live order. */
  steps: floorStepsSchema.default([]),
});

const server = new Server();
let store: EventStore | undefined;

async function start(argument: unknown): Promise<{ grpc: string; log: string }> {
  const { log, sample, answer, steps } = startSchema.parse(argument);
  const events = await readEvents(sample);
  const result = TradeResult.decode(Buffer.from(answer, "base64"));
  const opened = await openSqliteEventStore({ file: log });
  store = opened;
  const run = steps.length === 0 ? undefined : createFloorRun(steps, events);
  const { executeTrade } = TradeExecutionServiceService;
  server.addService(
    { executeTrade },
    {
      executeTrade: (
        { request }: { request: TradeRequest },
        callback: (error: Error | null, result?: TradeResult) => void,
      ) => {
        const stream = `order-${randomUUID()}` as StreamName;
        let expected: ExpectedRevision = "no-stream";
        const store = async (some: readonly EncodedEvent[]): Promise<void> => {
          const appended = await opened.append(stream, expected, some);
          if (appended.kind !== "appended") throw new Error(`the append was ${appended.kind}`);
          expected = appended.revision;
        };
        (run ? run(store) : store(events)).then(
          () => callback(null, { ...result, requestId: request.requestId }),
          callback,
        );
      },
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  return { grpc: `127.0.0.1:${await promise}`, log };
}

async function readEvents(sample: { log: string; stream: string }): Promise<EncodedEvent[]> {
  const reader = openSqliteReader(sample.log);
  try {
    const stored = await reader.readStream(sample.stream as StreamName, 0, 100);
    return stored.map(({ type, data, metadata }) => ({
      ...{ type, data, metadata },
      // Neither is stored.
      eventId: "" as EventId,
      hash: "" as Hash,
    }));
  } finally {
    await reader.close();
  }
}

answerParent({
  start,
  usage: usageOfThisProcess,
  stop: async () => {
    server.forceShutdown();
    await store?.close();
  },
});
