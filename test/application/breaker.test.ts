/** The circuit breaker at work: what it counts, whom it stops, whom it lets try, and what outlives the process. */
import { describe, expect, it } from "vitest";
import type { LiveOutcome } from "../../domain/safety/breaker.ts";
import { settle } from "../support/manual-time.ts";
import {
  ALL,
  ask,
  askToSign,
  createSafetyWorld,
  from,
  LIMITS,
  orderOf,
  type SafetyWorld,
} from "../support/safety-world.ts";

const report = ({ safety }: SafetyWorld, outcome: LiveOutcome | "not-signed", name = "a"): void =>
  safety.report({ orderId: orderOf(name), outcome });

const state = ({ safety }: SafetyWorld): string => safety.status().breaker.kind;

/** A breaker that two unknown outcomes have opened. */
async function opened(): Promise<SafetyWorld> {
  const world = await createSafetyWorld();
  report(world, "unknown");
  report(world, "unknown");
  await settle();
  return world;
}

async function halfOpen(): Promise<SafetyWorld> {
  const world = await opened();
  await world.time.advanceMs(LIMITS.coolDownMs);
  return world;
}

const wait = (world: SafetyWorld, ms: number) => ({
  kind: "wait",
  untilUs: world.time.clock.nowUs() + ms * 1_000,
});
const open = { kind: "refused", refusal: { reason: "BREAKER_OPEN" } };

describe("a closed breaker", () => {
  it("lets trades through, and counts", async () => {
    const world = await createSafetyWorld();
    report(world, "unknown");
    for (const outcome of ["expired", "infrastructure-error", "landed"] as const) {
      report(world, outcome);
    }
    await settle();
    expect([state(world), ask(world, "LIVE"), world.story()]).toEqual(["closed", undefined, []]);
    expect(askToSign(world)).toEqual({ kind: "go", revision: -1 });
  });

  it("opens at once, before its event is durable", async () => {
    const world = await createSafetyWorld();
    world.mood = "refusing";
    report(world, "unknown");
    report(world, "unknown");
    expect(ask(world, "LIVE")).toMatchObject({
      refusal: { reason: "BREAKER_OPEN", retryAfterMs: 5_000 },
    });
    expect(askToSign(world)).toEqual(wait(world, 5_000));
    expect(world.safety.status()).toMatchObject({ breaker: { kind: "open", count: 2 } });
    world.mood = "sound";
    await world.time.advanceMs(1_000);
    await settle();
    expect(world.story()).toEqual(["BreakerOpened"]);
    expect(state(world)).toBe("open");
  });

  it("opens on errors in a row, expiries among them", async () => {
    const world = await createSafetyWorld();
    for (const outcome of ["expired", "infrastructure-error", "expired"] as const) {
      report(world, outcome);
    }
    await settle();
    expect(world.safety.status().breaker).toMatchObject({ kind: "open", cause: "errors" });
  });
});

describe("an open breaker", () => {
  it("stops live trades, not paper ones", async () => {
    const world = await opened();
    expect(ask(world, "PAPER")).toBeUndefined();
    expect(ask(world, "LIVE")).toMatchObject(open);
    await world.time.advanceMs(3_000);
    expect(ask(world, "LIVE")).toMatchObject({ refusal: { retryAfterMs: 2_000 } });
    expect(askToSign(world)).toEqual(wait(world, 2_000));
  });

  it("counts nothing on top, and is not closed by what was under way", async () => {
    const world = await opened();
    for (let i = 0; i < 10; i++) report(world, "unknown");
    report(world, "landed");
    await settle();
    expect([state(world), world.story()]).toEqual(["open", ["BreakerOpened"]]);
  });

  it("gives way to a halt: an order is ended, not kept waiting", async () => {
    const world = await opened();
    await world.safety.halt({ scope: ALL, reason: "stop" }, from("h1"));
    expect(askToSign(world)).toMatchObject({ kind: "halted" });
    expect(ask(world, "LIVE")).toMatchObject({ refusal: { reason: "TRADING_HALTED" } });
  });

  it("is closed by an operator, on record, and counts from nothing", async () => {
    const world = await opened();
    const command = { scope: { kind: "breaker" }, reason: "node replaced" } as const;
    expect(await world.safety.resume(command, from("r1"))).toMatchObject({
      kind: "done",
      status: { breaker: { kind: "closed" } },
    });
    expect(await world.safety.resume(command, from("r1"))).toMatchObject({ kind: "done" });
    expect(await world.safety.resume(command, from("r2"))).toMatchObject({
      refusal: { reason: "NOT_HALTED" },
    });
    report(world, "unknown");
    expect([state(world), world.story()]).toEqual(["closed", ["BreakerOpened", "BreakerClosed"]]);
  });

  it.each([
    ["the rest of its cool-down", 2_000, 3_000],
    ["no longer than its cool-down, when the clock was set back", -60_000, 5_000],
    ["nothing, when it is over", 60_000, 0],
  ])("waits after a restart %s", async (_, jumpMs, restMs) => {
    const world = await opened();
    world.time.clock.jumpWallMs(jumpMs);
    const next = await world.restart();
    expect(state(next)).toBe(restMs > 0 ? "open" : "half-open");
    expect(askToSign(next)).toEqual(restMs > 0 ? wait(next, restMs) : { kind: "go", revision: 0 });
  });

  it("counts its cool-down by the monotonic clock", async () => {
    const world = await opened();
    world.time.clock.jumpWallMs(3_600_000);
    expect(askToSign(world)).toEqual(wait(world, 5_000));
  });
});

describe("a half-open breaker", () => {
  it("lets one order try, as often as it asks, and keeps the others waiting", async () => {
    const world = await halfOpen();
    expect(state(world)).toBe("half-open");
    expect(askToSign(world, "a")).toEqual({ kind: "go", revision: 0 });
    expect(askToSign(world, "a")).toEqual({ kind: "go", revision: 0 });
    expect(askToSign(world, "b")).toEqual(wait(world, 120_000));
    expect(ask(world, "LIVE")).toMatchObject(open);
  });

  it.each<LiveOutcome>(["landed", "failed-on-chain"])("closes when it %s", async (outcome) => {
    const world = await halfOpen();
    askToSign(world, "a");
    const verdicts: string[] = [];
    world.safety.onChange(() => verdicts.push(askToSign(world, "b").kind));
    report(world, outcome, "b");
    expect(verdicts).toEqual([]);
    report(world, outcome, "a");
    // Not before it is on record.
    expect(askToSign(world, "b")).toEqual({ kind: "wait", untilUs: undefined });
    await settle();
    expect([state(world), verdicts.at(-1)]).toEqual(["closed", "go"]);
    expect(world.story()).toEqual(["BreakerOpened", "BreakerClosed"]);
    expect((await world.restart()).safety.status()).toEqual(world.safety.status());
  });

  it.each<LiveOutcome>(["unknown", "expired", "infrastructure-error"])(
    "opens for another cool-down when the outcome is %s",
    async (outcome) => {
      const world = await halfOpen();
      askToSign(world, "a");
      report(world, outcome, "a");
      await settle();
      expect(askToSign(world, "b")).toEqual(wait(world, 5_000));
      expect(world.story()).toEqual(["BreakerOpened", "BreakerOpened"]);
      await world.time.advanceMs(LIMITS.coolDownMs);
      expect(askToSign(world, "b")).toMatchObject({ kind: "go" });
    },
  );

  it("passes the trial on when its order signs nothing, or says nothing for too long", async () => {
    const world = await halfOpen();
    askToSign(world, "a");
    let told = 0;
    world.safety.onChange(() => {
      told += 1;
    });
    report(world, "not-signed", "a");
    expect([told, askToSign(world, "b").kind]).toEqual([1, "go"]);
    await world.time.advanceMs(119_999);
    expect(askToSign(world, "c").kind).toBe("wait");
    await world.time.advanceMs(1);
    expect(askToSign(world, "c").kind).toBe("go");
    // Who lost the trial does not decide it any more.
    report(world, "landed", "b");
    await settle();
    expect(state(world)).toBe("half-open");
  });

  it("lets in one new order every few seconds, so that there is one that tries", async () => {
    const world = await halfOpen();
    expect(ask(world, "LIVE")).toBeUndefined();
    expect(ask(world, "LIVE")).toMatchObject({ refusal: { retryAfterMs: 5_000 } });
    await world.time.advanceMs(5_000);
    expect(ask(world, "LIVE")).toBeUndefined();
    expect(ask(world, "PAPER")).toBeUndefined();
  });

  it("is closed by the operator, whatever the trial comes to meanwhile", async () => {
    const world = await halfOpen();
    askToSign(world, "a");
    const command = { scope: { kind: "breaker" }, reason: "by hand" } as const;
    const closed = world.safety.resume(command, from("r1"));
    report(world, "unknown", "a");
    expect(await closed).toMatchObject({ kind: "done" });
    await settle();
    expect(state(world)).toBe("closed");
    expect(world.story()).toEqual(["BreakerOpened", "BreakerClosed"]);
    expect((await world.restart()).safety.status()).toEqual(world.safety.status());
  });
});
