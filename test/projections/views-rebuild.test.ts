/**
 * Views made anew while the processor goes on: the result is that of one fold from zero, nothing of
 * it is seen before, and whatever ends a rebuild early changes nothing.
 */
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import type {
  ProcessorLimits,
  RunningProcessor,
} from "../../domain/application/processors/run-processor.ts";
import {
  createViewsProcessor,
  type ViewProjection,
  type ViewsProcessor,
} from "../../domain/application/processors/views-processor.ts";
import {
  createRebuild,
  type LiveViews,
  type RebuildResult,
} from "../../domain/application/processors/views-rebuild.ts";
import type { Position } from "../../domain/ports/event-store.ts";
import type { ReadModel } from "../../domain/ports/read-model.ts";
import type { AccountId } from "../../domain/primitives/ids.ts";
import { VIEW_TABLES } from "../../projections/registry.ts";
import { codec } from "../support/given.ts";
import { USDC } from "../support/order-samples.ts";
import { caughtUp, createProcessorWorld } from "../support/processor-world.ts";
import { allRows, newReadModel, PROJECTIONS, viewsOf } from "../support/views.ts";

let world: ReturnType<typeof createProcessorWorld> | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const NAMES = VIEW_TABLES.map(({ name }) => name);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const never = () => new AbortController().signal;

type Changes = {
  readonly readModel?: ReadModel;
  readonly projections?: readonly ViewProjection[];
  /** Called between the pages of a rebuild. */
  readonly breathe?: () => Promise<void>;
};

function setUp(changes: Changes = {}) {
  const { readModel = newReadModel(), projections = PROJECTIONS, breathe = turn } = changes;
  const made = createProcessorWorld();
  world = made;
  const processor = createViewsProcessor({
    ...{ store: made.store, codec, projections, settings: USDC, readModel, breathe },
  });
  const start = (limits: Partial<ProcessorLimits> = { checkpointEvents: 5 }): RunningProcessor =>
    made.start({ processor, targetId: () => readModel.targetId, limits });
  const orders = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) made.writer.order({ retries: i % 2 }).finish();
    await made.writer.appendTo(made.store);
  };
  return { ...made, readModel, processor, start, orders };
}

/** Rows that no fold makes: a rebuild takes them away. */
const spoil = async (readModel: ReadModel): Promise<void> => {
  const [row] = await readModel.scan("orders", undefined, 1);
  await readModel.write([
    { table: "orders", values: { ...row, order_id: "zz", status: "SPOILT" } },
  ]);
};

const rebuild = (processor: ViewsProcessor, views: readonly string[] = []) =>
  processor.rebuild(views, { signal: never() });

/** A processor that stands there and does nothing. */
const standingAt = (position: Position): LiveViews => ({
  ...{ inTurn: (job) => job(), stored: () => position },
  ...{ moved: async () => undefined, takeOver: () => undefined },
});

const seen = { moving: 0, some: 0 };

describe("a rebuild", () => {
  it("under live writes ends as one fold from zero, whatever is rebuilt and however they mix", async () => {
    const few = { minLength: 0, maxLength: 12 };
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(NAMES),
        fc.array(fc.integer({ min: 0, max: 3 }), few),
        fc.integer({ min: 0, max: 90 }),
        async (views, bursts, before) => {
          const pending = [...bursts];
          const { readModel, processor, start, orders, writer } = setUp({
            breathe: async () => {
              const burst = pending.shift() ?? 0;
              if (burst > 0) seen.moving += 1;
              await orders(burst);
              if (burst !== 2) await turn();
            },
          });
          await orders(before);
          const one = start();
          await caughtUp(one);
          if (before > 0 && (views.length === 0 || views.includes("orders"))) {
            await spoil(readModel);
            seen.some += 1;
          }
          const result = await rebuild(processor, views);
          expect(result).toMatchObject({ kind: "done", views: views.length > 0 ? views : NAMES });
          await orders(2);
          const end = BigInt(writer.recorded.length);
          await expect.poll(() => one.status().position, { interval: 1 }).toBe(end);
          expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
          expect(processor.newestRows("positions", "main")).toEqual(
            await readModel.positions("main" as AccountId),
          );
          await world?.close();
          world = undefined;
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  afterAll(() => {
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(10);
  });

  it("takes over its remembered rows: the processor goes on from them", async () => {
    let isWrong = true;
    const projections = PROJECTIONS.map(
      (one): ViewProjection => ({
        ...one,
        apply: (input, latest) =>
          one
            .apply(input, latest)
            .map((values) => (isWrong && "trades" in values ? { ...values, trades: 77 } : values)),
      }),
    );
    const { readModel, processor, start, orders, writer } = setUp({ projections });
    await orders(3);
    const one = start();
    await caughtUp(one);
    isWrong = false;
    expect(processor.newestRows("positions", "main")).toMatchObject([{ trades: 77 }, {}]);
    expect((await rebuild(processor, ["positions"])).kind).toBe("done");
    await orders(1);
    await expect.poll(() => one.status().position).toBe(BigInt(writer.recorded.length));
    expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
  });

  it("tells its progress, and never shows a half view", async () => {
    const steps: number[][] = [];
    const { readModel, processor, start, orders, writer } = setUp({
      breathe: async () => {
        const { rows } = await readModel.history({ limit: 1_000 });
        expect([rows.length, rows.filter((row) => row.status === "SPOILT").length]).toEqual([
          121, 1,
        ]);
      },
    });
    await orders(120);
    await caughtUp(start());
    await spoil(readModel);
    const onProgress = (...step: [number, number]) => void steps.push(step);
    const result = await processor.rebuild(["orders"], { signal: never(), onProgress });
    const events = writer.recorded.length;
    expect(result).toEqual({ kind: "done", views: ["orders"], events });
    expect(steps.length).toBeGreaterThan(2);
    expect(steps.at(0)).toEqual([100, events]);
    expect(steps.at(-1)).toEqual([events, events]);
    const { rows } = await readModel.history({ limit: 1_000 });
    expect(rows.map((row) => row.status)).not.toContain("SPOILT");
  });

  it("knows only the views that there are, and runs one at a time", async () => {
    const { processor, start, orders } = setUp();
    await orders(3);
    await caughtUp(start());
    expect(await rebuild(processor, ["orders", "order"])).toEqual({
      ...{ kind: "unknown-views", unknown: ["order"], known: NAMES },
    });
    const first = rebuild(processor);
    expect(await rebuild(processor)).toEqual({ kind: "running" });
    expect((await first).kind).toBe("done");
    expect((await rebuild(processor)).kind).toBe("done");
  });

  it("that is aborted leaves the views as they were, and can be begun again", async () => {
    const aborting = new AbortController();
    let pages = 0;
    const { readModel, processor, start, orders, writer } = setUp({
      breathe: async () => {
        pages += 1;
        if (pages === 2) aborting.abort();
      },
    });
    await orders(120);
    await caughtUp(start());
    await spoil(readModel);
    const before = await allRows(readModel);
    const { signal } = aborting;
    expect(await processor.rebuild([], { signal })).toEqual({ kind: "aborted" });
    expect(pages).toBe(2);
    await expect(readModel.staging.promote()).rejects.toThrow("nothing is staged");
    expect(await allRows(readModel)).toEqual(before);
    expect(await processor.rebuild([], { signal })).toEqual({ kind: "aborted" });
    expect((await rebuild(processor)).kind).toBe("done");
    expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
  });

  it.each(["begin", "write", "promote"] as const)(
    "whose %s fails leaves the views and the processor as they were",
    async (call) => {
      const inner = newReadModel();
      let fails = true;
      const readModel: ReadModel = {
        ...inner,
        staging: {
          ...inner.staging,
          [call]: async (argument: never) => {
            if (fails) throw new Error("the disk is full");
            await inner.staging[call](argument);
          },
        },
      };
      const { processor, start, orders, writer } = setUp({ readModel });
      await orders(4);
      const one = start();
      await caughtUp(one);
      const failed: RebuildResult = { kind: "failed", message: "the disk is full" };
      expect(await rebuild(processor)).toEqual(failed);
      await orders(1);
      await expect.poll(() => one.status().position).toBe(BigInt(writer.recorded.length));
      expect(one.status().lastError).toBeUndefined();
      expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
      fails = false;
      expect((await rebuild(processor)).kind).toBe("done");
      expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
    },
  );

  it("begins once more where the target was made anew under it", async () => {
    const inner = newReadModel();
    const ids = ["target-1"];
    const readModel: ReadModel = {
      ...inner,
      get targetId() {
        return ids.at(-1) ?? "";
      },
      staging: {
        ...inner.staging,
        begin: async (views) => {
          if (ids.push(`target-${ids.length + 1}`) < 3) throw new Error("damaged");
          await inner.staging.begin(views);
        },
      },
    };
    const { processor, start, orders, writer } = setUp({ readModel });
    await orders(4);
    const one = start();
    await caughtUp(one);
    expect((await rebuild(processor)).kind).toBe("done");
    expect(ids).toHaveLength(3);
    expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
  });

  it("of an empty log is done, with empty views", async () => {
    const store = createMemoryEventStore();
    const readModel = newReadModel();
    const run = createRebuild({
      ...{ store, codec, projections: PROJECTIONS, readModel, breathe: turn },
      live: standingAt(0n),
    });
    expect(await run([], { signal: never() })).toEqual({ kind: "done", views: NAMES, events: 0 });
    expect(await readModel.scan("orders", undefined, 1)).toEqual([]);
    await store.close();
  });

  it("fails where the log ends before the processor says that it stands", async () => {
    const { store, readModel, orders, writer } = setUp();
    await orders(1);
    const end = BigInt(writer.recorded.length);
    const run = createRebuild({
      ...{ store, codec, projections: PROJECTIONS, readModel, breathe: turn },
      live: standingAt(end + 5n),
    });
    expect(await run([], { signal: never() })).toEqual({
      kind: "failed",
      message: `the log ends at ${end}, before ${end + 5n}`,
    });
    expect(await readModel.scan("orders", undefined, 1)).toEqual([]);
  });

  it("waits for a processor that has not begun, or that fails and goes back", async () => {
    const inner = newReadModel();
    let fails = false;
    const readModel: ReadModel = {
      ...inner,
      write: async (rows) => {
        if (fails) throw new Error("not now");
        await inner.write(rows);
      },
    };
    const { processor, start, orders, writer, timers } = setUp({ readModel });
    await orders(3);
    const early = rebuild(processor);
    await turn();
    expect(await allRows(readModel)).toMatchObject({ orders: [] });
    const one = start();
    expect((await early).kind).toBe("done");
    fails = true;
    await orders(2);
    await expect.poll(() => one.status().lastError).toBe("not now");
    let isDone = false;
    const late = rebuild(processor).finally(() => {
      isDone = true;
    });
    for (let i = 0; i < 20; i++) await turn();
    expect(isDone).toBe(false);
    fails = false;
    timers.fire();
    expect(await late).toMatchObject({ kind: "done", events: writer.recorded.length });
    expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
  });

  it("never promotes what is ahead of a processor that went back", async () => {
    const inner = newReadModel();
    let fails = false;
    const readModel: ReadModel = {
      ...inner,
      write: async (rows) => {
        if (fails) throw new Error("not now");
        await inner.write(rows);
      },
    };
    let page = 0;
    const { processor, start, orders, writer, timers } = setUp({
      readModel,
      breathe: async () => {
        page += 1;
        if (page === 1) {
          // More than it waits for: the rebuild follows before it asks for its turn.
          await orders(200);
          await expect.poll(() => one.status().position).toBe(BigInt(writer.recorded.length));
          fails = true;
        } else if (one.status().lastError === undefined) {
          await orders(1);
          await expect.poll(() => one.status().lastError).toBe("not now");
        }
      },
    });
    await orders(3);
    const one = start({ checkpointEvents: 1_000_000 });
    await caughtUp(one);
    timers.fire();
    const rebuilt = rebuild(processor);
    await expect.poll(() => page).toBeGreaterThan(6);
    for (let i = 0; i < 20; i++) await turn();
    fails = false;
    timers.fire();
    expect((await rebuilt).kind).toBe("done");
    await expect.poll(() => one.status().position).toBe(BigInt(writer.recorded.length));
    expect(await allRows(readModel)).toEqual(await viewsOf(writer.recorded));
  });
});
