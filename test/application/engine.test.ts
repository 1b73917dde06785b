import { describe, expect, it } from "vitest";
import type { Transport } from "../../adapters/event-store/group-commit.ts";
import type { OrderState } from "../../domain/order/state.ts";
import type { QuoteOutcome } from "../../domain/ports/quotes.ts";
import { type RequestId, SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  ACCOUNT,
  createWorld,
  LOCAL,
  storyOf,
  submit,
  trade,
  USDC_MINT,
  withFunds,
} from "../support/engine-world.ts";
import { settle } from "../support/manual-time.ts";

const FILLED = [
  "OrderRequested",
  "OrderValidated",
  "QuoteObtained",
  "FundsReserved",
  "PaperExecutionSimulated",
  "OrderFilled",
];
const down: QuoteOutcome = {
  kind: "failed",
  class: "unreachable",
  message: "connection refused",
  retryAfterMs: undefined,
};

/** A store whose next answers are taken from a list: "lost" commits and does not tell, "refuse" does neither. */
function shaky(script: ("ok" | "lost" | "refuse")[]): (inner: Transport) => Transport {
  return (inner) => ({
    send: async (batch) => {
      const next = script.shift() ?? "ok";
      if (next === "ok") return inner.send(batch);
      const cause = "the answer was lost";
      if (next === "lost") {
        await inner.send(batch);
        return { results: batch.map(() => ({ kind: "unknown", cause })) };
      }
      return { results: batch.map(() => ({ kind: "unavailable", reason: "disk full" })) };
    },
  });
}

/** Recorded times run a few microseconds ahead of a clock that stands still: a delay of 100 ms is over within 101. */
const PAST_DELAY = 101;

describe("engine", () => {
  it("fills a paper order in one append when its price is at hand", async () => {
    const world = await withFunds(await createWorld());
    const before = world.log.events.length;
    const result = await submit(world, trade("r1"));
    expect(storyOf(world, result)).toEqual(FILLED);
    expect(world.log.events.length - before).toBe(6);
    expect(result).toMatchObject({ kind: "order", order: { phase: "filled", revision: 5 } });
    // 150 USDC at 150 x 1.005: 0.995024776 SOL (the reference quote rounds 1 USDC to 6,666,666 lamports); 7,500 lamports of fees.
    expect(world.engine.balances(ACCOUNT)).toEqual([
      { mint: USDC_MINT, available: 9_850_000_000n, reserved: 0n },
      { mint: SOL_MINT, available: 100_995_017_276n, reserved: 0n },
    ]);
    expect(world.market.asked).toEqual([]);
    expect(world.time.pending()).toBe(0);
  });

  it("stores the request before it asks the market", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    const answer = Promise.withResolvers<QuoteOutcome>();
    world.market.script.push(answer.promise);
    const accepted = await submit(world, trade("r1"), "ACCEPTED");
    expect(storyOf(world, accepted)).toEqual(["OrderRequested", "OrderValidated"]);
    answer.resolve(down);
    await world.time.advanceMs(100);
    expect(storyOf(world, await submit(world, trade("r1")))).toContain("OrderFilled");
  });

  it("answers one order to many equal requests, and refuses another body", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    const results = await Promise.all([
      ...Array.from({ length: 20 }, () => submit(world, trade("r1"))),
      submit(world, trade("r1", { amount: 1n })),
    ]);
    const other = results.pop();
    expect(new Set(results.map((result) => JSON.stringify(result)))).toHaveLength(1);
    expect(other).toMatchObject({ kind: "refused", refusal: { reason: "REQUEST_ID_REUSED" } });
    expect(world.market.asked).toHaveLength(1);
    const restarted = await world.restart();
    expect(await submit(restarted, trade("r1"))).toEqual(results[0]);
    expect(await submit(restarted, trade("r1", { amount: 1n }))).toMatchObject({ kind: "refused" });
  });

  it("judges a repeated request by the first order, whoever is under way", async () => {
    const world = await withFunds(await createWorld());
    const first = await submit(world, trade("r1"));
    const [wrong, right] = await Promise.all([
      submit(world, trade("r1", { amount: 7n })),
      submit(world, trade("r1")),
    ]);
    expect(wrong).toMatchObject({ kind: "refused", refusal: { reason: "REQUEST_ID_REUSED" } });
    expect(right).toEqual(first);
    expect(world.engine.balances(ACCOUNT)?.every(({ reserved }) => reserved === 0n)).toBe(true);
  });

  it("does not judge an order too expensive for what a repeated request holds meanwhile", async () => {
    const world = await withFunds(await createWorld());
    const spend = (requestId: string, amount: bigint) => trade(requestId, { amount });
    const first = await submit(world, spend("r1", 4_000_000_000n));
    await settle();
    // 6,000 USDC are left: enough for r2 alone, not for r2 and a second r1.
    const [again, ...others] = await Promise.all([
      submit(world, spend("r1", 4_000_000_000n)),
      submit(world, spend("r2", 5_000_000_000n)),
      submit(world, spend("r3", 5_000_000_000n)),
    ]);
    expect(again).toEqual(first);
    const ends = others.map((result) => (result as { order: OrderState }).order.phase);
    expect(ends.toSorted()).toEqual(["filled", "rejected"]);
  });

  it("cancels an order that waits for a doubtful append of another", async () => {
    const script: ("ok" | "lost" | "refuse")[] = [];
    const world = await withFunds(await createWorld({ store: { transport: shaky(script) } }));
    script.push("lost", "ok");
    const doubtful = submit(world, trade("r1", { amount: 9_000_000_000n }));
    await settle();
    const accepted = await submit(world, trade("r2", { amount: 9_000_000_000n }), "ACCEPTED");
    const { orderId } = (accepted as { order: OrderState }).order;
    const cancelled = world.engine.cancel(orderId, { principal: LOCAL, message: "" });
    expect(await cancelled).toMatchObject({ kind: "cancelled" });
    await world.time.advanceMs(100);
    expect(await doubtful).toMatchObject({ order: { phase: "filled" } });
  });

  it("retries a market that is away, and says so while it waits", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    world.market.script.push(down, down);
    const accepted = await submit(world, trade("r1"), "ACCEPTED");
    const finished = submit(world, trade("r1"));
    await settle();
    const waiting = await world.engine.get((accepted as { order: OrderState }).order.orderId);
    expect(waiting).toMatchObject({
      phase: "validated",
      attempt: 1,
      lastError: { reason: "QUOTE_UNAVAILABLE" },
      nextRetryAtUs: expect.any(Number),
    });
    await world.time.advanceMs(99);
    expect(world.market.asked).toHaveLength(1);
    await world.time.advanceMs(1);
    expect(world.market.asked).toHaveLength(2);
    await world.time.advanceMs(200);
    expect(await finished).toMatchObject({ kind: "order", order: { phase: "filled", attempt: 3 } });
  });

  it("goes on with a scheduled retry after a restart", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    world.market.script.push(down);
    await submit(world, trade("r1"), "ACCEPTED");
    await settle();
    const restarted = await world.restart();
    expect(restarted.engine.status().openOrders).toBe(1);
    await restarted.time.advanceMs(100);
    const result = await submit(restarted, trade("r1"));
    expect(storyOf(restarted, result).slice(-5)).toEqual([
      "RetryScheduled",
      "QuoteObtained",
      "FundsReserved",
      "PaperExecutionSimulated",
      "OrderFilled",
    ]);
  });

  it("fails when no attempt is left", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    world.market.script.push(down, down, down);
    const finished = submit(world, trade("r1"));
    await world.time.advanceMs(1_000);
    expect(await finished).toMatchObject({
      kind: "order",
      order: { phase: "failed", attempt: 3, lastError: { reason: "QUOTE_UNAVAILABLE" } },
    });
  });

  it("resolves a lost acknowledgement by the same bytes", async () => {
    const world = await createWorld({
      store: { transport: shaky(["ok", "lost", "refuse", "lost", "ok"]) },
    });
    await withFunds(world);
    const finished = submit(world, trade("r1"));
    await world.time.advanceMs(1_000);
    const result = await finished;
    expect(storyOf(world, result)).toEqual(FILLED);
    expect(result).toMatchObject({ kind: "order", order: { phase: "filled" } });
  });

  it("answers UNAVAILABLE only when nothing was recorded, and frees the funds", async () => {
    const script: ("ok" | "lost" | "refuse")[] = ["ok", "refuse"];
    const world = await withFunds(await createWorld({ store: { transport: shaky(script) } }));
    const before = world.log.events.length;
    expect(await submit(world, trade("r1"))).toMatchObject({
      kind: "refused",
      refusal: { reason: "STORE_UNAVAILABLE" },
    });
    expect(world.log.events).toHaveLength(before);
    expect(world.engine.balances(ACCOUNT)?.every(({ reserved }) => reserved === 0n)).toBe(true);
    expect(await submit(world, trade("r1"))).toMatchObject({ order: { phase: "filled" } });
  });

  it("says unknown when the wait is over before the store has answered", async () => {
    const script: ("ok" | "lost" | "refuse")[] = ["ok", ...Array(50).fill("lost")];
    const world = await withFunds(await createWorld({ store: { transport: shaky(script) } }));
    const waiting = submit(world, trade("r1"));
    await world.time.advanceMs(10_000);
    expect(await waiting).toMatchObject({ kind: "unknown" });
    script.length = 0;
    await world.time.advanceMs(10_000);
    expect(await submit(world, trade("r1"))).toMatchObject({ order: { phase: "filled" } });
  });

  it("cancels what waits, and is too late for what is executed", async () => {
    const world = await withFunds(await createWorld({ config: { paperDelayMs: 500 } }));
    world.market.warm = false;
    world.market.script.push(down);
    const cancel = (orderId: OrderState["orderId"]) =>
      world.engine.cancel(orderId, { principal: LOCAL, message: "changed my mind" });
    const first = (await submit(world, trade("r1"), "ACCEPTED")) as { order: OrderState };
    await settle();
    expect(await cancel(first.order.orderId)).toMatchObject({ kind: "cancelled" });
    expect(await cancel(first.order.orderId)).toMatchObject({ kind: "already-final" });
    const second = (await submit(world, trade("r2"), "CONFIRMED")) as { order: OrderState };
    expect(second.order.phase).toBe("executed");
    expect(await cancel(second.order.orderId)).toMatchObject({ kind: "too-late" });
    expect(await cancel(second.order.orderId)).toMatchObject({ kind: "too-late" });
    await world.time.advanceMs(501);
    expect(await submit(world, trade("r2"))).toMatchObject({ order: { phase: "filled" } });
    expect(await cancel("nobody" as never)).toMatchObject({ kind: "refused" });
  });

  it("does not call an order final before its end is in the log", async () => {
    const script: ("ok" | "lost" | "refuse")[] = [];
    const config = { paperDelayMs: 500 };
    const store = { transport: shaky(script) };
    const world = await withFunds(await createWorld({ config, store }));
    const { order } = (await submit(world, trade("r1"), "CONFIRMED")) as { order: OrderState };
    script.push(...Array<"refuse">(40).fill("refuse"));
    await world.time.advanceMs(501);
    const cancelled = world.engine.cancel(order.orderId, { principal: LOCAL, message: "" });
    await world.time.advanceMs(10_000);
    expect(await cancelled).toMatchObject({ kind: "unknown" });
    script.splice(0);
    await world.time.advanceMs(2_000);
    expect(await submit(world, trade("r1"))).toMatchObject({ order: { phase: "filled" } });
  });

  it("expires what is not executed in time, also while it waits", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    world.market.script.push({ ...down, retryAfterMs: 5_000 });
    const expiresAtUs = world.time.clock.nowUs() + 1_000_000;
    const finished = submit(world, trade("r1", { expiresAtUs }));
    await world.time.advanceMs(1_000);
    expect(await finished).toMatchObject({
      order: { phase: "expired", lastError: { reason: "EXPIRED" } },
    });
  });

  it("never reserves the same funds twice", async () => {
    const world = await withFunds(await createWorld({ config: { paperDelayMs: 100 } }));
    const orders = Array.from({ length: 5 }, (_, i) =>
      submit(world, trade(`r${i}`, { amount: 3_000_000_000n })),
    );
    await world.time.advanceMs(PAST_DELAY);
    const phases = (await Promise.all(orders)).map((result) =>
      result.kind === "order" ? result.order.phase : result.kind,
    );
    expect(phases).toEqual(["filled", "filled", "filled", "rejected", "rejected"]);
    const usdc = world.engine.balances(ACCOUNT)?.find(({ mint }) => mint === USDC_MINT);
    expect(usdc).toEqual({ mint: USDC_MINT, available: 1_000_000_000n, reserved: 0n });
  });

  it("runs an account's orders one after the other where slots say so", async () => {
    const world = await withFunds(await createWorld({ config: { paperSlotsPerAccount: 1 } }));
    world.market.warm = false;
    const first = Promise.withResolvers<QuoteOutcome>();
    world.market.script.push(first.promise);
    const orders = ["r1", "r2", "r3"].map((id) => submit(world, trade(id)));
    await settle();
    expect(world.engine.status().queueLength).toBe(2);
    expect(world.market.asked).toHaveLength(1);
    const third = (await submit(world, trade("r3"), "ACCEPTED")) as { order: OrderState };
    const { orderId } = third.order;
    const cancelled = await world.engine.cancel(orderId, { principal: LOCAL, message: "" });
    expect(cancelled).toMatchObject({ kind: "cancelled" });
    first.resolve(down);
    await world.time.advanceMs(100);
    const phases = (await Promise.all(orders)).map((result) =>
      result.kind === "order" ? result.order.phase : result.kind,
    );
    expect(phases).toEqual(["filled", "filled", "cancelled"]);
    expect(world.engine.status().queueLength).toBe(0);
  });

  it("keeps the limits of admission and records nothing beyond them", async () => {
    const limits = { maxOpenOrders: 3, maxOpenPerAccount: 2 };
    const world = await withFunds(await createWorld({ config: { limits, paperDelayMs: 100 } }));
    const accepted = ["r1", "r2"].map((id) => submit(world, trade(id)));
    const before = world.log.events.length;
    expect(await submit(world, trade("r3"))).toMatchObject({
      kind: "refused",
      refusal: { reason: "TOO_MANY_OPEN_ORDERS", retryAfterMs: expect.any(Number) },
    });
    await world.time.advanceMs(PAST_DELAY);
    expect((await Promise.all(accepted)).map(({ kind }) => kind)).toEqual(["order", "order"]);
    expect(world.log.events.length).toBe(before + 12);
    expect(await submit(world, trade("r4", { mode: "LIVE" }))).toMatchObject({
      refusal: { reason: "LIVE_NOT_CONFIGURED" },
    });
    const stranger = { principal: "eve" as never, waitFor: "FINALIZED", waitMs: 1 } as const;
    expect(await world.engine.submit(trade("r5"), stranger)).toMatchObject({
      refusal: { reason: "ACCOUNT_NOT_FOUND" },
    });
  });

  it("drains: nothing new, what is under way is settled", async () => {
    const world = await withFunds(await createWorld({ config: { paperDelayMs: 100 } }));
    const order = submit(world, trade("r1"), "CONFIRMED");
    const drained = world.engine.drain(1_000);
    expect(await order).toMatchObject({ order: { phase: "executed" } });
    await world.time.advanceMs(20);
    await drained;
    expect(await submit(world, trade("r2"))).toMatchObject({ refusal: { reason: "DRAINING" } });
    expect(await submit(world, trade("r1"), "ACCEPTED")).toMatchObject({ kind: "order" });
    expect(world.engine.status()).toMatchObject({ accepting: false, openOrders: 1 });
  });

  it("answers what was, at a revision and at a time", async () => {
    const world = await withFunds(await createWorld());
    const { order } = (await submit(world, trade("r1"))) as { order: OrderState };
    expect(await world.engine.get(order.orderId)).toEqual(order);
    expect(await world.engine.get(order.orderId, { revision: 2 })).toMatchObject({
      phase: "quoted",
    });
    const { requestedAtUs } = order;
    expect(await world.engine.get(order.orderId, { timeUs: requestedAtUs })).toMatchObject({
      phase: "requested",
    });
    expect(await world.engine.get(order.orderId, { timeUs: requestedAtUs - 1 })).toBeUndefined();
  });

  it("shows a watcher every event once, from before its beginning to its end", async () => {
    const world = await withFunds(await createWorld({ config: { paperDelayMs: 100 } }));
    const other = await submit(await withFunds(await createWorld()), trade("r1"));
    const { orderId } = (other as { order: OrderState }).order;
    const abort = new AbortController();
    const seen: number[] = [];
    const watching = (async () => {
      for await (const { recorded } of world.engine.watch(orderId, -1, abort.signal)) {
        seen.push(recorded.revision);
      }
    })();
    await settle();
    const finished = submit(world, trade("r1"));
    await world.time.advanceMs(PAST_DELAY);
    await finished;
    await watching;
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
    const resumed: number[] = [];
    for await (const { recorded } of world.engine.watch(orderId, 3, abort.signal)) {
      resumed.push(recorded.revision);
    }
    expect(resumed).toEqual([4, 5]);
  });
});

describe("accounts", () => {
  const id = (requestId: string) => ({ principal: LOCAL, requestId: requestId as RequestId });
  const sol = (amount: bigint) => ({ mint: SOL_MINT, amount });

  it("obeys each command once", async () => {
    const world = await withFunds(await createWorld());
    const deposit = { type: "Deposit", funds: sol(5n) } as const;
    const results = await Promise.all([
      world.engine.account(ACCOUNT, deposit, id("d1")),
      world.engine.account(ACCOUNT, deposit, id("d1")),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({ kind: "account" });
    }
    expect(world.engine.balances(ACCOUNT)?.[1]?.available).toBe(100_000_000_005n);
    const other = { type: "Deposit", funds: sol(6n) } as const;
    expect(await world.engine.account(ACCOUNT, other, id("d1"))).toMatchObject({
      refusal: { reason: "REQUEST_ID_REUSED" },
    });
    const restarted = await world.restart();
    await restarted.engine.account(ACCOUNT, deposit, id("d1"));
    expect(restarted.engine.balances(ACCOUNT)?.[1]?.available).toBe(100_000_000_005n);
  });

  it("gives out no funds that an order holds", async () => {
    const world = await withFunds(await createWorld({ config: { paperDelayMs: 100 } }));
    const order = submit(world, trade("r1", { amount: 9_000_000_000n }));
    await settle();
    const withdraw = {
      type: "Withdraw",
      funds: { mint: USDC_MINT, amount: 2_000_000_000n },
    } as const;
    expect(await world.engine.account(ACCOUNT, withdraw, id("w1"))).toMatchObject({
      refusal: { reason: "FUNDS_NOT_AVAILABLE" },
    });
    expect(await world.engine.account(ACCOUNT, { type: "Close" }, id("c1"))).toMatchObject({
      refusal: { reason: "ACCOUNT_HAS_OPEN_ORDERS" },
    });
    await world.time.advanceMs(PAST_DELAY);
    await order;
    const less = { type: "Withdraw", funds: { mint: USDC_MINT, amount: 1_000_000_000n } } as const;
    expect(await world.engine.account(ACCOUNT, less, id("w2"))).toMatchObject({ kind: "account" });
    expect(await world.engine.account(ACCOUNT, { type: "Close" }, id("c2"))).toMatchObject({
      kind: "account",
    });
    const late = await submit(world, trade("r2"));
    expect(late).toMatchObject({
      order: { phase: "rejected", lastError: { reason: "ACCOUNT_CLOSED" } },
    });
  });

  it("refuses what it cannot do, and records nothing", async () => {
    const world = await withFunds(await createWorld());
    const before = world.log.events.length;
    const max = 18_446_744_073_709_551_615n;
    const unknown = "7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs";
    const cases: [Parameters<typeof world.engine.account>[1], string][] = [
      [{ type: "Open", initialFunds: [] }, "ACCOUNT_EXISTS"],
      [{ type: "Deposit", funds: sol(max) }, "BALANCE_TOO_LARGE"],
      [{ type: "Withdraw", funds: sol(max) }, "FUNDS_NOT_AVAILABLE"],
      [
        { type: "Deposit", funds: { mint: unknown as never, amount: 1n } },
        "FUNDS_MINT_NOT_SUPPORTED",
      ],
    ];
    for (const [command, reason] of cases) {
      expect(await world.engine.account(ACCOUNT, command, id(reason))).toMatchObject({
        refusal: { reason },
      });
    }
    expect(await world.engine.account("nobody" as never, { type: "Close" }, id("x"))).toMatchObject(
      {
        refusal: { reason: "ACCOUNT_NOT_FOUND" },
      },
    );
    expect(world.log.events).toHaveLength(before);
  });
});
