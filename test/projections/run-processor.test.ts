/** A processor's way through the log: checkpoints, restarts, refusals. */
import { afterEach, describe, expect, it } from "vitest";
import { createMemoryCheckpoints } from "../../adapters/checkpoints/memory.ts";
import type { Checkpoints } from "../../domain/ports/checkpoints.ts";
import type { EventId, LogId } from "../../domain/primitives/ids.ts";
import { caughtUp, createProcessorWorld, recordingProcessor } from "../support/processor-world.ts";

let world: ReturnType<typeof createProcessorWorld> | undefined;
const newWorld = () => {
  world = createProcessorWorld();
  return world;
};
afterEach(async () => {
  await world?.close();
  world = undefined;
});

describe("a running processor", () => {
  it("catches up, follows the log, and answers those who wait", async () => {
    const { addEvent, start, writer, store } = newWorld();
    for (let i = 0; i < 9; i++) writer.openAccount(`a-${i}`);
    await writer.appendTo(store);
    const { processor, calls } = recordingProcessor();
    const one = start({ processor });
    expect(one.status()).toMatchObject({ position: undefined, caughtUp: false, lagUs: undefined });
    await caughtUp(one);
    expect(calls).toEqual(["restore nothing", "apply 1,2,3,4", "apply 5,6,7,8", "apply 9,10"]);
    expect(await one.waitFor(10n, 0)).toBe(true);
    const waiting = one.waitFor(11n, 1_000);
    expect(await addEvent()).toBe(11n);
    expect(await waiting).toBe(true);
    expect(one.status().position).toBe(11n);
  });

  it("tells how old its last event is while it is behind", async () => {
    const { addEvent, start, clock, writer } = newWorld();
    await addEvent();
    const { processor } = recordingProcessor();
    let release = (): void => {};
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    let batches = 0;
    const one = start({
      processor: {
        ...processor,
        apply: async (batch) => {
          if (++batches > 1) await blocked;
          await processor.apply(batch);
        },
      },
    });
    await caughtUp(one);
    await addEvent();
    clock.advanceMs(5_000);
    await expect.poll(() => one.status().caughtUp).toBe(false);
    const lastUs = writer.recorded[1]?.metadata.recordedAtUs ?? 0;
    expect(one.status().lagUs).toBe(clock.nowUs() - lastUs);
    release();
    await caughtUp(one);
  });

  it("answers false when time is over and when it stops", async () => {
    const { addEvent, start, stop, timers } = newWorld();
    await addEvent();
    const one = start({ processor: recordingProcessor().processor });
    await caughtUp(one);
    expect(await one.waitFor(3n, 0)).toBe(false);
    const late = one.waitFor(3n, 777);
    expect(timers.delays()).toContain(777);
    timers.fire();
    expect(await late).toBe(false);
    const stopped = one.waitFor(3n, 777);
    await stop();
    expect(await stopped).toBe(false);
    expect(await one.waitFor(3n, 777)).toBe(false);
  });
});

describe("checkpoints of a processor", () => {
  it("come after so many events, settled first, and a restart goes on from there", async () => {
    const { addEvent, start, stop, saved } = newWorld();
    for (let i = 0; i < 5; i++) await addEvent();
    const first = recordingProcessor();
    await caughtUp(start({ processor: first.processor, limits: { checkpointEvents: 3 } }));
    expect(first.calls).toEqual(["restore nothing", "apply 1,2,3,4", "settle", "apply 5,6"]);
    await expect.poll(() => saved.get("recorder")?.position).toBe(4n);
    expect(saved.get("recorder")).toMatchObject({ targetId: "target-1", state: "4", version: 1 });
    await stop();
    expect(saved.get("recorder")).toMatchObject({ position: 6n, state: "6" });
    await addEvent();
    const second = recordingProcessor();
    await caughtUp(start({ processor: second.processor }));
    expect(second.calls).toEqual(["restore 6", "apply 7"]);
  });

  it("come some time after the last event, once", async () => {
    const { addEvent, start, saved, timers } = newWorld();
    await addEvent();
    const { processor, calls } = recordingProcessor();
    await caughtUp(start({ processor, limits: { checkpointMs: 1_000 } }));
    expect(timers.delays()).toEqual([1_000]);
    expect(saved.size).toBe(0);
    timers.fire();
    await expect.poll(() => saved.get("recorder")?.position).toBe(2n);
    expect(timers.delays()).toEqual([]);
    expect(calls.filter((call) => call === "settle")).toHaveLength(1);
  });

  it("come with the next batch when their time is over", async () => {
    const { addEvent, start, saved, clock } = newWorld();
    await addEvent();
    await caughtUp(start({ processor: recordingProcessor().processor }));
    clock.advanceMs(1_000);
    await addEvent();
    await expect.poll(() => saved.get("recorder")?.position).toBe(3n);
  });

  it("are tried again when one cannot be saved; the processor goes on", async () => {
    const { addEvent, start, stop, saved, timers } = newWorld();
    await addEvent();
    const inner = createMemoryCheckpoints(saved);
    let broken = true;
    const checkpoints: Checkpoints = {
      load: inner.load,
      save: (checkpoint) =>
        broken ? Promise.reject(new Error("read-only")) : inner.save(checkpoint),
    };
    const { processor, calls } = recordingProcessor();
    const one = start({ processor, checkpoints });
    await caughtUp(one);
    timers.fire();
    await expect.poll(() => one.status().lastError).toContain("not saved: read-only");
    expect(await addEvent()).toBe(3n);
    await expect.poll(() => one.status().position).toBe(3n);
    expect(calls).toContain("apply 3");
    expect(saved.size).toBe(0);
    broken = false;
    await stop();
    expect(saved.get("recorder")?.position).toBe(3n);
  });
});

describe("a start", () => {
  async function withCheckpoint() {
    const made = newWorld();
    await made.addEvent();
    await caughtUp(made.start({ processor: recordingProcessor().processor }));
    await made.stop();
    const checkpoint = made.saved.get("recorder");
    if (!checkpoint) throw new Error("nothing was saved");
    return { ...made, checkpoint };
  }

  it.each([
    ["another version", { processor: recordingProcessor(2) }],
    ["another target", { processor: recordingProcessor(), targetId: "target-2" }],
  ])("with %s goes from zero", async (_, { processor: { processor, calls }, ...rest }) => {
    const { start } = await withCheckpoint();
    await caughtUp(start({ processor, ...rest }));
    expect(calls).toEqual(["restore nothing", "apply 1,2"]);
  });

  it("with a snapshot that is of no use goes from zero and says so", async () => {
    const { start, saved, checkpoint, lines } = await withCheckpoint();
    saved.set("recorder", { ...checkpoint, state: "unreadable" });
    const { processor, calls } = recordingProcessor();
    await caughtUp(start({ processor }));
    expect(calls).toEqual(["restore unreadable", "restore nothing", "apply 1,2"]);
    expect(lines).toEqual([expect.stringContaining("starting from zero")]);
  });

  it.each([
    ["of another log", { logId: "other" as LogId }, /belongs to log other, this is log 0b51/],
    [
      "whose event is not there",
      { eventId: "other" as EventId },
      /names event other at position 2/,
    ],
    ["beyond the log", { position: 99n }, /at position 99.*exchanged/],
  ])("with a checkpoint %s is refused with a sentence", async (_, changes, sentence) => {
    const { start, saved, checkpoint, lines } = await withCheckpoint();
    saved.set("recorder", { ...checkpoint, ...changes });
    const { processor, calls } = recordingProcessor();
    const one = start({ processor });
    await one.done;
    expect(one.status().refused).toMatch(sentence);
    expect(lines).toEqual([expect.stringMatching(sentence)]);
    expect(await one.waitFor(1n, 1_000)).toBe(false);
    expect(calls).toEqual([]);
    expect(saved.get("recorder")).toEqual({ ...checkpoint, ...changes });
  });
});
