/** HaltTrading, ResumeTrading and GetSafetyStatus over the wire. */
import { status as Code } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  BreakerState,
  type GetSafetyStatusResponse,
  type HaltTradingRequest,
  type HaltTradingResponse,
  type HealthCheckResponse,
  type ResumeTradingRequest,
  type ResumeTradingResponse,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { ask, failure, type Harness, MAIN, sellRequest, startHarness } from "./support/harness.ts";
import { BONK_MINT } from "./support/world.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const halt = (request: Partial<HaltTradingRequest>): Promise<HaltTradingResponse> =>
  ask(harness.client.haltTrading.bind(harness.client), {
    ...{ requestId: "h1", scope: undefined, reason: "feed is wrong" },
    ...request,
  });
const resume = (request: Partial<ResumeTradingRequest>): Promise<ResumeTradingResponse> =>
  ask(harness.client.resumeTrading.bind(harness.client), {
    ...{ requestId: "r1", scope: undefined, reason: "feed is back" },
    ...request,
  });
const status = (): Promise<GetSafetyStatusResponse> =>
  ask(harness.client.getSafetyStatus.bind(harness.client), {});
const health = (): Promise<HealthCheckResponse> =>
  ask(harness.client.healthCheck.bind(harness.client), {});
const sell = (requestId: string) =>
  ask(harness.client.executeTrade.bind(harness.client), sellRequest(requestId));

const CLOSED = { state: BreakerState.BREAKER_STATE_CLOSED, cause: "", count: 0 };

describe("halting", () => {
  it("refuses new orders with UNAVAILABLE until trading is resumed", async () => {
    expect(await status()).toMatchObject({ safety: { halts: [], breaker: CLOSED } });
    expect((await status()).safety?.revision).toBeUndefined();
    const answer = await halt({});
    expect(answer).toMatchObject({
      safety: {
        halts: [{ reason: "feed is wrong", by: "local", requestId: "h1", recorded: true }],
        revision: 0n,
      },
    });
    expect(answer.safety?.halts[0]?.scope).toBeUndefined();
    expect(answer.position).not.toBe("");
    const refused = await failure(sell("s1"));
    expect(refused).toMatchObject({
      code: Code.UNAVAILABLE,
      message: "trading is halted: feed is wrong",
      info: { reason: "TRADING_HALTED", metadata: { recorded: "false" } },
    });
    expect(refused.retry).toBeDefined();
    expect(await health()).toMatchObject({
      ...{ serving: true, tradingHalted: true, breakerOpen: false },
    });
    expect(await resume({})).toMatchObject({ safety: { halts: [], revision: 1n } });
    expect(await sell("s1")).toMatchObject({ requestId: "s1" });
    expect(await health()).toMatchObject({ tradingHalted: false });
  });

  it("names one account or one mint", async () => {
    const account = { $case: "account", value: MAIN } as const;
    const mint = { $case: "mint", value: SOL_MINT } as const;
    await halt({ requestId: "h1", scope: account });
    const { safety } = await halt({ requestId: "h2", scope: mint });
    expect(safety?.halts.map(({ scope }) => scope)).toEqual([mint, account].reverse());
    await resume({ requestId: "r1", scope: account });
    expect((await failure(sell("s1"))).message).toContain(`mint ${SOL_MINT}`);
    // The halt of everything is another one.
    expect(await failure(resume({ requestId: "r2" }))).toMatchObject({
      code: Code.FAILED_PRECONDITION,
      info: { reason: "NOT_HALTED" },
    });
    await resume({ requestId: "r3", scope: mint });
    expect(await sell("s1")).toMatchObject({ requestId: "s1" });
  });

  it("is idempotent by request id", async () => {
    await halt({});
    expect(await halt({})).toMatchObject({ safety: { revision: 0n } });
    expect(await failure(halt({ reason: "another" }))).toMatchObject({
      code: Code.ALREADY_EXISTS,
      info: { reason: "REQUEST_ID_REUSED" },
    });
  });

  it.each<[string, Partial<HaltTradingRequest>, string, RegExp]>([
    ["no reason", { reason: "" }, "reason", /must say why, in 1 to 300 bytes/],
    ["a blank reason", { reason: "  " }, "reason", /must say why/],
    ["a long reason", { reason: "ł".repeat(151) }, "reason", /longer than 300 bytes/],
    ["control characters", { reason: "a\nb" }, "reason", /control character/],
    ["no request id", { requestId: "" }, "request_id", /1 to 100 characters/],
    ["an empty account", { scope: { $case: "account", value: "" } }, "account", /1 to 64/],
    ["no mint", { scope: { $case: "mint", value: "SOL" } }, "mint", /no base58 address/],
  ])("refuses %s", async (_, request, field, description) => {
    const { code, fields, descriptions } = await failure(halt(request));
    expect([code, fields]).toEqual([Code.INVALID_ARGUMENT, [field]]);
    expect(descriptions[0]).toMatch(description);
    expect((await status()).safety?.halts).toEqual([]);
  });

  it("refuses what nobody trades", async () => {
    const account = halt({ scope: { $case: "account", value: "mian" } });
    expect(await failure(account)).toMatchObject({ code: Code.NOT_FOUND });
    const mint = halt({ scope: { $case: "mint", value: BONK_MINT } });
    expect(await failure(mint)).toMatchObject({ code: Code.INVALID_ARGUMENT });
  });

  it("says when it is in effect and perhaps not recorded", async () => {
    harness.fake.answerNext({ kind: "unknown", cause: "silence" });
    expect(await failure(halt({}))).toMatchObject({
      code: Code.UNKNOWN,
      info: { metadata: { recorded: "unknown", retry: "same_id" } },
    });
  });
});

describe("the breaker", () => {
  const breaker = (value: boolean) => ({ $case: "breaker", value }) as const;

  it("is shown and closed over the wire", async () => {
    for (let i = 0; i < 3; i++) {
      harness.fake.safety.report({ orderId: "o" as never, outcome: "unknown" });
    }
    const { safety } = await status();
    expect(safety?.breaker).toMatchObject({
      ...{ state: BreakerState.BREAKER_STATE_OPEN, cause: "unknown-outcomes", count: 3 },
    });
    expect(safety?.breaker?.until?.seconds).toBe((safety?.breaker?.since?.seconds ?? 0n) + 60n);
    expect(await health()).toMatchObject({ tradingHalted: false, breakerOpen: true });
    expect(await resume({ scope: breaker(true) })).toMatchObject({ safety: { breaker: CLOSED } });
    expect(await health()).toMatchObject({ breakerOpen: false });
  });

  it("must not be named to be left alone", async () => {
    await halt({});
    const { code, fields } = await failure(resume({ scope: breaker(false) }));
    expect([code, fields]).toEqual([Code.INVALID_ARGUMENT, ["breaker"]]);
    expect((await status()).safety?.halts).toHaveLength(1);
  });
});
