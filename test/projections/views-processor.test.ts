/**
 * However the log is cut into batches, and wherever the process dies, the views are those of one
 * fold from zero.
 */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import type { ReadModel } from "../../domain/ports/read-model.ts";
import type { AccountId } from "../../domain/primitives/ids.ts";
import { createLogWriter, type LogWriter } from "../support/log-writer.ts";
import { BONK, SOL, USDC } from "../support/order-samples.ts";
import { allRows, newReadModel, viewsOf, viewsProcessor } from "../support/views.ts";
import type { OrderOptions } from "../support/written-order.ts";

const orderOptions: fc.Arbitrary<OrderOptions> = fc.record({
  outcome: fc.constantFrom(
    "filled",
    "filled",
    "rejected",
    "poor",
    "no-route",
    "slippage",
    "cancelled",
    "expired",
  ),
  request: fc.constantFrom(
    { account: "a" },
    { account: "b", action: "SWAP", baseMint: SOL, quoteMint: BONK },
    { account: "b", action: "BUY", baseMint: SOL, quoteMint: USDC, amount: 20_000_000n },
  ),
  retries: fc.integer({ min: 0, max: 2 }),
  delayMs: fc.constantFrom(0, 500),
});

/** Orders of any kind, their steps interleaved; some are still open at the end. */
function writeLog(orders: readonly OrderOptions[], turns: readonly number[]) {
  const writer = createLogWriter();
  for (const account of ["a", "b"]) {
    const sol = { mint: SOL, amount: "100000000000", cost: "15000000000" };
    writer.openAccount(account, [sol, { mint: USDC, amount: "10000000000" }]);
  }
  const written = orders.map((options) => writer.order(options));
  for (const turn of turns) written[turn % Math.max(written.length, 1)]?.step();
  return writer;
}

const turns = fc.array(fc.nat(20), { maxLength: 40 });
/**
 * How many events come next, whether a checkpoint follows, whether the process dies after the rows.
 */
const cut = fc.record({
  events: fc.integer({ min: 1, max: 9 }),
  checkpoint: fc.boolean(),
  crash: fc.boolean(),
});

type Cut = typeof cut extends fc.Arbitrary<infer T> ? T : never;

const EMPTY = { settings: USDC, clockUs: 1, position: "1", openOrders: [], latest: {} };

const seen = { crashes: 0, repeated: 0, openAtCheckpoint: 0 };

/**
 * Processes the whole log; after a crash goes on from the last checkpoint, whose rows may be long
 * behind.
 */
async function processWithCrashes(
  writer: LogWriter,
  cuts: readonly Cut[],
  readModel: ReadModel,
): Promise<void> {
  const store = createMemoryEventStore();
  await writer.appendTo(store);
  let processor = viewsProcessor(readModel, store);
  let saved: { readonly next: number; readonly state?: string } = { next: 0 };
  let next = 0;
  for (let turn = 0; next < writer.recorded.length; turn++) {
    const { events = 1, checkpoint, crash } = cuts[turn % cuts.length] ?? {};
    await processor.apply(writer.recorded.slice(next, next + events));
    next += events;
    if (checkpoint) {
      saved = { next, state: processor.snapshot() };
      seen.openAtCheckpoint += saved.state?.includes('"openOrders":[[') ? 1 : 0;
    }
    // Not for ever: without a checkpoint no crash would come further than the last.
    if (!crash || turn > 40) continue;
    seen.crashes += 1;
    seen.repeated += next - saved.next;
    processor = viewsProcessor(readModel, store);
    expect(await processor.restore(saved.state)).toBe("restored");
    next = saved.next;
  }
  await store.close();
}

describe("views", () => {
  it("are the same after any batches, crashes and restarts as from zero", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(orderOptions, { maxLength: 8 }),
        turns,
        fc.array(cut, { minLength: 1, maxLength: 30 }),
        async (orders, order, cuts) => {
          const writer = writeLog(orders, order);
          const readModel = newReadModel();
          await processWithCrashes(writer, cuts, readModel);
          expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
        },
      ),
      { numRuns: 150 },
    );
  });

  afterAll(() => {
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(50);
  });

  it("know the newest positions of each account from memory, as they are stored", async () => {
    const writer = writeLog(
      [{ outcome: "filled" }, { request: { account: "b" } }],
      [0, 1, 0, 1, 0],
    );
    const readModel = newReadModel();
    const processor = viewsProcessor(readModel);
    await processor.apply(writer.recorded);
    for (const account of ["a", "b", "nobody"] as AccountId[]) {
      expect(processor.newestRows("positions", account)).toEqual(
        await readModel.positions(account),
      );
    }
    expect(processor.newestRows("positions", "b")).not.toEqual([]);
    const { position } = JSON.parse(processor.snapshot());
    expect(position).toBe(String(writer.recorded.at(-1)?.position));
  });

  it("say the same in their snapshot, whether restored or folded", async () => {
    const writer = writeLog([{ outcome: "filled" }, { retries: 2 }], [0, 1]);
    const store = createMemoryEventStore();
    await writer.appendTo(store);
    const folded = viewsProcessor(newReadModel(), store);
    await folded.apply(writer.recorded);
    const restored = viewsProcessor(newReadModel(), store);
    await restored.restore(folded.snapshot());
    expect(restored.snapshot()).toBe(folded.snapshot());
    expect(JSON.parse(folded.snapshot()).openOrders).toHaveLength(1);
    await store.close();
  });

  it.each([
    ["no JSON", "{"],
    ["another form", "{}"],
    ["other settings", JSON.stringify({ ...EMPTY, settings: "another mint" })],
    ["a wrong value", JSON.stringify({ ...EMPTY, latest: { positions: [{}] } })],
  ])("do not use a snapshot of %s", async (_, state) => {
    expect(await viewsProcessor(newReadModel()).restore(state)).toBe("unreadable");
  });

  it("reject when an open order of the snapshot is not in the log", async () => {
    const openOrders = [["7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e", 2]];
    const state = JSON.stringify({ ...EMPTY, openOrders });
    await expect(viewsProcessor(newReadModel()).restore(state)).rejects.toThrow("no revision 2");
  });
});
