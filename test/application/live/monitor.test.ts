/** How the monitor asks: its pace, its batches, whom it waits for, and when it sends the same bytes again. */
import { describe, expect, it } from "vitest";
import type { NodeCall } from "../../support/fake-chain.ts";
import { attemptNamed, monitorWorld, settled } from "../../support/monitor-world.ts";

const polls = (calls: readonly NodeCall[]): number[] =>
  calls
    .filter(({ method, searchHistory }) => method === "statuses" && !searchHistory)
    .map(({ atMs }) => atMs);
const between = (times: readonly number[], from: number, to: number): number =>
  times.filter((atMs) => atMs >= from && atMs < to).length;
const SUCCESS = { slot: 95, commitment: "confirmed", error: undefined } as const;

describe("polling", () => {
  it("is each 100 ms for 5 s, each 500 ms to 15 s, then each second", async () => {
    const { monitor, nodes, time } = monitorWorld();
    void monitor.follow(attemptNamed("a"));
    await time.advanceMs(25_000);
    for (const { calls } of nodes) {
      const times = polls(calls);
      expect(times[0]).toBe(20);
      expect(between(times, 0, 5_000)).toBe(50);
      expect(between(times, 5_000, 15_000)).toBe(20);
      expect(between(times, 15_000, 25_000)).toBe(10);
      const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
      expect([...new Set(gaps)]).toEqual([100, 500, 1_000]);
    }
  });

  it("asks for all that is due in one call, 256 at a time", async () => {
    const { monitor, nodes, time } = monitorWorld();
    const names = Array.from({ length: 600 }, (_, index) => `s${index}`);
    for (const name of names) void monitor.follow(attemptNamed(name));
    expect(monitor.following()).toBe(600);
    await time.advanceMs(20);
    const [{ calls }] = nodes;
    expect(calls.map(({ signatures }) => signatures.length)).toEqual([256, 256, 88]);
    expect(calls.flatMap(({ signatures }) => signatures)).toEqual(names);
  });

  it("of one hung node delays nobody, and it is asked once until it answers", async () => {
    const { monitor, nodes, time } = monitorWorld();
    const [hung, other] = nodes;
    hung.says.hangs = true;
    const outcome = monitor.follow(attemptNamed("a"));
    await time.advanceMs(1_000);
    expect(hung.calls).toHaveLength(1);
    expect(polls(other.calls)).toHaveLength(10);
    other.says.statuses.set("a", SUCCESS);
    await time.advanceMs(100);
    expect(await settled(outcome)).toMatchObject({ kind: "landed", nodes: [other.name] });
  });

  it("goes on where a node fails", async () => {
    const { monitor, nodes, time } = monitorWorld();
    const [down, other] = nodes;
    down.says.failure = { kind: "failed", class: "rate-limited", message: "429" };
    const outcome = monitor.follow(attemptNamed("a"));
    await time.advanceMs(500);
    expect(polls(down.calls)).toHaveLength(5);
    other.says.statuses.set("a", SUCCESS);
    await time.advanceMs(100);
    expect(await settled(outcome)).toMatchObject({ kind: "landed" });
  });

  it("comes at once where a WebSocket gives a hint", async () => {
    const { monitor, nodes, chain, time, nowMs } = monitorWorld();
    const outcome = monitor.follow(attemptNamed("a"));
    await time.advanceMs(16_100);
    for (const { says } of nodes) says.statuses.set("a", SUCCESS);
    const before = nowMs();
    chain.hints.get("a")?.();
    await time.advanceMs(0);
    expect(polls(nodes[0].calls).at(-1)).toBe(before);
    expect(await settled(outcome)).toMatchObject({ kind: "landed", slot: 95 });
    expect(chain.hints.size).toBe(0);
  });

  it("ends with what is followed, and leaves no timer behind", async () => {
    const { monitor, nodes, chain, time } = monitorWorld();
    const outcome = monitor.follow(attemptNamed("a"));
    void monitor.follow(attemptNamed("b"));
    await time.advanceMs(100);
    monitor.forget("b");
    expect(monitor.following()).toBe(1);
    nodes[1].says.statuses.set("a", SUCCESS);
    await time.advanceMs(100);
    expect(await settled(outcome)).toBeDefined();
    await time.advanceMs(1_000);
    const calls = nodes[0].calls.length;
    await time.advanceMs(5_000);
    expect(nodes[0].calls).toHaveLength(calls);
    expect([monitor.following(), chain.hints.size, time.pending()]).toEqual([0, 0, 0]);
    // Unknown ones are forgotten without a word.
    monitor.forget("c");
  });

  it("asks once for one attempt, however many wait for it", async () => {
    const { monitor, nodes, time } = monitorWorld();
    const both = [monitor.follow(attemptNamed("a")), monitor.follow(attemptNamed("a"))];
    await time.advanceMs(20);
    expect(nodes[0].calls.map(({ signatures }) => signatures)).toEqual([["a"]]);
    nodes[0].says.statuses.set("a", SUCCESS);
    await time.advanceMs(100);
    for (const outcome of both) expect(await settled(outcome)).toMatchObject({ kind: "landed" });
  });
});

describe("re-broadcast", () => {
  it("is of the very same bytes, at its own pace", async () => {
    const { monitor, time, sent } = monitorWorld();
    const attempt = attemptNamed("a");
    void monitor.follow(attempt);
    await time.advanceMs(9_000);
    expect(sent.length).toBe(4);
    for (const { attempt: again } of sent) expect(again.transaction).toBe(attempt.transaction);
    const gaps = sent.map(({ atMs }, index) => atMs - (sent[index - 1]?.atMs ?? 0));
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(2_000);
      expect(gap).toBeLessThanOrEqual(2_500);
    }
  });

  it("never comes after a landing, nor while one is watched", async () => {
    const { monitor, nodes, time, sent } = monitorWorld({ rebroadcastMs: 200 });
    const outcome = monitor.follow(attemptNamed("a"));
    await time.advanceMs(500);
    const before = sent.length;
    expect(before).toBeGreaterThan(0);
    for (const { says } of nodes) says.statuses.set("a", SUCCESS);
    await time.advanceMs(100);
    expect(await settled(outcome)).toMatchObject({ kind: "landed" });
    const finality = monitor.finality(attemptNamed("a"), 95);
    await time.advanceMs(30_000);
    expect(sent).toHaveLength(before);
    expect(await settled(finality)).toBeUndefined();
  });

  it("goes on for bytes that only one node has processed", async () => {
    const { monitor, nodes, time, sent } = monitorWorld({ rebroadcastMs: 200 });
    nodes[0].says.statuses.set("a", { ...SUCCESS, commitment: "processed" });
    const outcome = monitor.follow(attemptNamed("a"));
    await time.advanceMs(1_000);
    expect(sent.length).toBeGreaterThanOrEqual(3);
    expect(await settled(outcome)).toBeUndefined();
  });
});
