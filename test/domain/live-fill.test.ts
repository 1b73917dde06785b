/** The fill of a live order: every figure from what the transaction moved, none from the quote. */
import { describe, expect, it } from "vitest";
import type { OrderEvent } from "../../domain/order/events.ts";
import { liveFillOf } from "../../domain/order/live-fill.ts";
import { stateAfter, timeOf } from "../support/given.ts";
import { LANDED_SWAP } from "../support/live-order-commands.ts";
import {
  expiredUnseen,
  landed,
  liveRequested,
  NODES,
  prepared,
  retryAfter,
  SIGNATURES,
  SLOT,
  signed,
  submitted,
} from "../support/live-order-events.ts";
import { VALIDATED } from "../support/order-events.ts";
import { SOL, USDC } from "../support/order-samples.ts";

const NODE = NODES[1] ?? "";
const NOW_US = timeOf(30);

const fillOf = (past: readonly OrderEvent[], swap: Partial<typeof LANDED_SWAP> = {}) =>
  liveFillOf(stateAfter(past), { landed: { ...LANDED_SWAP, ...swap }, node: NODE, nowUs: NOW_US });

const lifeOf = (changes: Record<string, unknown> = {}, route?: "public"): readonly OrderEvent[] => [
  ...[liveRequested(changes), VALIDATED, ...prepared(), signed(1, route)],
  ...[submitted(), landed()],
];

describe("a live fill", () => {
  it("sells at what was received per what was spent", () => {
    const fill = fillOf(lifeOf());
    expect(fill).toMatchObject({
      ...{ attempt: 1, amountIn: "1500000000", amountOut: "224248125" },
      price: { numerator: "224248125", denominator: "1500000000" },
      evidence: `balances of the transaction in slot ${SLOT} as ${NODE} tells them`,
      txSignature: SIGNATURES[0],
    });
    // (225.375 − 224.248125) / 225.375 = 50 bps, in hundredths of them.
    expect(fill.slippageVsQuotedCentiBps).toBe("5000");
    expect(fill.slippageVsExpectedCentiBps).toBeUndefined();
  });

  it("buys at what was spent per what was received", () => {
    const [requested, ...rest] = lifeOf({ action: "BUY", amount: 225_375_000n });
    if (requested?.type !== "OrderRequested") throw new Error("no request");
    expect(requested.data.request).toMatchObject({ baseMint: SOL, quoteMint: USDC });
    const fill = fillOf([requested, ...rest], {
      ...{ amountIn: 225_375_000n, amountOut: 1_485_000_000n },
    });
    expect(fill.price).toEqual({ numerator: "225375000", denominator: "1485000000" });
    // 15 of 1500 million lamports less than quoted: 1 %.
    expect(fill.slippageVsQuotedCentiBps).toBe("10000");
  });

  it("is measured against the expected price where there is one; better than that is below zero", () => {
    const fill = fillOf(lifeOf({ expectedPrice: "150" }), { amountOut: 225_225_000n });
    // 225 expected: 0.1 % more.
    expect(fill.slippageVsExpectedCentiBps).toBe("-1000");
  });

  it("has every lamport line, and the platform fee apart", () => {
    const fill = fillOf(lifeOf(), {
      ...{ rentRecoveredLamports: 11n, unwrappedLamports: -12n, otherTransfersLamports: -13n },
      ...{ platformFee: 14n, walletLamportsChange: -15n },
    });
    expect(fill.fees).toEqual({
      ...{ baseFeeLamports: "5000", priorityFeeLamports: "10000", tipLamports: "1000" },
      ...{ rentLamports: "2039280", platformFee: "14" },
    });
    expect(fill.live).toMatchObject({
      ...{ rentLockedLamports: "2039280", rentRecoveredLamports: "11", unwrappedLamports: "-12" },
      ...{ otherTransfersLamports: "-13", walletLamportsChange: "-15" },
    });
  });

  it("names where it landed, who told it, and how safe it is", () => {
    expect(fillOf(lifeOf()).live).toMatchObject({
      ...{ commitment: "confirmed", fillId: `${SIGNATURES[0]}:${SLOT}`, slot: SLOT, node: NODE },
      ...{ blockTimeSeconds: 1_767_225_599, unitsConsumed: "80000", mevProtected: true },
    });
    const sparse = fillOf(lifeOf({}, "public"), {
      ...{ blockTimeSeconds: undefined, unitsConsumed: undefined },
    }).live;
    expect(sparse).toMatchObject({ mevProtected: false });
    expect([sparse?.blockTimeSeconds, sparse?.unitsConsumed]).toEqual([undefined, undefined]);
    const final = landed();
    const finalized: OrderEvent = { ...final, data: { ...final.data, commitment: "finalized" } };
    expect(fillOf([...lifeOf().slice(0, -1), finalized]).live?.commitment).toBe("finalized");
  });

  it("times the attempt that filled it, and the whole order", () => {
    const second = [
      ...lifeOf().slice(0, -1),
      ...[expiredUnseen(), retryAfter("TRANSACTION_EXPIRED")],
      ...[...prepared(2), signed(2), submitted(2), landed(2)],
    ];
    const { timings } = fillOf(second, { signature: SIGNATURES[1] });
    const quoted = second.findLastIndex(({ type }) => type === "QuoteObtained");
    expect(timings).toEqual({
      ...{ validateUs: 1_000, quoteUs: (quoted - 1) * 1_000, reserveUs: 1_000 },
      ...{ executeUs: (30 - quoted - 1) * 1_000, totalUs: 30_000 },
    });
  });

  it("cannot be made of an order that has no signature", () => {
    expect(() => fillOf([liveRequested(), VALIDATED, ...prepared()])).toThrow("no signature yet");
  });
});
