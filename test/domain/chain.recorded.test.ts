/**
 * Recorded mainnet transactions against values that an independent script took from the same files (expected.json). Every figure
 * of every file must agree.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { networkFees } from "../../domain/chain/balances.ts";
import { type ChainFill, fillOf } from "../../domain/chain/fill.ts";
import { computeBudgetOf } from "../../domain/chain/instruction-data.ts";
import { type ChainTransaction, readTransaction } from "../../domain/chain/transaction.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";

const found = hasRealData("expected.json") && hasRealData("transactions");
const whole = z.union([z.int(), z.string()]).transform(String);
const byMint = z.record(z.string(), whole);

const expectedSchema = z.object({
  signature: z.string(),
  slot: whole,
  version: z.union([z.string(), z.number()]),
  feePayer: z.string(),
  numSignatures: z.number(),
  feeLamports: whole,
  baseFeeLamports: whole,
  priorityFeeLamports: whole,
  computeUnitLimit: whole.nullable(),
  computeUnitPriceMicroLamports: whole.nullable(),
  computeUnitsConsumed: whole.nullable(),
  lookupTables: z.number(),
  success: z.boolean(),
  jitoTipLamports: whole,
  wallet: z.string(),
  walletIsFeePayer: z.boolean(),
  tokenDeltasByMint: byMint,
  solDelta: z.object({
    walletAccountOnly: whole,
    walletPlusOwnTokenAccounts: whole,
    beforeNetworkFee: whole,
    tip: whole,
    otherTransfersOut: z.array(z.object({ to: z.string(), lamports: whole })),
    attributableToSwap: whole,
    wsolTokenBalanceDelta: whole,
  }),
  rentLamports: z.object({ lockedInNewOwnAccounts: whole, releasedFromClosedOwnAccounts: whole }),
  jupiter: z.array(
    z.object({
      instruction: z.string(),
      cpi: z.boolean(),
      userTransferAuthority: z.string().optional(),
      inputMint: z.string().nullish(),
      outputMint: z.string().optional(),
      args: z
        .object({
          in_amount: whole.nullable(),
          quoted_out_amount: whole,
          slippage_bps: z.number(),
          platform_fee_bps: z.number(),
        })
        .optional(),
      eventInputTotal: whole.optional(),
      eventOutputTotal: whole.optional(),
    }),
  ),
  swap: z.object({
    kind: z.string(),
    inputMint: z.string().optional(),
    outputMint: z.string().optional(),
    inputAmount: whole.optional(),
    outputAmount: whole.optional(),
    routeInputAmount: whole.optional(),
    routeOutputAmount: whole.optional(),
    netByMint: byMint.optional(),
    netChange: whole.optional(),
    mint: z.string().optional(),
  }),
});
type Expected = z.output<typeof expectedSchema>;

const text = (value: bigint | undefined): string | null => value?.toString() ?? null;
const record = (map: ReadonlyMap<string, bigint>) =>
  Object.fromEntries([...map].map(([mint, amount]) => [mint, amount.toString()]));

/** Our figures in the words of expected.json, by group. */
function ours(transaction: ChainTransaction, fill: ChainFill) {
  const { balances } = fill;
  const { unitLimit, unitPrice } = computeBudgetOf(transaction.instructions);
  const fees = networkFees(transaction);
  return {
    transaction: {
      signature: transaction.signature,
      slot: transaction.slot.toString(),
      version: transaction.version,
      feePayer: transaction.accountKeys[0],
      numSignatures: transaction.signatureCount,
      lookupTables: transaction.lookupTables,
      success: transaction.error === undefined,
    },
    fees: {
      feeLamports: text(fees.feeLamports),
      baseFeeLamports: text(fees.baseFeeLamports),
      priorityFeeLamports: text(fees.priorityFeeLamports),
      jitoTipLamports: text(fees.tipLamports),
    },
    compute: {
      computeUnitLimit: text(unitLimit),
      computeUnitPriceMicroLamports: text(unitPrice),
      computeUnitsConsumed: text(transaction.computeUnits),
    },
    wallet: { wallet: balances.wallet, walletIsFeePayer: balances.isFeePayer },
    tokens: record(balances.tokens),
    sol: {
      walletAccountOnly: text(balances.sol.walletOnly),
      walletPlusOwnTokenAccounts: text(balances.sol.withOwnTokenAccounts),
      beforeNetworkFee: text(balances.sol.beforeNetworkFee),
      tip: text(balances.tipLamports),
      otherTransfersOut: balances.otherTransfers.map(({ to, lamports }) => ({
        to,
        lamports: lamports.toString(),
      })),
      attributableToSwap: text(balances.sol.ofTrade),
      wsolTokenBalanceDelta: text(balances.sol.wrapped),
    },
    rent: {
      lockedInNewOwnAccounts: text(balances.rent.lockedLamports),
      releasedFromClosedOwnAccounts: text(balances.rent.releasedLamports),
    },
    calls: fill.calls.map(({ route, ...call }) => ({
      instruction: route.name,
      cpi: call.isInner,
      userTransferAuthority: route.authority,
      inputMint: call.inputMint,
      outputMint: call.outputMint,
      args: {
        in_amount: text(route.amountIn),
        quoted_out_amount: text(route.amountOut),
        slippage_bps: route.slippageBps,
        platform_fee_bps: route.platformFeeBps,
      },
      eventInputTotal: text(call.amountIn),
      eventOutputTotal: text(call.amountOut),
    })),
    swap: swapOf(fill),
  };
}

function swapOf({ kind, swap, net, calls }: ChainFill) {
  if (kind === "failed") return { kind, inputAmount: "0", outputAmount: "0" };
  if (kind === "cycle") {
    const mint = calls[0]?.inputMint ?? "";
    return { kind, mint, netChange: (net.get(mint) ?? 0n).toString() };
  }
  if (!swap) return { kind, netByMint: record(net) };
  return {
    kind,
    inputMint: swap.inputMint,
    outputMint: swap.outputMint,
    inputAmount: swap.amountIn.toString(),
    outputAmount: swap.amountOut.toString(),
    routeInputAmount: swap.call.amountIn.toString(),
    routeOutputAmount: swap.call.amountOut.toString(),
  };
}

/** Theirs in the same groups. */
function theirs(expected: Expected): ReturnType<typeof ours> | Record<string, unknown> {
  const pick = <K extends keyof Expected>(...keys: K[]) =>
    Object.fromEntries(keys.map((key) => [key, expected[key]]));
  return {
    transaction: pick(
      ...(["signature", "slot", "version", "feePayer", "numSignatures"] as const),
      ...(["lookupTables", "success"] as const),
    ),
    fees: pick("feeLamports", "baseFeeLamports", "priorityFeeLamports", "jitoTipLamports"),
    compute: pick("computeUnitLimit", "computeUnitPriceMicroLamports", "computeUnitsConsumed"),
    wallet: pick("wallet", "walletIsFeePayer"),
    tokens: expected.tokenDeltasByMint,
    sol: expected.solDelta,
    rent: expected.rentLamports,
    // Token ledgers and opened accounts are calls of Jupiter, but no swaps.
    calls: expected.jupiter.filter(({ args }) => args !== undefined),
    swap: expected.swap,
  };
}

const read = (file: string): unknown => JSON.parse(readFileSync(realDataPath(file), "utf8"));

describe.runIf(found)("recorded transactions", () => {
  const answers = found
    ? z.object({ files: z.record(z.string(), z.unknown()) }).parse(read("expected.json")).files
    : {};
  const names = Object.keys(answers).filter((name) => name.startsWith("transactions/"));
  const files = [
    ...names,
    ...(found ? readdirSync(realDataPath("transactions/base64")) : []).map(
      (name) => `transactions/base64/${name}`,
    ),
  ];

  it("are there", () => {
    expect(names.length).toBeGreaterThan(50);
  });

  it.each(files)("%s", (file) => {
    const expected = expectedSchema.parse(answers[file.replace("/base64", "")]);
    const answer = readTransaction(read(file));
    if (answer.kind === "problem") throw new Error(answer.problem);
    const { transaction } = answer;
    expect(ours(transaction, fillOf(transaction))).toEqual(theirs(expected));
  });
});
