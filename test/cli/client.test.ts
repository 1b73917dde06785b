/** The commands that talk to an engine, against a small real gRPC server. */
import { status as Code } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { timestampOf } from "../../adapters/cli/output.ts";
import {
  CancelOutcome,
  Order,
  OrderStatus,
  TradeAction,
  type TradeRequest,
  TradeResult,
  TradingMode,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import {
  type Answers,
  badRequest,
  type FakeEngine,
  info,
  Refusal,
  resultPart,
  retryIn,
  startFakeEngine,
} from "./fake-engine.ts";
import { run } from "./harness.ts";

const SOL = "So11111111111111111111111111111111111111112";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const JUP = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN";
const ORDER_ID = "7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e";

let engine: FakeEngine | undefined;
afterEach(() => engine?.stop());

async function against(answers: Answers, args: readonly string[]) {
  engine = await startFakeEngine(answers);
  const ran = await run([...args, "--grpc", engine.address]);
  return { ...ran, requests: engine.requests };
}

const resultOf = (request: TradeRequest, changes: Partial<TradeResult> = {}): TradeResult =>
  TradeResult.create({
    orderId: ORDER_ID,
    requestId: request.requestId,
    status: OrderStatus.ORDER_STATUS_FILLED,
    mode: request.mode,
    account: request.account,
    action: request.action,
    baseMint: request.baseMint,
    quoteMint: request.quoteMint,
    amountIn: 226_228_712n,
    amountOut: 1_500_000_000n,
    price: "150.819141333333333",
    slippageVsQuotedBps: "50.00",
    fees: { baseFeeLamports: 5_000n, priorityFeeLamports: 2_500n },
    balances: [{ mint: SOL, available: 101_499_992_500n, total: 101_499_992_500n }],
    ...changes,
  });

describe("trade", () => {
  it.each<[string, Partial<TradeRequest>]>([
    [
      "buy 1.5 SOL --for USDC",
      { action: TradeAction.TRADE_ACTION_BUY, amount: 1_500_000_000n, isBaseInput: true },
    ],
    [
      "buy sol --with 200 usdc",
      { action: TradeAction.TRADE_ACTION_BUY, amount: 200_000_000n, isBaseInput: undefined },
    ],
    [
      "sell 1.5 SOL --for USDC --max-slippage 0.5%",
      {
        action: TradeAction.TRADE_ACTION_SELL,
        amount: 1_500_000_000n,
        isBaseInput: undefined,
        slippageToleranceBps: 50,
      },
    ],
    [
      "swap 1.5 SOL --to USDC --expected-price 150.25 --wait accepted --account desk",
      {
        action: TradeAction.TRADE_ACTION_SWAP,
        amount: 1_500_000_000n,
        expectedPrice: "150.25",
        waitFor: WaitFor.WAIT_FOR_ACCEPTED,
        account: "desk",
      },
    ],
  ])("%s asks for exactly that", async (line, wanted) => {
    const answers: Answers = { executeTrade: (request) => resultOf(request) };
    const { code, requests } = await against(answers, ["trade", ...line.split(" ")]);
    expect(code).toBe(EXIT.ok);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.request).toMatchObject({
      mode: TradingMode.TRADING_MODE_PAPER,
      account: "paper",
      waitFor: WaitFor.WAIT_FOR_FINALIZED,
      baseMint: SOL,
      quoteMint: USDC,
      ...wanted,
    });
  });

  it("tells a fill in whole tokens", async () => {
    const { out } = await against({ executeTrade: (request) => resultOf(request) }, [
      ..."trade buy 1.5 SOL --for USDC --request-id r-1".split(" "),
    ]);
    expect(out).toContain(
      "FILLED: bought 1.5 SOL for 226.228712 USDC at 150.819141333333333 USDC per SOL",
    );
    expect(out).toContain("0.0000075 SOL (base 0.000005 SOL, priority 0.0000025 SOL)");
    expect(out).toContain("101.4999925 SOL");
    expect(out).toContain("orderstream explain r-1");
  });

  it("prints one JSON object with texts for bigints and names for enums", async () => {
    const ran = await against({ executeTrade: (request) => resultOf(request) }, [
      ..."trade sell 1.5 SOL --for USDC --json".split(" "),
    ]);
    expect(ran.json()).toHaveLength(1);
    expect(ran.json()[0]).toMatchObject({ amountIn: "226228712", status: "FILLED", mode: "PAPER" });
  });

  it("shows a recorded failure as the order that it is, and ends with 1", async () => {
    const lastError = { reason: "INSUFFICIENT_FUNDS", message: "poor", retryable: false };
    const executeTrade = (request: TradeRequest) => {
      const status = OrderStatus.ORDER_STATUS_REJECTED;
      const result = resultOf(request, { status, amountIn: 0n, amountOut: 0n, lastError });
      throw new Refusal(Code.FAILED_PRECONDITION, "poor", [
        info("INSUFFICIENT_FUNDS", { recorded: "true", order_id: ORDER_ID }),
        resultPart(result),
      ]);
    };
    const line = "trade sell 1.5 SOL --for USDC".split(" ");
    const people = await against({ executeTrade }, line);
    expect(people.code).toBe(EXIT.failed);
    expect(people.out).toContain("REJECTED: sell SOL for USDC");
    expect(people.out).toContain("INSUFFICIENT_FUNDS: poor");
    engine?.stop();
    const programs = await against({ executeTrade }, [...line, "--json"]);
    expect(programs.code).toBe(EXIT.failed);
    expect(programs.json()[0]).toMatchObject({
      error: { exitCode: 1, reason: "INSUFFICIENT_FUNDS", result: { status: "REJECTED" } },
    });
  });

  it("ends with 6 when the wait was too short", async () => {
    const { code } = await against(
      { executeTrade: (r) => resultOf(r, { status: OrderStatus.ORDER_STATUS_PENDING }) },
      "trade sell 1.5 SOL --for USDC".split(" "),
    );
    expect(code).toBe(EXIT.unknown);
  });

  it.each([
    ["trade buy 1.5 SOL", "write either"],
    ["trade buy 1.5 SOL --for USDC --with 2 USDC", "write either"],
    ["trade buy SOL --with 200", "write either"],
    ["trade sell 1.5 SOL", "write `trade sell 1.5 SOL --for USDC`"],
    ["trade swap 1.5 SOL --to SOL", "must differ"],
    ["trade sell 1.5 SOLL --for USDC", "did you mean SOL?"],
    ["trade sell 1.5 SOL --for USDC --wait soon", "--wait must be accepted, submitted"],
    ["trade sell 1.5 SOL --for USDC --request-id a/b", "--request-id must be"],
    ["trade sell 1.5 SOL --for USDC --timeout 0", "--timeout must be a whole number from 1"],
    ["trade sell 1.5 SOL --for USDC --expected-price 0", "--expected-price must be"],
  ])("%s sends nothing", async (line, message) => {
    const { code, err, requests } = await against({}, line.split(" "));
    expect(err).toContain(message);
    expect({ code, sent: requests.length }).toEqual({ code: EXIT.usage, sent: 0 });
  });
});

describe("refusals", () => {
  it.each<[string, Refusal, number, string]>([
    [
      "a wrong field",
      new Refusal(Code.INVALID_ARGUMENT, "amount must be greater than 0", [
        badRequest("amount", "must be greater than 0"),
        info("INVALID_REQUEST", { recorded: "false" }),
      ]),
      EXIT.refused,
      "amount must be greater than 0 (INVALID_REQUEST; field amount; nothing was recorded)",
    ],
    [
      "a full engine",
      new Refusal(Code.RESOURCE_EXHAUSTED, "too many", [
        info("TOO_MANY_OPEN_ORDERS", { recorded: "false" }),
        retryIn(1n),
      ]),
      EXIT.refused,
      "too many (TOO_MANY_OPEN_ORDERS; nothing was recorded; try again in 1500 ms)",
    ],
    [
      "a draining engine",
      new Refusal(Code.UNAVAILABLE, "shutting down", [info("DRAINING", { recorded: "false" })]),
      EXIT.refused,
      "shutting down (DRAINING; nothing was recorded)",
    ],
    [
      "no such account",
      new Refusal(Code.NOT_FOUND, "no account", [info("ACCOUNT_NOT_FOUND", { recorded: "false" })]),
      EXIT.notFound,
      "no account (ACCOUNT_NOT_FOUND; nothing was recorded)",
    ],
    [
      "an unknown outcome",
      new Refusal(Code.UNKNOWN, "not known", [
        info("WRITE_OUTCOME_UNKNOWN", { recorded: "unknown", order_id: ORDER_ID }),
      ]),
      EXIT.unknown,
      "--request-id r-1",
    ],
    [
      "a connection that broke",
      new Refusal(Code.UNAVAILABLE, "Connection dropped"),
      EXIT.unknown,
      "the request may be recorded; send it again with the same --request-id",
    ],
    [
      "no details",
      new Refusal(Code.PERMISSION_DENIED, "no"),
      EXIT.refused,
      "no (PERMISSION_DENIED)",
    ],
  ])("%s is a sentence and an exit code", async (_, refusal, wanted, message) => {
    const executeTrade = () => {
      throw refusal;
    };
    const line = "trade sell 1 SOL --for USDC --request-id r-1".split(" ");
    const { code, out, err } = await against({ executeTrade }, line);
    expect({ code, out }).toEqual({ code: wanted, out: "" });
    expect(err).toContain(message);
    expect(err).not.toContain("    at ");
  });

  it("a read whose connection broke off is an engine that does not answer", async () => {
    const rebuildViews = () => {
      throw new Refusal(Code.UNAVAILABLE, "Connection dropped");
    };
    const { code, err } = await against({ rebuildViews }, ["rebuild"]);
    expect(code).toBe(EXIT.unreachable);
    expect(err).toMatch(/the connection to the engine at \S+ broke off \(Connection dropped\)/);
  });

  it("says so when nobody answers, for people and programs", async () => {
    // A port that was free a moment ago.
    const gone = await startFakeEngine({});
    gone.stop();
    const people = await run(["history", "--grpc", gone.address]);
    expect(people.code).toBe(EXIT.unreachable);
    expect(people.err).toContain(`no engine answers at ${gone.address}: start one with`);
    const programs = await run([
      ..."trade sell 1 SOL --for USDC --json --grpc".split(" "),
      gone.address,
    ]);
    expect(programs.code).toBe(EXIT.unreachable);
    expect(programs.json()[0]).toMatchObject({ error: { exitCode: EXIT.unreachable } });
  });
});

describe("watch", () => {
  const step = (status: OrderStatus, revision: bigint, terminal: boolean) => ({
    orderId: ORDER_ID,
    requestId: "r-1",
    status,
    percentComplete: terminal ? 100 : 5,
    message: `step ${revision}\u001b[2J`,
    revision,
    time: timestampOf(1_767_225_600_000_000 + Number(revision)),
    eventType: "x",
    terminal,
    provisional: false,
  });

  it.each<[OrderStatus, number]>([
    [OrderStatus.ORDER_STATUS_FILLED, EXIT.ok],
    [OrderStatus.ORDER_STATUS_EXPIRED, EXIT.failed],
  ])("shows the steps and ends as the order did (%i)", async (status, wanted) => {
    const steps = [step(OrderStatus.ORDER_STATUS_PENDING, 0n, false), step(status, 1n, true)];
    const answers: Answers = { streamExecutionStatus: () => steps };
    const { code, out, requests } = await against(answers, ["watch", "r-1"]);
    expect(code).toBe(wanted);
    expect(out.split("\n")[0]).toBe("2026-01-01T00:00:00.000000Z    5 %  PENDING     step 0�[2J");
    expect(requests[0]?.request).toMatchObject({ order: { $case: "requestId", value: "r-1" } });
  });

  it("is not an end when the stream breaks off", async () => {
    const steps = [step(OrderStatus.ORDER_STATUS_PENDING, 0n, false)];
    const ran = await against({ streamExecutionStatus: () => steps }, ["watch", "r-1", "--json"]);
    expect(ran.code).toBe(EXIT.unknown);
    expect(ran.json()[0]).toMatchObject({ status: "PENDING", revision: "0" });
  });
});

describe("history", () => {
  it("asks for what was named and shows whole tokens", async () => {
    const entry = {
      ...resultOf({ requestId: "r-9" } as TradeRequest),
      action: TradeAction.TRADE_ACTION_SWAP,
      baseMint: SOL,
      quoteMint: JUP,
      amountIn: 1_500_000_000n,
      amountOut: 447_687_991n,
      feesLamports: 7_500n,
      error: undefined,
      sourceService: "cli",
    };
    const { code, out, requests } = await against(
      { getTradeHistory: () => ({ trades: [entry], nextPageToken: "more", position: "" }) },
      "history --account desk --status filled --limit 5".split(" "),
    );
    expect(code).toBe(EXIT.ok);
    expect(requests[0]?.request).toMatchObject({
      account: "desk",
      status: OrderStatus.ORDER_STATUS_FILLED,
      pageSize: 5,
    });
    expect(out).toMatch(/SWAP +1\.5 SOL +447\.687991 JUP +150\.819141333333333 +r-9/);
    expect(out).toContain("There are older ones");
  });

  it.each(["--status done", "--limit 0", "--limit 1001", "--limit x"])(
    "refuses %s",
    async (line) => {
      const { code, requests } = await against({}, ["history", ...line.split(" ")]);
      expect({ code, sent: requests.length }).toEqual({ code: EXIT.usage, sent: 0 });
    },
  );
});

describe("cancel", () => {
  const CANCELLED = CancelOutcome.CANCEL_OUTCOME_CANCELLED;
  const TOO_LATE = CancelOutcome.CANCEL_OUTCOME_TOO_LATE_PENDING;
  const FINAL = CancelOutcome.CANCEL_OUTCOME_ALREADY_FINAL;

  it.each<[CancelOutcome, OrderStatus, number, string]>([
    [CANCELLED, OrderStatus.ORDER_STATUS_CANCELLED, EXIT.ok, "cancelled\n"],
    [TOO_LATE, OrderStatus.ORDER_STATUS_SUBMITTED, EXIT.unknown, "its end is awaited"],
    [FINAL, OrderStatus.ORDER_STATUS_CANCELLED, EXIT.ok, "it was cancelled before"],
    [FINAL, OrderStatus.ORDER_STATUS_REJECTED, EXIT.ok, "without a fill (REJECTED)"],
    [FINAL, OrderStatus.ORDER_STATUS_FAILED, EXIT.ok, "without a fill (FAILED)"],
    [FINAL, OrderStatus.ORDER_STATUS_EXPIRED, EXIT.ok, "without a fill (EXPIRED)"],
    [FINAL, OrderStatus.ORDER_STATUS_FILLED, EXIT.failed, "not cancelled: it was filled before"],
  ])("outcome %i of an order with status %i ends with code %i", async (...expected) => {
    const [outcome, orderStatus, code, text] = expected;
    const result = TradeResult.create({ orderId: ORDER_ID, status: orderStatus });
    const answers: Answers = {
      getOrder: () => Order.create({ result }),
      cancelTrade: () => ({ outcome, result, position: "p" }),
    };
    const ran = await against(answers, ["cancel", "r-1"]);
    expect(ran.out).toContain(text);
    expect(ran.code).toBe(code);
    engine?.stop();
    const json = await against(answers, ["cancel", "r-1", "--json"]);
    expect(json.code).toBe(code);
    expect(json.json()).toHaveLength(1);
  });

  it("tries a UUID as order id first, then as request id", async () => {
    const { code, requests } = await against(
      {
        getOrder: ({ order }) => {
          if (order?.$case === "orderId") throw new Refusal(Code.NOT_FOUND, "no such order");
          return Order.create({ result: { orderId: ORDER_ID } });
        },
        cancelTrade: () => ({
          outcome: CancelOutcome.CANCEL_OUTCOME_CANCELLED,
          result: undefined,
          position: "",
        }),
      },
      ["cancel", ORDER_ID],
    );
    expect(code).toBe(EXIT.ok);
    expect(requests.at(-1)?.request).toMatchObject({ order: { $case: "requestId" } });
  });
});

describe("accounts", () => {
  const answer = (account: string) => ({
    account,
    balances: [{ mint: SOL, available: 5_000_000_000n, reserved: 0n, total: 5_000_000_000n }],
    position: "",
  });

  it("opens with pairs of funds", async () => {
    const { code, out, requests } = await against(
      { openPaperAccount: ({ account }) => answer(account) },
      "accounts open desk 100 SOL 10000.5 USDC".split(" "),
    );
    expect(code).toBe(EXIT.ok);
    expect(out).toMatch(/SOL +5 +0 +5/);
    expect(requests[0]?.request).toMatchObject({
      account: "desk",
      initialFunds: [
        { mint: SOL, amount: 100_000_000_000n },
        { mint: USDC, amount: 10_000_500_000n },
      ],
    });
  });

  it("deposits with a cost", async () => {
    const { requests } = await against(
      { depositPaperFunds: ({ account }) => answer(account) },
      "accounts deposit desk 5 SOL --cost 750 --request-id d-1".split(" "),
    );
    expect(requests[0]?.request).toMatchObject({
      requestId: "d-1",
      funds: { mint: SOL, amount: 5_000_000_000n, cost: 750_000_000n },
    });
  });

  it("refuses half a pair", async () => {
    const { code, requests } = await against({}, "accounts open desk 100".split(" "));
    expect({ code, sent: requests.length }).toEqual({ code: EXIT.usage, sent: 0 });
  });
});
