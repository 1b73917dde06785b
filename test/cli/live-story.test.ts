/** What people read of live orders: the story, the timeline, a result, and what changes. */
import { describe, expect, it } from "vitest";
import { diffOf } from "../../adapters/cli/orders/state-diff.ts";
import { tell } from "../../adapters/cli/orders/story.ts";
import { timelineOf } from "../../adapters/cli/orders/timeline.ts";
import { resultText } from "../../adapters/cli/orders/trade-text.ts";
import { jsonLine } from "../../adapters/cli/output.ts";
import { tokenTable } from "../../adapters/cli/tokens.ts";
import { tradeResultOf } from "../../adapters/grpc/mapping/result.ts";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { SAMPLES } from "../fixtures/event-samples.ts";
import { recordAll, stateAfter } from "../support/given.ts";
import {
  expiredUnseen,
  FINAL_LIFE,
  failedOnChain,
  finalized,
  landed,
  liveFilled,
  liveQuoted,
  liveRequested,
  liveReserved,
  NODES,
  outcomeUnknown,
  PROVISIONAL_LIFE,
  resolvedAs,
  SECOND_TRY_LIFE,
  SIGNATURES,
  SIGNED_LIFE,
  SLOT,
  signed,
  simulationPassed,
  submitted,
  voided,
  WALLET,
} from "../support/live-order-events.ts";
import { POLICY } from "../support/order-samples.ts";

const tokens = tokenTable([...POLICY.tokens.values()]);
const { request } = liveRequested().data;
const context = { request, tokens, decimals: { base: 9, quote: 6 } };
const told = (event: OrderEvent): string => tell(event, context).join("\n");

describe("the story of a live order", () => {
  it("tells wallet, guarantee, and where the balances are from", () => {
    expect(told(liveRequested())).toContain("on live account hot.");
    expect(told(liveRequested())).toContain(`It trades from wallet ${WALLET}.`);
    expect(told(liveQuoted())).toContain("at least 220.8675 USDC (2 % of slippage)");
    expect(told(liveReserved())).toContain("0.00203928 SOL (rent)");
    expect(told(liveReserved())).toContain("(read at slot 2990)");
    expect(told(simulationPassed())).toContain(`${WALLET}: -1.50205528 SOL.`);
  });

  it("tells a signature with its route, guarantee and last block", () => {
    const text = told(signed());
    expect(text).toContain(`signed as ${SIGNATURES[0]}, for the protected route`);
    expect(text).toContain("at least 220.8675 USDC");
    expect(text).toContain("up to block height 3142");
  });

  it("tells a fill as lines whose sum is the wallet's change", () => {
    const text = told(liveFilled());
    expect(text).toContain("It was filled, provisionally: 1.5 SOL spent, 224.248125 USDC received");
    expect(text).toContain(`Landed in slot ${SLOT} (confirmed), block time 2025-12-31T23:59:59`);
    expect(text).toContain(
      "The wallet's SOL: swap -1.5 SOL, base fee -0.000005 SOL, priority fee -0.00001 SOL, " +
        "tip -0.000001 SOL, rent locked -0.00203928 SOL; together -1.50205528 SOL.",
    );
    const other = liveFilled(1, SLOT, {
      ...{ rentRecoveredLamports: "2039280", unwrappedLamports: "-5" },
      ...{ otherTransfersLamports: "-7", walletLamportsChange: "-1500015990" },
    });
    expect(told(other)).toContain(
      "rent recovered +0.00203928 SOL, unwrapped -0.000000005 SOL, " +
        "other transfers +0.000000007 SOL, not explained +0.000000008 SOL; ",
    );
  });

  it("tells the evidence of each node", () => {
    expect(told(expiredUnseen())).toContain(
      `${NODES[1]}: finalized block height 3144 above 3142 at slot 3151, ` +
        "signature not found at slot 3161, history from block 1.",
    );
    expect(told(outcomeUnknown())).toContain(`${NODES[1]}: its history begins after the signing.`);
    expect(told(resolvedAs("failed", 7))).toContain(
      "it failed in slot 7 (an archive node told it)",
    );
    expect(told(failedOnChain())).toContain("It cost 0.000015 SOL");
    expect(told(voided())).toContain(`The fill in slot ${SLOT} is void`);
    expect(told(finalized())).toContain(`${NODES[0]} and ${NODES[1]}`);
  });

  it("has words for every event in all its fields, with no hole in them", () => {
    const names = Object.keys(SAMPLES).filter((type) =>
      /^(Order|Quote|Funds[R]|Paper|Sim|Retry|Gate|Sign|Attempt|Submission|Outcome|Fill)/.test(
        type,
      ),
    );
    expect(names).toHaveLength(28);
    for (const [type, data] of Object.entries(SAMPLES)) {
      if (!names.includes(type)) continue;
      const text = told({ type, data } as OrderEvent);
      expect(text.length, type).toBeGreaterThan(10);
      expect(text, type).not.toMatch(/undefined|NaN|\[object/);
    }
  });
});

describe("the timeline of a live order", () => {
  it("names each step", () => {
    const recorded = recordAll(SECOND_TRY_LIFE).map((one) => one as RecordedEvent<OrderEvent>);
    expect(timelineOf(recorded).map(({ label }) => label)).toEqual([
      ...["validate", "quote", "reserve", "simulate", "sign", "send", "fail on chain"],
      ...["plan retry", "wait", "quote", "reserve", "simulate", "sign", "send", "land"],
      ...["settle", "finalize"],
    ]);
  });
});

describe("a live result for people", () => {
  const textOf = (events: readonly OrderEvent[]) =>
    resultText(tradeResultOf(stateAfter(events), { balances: [], position: "" }), tokens);

  it("tells what is signed, where it landed, and that it is not final", () => {
    expect(textOf(SIGNED_LIFE.slice(0, -1))).toMatch(/^ +transaction +nothing is signed$/m);
    expect(textOf([...SIGNED_LIFE, submitted(), landed()])).toMatch(
      new RegExp(`^ +transaction +${SIGNATURES[0]}, protected route$`, "m"),
    );
    const provisional = textOf(PROVISIONAL_LIFE);
    expect(provisional).toContain("CONFIRMING: sold 1.5 SOL for 224.248125 USDC");
    expect(provisional).toContain(", not final yet\n");
    expect(provisional).toMatch(new RegExp(`^ +wallet +${WALLET}$`, "m"));
    const final = textOf(FINAL_LIFE);
    expect(final).toMatch(
      /^FILLED: sold 1\.5 SOL for 224\.248125 USDC at 149\.49875 USDC per SOL$/m,
    );
    expect(final).toMatch(/^ +wallet SOL +-1\.50205528 SOL$/m);
    expect(final).toContain(`${SIGNATURES[0]} in slot ${SLOT}, protected route`);
  });

  it("tells earlier signatures and what they cost", () => {
    const text = textOf(SECOND_TRY_LIFE);
    expect(text).toMatch(new RegExp(`^ +before it +${SIGNATURES[0]}: FAILED$`, "m"));
    expect(text).toContain("0.000015 SOL for attempts that failed on the chain");
  });

  it("names outcomes in JSON", () => {
    const result = tradeResultOf(stateAfter(SECOND_TRY_LIFE), { balances: [], position: "" });
    const { signedAttempts } = JSON.parse(jsonLine(result)) as {
      readonly signedAttempts: readonly { readonly attemptOutcome: string }[];
    };
    expect(signedAttempts.map(({ attemptOutcome }) => attemptOutcome)).toEqual([
      "FAILED",
      "LANDED",
    ]);
  });
});

describe("what changed in a live order", () => {
  it("is told in tokens, and compute prices are no amounts", () => {
    const [before, after] = [SIGNED_LIFE.slice(0, -1), PROVISIONAL_LIFE].map(stateAfter);
    if (!before || !after) throw new Error("no states");
    const textOf = new Map(
      diffOf(before, after, tokens).map(({ path, afterText }) => [path, afterText]),
    );
    expect(textOf.get("fill.live.walletLamportsChange")).toBe("-1.50205528 SOL");
    expect(textOf.get("signed.minimumOut")).toBe("220.8675 USDC");
    expect(textOf.has("signed.computeUnitPriceMicroLamports")).toBe(true);
    expect(textOf.get("signed.computeUnitPriceMicroLamports")).toBeUndefined();
    const failed = stateAfter([...SIGNED_LIFE, failedOnChain()]);
    const paid = diffOf(before, failed, tokens).find(({ path }) => path === "feesOfFailedAttempts");
    expect(paid?.afterText).toBe("0.000015 SOL");
  });
});
