/** The reservation: lines, funds to the last unit, and amounts that cannot be traded. */
import { describe, expect, it } from "vitest";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import { given } from "../support/given.ts";
import { check, QUOTED, RESERVED, requested, VALIDATED } from "../support/order-events.ts";
import { reserve, SOL, USDC } from "../support/order-samples.ts";

describe("the reservation", () => {
  const past = [requested(), VALIDATED, QUOTED];
  const needed = 1_500_015_000n;

  it("takes the last lamport", () => {
    given(past)
      .when(reserve(() => needed))
      .then({
        type: "FundsReserved",
        data: { ...RESERVED.data, available: [{ mint: SOL, amount: "1500015000" }] },
      });
  });

  it("is refused when one lamport is missing, amount and fees counted together", () => {
    given(past)
      .when(reserve(() => needed - 1n))
      .then({
        type: "OrderRejected",
        data: {
          stage: "reserve",
          reason: "INSUFFICIENT_FUNDS",
          message: "account main has 1.500014999 SOL available, the order needs 1.500015 SOL",
          checks: [check(`funds ${SOL}`, "1500014999", "1500015000")],
        },
      });
  });

  it("needs lamports for the fee and the tip when it spends something else", () => {
    const changes = {
      action: "BUY",
      amount: 225_375_000n,
      mev: { simulate: false, tipLamports: 7n },
    };
    const buying = [requested(changes), VALIDATED, QUOTED];
    const { events } = given(buying).when(reserve());
    expect(events).toMatchObject([
      {
        data: {
          lines: [
            { mint: USDC, amount: "225375000", purpose: "input" },
            { mint: SOL, amount: "15000", purpose: "fee" },
            { mint: SOL, amount: "7", purpose: "tip" },
          ],
          available: [{ mint: USDC }, { mint: SOL }],
        },
      },
    ]);
    const poor = (mint: Mint): bigint => (mint === SOL ? 15_006n : U64_MAX);
    expect(given(buying).when(reserve(poor)).events).toMatchObject([
      {
        data: {
          reason: "INSUFFICIENT_FUNDS",
          checks: [{ check: `funds ${SOL}`, limit: "15006", value: "15007" }],
        },
      },
    ]);
  });

  it("leaves out lines of nothing", () => {
    const free = [requested({ priorityFeeLamports: 0n }), VALIDATED, QUOTED];
    const { events } = given(free).when({ ...reserve(), baseFeeLamports: 0n });
    expect(events).toMatchObject([
      { data: { lines: [{ mint: SOL, amount: "1500000000", purpose: "input" }] } },
    ]);
  });

  it("takes the most that an output-denominated order may spend", () => {
    // 200 USDC / 150.25 = 1.331114808.65 SOL, rounded up; × 1.02 rounded down = 1.357737105 SOL.
    const selling = [requested({ isBaseInput: false, amount: 200_000_000n }), VALIDATED, QUOTED];
    const { events } = given(selling).when(reserve());
    expect(events).toMatchObject([
      {
        data: {
          lines: [{ mint: SOL, amount: "1358280417", purpose: "input" }, { amount: "15000" }],
        },
      },
    ]);
  });

  it("is refused for dust: what would be received rounds to nothing", () => {
    // 6 lamports × 0.15025 = 0.9 units of USDC.
    given([requested({ amount: 6n }), VALIDATED, QUOTED])
      .when(reserve())
      .then({
        type: "OrderRejected",
        data: {
          stage: "reserve",
          reason: "AMOUNT_TOO_SMALL",
          message: "amount out comes to 0; at least 1 smallest unit, 0.000001 USDC, is needed",
          checks: [check("amount_out", "1", "0")],
        },
      });
    const { events } = given([requested({ amount: 7n }), VALIDATED, QUOTED]).when(reserve());
    expect(events).toMatchObject([{ type: "FundsReserved" }]);
  });

  it("is refused where the other amount is over u64", () => {
    const price = { numerator: "2", denominator: "1" };
    const quoted = { ...QUOTED, data: { ...QUOTED.data, price } };
    const most = U64_MAX / 2n;
    const rich = (): bigint => U64_MAX * 4n;
    expect(
      given([requested({ amount: most }), VALIDATED, quoted]).when(reserve(rich)).events,
    ).toMatchObject([{ type: "FundsReserved" }]);
    given([requested({ amount: most + 1n }), VALIDATED, quoted])
      .when(reserve(rich))
      .then({
        type: "OrderRejected",
        data: {
          stage: "reserve",
          reason: "AMOUNT_TOO_LARGE",
          message: "amount out comes to 18446744073709551616, over u64",
          checks: [check("amount_out", "18446744073709551615", "18446744073709551616")],
        },
      });
  });

  // Turns red when the rule is there; then it is a plain test.
  it("is refused where the most that may be spent is over u64", () => {
    const price = { numerator: "1", denominator: "1" };
    const quoted = { ...QUOTED, data: { ...QUOTED.data, price } };
    const changes = { isBaseInput: false, amount: U64_MAX };
    const { events } = given([requested(changes), VALIDATED, quoted]).when(
      reserve(() => U64_MAX * 4n),
    );
    expect(events).toMatchObject([{ type: "OrderRejected", data: { reason: "AMOUNT_TOO_LARGE" } }]);
  });
});
