/** What becomes of a processor whose target, store or batch fails. */
import { afterEach, describe, expect, it } from "vitest";
import type { ReadModel } from "../../domain/ports/read-model.ts";
import { caughtUp, createProcessorWorld, recordingProcessor } from "../support/processor-world.ts";
import { allRows, newReadModel, viewsOf, viewsProcessor } from "../support/views.ts";

let world: ReturnType<typeof createProcessorWorld> | undefined;
const newWorld = () => {
  world = createProcessorWorld();
  return world;
};
afterEach(async () => {
  await world?.close();
  world = undefined;
});

describe("a failure", () => {
  it("is tried again from the last checkpoint, ever later, and shown meanwhile", async () => {
    const { addEvent, start, timers, lines } = newWorld();
    for (let i = 0; i < 5; i++) await addEvent();
    const { processor, calls, failNext } = recordingProcessor();
    const one = start({ processor, limits: { checkpointEvents: 4, longestPauseMs: 250 } });
    await caughtUp(one);
    expect(calls.splice(0)).toEqual(["restore nothing", "apply 1,2,3,4", "settle", "apply 5,6"]);
    timers.fire();
    await expect.poll(() => calls.splice(0)).toEqual(["settle"]);
    failNext(4);
    await addEvent();
    for (const pauseMs of [100, 200, 250, 250]) {
      await expect.poll(() => timers.delays()).toEqual([pauseMs]);
      expect(one.status()).toMatchObject({ caughtUp: false, lastError: "the disk is full" });
      expect(lines.at(-1)).toBe(`recorder: the disk is full; trying again in ${pauseMs} ms`);
      timers.fire();
    }
    await caughtUp(one);
    expect(calls).toEqual([
      ...["fail", "restore 6", "fail", "restore 6", "fail", "restore 6", "fail", "restore 6"],
      "apply 7",
    ]);
    failNext(1);
    await addEvent();
    await expect.poll(() => timers.delays()).toEqual([100]);
  });

  it("is not over while only events from before it succeed", async () => {
    const { addEvent, start, timers } = newWorld();
    for (let i = 0; i < 5; i++) await addEvent();
    const { processor } = recordingProcessor();
    let broken = true;
    const one = start({
      processor: {
        ...processor,
        apply: async (batch) => {
          if (broken && batch.some(({ position }) => position === 6n)) throw new Error("poison");
          await processor.apply(batch);
        },
      },
    });
    for (const pauseMs of [100, 200, 400]) {
      await expect.poll(() => timers.delays()).toEqual([pauseMs]);
      expect(one.status()).toMatchObject({ lastError: "poison", position: 4n });
      broken = pauseMs < 400;
      timers.fire();
    }
    await caughtUp(one);
  });

  it("leaves no checkpoint of a state whose rows were not written", async () => {
    const { addEvent, start, stop, saved, timers } = newWorld();
    await addEvent();
    const { processor, failNext } = recordingProcessor();
    const one = start({ processor });
    await caughtUp(one);
    failNext(1);
    await addEvent();
    await expect.poll(() => one.status().lastError).toBe("the disk is full");
    await stop();
    expect(saved.size).toBe(0);
    expect(timers.delays()).toEqual([]);
  });

  it("of the store's subscription is tried again too", async () => {
    const { addEvent, start, store, timers } = newWorld();
    await addEvent();
    const one = start({ processor: recordingProcessor().processor });
    await caughtUp(one);
    await store.close();
    await expect.poll(() => one.status().lastError).toContain("ended the subscription");
    expect(timers.delays()).toContain(100);
  });
});

describe("views behind a running processor", () => {
  it("recover from a read model that fails now and then", async () => {
    const { writer, store, start, timers } = newWorld();
    for (let i = 0; i < 6; i++) writer.order({ retries: i % 3 }).finish();
    await writer.appendTo(store);
    const inner = newReadModel();
    let writes = 0;
    const flaky: ReadModel = {
      ...inner,
      write: async (rows) => {
        // One in three fails, one in three is written and nobody hears of it.
        if (++writes % 3 === 1) throw new Error("not written");
        await inner.write(rows);
        if (writes % 3 === 2) throw new Error("written, but the answer was lost");
      },
    };
    const one = start({ processor: viewsProcessor(flaky, store), limits: { checkpointEvents: 1 } });
    await expect
      .poll(
        () => {
          if (one.status().lastError !== undefined) timers.fire();
          return one.status().caughtUp;
        },
        { interval: 1, timeout: 10_000 },
      )
      .toBe(true);
    expect(writes).toBeGreaterThan(10);
    expect(await allRows(inner)).toEqual(await viewsOf(writer.recorded));
  });

  it("are filled again when their target was made anew while they were written", async () => {
    const { writer, store, start, timers, addEvent } = newWorld();
    writer.order().finish();
    await writer.appendTo(store);
    let current = newReadModel("target-1");
    let damaged = false;
    const healing: ReadModel = {
      ...current,
      write: async (rows) => {
        if (damaged) {
          damaged = false;
          current = newReadModel("target-2");
          throw new Error("the file was damaged");
        }
        await current.write(rows);
      },
    };
    const processor = viewsProcessor(healing, store);
    const targetId = () => current.targetId;
    const one = start({ processor, targetId, limits: { checkpointEvents: 1 } });
    await caughtUp(one);
    damaged = true;
    writer.order().finish();
    await addEvent();
    await expect.poll(() => one.status().lastError).toBe("the file was damaged");
    timers.fire();
    await caughtUp(one);
    expect(current.targetId).toBe("target-2");
    expect(await allRows(current)).toEqual(await viewsOf(writer.recorded));
  });
});
