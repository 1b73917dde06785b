/** Requests that are wrong: each gets a clear answer, nothing is recorded, and the server lives. */
import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  type HealthCheckResponse,
  type TradeAction,
  TradeExecutionServiceService,
  TradeRequest,
  type TradingMode,
  type Urgency,
  type WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { TradeExecutorService } from "../../proto/generated/trade_executor/trade_executor.ts";
import {
  ask,
  askRaw,
  failure,
  type Harness,
  sellRequest,
  startHarness,
} from "./support/harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

const EXECUTE = TradeExecutionServiceService.executeTrade.path;

async function stillLives(): Promise<void> {
  const health: HealthCheckResponse = await ask(
    harness.client.healthCheck.bind(harness.client),
    {},
  );
  expect(health.serving).toBe(true);
  expect(harness.fake.orders()).toEqual([]);
  expect(harness.fake.submits()).toBe(0);
  expect(harness.logged).toEqual([]);
}

describe("fields of ExecuteTrade", () => {
  const cases: readonly [
    what: string,
    changes: Partial<TradeRequest>,
    fields: readonly string[],
  ][] = [
    ["an empty id", { requestId: "" }, ["request_id"]],
    ["an id with a space", { requestId: "a b" }, ["request_id"]],
    ["an id of 101 characters", { requestId: "x".repeat(101) }, ["request_id"]],
    ["an unspecified mode", { mode: 0 }, ["mode"]],
    ["an unknown mode", { mode: 9 as TradingMode }, ["mode"]],
    ["a negative mode", { mode: -1 as TradingMode }, ["mode"]],
    ["an unspecified action", { action: 0 }, ["action"]],
    ["an unknown action", { action: 77 as TradeAction }, ["action"]],
    ["an unknown urgency", { urgency: 5 as Urgency }, ["urgency"]],
    ["an unknown wait", { waitFor: 9 as WaitFor }, ["wait_for"]],
    ["an empty account", { account: "" }, ["account"]],
    ["a mint that is none", { baseMint: "SOL" }, ["base_mint"]],
    ["the same mint twice", { quoteMint: SOL_MINT }, ["quote_mint"]],
    ["an amount of 0", { amount: 0n }, ["amount"]],
    ["slippage over 100 %", { slippageToleranceBps: 10_001 }, ["slippage_tolerance_bps"]],
    ["price impact over 100 %", { maxPriceImpactBps: 10_001 }, ["max_price_impact_bps"]],
    ["a price that is no number", { expectedPrice: "1e3" }, ["expected_price"]],
    ["a price of 0", { expectedPrice: "0.00" }, ["expected_price"]],
    ["a time before 1970", { expiresAt: { seconds: -1n, nanos: 0 } }, ["expires_at"]],
    ["nanos over a second", { expiresAt: { seconds: 1n, nanos: 1_000_000_000 } }, ["expires_at"]],
    ["a simulated order without a price", { isSimulated: true }, ["expected_price"]],
    ["a control character", { sourceService: "a\u0000b" }, ["source_service"]],
    ["a line separator", { sourceService: "a\u2028b" }, ["source_service"]],
    ["a source of 101 bytes", { sourceService: "é".repeat(51) }, ["source_service"]],
    ["a bad metadata value", { metadata: { note: "a\u0007" } }, ['metadata["note"]']],
    ["a bad metadata key", { metadata: { "a\u0007": "x" } }, ['metadata["a\\u0007"]']],
    [
      "17 metadata entries",
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, "v"])) },
      ["metadata"],
    ],
    [
      "several at once",
      { requestId: "", mode: 9 as TradingMode, amount: 0n },
      ["mode", "request_id", "amount"],
    ],
  ];
  it.each(cases)("names %s", async (_, changes, fields) => {
    const request = sellRequest("bad", changes);
    const error = await failure(ask(harness.client.executeTrade.bind(harness.client), request));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.fields).toEqual(fields);
    expect(error.descriptions.every((text) => text.length > 5)).toBe(true);
    expect(error.info).toMatchObject({
      reason: "INVALID_REQUEST",
      metadata: { recorded: "false" },
    });
    await stillLives();
  });
});

describe("bytes of ExecuteTrade", () => {
  const request = (): BinaryWriter => TradeRequest.encode(sellRequest("bytes", { amount: 0n }));
  /** A length-delimited field with these bytes. */
  const delimited = (number: number, ...bytes: number[]): Uint8Array =>
    request().tag(number, 2).bytes(Uint8Array.from(bytes)).finish();
  /** The request, then these bytes as they are. */
  const with_ = (...bytes: number[]): Uint8Array =>
    Uint8Array.from([...request().finish(), ...bytes]);
  const ones = (count: number): number[] => Array.from({ length: count }, () => 0xff);

  const cases: readonly [what: string, bytes: () => Uint8Array, field: string, says: RegExp][] = [
    ["invalid UTF-8", () => delimited(4, 0x61, 0xff), "source_service", /UTF-8/],
    ["overlong UTF-8", () => delimited(4, 0xc0, 0x80), "source_service", /UTF-8/],
    ["a lone surrogate", () => delimited(4, 0xed, 0xa0, 0x80), "source_service", /UTF-8/],
    ["a lone surrogate as id", () => delimited(1, 0xed, 0xb0, 0x80), "request_id", /UTF-8/],
    ["a varint over u64", () => with_(0x40, ...ones(9), 0x02), "amount", /largest u64/],
    ["a varint without end", () => with_(0x40, ...ones(11)), "amount", /largest u64|ten bytes/],
    ["a varint cut off", () => with_(0x40, 0xff), "amount", /middle of a number/],
    ["over uint32", () => with_(0x50, ...ones(4), 0x1f), "slippage_tolerance_bps", /uint32/],
    ["an enum over 32 bits", () => with_(0x10, ...ones(4), 0x1f), "mode", /32 bits/],
    ["a wrong wire type", () => with_(0x42, 0x01, 0x31), "amount", /wire type/],
    ["a group", () => with_(0x43), "amount", /wire type 3/],
    ["an end of a group", () => with_(0x44), "amount", /wire type 4/],
    ["field number 0", () => with_(0x00), "", /tag/],
    ["a length over the end", () => with_(0x22, 0x7f), "source_service", /longer/],
    ["an unknown field", () => with_(0xb8, 0x01, 0x01), "field 23", /does not know/],
    ["a nested wrong wire type", () => delimited(13, 0x0a, 0x00), "mev.field 1", /wire type/],
    ["a nested number over its end", () => delimited(13, 0x18, 0xff), "mev.field 3", /middle/],
    ["a nested broken tag", () => delimited(19, 0x00), "expires_at", /tag/],
    ["noise", () => Uint8Array.from(ones(40)), "", /ten bytes/],
  ];
  it.each(cases)("names %s", async (_, bytes, field, says) => {
    const error = await failure(askRaw(harness, EXECUTE, bytes()));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.fields).toEqual([field]);
    expect(error.descriptions[0]).toMatch(says);
    await stillLives();
  });

  it("takes what a correct writer writes, at the edges of its types", async () => {
    const edge = sellRequest("bytes", {
      amount: 2n ** 64n - 1n,
      sourceService: "é😀\u{10ffff}",
      mode: 9 as TradingMode,
      slippageToleranceBps: 0,
      expiresAt: { seconds: 253_402_300_799n, nanos: 0 },
    });
    const error = await failure(askRaw(harness, EXECUTE, TradeRequest.encode(edge).finish()));
    expect(error.fields).toEqual(["mode", "expires_at"]);
    await stillLives();
  });

  it("refuses a message over 1 MiB", async () => {
    const huge = sellRequest("huge", { sourceService: "x".repeat(1024 * 1024 + 1) });
    const error = await failure(ask(harness.client.executeTrade.bind(harness.client), huge));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(error.message).toMatch(/1048576/);
    await stillLives();
  });

  it("keeps the answer to a mass of mistakes small", async () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`${"k".repeat(300)}${i}\u0001`, "\u0001".repeat(300)]),
    );
    const error = await failure(
      ask(harness.client.executeTrade.bind(harness.client), sellRequest("mass", { metadata })),
    );
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.fields.length).toBeLessThanOrEqual(12);
    await stillLives();
  });
});

describe("other calls", () => {
  const client = () => harness.client;
  const noMessage = { mint: SOL_MINT, amount: 1n, cost: undefined };
  const cases: readonly [what: string, call: () => Promise<unknown>, fields: readonly string[]][] =
    [
      [
        "GetOrder without an order",
        () =>
          ask(client().getOrder.bind(client()), {
            order: undefined,
            moment: undefined,
            minPosition: "",
          }),
        ["order"],
      ],
      [
        "GetOrder with an id that is none and a revision over 2^53",
        () =>
          ask(client().getOrder.bind(client()), {
            order: { $case: "orderId", value: "nothing" },
            moment: { $case: "atRevision", value: 2n ** 60n },
            minPosition: "",
          }),
        ["order_id", "at_revision"],
      ],
      [
        "CancelTrade with a control character",
        () =>
          ask(client().cancelTrade.bind(client()), {
            order: { $case: "requestId", value: "" },
            reason: "\u0000",
          }),
        ["request_id", "reason"],
      ],
      [
        "OpenPaperAccount with a mint twice",
        () =>
          ask(client().openPaperAccount.bind(client()), {
            requestId: "open-2",
            account: "second",
            initialFunds: [noMessage, noMessage],
          }),
        ["initial_funds[1].mint"],
      ],
      [
        "OpenPaperAccount with an amount of 0",
        () =>
          ask(client().openPaperAccount.bind(client()), {
            requestId: "open-2",
            account: "second",
            initialFunds: [{ ...noMessage, amount: 0n }],
          }),
        ["initial_funds[0].amount"],
      ],
      [
        "OpenPaperAccount with 65 lines",
        () =>
          ask(client().openPaperAccount.bind(client()), {
            requestId: "open-2",
            account: "second",
            initialFunds: Array.from({ length: 65 }, () => noMessage),
          }),
        ["initial_funds"],
      ],
      [
        "DepositPaperFunds without funds and id",
        () =>
          ask(client().depositPaperFunds.bind(client()), {
            requestId: "",
            account: "main",
            funds: undefined,
          }),
        ["request_id", "funds"],
      ],
      [
        "WithdrawPaperFunds of a mint that is none",
        () =>
          ask(client().withdrawPaperFunds.bind(client()), {
            requestId: "w",
            account: "main",
            funds: { ...noMessage, mint: "x" },
          }),
        ["funds.mint"],
      ],
      [
        "ResolveOutcome without evidence",
        () =>
          ask(client().resolveOutcome.bind(client()), {
            orderId: "x",
            requestId: "",
            evidence: [],
          }),
        ["order_id", "request_id", "evidence"],
      ],
      [
        "GetPositions without an account",
        () =>
          ask(client().getPositions.bind(client()), {
            account: "",
            asOf: undefined,
            minPosition: "",
            valueMint: "",
          }),
        ["account"],
      ],
    ];
  it.each(cases)("%s", async (_, call, fields) => {
    const error = await failure(call());
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.fields).toEqual(fields);
    await stillLives();
  });

  it("names fields of the frozen contract by its own names", async () => {
    const error = await failure(
      ask(harness.executor.executeTradeRequest.bind(harness.executor), {
        requestId: "frozen",
        sourceService: "",
        inputToken: SOL_MINT,
        outputToken: SOL_MINT,
        amountLamports: 0n,
        maxSlippageBps: 10_001,
        urgencyLevel: 0,
        expectedPrice: Number.NaN,
      }),
    );
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.fields).toEqual([
      "expected_price",
      "amount_lamports",
      "max_slippage_bps",
      "output_token",
    ]);
    expect(error.message).not.toContain("base_mint");
    await stillLives();
  });

  it("decodes the frozen contract strictly too", async () => {
    const path = TradeExecutorService.executeTradeRequest.path;
    const cut = Uint8Array.from([0x41, 0x00]);
    const error = await failure(askRaw(harness, path, cut));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.fields).toEqual(["expected_price"]);
    await stillLives();
  });
});
