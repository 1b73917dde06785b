/** The brake at work: what is in effect when, through doubts of the store and restarts. */
import { describe, expect, it } from "vitest";
import type { SafetyScope } from "../../domain/safety/state.ts";
import { createWorld, submit, trade, withFunds } from "../support/engine-world.ts";
import { settle } from "../support/manual-time.ts";
import {
  ALL,
  ask,
  askToSign,
  createSafetyWorld,
  DESK,
  from,
  MAIN,
  OF_DESK,
  OF_USDC,
  type SafetyWorld,
  type StoreMood,
} from "../support/safety-world.ts";

const halted = { kind: "refused", refusal: { reason: "TRADING_HALTED" } };
const halt = (world: SafetyWorld, id: string, scope: SafetyScope = ALL) =>
  world.safety.halt({ scope, reason: `reason ${id}` }, from(id));
const resume = (world: SafetyWorld, id: string, scope: SafetyScope = ALL) =>
  world.safety.resume({ scope, reason: `reason ${id}` }, from(id));

describe("a halt", () => {
  it("is in effect at once, in both modes, before it is durable and after a restart", async () => {
    const world = await createSafetyWorld();
    expect(ask(world)).toBeUndefined();
    expect(askToSign(world)).toEqual({ kind: "go", revision: -1 });
    const answer = halt(world, "h1");
    expect(world.story()).toEqual([]);
    expect([ask(world), ask(world, "LIVE")]).toMatchObject([halted, halted]);
    expect(askToSign(world)).toEqual({ kind: "halted", reason: "trading is halted: reason h1" });
    expect(await answer).toMatchObject({
      kind: "done",
      status: { halts: [{ scope: "all", recorded: true }], revision: 0 },
    });
    const next = await world.restart();
    expect(ask(next)).toMatchObject(halted);
    expect(askToSign(next)).toMatchObject({ kind: "halted" });
    expect(next.safety.status()).toEqual(world.safety.status());
  });

  it("of an account or a mint leaves the others alone", async () => {
    const world = await createSafetyWorld();
    await halt(world, "h1", OF_DESK);
    expect(ask(world, "PAPER", DESK)).toMatchObject(halted);
    expect(ask(world, "PAPER", MAIN)).toBeUndefined();
    expect(askToSign(world, "a", DESK)).toMatchObject({ kind: "halted" });
    expect(askToSign(world, "a", MAIN)).toEqual({ kind: "go", revision: 0 });
    await halt(world, "h2", OF_USDC);
    expect(ask(world, "PAPER", MAIN)).toMatchObject(halted);
  });

  it("of what nobody trades is refused: it would brake nothing", async () => {
    const world = await createSafetyWorld();
    const typo = { kind: "account", account: "dsek" as never } as const;
    expect(await halt(world, "h1", typo)).toMatchObject({
      refusal: { reason: "ACCOUNT_NOT_FOUND" },
    });
    const mint = { kind: "mint", mint: "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN" } as const;
    expect(await halt(world, "h1", mint as never)).toMatchObject({
      refusal: { reason: "INVALID_REQUEST" },
    });
    expect([world.story(), ask(world)]).toEqual([[], undefined]);
  });

  it("is one event for each request id, also while it is under way and after a restart", async () => {
    const world = await createSafetyWorld();
    const both = await Promise.all([halt(world, "h1"), halt(world, "h1")]);
    expect(both.map(({ kind }) => kind)).toEqual(["done", "done"]);
    await resume(world, "r1");
    const next = await world.restart();
    for (const again of [world, next]) {
      const answer = halt(again, "h1");
      expect(ask(again), "not for a moment either").toBeUndefined();
      expect(await answer).toMatchObject({ kind: "done", status: { halts: [] } });
      expect(ask(again)).toBeUndefined();
      expect(await halt(again, "h1", OF_DESK)).toMatchObject({
        refusal: { reason: "REQUEST_ID_REUSED" },
      });
      expect(await resume(again, "h1")).toMatchObject({
        refusal: { reason: "REQUEST_ID_REUSED" },
      });
    }
    expect(world.story()).toEqual(["TradingHalted", "TradingResumed"]);
  });

  it("refuses another body under the id of one that is under way", async () => {
    const world = await createSafetyWorld();
    const first = halt(world, "h1", OF_DESK);
    expect(await halt(world, "h1")).toMatchObject({ refusal: { reason: "REQUEST_ID_REUSED" } });
    expect(ask(world, "PAPER", MAIN)).toBeUndefined();
    await first;
  });
});

describe("a store in doubt", () => {
  it.each<StoreMood>(["lost", "written-and-lost", "refusing"])(
    "(%s) does not release the brake, and gets the event in the end",
    async (mood) => {
      const world = await createSafetyWorld();
      world.mood = mood;
      const answer = halt(world, "h1");
      await world.time.advanceMs(10_000);
      expect(await answer).toMatchObject({
        kind: "unknown",
        cause: expect.stringContaining("has stopped trading all the same"),
      });
      expect([ask(world), ask(world, "LIVE")]).toMatchObject([halted, halted]);
      expect(askToSign(world)).toMatchObject({ kind: "halted" });
      expect(world.safety.status()).toMatchObject({ halts: [{ recorded: false }], revision: -1 });
      world.mood = "sound";
      await world.time.advanceMs(2_000);
      expect(world.story()).toEqual(["TradingHalted"]);
      expect(world.safety.status()).toMatchObject({ halts: [{ recorded: true }], revision: 0 });
    },
  );

  it("does not resume before the log says so", async () => {
    const world = await createSafetyWorld();
    await halt(world, "h1");
    world.mood = "written-and-lost";
    const answer = resume(world, "r1");
    await world.time.advanceMs(10_000);
    expect(await answer).toMatchObject({ kind: "unknown" });
    expect(ask(world)).toMatchObject(halted);
    world.mood = "sound";
    await world.time.advanceMs(2_000);
    expect(ask(world)).toBeUndefined();
  });

  it("refuses a resumption that it did not take; the same id may come again", async () => {
    const world = await createSafetyWorld();
    await halt(world, "h1");
    world.mood = "refusing";
    expect(await resume(world, "r1")).toMatchObject({ refusal: { reason: "STORE_UNAVAILABLE" } });
    expect(ask(world)).toMatchObject(halted);
    world.mood = "sound";
    expect(await resume(world, "r1")).toMatchObject({ kind: "done" });
    expect(ask(world)).toBeUndefined();
  });

  it("lets a new halt overtake the resumption of an old one", async () => {
    const world = await createSafetyWorld();
    await halt(world, "h1");
    world.mood = "written-and-lost";
    const lifted = resume(world, "r1");
    await settle();
    const again = halt(world, "h2");
    world.mood = "sound";
    await world.time.advanceMs(2_000);
    expect([await lifted, await again]).toMatchObject([{ kind: "done" }, { kind: "done" }]);
    expect(world.story()).toEqual(["TradingHalted", "TradingResumed", "TradingHalted"]);
    expect(ask(world)).toMatchObject(halted);
  });

  it("that is another engine's ends all commands, and what was halted stays so", async () => {
    const world = await createSafetyWorld();
    world.mood = "foreign";
    expect(await halt(world, "h1")).toMatchObject({ refusal: { reason: "STORE_UNAVAILABLE" } });
    expect(world.fenced()).toBe(1);
    expect(ask(world)).toMatchObject(halted);
    world.mood = "sound";
    expect(await resume(world, "r1")).toMatchObject({ refusal: { reason: "STORE_UNAVAILABLE" } });
    expect([world.story(), ask(world)]).toMatchObject([[], halted]);
  });

  it("takes a bounded number of commands", async () => {
    const world = await createSafetyWorld();
    world.mood = "refusing";
    for (let i = 0; i < 1_000; i++) void halt(world, `h${i}`);
    expect(await halt(world, "one-more")).toMatchObject({
      refusal: { reason: "STORE_UNAVAILABLE", message: expect.stringContaining("1000") },
    });
  });
});

describe("those who wait", () => {
  it("are told of every change until they leave", async () => {
    const world = await createSafetyWorld();
    const seen: string[] = [];
    const leave = world.safety.onChange(() => seen.push(askToSign(world).kind));
    const answer = halt(world, "h1");
    expect(seen).toEqual(["halted"]);
    await answer;
    await resume(world, "r1");
    expect(seen.at(-1)).toBe("go");
    leave();
    const count = seen.length;
    await halt(world, "h2");
    expect(seen).toHaveLength(count);
  });
});

describe("the engine", () => {
  it("takes no new orders while halted, answers repeated ones, and goes on when resumed", async () => {
    const world = await withFunds(await createWorld());
    const first = await submit(world, trade("r1"));
    const { safety } = world.engine;
    await safety.halt({ scope: ALL, reason: "stop" }, from("h1"));
    expect(await submit(world, trade("r2"))).toEqual({
      kind: "refused",
      refusal: { reason: "TRADING_HALTED", message: "trading is halted: stop" },
    });
    expect(await submit(world, trade("r1"))).toEqual(first);
    const next = await world.restart();
    expect(await submit(next, trade("r2"))).toMatchObject(halted);
    expect(next.engine.status().position).toBe(BigInt(next.log.events.length));
    await next.engine.safety.resume({ scope: ALL, reason: "go on" }, from("r1"));
    expect(await submit(next, trade("r2"))).toMatchObject({ order: { phase: "filled" } });
    expect(next.log.streams.get("safety" as never)).toHaveLength(2);
  });

  it("is halted while it drains, too", async () => {
    const world = await createWorld();
    await world.engine.drain(1);
    const answer = await world.engine.safety.halt({ scope: ALL, reason: "stop" }, from("h1"));
    expect(answer).toMatchObject({ kind: "done" });
  });
});
