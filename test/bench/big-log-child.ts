/** One maker of a large log, in a process of its own: several of them share one file. */
import { z } from "zod";
import { createSystemClock, createSystemTimers } from "../../adapters/clock/system.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { openLog } from "../../domain/application/log/open-log.ts";
import { createRecorder } from "../../domain/application/log/recorder.ts";
import type { LogId } from "../../domain/primitives/ids.ts";
import { codec } from "../support/given.ts";
import { answerParent } from "./answer-parent.ts";
import { type BulkStore, openBulkStore } from "./bulk-store.ts";
import { createOrderMaker, type OrderMaker } from "./stored-orders.ts";

const beginSchema = z.object({ file: z.string(), logId: z.string() });
const makeSchema = beginSchema.extend({ maker: z.int().min(0), orders: z.int().min(0) });

let bulk: BulkStore | undefined;
let maker: OrderMaker | undefined;

/** Begins the log as an engine does. */
async function begin(argument: unknown): Promise<void> {
  const { file, logId } = beginSchema.parse(argument);
  const store = await openSqliteEventStore({ file });
  const recorder = createRecorder(store, createSystemTimers());
  const start = { newLogId: logId as LogId, engineVersion: "bench" };
  // Before the first stored order, or the log's clock would stand above all of them.
  const clock = { ...createSystemClock(), nowUs: () => LONG_AGO_US };
  await openLog({ store, codec, clock, recorder }, start);
  await store.close();
}

const LONG_AGO_US = Date.now() * 1_000 - 31 * 86_400 * 1_000_000;

answerParent({
  begin,
  open: async (argument) => {
    const { file, logId, ...rest } = makeSchema.parse(argument);
    bulk = openBulkStore(file);
    maker = await createOrderMaker({ store: bulk.store, logId: logId as LogId, ...rest });
  },
  finished: (argument) => maker?.finished(z.int().parse(argument)),
  openOrders: (argument) => maker?.open(z.int().parse(argument)),
  flush: () => bulk?.flush(),
  close: () => bulk?.close(),
});
