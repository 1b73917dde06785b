/** What the engine does when something that must not happen happens: it stops where it is, says so, and loses nothing. */
import { describe, expect, it } from "vitest";
import type { Transport } from "../../adapters/event-store/group-commit.ts";
import { createMemoryEventStore, createMemoryLog } from "../../adapters/event-store/memory.ts";
import type { AccountEvent } from "../../domain/account/events.ts";
import { evolveAccount } from "../../domain/account/state.ts";
import { createLedger } from "../../domain/application/ledger.ts";
import { openLog } from "../../domain/application/log/open-log.ts";
import { createRecorder } from "../../domain/application/log/recorder.ts";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { evolve, type OrderState } from "../../domain/order/state.ts";
import type { QuoteOutcome } from "../../domain/ports/quotes.ts";
import {
  accountStream,
  type Hash,
  type LogId,
  type Mint,
  type RequestId,
  SOL_MINT,
} from "../../domain/primitives/ids.ts";
import {
  ACCOUNT,
  CONFIG,
  createWorld,
  LOCAL,
  quoteFor,
  storyOf,
  submit,
  trade,
  USDC_MINT,
  type World,
  withFunds,
} from "../support/engine-world.ts";
import { codec } from "../support/given.ts";
import { createManualTime, settle } from "../support/manual-time.ts";

/** Refuses the appends whose turn is named. */
const refusing =
  (...turns: number[]) =>
  (inner: Transport): Transport => {
    let turn = 0;
    return {
      send: async (batch) => {
        turn += 1;
        if (!turns.includes(turn)) return inner.send(batch);
        return { results: batch.map(() => ({ kind: "unavailable", reason: "disk full" })) };
      },
    };
  };

const nothingHeld = (world: World): boolean =>
  world.engine.balances(ACCOUNT)?.every(({ reserved }) => reserved === 0n) ?? false;

const broken = {
  slippageModels: new Map([
    [
      "fixed",
      {
        name: "fixed",
        slippage: () => {
          throw new Error("a model with a fault");
        },
      },
    ],
  ]),
};

describe("a broken rule", () => {
  it("ends a request of which nothing is recorded, and frees what it held", async () => {
    const world = await withFunds(await createWorld({ config: broken }));
    const before = world.log.events.length;
    expect(await submit(world, trade("r1"))).toMatchObject({ kind: "unknown" });
    expect(world.faults).toHaveLength(1);
    expect(world.log.events).toHaveLength(before);
    expect(nothingHeld(world)).toBe(true);
    expect(world.engine.status().openOrders).toBe(0);
  });

  it("leaves an accepted order open as it is in the log, for a program that can go on", async () => {
    const world = await withFunds(await createWorld({ config: broken }));
    world.market.warm = false;
    const result = await submit(world, trade("r1"));
    expect(result).toMatchObject({ kind: "order", order: { phase: "validated" } });
    expect(world.faults).toHaveLength(1);
    expect(world.engine.status().openOrders).toBe(1);
    await world.engine.drain(10);
    const mended = await world.restart({ slippageModels: CONFIG.slippageModels });
    expect(await submit(mended, trade("r1"))).toMatchObject({ order: { phase: "filled" } });
  });
});

describe("another writer", () => {
  it("is noticed: nothing more is admitted, and the caller hears what is known", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    const answer = Promise.withResolvers<QuoteOutcome>();
    world.market.script.push(answer.promise);
    const accepted = (await submit(world, trade("r1"), "ACCEPTED")) as { order: OrderState };
    const waiting = submit(world, trade("r1"));
    const { order } = accepted;
    const stream = `order-${order.orderId}` as never;
    const { encoded } = codec.encode(stream, 2, {
      event: { type: "OrderCancelled", data: { by: "somebody else", message: "" } },
      metadata: {
        actor: "somebody else",
        correlationId: order.orderId,
        causationId: order.orderId,
        recordedAtUs: order.updatedAtUs + 1,
        prevHash: order.hash,
      },
    });
    await createMemoryEventStore({ log: world.log }).append(stream, 1, [encoded]);
    answer.resolve({
      kind: "quoted",
      quote: quoteFor({ inputMint: USDC_MINT, outputMint: SOL_MINT, amount: 1_000_000n }, 0),
      cacheHit: false,
      stale: false,
    });
    expect(await waiting).toMatchObject({ kind: "order", order: { phase: "validated" } });
    expect(world.engine.status()).toMatchObject({ accepting: false });
    expect(await submit(world, trade("r2"))).toMatchObject({
      refusal: { reason: "STORE_UNAVAILABLE" },
    });
    const context = { principal: LOCAL, requestId: "d" as RequestId };
    expect(await world.engine.account(ACCOUNT, { type: "Close" }, context)).toMatchObject({
      kind: "refused",
    });
  });
});

describe("a store that refuses", () => {
  const withdraw = { type: "Withdraw", funds: { mint: SOL_MINT, amount: 5n } } as const;
  const context = (requestId: string) => ({ principal: LOCAL, requestId: requestId as RequestId });

  it("frees what a withdrawal held", async () => {
    const world = await withFunds(await createWorld({ store: { transport: refusing(2) } }));
    expect(await world.engine.account(ACCOUNT, withdraw, context("w"))).toMatchObject({
      refusal: { reason: "STORE_UNAVAILABLE" },
    });
    expect(nothingHeld(world)).toBe(true);
    expect(await world.engine.account(ACCOUNT, withdraw, context("w"))).toMatchObject({
      kind: "account",
    });
  });

  it("lets an account go on trading when its closing was refused", async () => {
    const world = await withFunds(await createWorld({ store: { transport: refusing(2) } }));
    await world.engine.account(ACCOUNT, { type: "Close" }, context("c"));
    expect(await submit(world, trade("r1"))).toMatchObject({ order: { phase: "filled" } });
  });

  it("ends a request that has to ask the market, and the market is not asked", async () => {
    const world = await withFunds(await createWorld({ store: { transport: refusing(2) } }));
    world.market.warm = false;
    expect(await submit(world, trade("r1"))).toMatchObject({ kind: "refused" });
    expect(world.market.asked).toEqual([]);
  });

  it("ends a request that waits for its turn, and the turn goes on", async () => {
    const config = { paperSlotsPerAccount: 1 };
    const world = await withFunds(await createWorld({ config, store: { transport: refusing(3) } }));
    world.market.warm = false;
    const answer = Promise.withResolvers<QuoteOutcome>();
    world.market.script.push(answer.promise);
    const first = submit(world, trade("r1"));
    await settle();
    expect(await submit(world, trade("r2"))).toMatchObject({ kind: "refused" });
    const third = submit(world, trade("r3"));
    answer.resolve({ kind: "failed", class: "no-route", message: "", retryAfterMs: undefined });
    expect(await first).toMatchObject({ order: { phase: "failed" } });
    expect(await third).toMatchObject({ order: { phase: "filled" } });
  });

  it("says unknown to an account command when the wait is over", async () => {
    const lost = (inner: Transport): Transport => ({
      send: async (batch) => {
        if (batch.some(({ events }) => events[0]?.type === "FundsWithdrawn")) {
          return { results: batch.map(() => ({ kind: "unknown", cause: "silence" })) };
        }
        return inner.send(batch);
      },
    });
    const world = await withFunds(await createWorld({ store: { transport: lost } }));
    const asked = world.engine.account(ACCOUNT, withdraw, context("w"));
    await world.time.advanceMs(10_000);
    expect(await asked).toMatchObject({ kind: "unknown" });
  });
});

describe("waiting for a turn", () => {
  it("ends with the order's time", async () => {
    const world = await withFunds(await createWorld({ config: { paperSlotsPerAccount: 1 } }));
    world.market.warm = false;
    const answer = Promise.withResolvers<QuoteOutcome>();
    world.market.script.push(answer.promise);
    const first = submit(world, trade("r1"));
    await settle();
    const expiresAtUs = world.time.clock.nowUs() + 50_000;
    const second = submit(world, trade("r2", { expiresAtUs }));
    await world.time.advanceMs(51);
    expect(storyOf(world, await second)).toEqual(["OrderRequested", "OrderExpired"]);
    answer.resolve({ kind: "failed", class: "no-route", message: "", retryAfterMs: undefined });
    await first;
    expect(world.engine.status().queueLength).toBe(0);
  });

  it("rejects what was over on arrival, with the check on record", async () => {
    const world = await withFunds(await createWorld());
    const expiresAtUs = world.time.clock.nowUs() - 1;
    expect(await submit(world, trade("r1", { expiresAtUs }))).toMatchObject({
      order: { phase: "rejected", lastError: { reason: "EXPIRES_IN_THE_PAST" } },
    });
  });
});

describe("prices by route", () => {
  it("are asked for what is spent, also where the amount counts what is received", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    const buy = trade("r1", { isBaseInput: true, amount: 1_000_000_000n, maxPriceImpactBps: 100 });
    expect(await submit(world, buy)).toMatchObject({ order: { phase: "filled" } });
    // 1 SOL at the price that one whole USDC tells (6,666,666 lamports) is 150.000015 USDC and a bit: rounded up.
    expect(world.market.asked.map(({ inputMint, amount }) => [inputMint, amount])).toEqual([
      [USDC_MINT, 1_000_000n],
      [USDC_MINT, 150_000_016n],
    ]);
    world.market.script.push({
      kind: "failed",
      class: "no-route",
      message: "none",
      retryAfterMs: undefined,
    });
    expect(await submit(world, { ...buy, requestId: "r2" as RequestId })).toMatchObject({
      order: { phase: "failed", lastError: { reason: "NO_ROUTE" } },
    });
    world.market.warm = true;
    expect(await submit(world, { ...buy, requestId: "r3" as RequestId })).toMatchObject({
      order: { phase: "filled", quote: { basis: "route", cacheHit: true } },
    });
  });

  it("are asked for at most a token's whole range, whatever a price would have it", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    // A lamport costs 1,000 units of USDC: 10^18 of them would take more units than a token can have.
    const answer = (amount: bigint) => ({
      ...quoteFor({ inputMint: USDC_MINT, outputMint: SOL_MINT, amount }, 0),
      ...{ outAmount: amount / 1_000n, obtainedAtUs: world.time.clock.nowUs() },
    });
    for (const amount of [10n ** 6n, 10n ** 9n]) {
      const quoted = { kind: "quoted", cacheHit: false, stale: false } as const;
      world.market.script.push({ ...quoted, quote: answer(amount) });
    }
    await submit(
      world,
      trade("r1", { isBaseInput: true, amount: 10n ** 18n, maxPriceImpactBps: 9 }),
    );
    expect(world.market.asked.map(({ amount }) => amount)).toEqual([
      ...[10n ** 6n, 10n ** 9n, 2n ** 64n - 1n],
    ]);
  });

  it("are never those of another pair", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    const other = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN" as Mint;
    const quote = quoteFor({ inputMint: other, outputMint: SOL_MINT, amount: 10n ** 9n }, 0);
    world.market.script.push({ kind: "quoted", quote, cacheHit: false, stale: false });
    const waiting = submit(world, trade("r1"));
    await world.time.advanceMs(100);
    expect(storyOf(world, await waiting)).toContain("QuoteFailed");
  });
});

describe("accounts", () => {
  const context = { principal: LOCAL, requestId: "o" as RequestId };
  const unknown = "7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs" as Mint;

  it.each([
    ["a mint that is not configured", [{ mint: unknown, amount: 1n }], "FUNDS_MINT_NOT_SUPPORTED"],
    [
      "a mint twice",
      [
        { mint: SOL_MINT, amount: 1n },
        { mint: SOL_MINT, amount: 2n },
      ],
      "INVALID_REQUEST",
    ],
  ])("are not opened with %s", async (_, initialFunds, reason) => {
    const world = await createWorld();
    const opened = await world.engine.account(ACCOUNT, { type: "Open", initialFunds }, context);
    expect(opened).toMatchObject({ refusal: { reason } });
    expect(world.log.events).toEqual([]);
  });

  it("fold only what can follow", () => {
    const data = { requestId: "r" as RequestId, fingerprint: "" as Hash };
    const stream = accountStream(ACCOUNT);
    const recorded = (event: AccountEvent) =>
      ({ stream, revision: 0, event, hash: "" }) as RecordedEvent<AccountEvent>;
    const opened = recorded({
      type: "AccountOpened",
      data: { ...data, account: ACCOUNT, owner: LOCAL, initialFunds: [] },
    });
    const state = evolveAccount(undefined, opened);
    expect(() => evolveAccount(state, opened)).toThrow(/opened twice/);
    const closed = recorded({ type: "AccountClosed", data });
    expect(() => evolveAccount(undefined, closed)).toThrow(/begins with AccountClosed/);
    expect(evolveAccount(state, closed).open).toBe(false);
  });
});

describe("a log that cannot be opened", () => {
  it.each([
    ["unavailable", { kind: "unavailable", reason: "disk full" }, /cannot be written: disk full/],
    ["conflict", { kind: "conflict", actual: 3 }, /another engine started/],
  ] as const)("says why: %s", async (_, answer, sentence) => {
    const { clock, timers } = createManualTime();
    const transport = (): Transport => ({
      send: async (batch) => ({ results: batch.map(() => answer) }),
    });
    const store = createMemoryEventStore({ log: createMemoryLog(), transport });
    const recorder = createRecorder(store, timers);
    const start = { newLogId: "fresh" as LogId, engineVersion: "1" };
    await expect(openLog({ store, codec, clock, recorder }, start)).rejects.toThrow(sentence);
  });
});

describe("long and broken streams", () => {
  it("are read over as many pages as they have", async () => {
    const world = await withFunds(await createWorld());
    const deposit = { type: "Deposit", funds: { mint: SOL_MINT, amount: 1n } } as const;
    const context = (i: number) => ({ principal: LOCAL, requestId: `d${i}` as RequestId });
    for (let i = 0; i < 300; i++) await world.engine.account(ACCOUNT, deposit, context(i));
    const before = world.log.events.length;
    for (const i of [0, 255, 256, 299]) await world.engine.account(ACCOUNT, deposit, context(i));
    expect(world.log.events).toHaveLength(before);
  });

  it("are left by a watcher that goes away in the middle of what happened", async () => {
    const world = await withFunds(await createWorld());
    const { order } = (await submit(world, trade("r1"))) as { order: OrderState };
    const abort = new AbortController();
    const seen: number[] = [];
    for await (const { recorded } of world.engine.watch(order.orderId, -1, abort.signal)) {
      seen.push(recorded.revision);
      if (recorded.revision === 2) abort.abort();
    }
    expect(seen).toEqual([0, 1, 2]);
    for await (const _ of world.engine.watch(order.orderId, -1, abort.signal)) seen.push(-1);
    expect(seen).toEqual([0, 1, 2]);
  });

  it("are not folded: an event follows the one that it names, in an account that exists", async () => {
    const world = await withFunds(await createWorld());
    const result = await submit(world, trade("r1"));
    if (result.kind !== "order") throw new Error("not accepted");
    const stream = world.log.streams.get(`order-${result.order.orderId}` as never) ?? [];
    const [first, second] = stream.map((stored) => codec.decode(stored));
    if (!first || !second) throw new Error("no events");
    const asOrder = (recorded: RecordedEvent) => recorded as RecordedEvent<OrderEvent>;
    const begun = evolve(undefined, asOrder(first));
    const metadata = { ...second.metadata, prevHash: "0".repeat(64) as Hash };
    expect(() => evolve(begun, asOrder({ ...second, metadata }))).toThrow(/follows another event/);
    expect(() => createLedger().apply(first, begun)).toThrow(/does not exist/);
  });
});

describe("a market that hangs", () => {
  const hanging = async (): Promise<World> => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    world.market.script.push(new Promise<QuoteOutcome>(() => {}));
    return world;
  };

  it("holds up no cancel", async () => {
    const world = await hanging();
    const accepted = (await submit(world, trade("r1"), "ACCEPTED")) as { order: OrderState };
    await settle();
    const context = { principal: LOCAL, message: "" };
    const result = await world.engine.cancel(accepted.order.orderId, context);
    expect(result).toMatchObject({
      kind: "cancelled",
      order: { attempt: 0, lastError: { message: "cancelled by local" } },
    });
  });

  it("holds up no expiry", async () => {
    const world = await hanging();
    const expiresAtUs = world.time.clock.nowUs() + 50_000;
    const waiting = submit(world, trade("r1", { expiresAtUs }));
    await world.time.advanceMs(51);
    expect(await waiting).toMatchObject({ order: { phase: "expired" } });
  });
});
