/** The paper venue: fills, the limit at its boundary, simulated orders, the anchor, warnings. */
import { describe, expect, it } from "vitest";
import type { OrderEvent } from "../../domain/order/events.ts";
import { statusOf } from "../../domain/order/state.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import type { SlippageInput, SlippageModel } from "../../domain/pricing/slippage/model.ts";
import { given, ORDER_ID, stateAfter } from "../support/given.ts";
import { EXECUTED, FILLED, QUOTED, requested, VALIDATED } from "../support/order-events.ts";
import { reserve, SOL, settle, simulate, USDC } from "../support/order-samples.ts";
import { slippageInput } from "../support/slippage-input.ts";

/** Any slippage, for boundaries that the fixed model does not reach. Parts per million. */
const model = (slippagePpm: bigint): SlippageModel => ({
  name: "test",
  slippage: () => ({ ppm: slippagePpm, terms: {} }),
});

const quotedAt = (price: { numerator: string; denominator: string }): OrderEvent => ({
  type: "QuoteObtained",
  data: { ...QUOTED.data, price },
});

/** The past up to the reservation, with whatever funds it takes. */
function reservedAt(changes: Record<string, unknown>, quoted: OrderEvent = QUOTED): OrderEvent[] {
  const past = [requested(changes), VALIDATED, quoted];
  return [...past, ...given(past).when(reserve(() => 10n ** 30n)).events];
}

describe("the limit", () => {
  // Price 1: 1,000 in, 1,000 quoted. Tolerance 2 %: ⌈980⌉ = 980 at least.
  const even = quotedAt({ numerator: "1", denominator: "1" });
  it("passes a fill that equals it, by input", () => {
    const past = reservedAt({ amount: 1_000n }, even);
    expect(given(past).when(simulate({ model: model(20_000n) })).events).toMatchObject([
      { type: "PaperExecutionSimulated", data: { amountOut: "980", limitOut: "980" } },
    ]);
  });

  it("fails the order one unit below it, by input", () => {
    // ⌊1,000 × 0.979999⌋ = 979.
    given(reservedAt({ amount: 1_000n }, even))
      .when(simulate({ model: model(20_001n) }))
      .then(
        {
          type: "SimulationFailed",
          data: {
            attempt: 1,
            class: "SLIPPAGE_EXCEEDED",
            message: "the trade would receive 979 smallest units, at least 980 are required",
            paper: {
              limit: "980",
              value: "979",
              model: "test",
              slippagePpm: 20_001,
              terms: {},
              market: {},
            },
          },
        },
        {
          type: "OrderFailed",
          data: {
            attempts: 1,
            reason: "SLIPPAGE_EXCEEDED",
            message: "the trade would receive 979 smallest units, at least 980 are required",
          },
        },
      );
  });

  it("holds at the boundary by output too", () => {
    // Buying 1,000: at most ⌊1,000 × 1.02⌋ = 1,020 are spent; ⌈1,000 × 1.020001⌉ = 1,021.
    const past = reservedAt({ action: "BUY", isBaseInput: true, amount: 1_000n }, even);
    expect(given(past).when(simulate({ model: model(20_000n) })).events).toMatchObject([
      { type: "PaperExecutionSimulated", data: { amountIn: "1020", limitIn: "1020" } },
    ]);
    const failed = given(past).when(simulate({ model: model(20_001n) })).events;
    expect(failed).toMatchObject([
      {
        data: {
          message: "the trade would spend 1021 smallest units, at most 1020 are allowed",
          paper: { limit: "1020", value: "1021" },
        },
      },
      { type: "OrderFailed", data: { reason: "SLIPPAGE_EXCEEDED" } },
    ]);
    expect(statusOf(stateAfter([...past, ...failed]))).toBe("FAILED");
    expect(stateAfter([...past, ...failed]).reservation).toBeUndefined();
  });

  it("hangs on the expected price where that is stricter than the quote", () => {
    // Expected 155: 1.5 × 155 × 0.98 = 227.85 USDC at least; 224.248125 are offered.
    const past = reservedAt({ expectedPrice: "155" });
    expect(given(past).when(simulate()).events).toMatchObject([
      { data: { paper: { limit: "227850000", value: "224248125" } } },
      { type: "OrderFailed", data: { reason: "SLIPPAGE_EXCEEDED" } },
    ]);
  });

  it("hangs on the quote where the expected price is more lenient", () => {
    const past = reservedAt({ expectedPrice: "100" });
    expect(given(past).when(simulate()).events).toMatchObject([
      { data: { limitOut: "220867500" } },
    ]);
  });

  it("of a purchase hangs on the stricter of the two as well", () => {
    // 1.5 SOL at 145 are 217.5 USDC, at most 221.85; the fill would cost 226.501875.
    const changes = { action: "BUY", isBaseInput: true, expectedPrice: "145" };
    expect(given(reservedAt(changes)).when(simulate()).events).toMatchObject([
      { data: { paper: { limit: "221850000", value: "226501875" } } },
      { type: "OrderFailed" },
    ]);
  });
});

describe("the fill", () => {
  it("is told from the execution, its slippage against both references", () => {
    // Against 150: quoted 225 USDC, received 224.248125: 0.334166… % = 33.42 bps worse.
    const past = [...reservedAt({ expectedPrice: "150" }), EXECUTED];
    expect(given(past).when(settle()).events).toMatchObject([
      {
        data: { slippageVsExpectedCentiBps: "3342", slippageVsQuotedCentiBps: "5000" },
      },
    ]);
  });

  it("of a purchase has its price the right way round", () => {
    const past = reservedAt({ action: "BUY", isBaseInput: true });
    const executed = given(past).when(simulate()).events;
    expect(given([...past, ...executed]).when(settle()).events).toMatchObject([
      { data: { price: { numerator: "226501875", denominator: "1500000000" } } },
    ]);
  });

  it("of a swap is the route's output less the slippage", () => {
    const changes = { action: "SWAP", amount: 1_000_000_000n };
    expect(given(reservedAt(changes)).when(simulate()).events).toMatchObject([
      { data: { quotedOut: "150250000", amountOut: "149498750" } },
    ]);
  });

  it("charges the fee lines that were reserved", () => {
    const changes = {
      priorityFeeLamports: 777n,
      mev: { simulate: true, protect: true, tipLamports: 9n },
      feeAccount: SOL,
    };
    expect(given(reservedAt(changes)).when(simulate({ delayMs: 3 })).events).toMatchObject([
      {
        data: {
          delayMs: 3,
          fees: {
            baseFeeLamports: "5000",
            priorityFeeLamports: "777",
            tipLamports: "9",
            rentLamports: "0",
            platformFee: "0",
          },
          warnings: [expect.stringMatching(/^FEE_ACCOUNT_IGNORED: /)],
        },
      },
    ]);
  });

  it("leaves no reservation, no error and a terminal order", () => {
    const order = stateAfter([...reservedAt({}), EXECUTED, FILLED]);
    expect(order).toMatchObject({ phase: "filled", fill: { amountOut: "224248125" } });
    expect(order.reservation).toBeUndefined();
    expect(order.lastError).toBeUndefined();
  });
});

describe("the slippage model", () => {
  const seen: SlippageInput[] = [];
  const spy: SlippageModel = {
    name: "spy",
    slippage: (input) => {
      seen.push(input);
      return { ppm: 0n, terms: {} };
    },
  };

  it("is asked with the quote's own numbers, and with the price impact of a route only", () => {
    const route: OrderEvent = {
      type: "QuoteObtained",
      data: { ...QUOTED.data, basis: "route", priceImpact: "0.0012" },
    };
    given(reservedAt({})).when(simulate({ model: spy }));
    given(reservedAt({ action: "BUY" }, route)).when(simulate({ model: spy }));
    expect(seen).toMatchObject([
      { side: "sell", quotedIn: 1_500_000_000n, routeImpact: undefined, seed: ORDER_ID },
      {
        side: "buy",
        quotedIn: 1_500_000_000n,
        routeImpact: { numerator: 12n, denominator: 10_000n },
        seed: ORDER_ID,
      },
    ]);
  });

  it("fixed is the same for all, from 50 to 200 bps", () => {
    const input = slippageInput();
    expect(fixedSlippage(50).slippage(input).ppm).toBe(5_000n);
    expect(fixedSlippage(200).slippage({ ...input, side: "sell" }).ppm).toBe(20_000n);
    expect(fixedSlippage(200).name).toBe("fixed");
    for (const wrong of [49, 201, -1]) {
      expect(() => fixedSlippage(wrong)).toThrow("outside 50 to 200");
    }
    expect(() => fixedSlippage(Number.NaN)).toThrow();
  });
});

describe("a simulated order", () => {
  const simulated = { isSimulated: true, expectedPrice: "160.5" };
  const past = [requested(simulated), VALIDATED];
  const quoted: typeof QUOTED = {
    type: "QuoteObtained",
    data: {
      attempt: 1,
      basis: "expected",
      source: "expected_price",
      inputMint: SOL,
      outputMint: USDC,
      inAmount: "0",
      outAmount: "0",
      // 160.5 USDC per SOL: 1605 × 10^6 units for 10 × 10^9 lamports.
      price: { numerator: "1605000000", denominator: "10000000000" },
      priceImpact: "0",
      route: [],
      ageUs: 0,
      cacheHit: false,
      stale: false,
      checks: [],
    },
  };

  it("takes its own expected price for a quote", () => {
    given(past).when({ type: "UseExpectedPrice" }).then(quoted);
  });

  it("fills at exactly that price, whatever the model", () => {
    const reserved = reservedAt(simulated, quoted);
    const executed = given(reserved).when(simulate({ model: fixedSlippage(200) })).events;
    expect(executed).toMatchObject([
      { data: { model: "none", slippagePpm: 0, amountIn: "1500000000", amountOut: "240750000" } },
    ]);
    expect(given([...reserved, ...executed]).when(settle()).events).toMatchObject([
      {
        data: {
          amountOut: "240750000",
          slippageVsExpectedCentiBps: "0",
          slippageVsQuotedCentiBps: "0",
        },
      },
    ]);
  });

  it("buys at that price as well, in the direction of its mints", () => {
    const buying = { ...simulated, action: "BUY" };
    given([requested(buying), VALIDATED])
      .when({ type: "UseExpectedPrice" })
      .then({
        type: "QuoteObtained",
        data: { ...quoted.data, inputMint: USDC, outputMint: SOL },
      });
  });
});
