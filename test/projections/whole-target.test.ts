/** A target that is filled again is not whole before it has everything, and is never read as if it were. */
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

/** Lets a processor go on batch by batch. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

describe("a target", () => {
  it("is whole when all is in it that was in the log at the start", async () => {
    const { addEvent, start } = newWorld();
    for (let i = 0; i < 9; i++) await addEvent();
    const { processor } = recordingProcessor();
    const { passed, open } = gate();
    const one = start({
      processor: {
        ...processor,
        apply: async (batch) => {
          if (batch.some(({ position }) => position > 4n)) await passed;
          await processor.apply(batch);
        },
      },
    });
    await expect.poll(() => one.status().position).toBe(4n);
    expect(await one.waitFor(undefined, 0)).toBe(false);
    expect(await one.waitFor(3n, 0)).toBe(false);
    const waits = one.waitFor(undefined, 1_000);
    open();
    expect(await waits).toBe(true);
    await caughtUp(one);
    expect(await one.waitFor(10n, 0)).toBe(true);
    expect(await one.waitFor(11n, 0)).toBe(false);
  });

  it("is whole at once where the log is empty", async () => {
    const { start } = newWorld();
    const one = start({ processor: recordingProcessor().processor });
    await expect.poll(() => one.waitFor(undefined, 0)).toBe(true);
  });

  it("that goes on from a checkpoint stays whole when a batch fails", async () => {
    const { addEvent, start, timers } = newWorld();
    await addEvent();
    const { processor, failNext } = recordingProcessor();
    const one = start({ processor, limits: { checkpointEvents: 1 } });
    await caughtUp(one);
    failNext(1);
    await addEvent();
    await expect.poll(() => one.status().lastError).toBe("the disk is full");
    expect(await one.waitFor(undefined, 0)).toBe(true);
    timers.fire();
    await caughtUp(one);
  });

  it("that was made anew while nothing came is filled again, and is not whole meanwhile", async () => {
    const { writer, store, start, stop, saved, timers } = newWorld();
    for (let i = 0; i < 4; i++) writer.order().finish();
    await writer.appendTo(store);
    let current = newReadModel("target-1");
    const { passed, open } = gate();
    let isSlow = false;
    const healing: ReadModel = {
      ...current,
      write: async (rows) => {
        if (isSlow) await passed;
        await current.write(rows);
      },
    };
    const targetId = () => current.targetId;
    const one = start({ processor: viewsProcessor(healing, store), targetId });
    await caughtUp(one);
    isSlow = true;
    current = newReadModel("target-2");
    one.restart();
    expect(await one.waitFor(undefined, 0)).toBe(false);
    const waits = one.waitFor(undefined, 1_000);
    open();
    expect(await waits).toBe(true);
    await caughtUp(one);
    expect(await allRows(current)).toEqual(await viewsOf(writer.recorded));
    timers.fire();
    await stop();
    expect(saved.get("views")?.targetId).toBe("target-2");
  });

  it("that was made anew behind its back never gets a checkpoint of the old one", async () => {
    const { addEvent, start, saved, timers } = newWorld();
    await addEvent();
    let id = "target-1";
    const { processor, calls } = recordingProcessor();
    const one = start({ processor, targetId: () => id });
    await caughtUp(one);
    id = "target-2";
    timers.fire();
    await expect.poll(() => saved.get("recorder")?.targetId).toBe("target-1");
    calls.splice(0);
    await addEvent();
    await expect.poll(() => one.status().lastError).toBe("the target was made anew");
    timers.fire();
    await caughtUp(one);
    expect(calls.filter((call) => call !== "settle")).toEqual(["restore nothing", "apply 1,2,3"]);
  });
});
