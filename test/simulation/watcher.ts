/** Somebody who follows one order through crashes, from the revision that was seen last, or goes away in the middle. */
import type { WatchedEvent } from "../../domain/application/orders/watch-order.ts";
import { type OrderId, orderStream } from "../../domain/primitives/ids.ts";
import type { Client } from "./client.types.ts";
import { isEnding } from "./money-model.ts";
import type { World } from "./world.ts";

const RECONNECT_US = 50_000;
const PATIENCE_US = 120_000_000;
const SEEN_WITHIN_US = 10_000_000;

export async function followOrder(
  { world, random }: Client,
  { orderId, afterUs }: { readonly orderId: OrderId; readonly afterUs: number },
): Promise<void> {
  const { scheduler, model, coverage } = world;
  await scheduler.sleep(`client watches ${orderId}`, afterUs);
  const patienceUs = random.chance(0.3) ? random.between(0, 200_000) : PATIENCE_US;
  const leaving = new AbortController();
  // What stands in the log some time before the leaving must have been seen by then.
  let due = 0;
  void scheduler.sleep(`client expects ${orderId}`, patienceUs - SEEN_WITHIN_US).then(() => {
    due = patienceUs === PATIENCE_US ? (model.order(orderStream(orderId))?.events.length ?? 0) : 0;
  });
  void scheduler.sleep(`client leaves ${orderId}`, patienceUs).then(() => leaving.abort());
  const early = model.order(orderStream(orderId)) === undefined;
  const reader = createReader(world, orderId, random.chance(0.2) ? 1 : -1);
  let crashed = false;

  while (!leaving.signal.aborted) {
    const engine = world.life()?.engine;
    if (engine) {
      const events = engine.watch(orderId, reader.last(), leaving.signal);
      const before = reader.last();
      const end = await readUntilDeath(world, events, reader.take);
      if (reader.last() > before) {
        if (early) coverage.mark("watch: from before the order exists");
        if (crashed) coverage.mark("watch: taken up again after a crash");
      }
      if (end === "over") return reader.finish(leaving.signal.aborted, due);
    }
    crashed = true;
    await scheduler.sleep(`client reconnects ${orderId}`, RECONNECT_US);
  }
}

/** Until the stream ends or the process dies. */
async function readUntilDeath(
  world: World,
  events: AsyncIterable<WatchedEvent>,
  take: (event: WatchedEvent) => void,
): Promise<"over" | "lost"> {
  const death = world.death();
  const iterator = events[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([iterator.next(), death]).catch((error) => {
      world.report("watch never throws", String(error));
      return "lost" as const;
    });
    if (next === "lost") return "lost";
    if (next.done) return "over";
    take(next.value);
  }
}

type Reader = {
  readonly last: () => number;
  readonly take: (event: WatchedEvent) => void;
  /** The stream has ended, because its reader has left or by itself; `due`: events that must have been seen. */
  readonly finish: (left: boolean, due: number) => void;
};

function createReader({ model, coverage, report }: World, orderId: OrderId, from: number): Reader {
  const stream = orderStream(orderId);
  let last = from;
  return {
    last: () => last,
    take: ({ recorded, order }) => {
      if (recorded.revision !== last + 1) {
        report("watchers see each revision once", `${stream}: ${recorded.revision} after ${last}`);
      }
      last = recorded.revision;
      if (model.order(stream)?.hashes[last] !== recorded.hash || order.revision !== last) {
        report("watchers see what is in the log", `${stream}@${last}`);
      }
    },
    finish: (left, due) => {
      const events = model.order(stream)?.events ?? [];
      if (last < due - 1)
        report("watchers see each revision once", `${stream}: none after ${last}`);
      if (last >= events.length - 1 && isEnding(events.at(-1)?.type ?? "")) return;
      if (left) coverage.mark("watch: left before the end");
      else report("a watch goes to the end", `${stream} ended at ${last} of ${events.length}`);
    },
  };
}
