/** Failures that are tried again: ever longer pauses, and pauses that end when nobody waits any more. */
import { describe, expect, it } from "vitest";
import { createTrouble, pause } from "../../domain/application/processors/trouble.ts";
import { createManualTime, settle } from "../support/manual-time.ts";

const LIMITS = { firstPauseMs: 100, longestPauseMs: 350 };

describe("trouble", () => {
  it("doubles its pauses up to the longest, says what it is, and forgets both when all is well", () => {
    const trouble = createTrouble(LIMITS);
    expect(trouble.message()).toBeUndefined();
    const pauses = ["a", "b", "c", "d"].map((what) => trouble.met(new Error(what), 5n).pauseMs);
    expect(pauses).toEqual([100, 200, 350, 350]);
    expect(trouble.message()).toBe("d");
    trouble.over(6n, false);
    expect(trouble.message()).toBeUndefined();
    // What is thrown need not be an error.
    expect(trouble.met("a text", undefined)).toEqual({ message: "a text", pauseMs: 100 });
  });

  it("is over only beyond the furthest place where it failed, or at the end of the log", () => {
    const trouble = createTrouble(LIMITS);
    trouble.met(new Error("first"), 9n);
    trouble.met(new Error("again"), 4n);
    trouble.over(9n, false);
    trouble.over(undefined, false);
    expect(trouble.message()).toBe("again");
    trouble.over(3n, true);
    expect(trouble.message()).toBeUndefined();
  });
});

describe("a pause", () => {
  const paused = async (signal: AbortSignal) => {
    const time = createManualTime();
    const ended: string[] = [];
    void pause(time.timers, 100, signal).then(() => ended.push("ended"));
    await settle();
    return { time, ended };
  };

  it("lasts its time", async () => {
    const { time, ended } = await paused(new AbortController().signal);
    await time.advanceMs(99);
    expect(ended).toEqual([]);
    await time.advanceMs(1);
    expect(ended).toEqual(["ended"]);
    expect(time.pending()).toBe(0);
  });

  it("ends with the signal, and does not begin after it; no timer is left", async () => {
    const stop = new AbortController();
    const { time, ended } = await paused(stop.signal);
    stop.abort();
    await settle();
    expect([ended, time.pending()]).toEqual([["ended"], 0]);
    const late = await paused(stop.signal);
    expect([late.ended, late.time.pending()]).toEqual([["ended"], 0]);
  });
});
