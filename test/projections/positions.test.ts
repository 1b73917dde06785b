/** The portfolio's rows for events, with literal numbers. */
import { describe, expect, it } from "vitest";
import { createLogWriter } from "../support/log-writer.ts";
import { BONK, SOL, TICKET, USDC } from "../support/order-samples.ts";
import { viewsOf } from "../support/views.ts";

describe("positions", () => {
  const FUNDS = [
    { mint: SOL, amount: "100000000000", cost: "10000000000" },
    { mint: USDC, amount: "10000000000", cost: "1" },
  ];

  it("opens, sells with profit, pays fees, and numbers each change", async () => {
    const writer = createLogWriter();
    writer.openAccount("main", FUNDS);
    const { orderId } = writer.order();
    writer.order({ outcome: "no-route" }).finish();
    const sold = writer.order().finish();
    writer.closeAccount("main");
    const { positions } = await viewsOf(writer.recorded);
    const opened = writer.recorded[1]?.metadata.recordedAtUs;
    expect(orderId).not.toBe(sold.orderId);
    const base = { account: "main", fees_paid_lamports: 0n, realised: 0n, trades: 0 };
    const first = { ...base, seq: 0, stream: "account-main", revision: 0, clock: opened };
    const second = {
      ...base,
      seq: 1,
      stream: `order-${sold.orderId}`,
      revision: 5,
      clock: sold.updatedAtUs,
      trades: 1,
    };
    const usdc = (quantity: bigint) => ({ quantity, costed_quantity: quantity, cost: quantity });
    expect(positions).toEqual([
      { ...first, mint: USDC, ...usdc(10_000_000_000n) },
      { ...second, mint: USDC, ...usdc(10_224_248_125n) },
      {
        ...first,
        mint: SOL,
        quantity: 100_000_000_000n,
        costed_quantity: 100_000_000_000n,
        cost: 10_000_000_000n,
      },
      {
        ...second,
        mint: SOL,
        // 1.5 SOL and 15,000 lamports of fees; 0.1 USDC units per 1,000 lamports.
        quantity: 98_499_985_000n,
        costed_quantity: 98_499_985_000n,
        cost: 9_849_998_500n,
        realised: 224_248_125n - 150_000_000n - 1_500n,
        fees_paid_lamports: 15_000n,
      },
    ]);
  });

  it("keeps accounts apart, and carries the cost over a swap without profit", async () => {
    const writer = createLogWriter();
    for (const account of ["a", "b"]) writer.openAccount(account, FUNDS);
    const request = { account: "b", action: "SWAP", baseMint: SOL, quoteMint: BONK };
    const price = { base: 1_000_000_000n, quote: 7_000_000n };
    writer.order({ request: { ...request, amount: 50_000_000_000n }, price }).finish();
    const { positions } = await viewsOf(writer.recorded);
    const newest = (account: string, mint: string) =>
      positions?.filter((row) => row.account === account && row.mint === mint).at(-1);
    expect(newest("a", SOL)).toMatchObject({ quantity: 100_000_000_000n, seq: 0 });
    expect(newest("b", BONK)).toMatchObject({
      quantity: 348_250_000n,
      costed_quantity: 348_250_000n,
      cost: 5_000_000_000n,
      realised: 0n,
    });
    expect(newest("b", SOL)).toMatchObject({ realised: -1_500n, cost: 4_999_998_500n, trades: 1 });
    expect(newest("b", USDC)).toMatchObject({ seq: 0 });
  });

  it("knows deposits without a cost, and withdrawals at cost", async () => {
    const writer = createLogWriter();
    writer.openAccount("main", [{ mint: TICKET, amount: "10" }]);
    writer.deposit("main", { mint: TICKET, amount: "5", cost: "100" });
    writer.withdraw("main", { mint: TICKET, amount: "7" });
    const { positions } = await viewsOf(writer.recorded);
    // 7 of 15 with 5 costed: 2 costed ones leave, with 2/5 of 100.
    expect(
      positions?.map(({ quantity, costed_quantity, cost, realised }) => [
        quantity,
        costed_quantity,
        cost,
        realised,
      ]),
    ).toEqual([
      [10n, 0n, 0n, 0n],
      [15n, 5n, 100n, 0n],
      [8n, 3n, 60n, 0n],
    ]);
  });
});
