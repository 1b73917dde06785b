/** `watch` without an order: what it prints of a running engine's updates, and how it ends. */
import { status as Code } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { createReminder } from "../../adapters/cli/orders/watch-all.ts";
import { runCli } from "../../adapters/cli/program.ts";
import {
  OrderStatus,
  TradeAction,
  TradeHistoryEntry,
  TradeUpdate,
  TradingMode,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Answers, type FakeEngine, info, Refusal, startFakeEngine } from "./fake-engine.ts";
import { run } from "./harness.ts";

const SOL = "So11111111111111111111111111111111111111112";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

let engine: FakeEngine | undefined;
afterEach(() => engine?.stop());

async function serve(updates: Answers["streamTradeUpdates"]): Promise<string> {
  engine = await startFakeEngine({ ...(updates && { streamTradeUpdates: updates }) });
  return engine.address;
}

const update = (eventType: string, trade: Partial<TradeHistoryEntry>): TradeUpdate => ({
  ...TradeUpdate.fromPartial({}),
  eventType,
  time: { seconds: 1_795_267_000n, nanos: 250_000_000 },
  trade: {
    ...TradeHistoryEntry.fromPartial({}),
    requestId: "mine",
    action: TradeAction.TRADE_ACTION_BUY,
    baseMint: SOL,
    quoteMint: USDC,
    status: OrderStatus.ORDER_STATUS_PENDING,
    ...trade,
  },
});

const UPDATES = [
  update("OrderRequested", {}),
  update("OrderFilled", {
    status: OrderStatus.ORDER_STATUS_FILLED,
    amountIn: 227_362_500n,
    amountOut: 1_500_000_000n,
    price: "151.575",
  }),
  update("OrderRejected", {
    status: OrderStatus.ORDER_STATUS_REJECTED,
    action: TradeAction.TRADE_ACTION_SELL,
    error: { reason: "INSUFFICIENT_FUNDS", message: "not \u001b[2Jenough", retryable: false },
  }),
];

const draining = () => {
  throw new Refusal(Code.UNAVAILABLE, "stopping", [info("DRAINING", { recorded: "false" })]);
};

describe("watch without an order", () => {
  it("tells of a live order what happened, also while its last trouble stands", async () => {
    const live = update("AttemptSubmitted", {
      mode: TradingMode.TRADING_MODE_LIVE,
      status: OrderStatus.ORDER_STATUS_CONFIRMING,
      error: { reason: "SUBMISSION_UNKNOWN", message: "no answer", retryable: false },
    });
    const address = await serve(() => [{ ...live, message: "sent attempt 1 to node-2" }]);
    const { out } = await run(["watch", "--grpc", address]);
    expect(out).toContain("CONFIRMING  BUY   USDC -> SOL  mine  sent attempt 1 to node-2\n");
  });

  it("prints a line per update, and says so when the stream ends", async () => {
    const address = await serve(() => UPDATES);
    const { code, out, err } = await run(["watch", "--grpc", address, "--account", "desk"]);
    const time = "2026-11-21T13:16:40.250000Z";
    expect(out.split("\n")).toEqual([
      `${time}  PENDING     BUY   USDC -> SOL  mine  OrderRequested`,
      `${time}  FILLED      BUY   227.3625 USDC -> 1.5 SOL at 151.575  mine  OrderFilled`,
      `${time}  REJECTED    SELL  SOL -> USDC  mine  INSUFFICIENT_FUNDS: not \ufffd[2Jenough`,
      "",
    ]);
    expect([code, err]).toEqual([
      EXIT.unreachable,
      `watching the orders of the engine at ${address}; Ctrl-C ends\n` +
        `orderstream: the engine at ${address} ended the stream\n`,
    ]);
    expect(engine?.requests).toEqual([
      { method: "streamTradeUpdates", request: { account: "desk" } },
    ]);
  });

  it("prints one object a line with --json", async () => {
    const { json } = await run(["watch", "--json", "--grpc", await serve(() => UPDATES)]);
    const [first, filled] = json();
    expect(first).toMatchObject({ eventType: "OrderRequested", trade: { status: "PENDING" } });
    expect(filled).toMatchObject({ trade: { amountIn: "227362500", action: "BUY" } });
  });

  it("ends when nobody reads it any more", async () => {
    let out = "";
    const code = await runCli(["watch", "--grpc", await serve(() => UPDATES)], {
      out: (text) => {
        out += text;
      },
      err: () => undefined,
      flushed: async () => false,
      environment: {},
      isTerminal: false,
    });
    expect([code, out.split("\n").length]).toEqual([EXIT.ok, 2]);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ["colours at a terminal", {}, true],
    ["none with NO_COLOR", { NO_COLOR: "1" }, false],
  ])("shows %s", async (_, environment, isColoured) => {
    let out = "";
    const address = await serve(() => UPDATES);
    await runCli(["watch", "--grpc", address], {
      out: (text) => {
        out += text;
      },
      err: () => undefined,
      flushed: async () => true,
      environment,
      isTerminal: true,
      screen: { columns: () => 80, rows: () => 24 },
    });
    expect(out.includes("\u001b[32mFILLED    \u001b[0m")).toBe(isColoured);
    expect(out.includes("\u001b")).toBe(isColoured);
  });

  it("says that the engine is stopping, that none is there, or what it refused", async () => {
    const stopping = await serve(draining);
    const stopped = await run(["watch", "--grpc", stopping]);
    expect([stopped.code, stopped.err]).toEqual([
      EXIT.unreachable,
      `orderstream: the engine at ${stopping} is stopping\n`,
    ]);
    engine?.stop();
    const none = await run(["watch", "--grpc", stopping]);
    expect([none.code, none.err]).toEqual([
      EXIT.unreachable,
      expect.stringContaining("no engine answers at"),
    ]);
    const refusing = await serve(() => {
      throw new Refusal(Code.RESOURCE_EXHAUSTED, "64 streams are open", [
        info("TOO_MANY_WATCHERS", { recorded: "false" }),
      ]);
    });
    // A refusal is an answer: trying again is for an engine that is away.
    const refused = await run(["watch", "--reconnect", "--grpc", refusing]);
    expect([refused.code, refused.err]).toEqual([
      EXIT.refused,
      expect.stringContaining("TOO_MANY_WATCHERS"),
    ]);
  });

  it("goes on with --reconnect until it is stopped, and that is a good end", async () => {
    let calls = 0;
    const address = await serve(() => {
      calls += 1;
      if (calls > 1) process.emit("SIGINT");
      return calls > 1 ? UPDATES.slice(0, 1) : draining();
    });
    const { code, out, err } = await run(["watch", "--reconnect", "--grpc", address]);
    expect([code, calls]).toEqual([EXIT.ok, 2]);
    expect(err).toMatch(/is stopping; trying again/);
    expect(out.length + err.length).toBeGreaterThan(0);
    expect(process.listeners("SIGTERM")).toEqual([]);
  });

  it("tells the same sentence every ten seconds, and again after the engine was back", () => {
    let nowMs = 0;
    const reminder = createReminder(() => nowMs);
    const told = (sentence: string, atMs: number): boolean => {
      nowMs = atMs;
      return reminder.isDue(sentence);
    };
    expect([told("gone", 0), told("gone", 1_000), told("gone", 9_999)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([told("gone", 10_000), told("gone", 11_000)]).toEqual([true, false]);
    expect([told("stopping", 12_000), told("gone", 13_000)]).toEqual([true, true]);
    reminder.forget();
    expect(told("gone", 14_000)).toBe(true);
  });

  it.each([
    [["watch", "--timeout", "5"], "--timeout is for watching one order"],
    [["watch", "mine", "--account", "desk"], "name no order"],
    [["watch", "mine", "--reconnect"], "name no order"],
  ])("refuses %j", async (args, sentence) => {
    const { code, err } = await run(args);
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining(sentence)]);
  });
});
