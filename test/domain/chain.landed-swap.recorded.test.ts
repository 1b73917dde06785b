/**
 * Recorded mainnet transactions as if this engine had sent them: every line of the fill against values that an independent script took
 * from the same files (expected.json), and the lines together against what the wallet gained or lost.
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { JUPITER_PROGRAM } from "../../domain/chain/addresses.ts";
import { failureOf } from "../../domain/chain/failure.ts";
import { type LandedSwap, landedSwap } from "../../domain/chain/landed-swap.ts";
import { simulationFailureOf } from "../../domain/chain/simulation-failure.ts";
import { type ChainTransaction, readTransaction } from "../../domain/chain/transaction.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";
import { recordedMessages } from "../support/recorded-messages.ts";

const found = hasRealData("expected.json") && hasRealData("transactions");
const whole = z.union([z.int(), z.string()]).transform(BigInt);

const expectedSchema = z.object({
  slot: whole,
  success: z.boolean(),
  customErrorCode: z.int().nullish(),
  failedInstructionIndex: z.int().nullish(),
  wallet: z.string(),
  walletIsFeePayer: z.boolean(),
  signature: z.string(),
  baseFeeLamports: whole,
  priorityFeeLamports: whole,
  tokenDeltasByMint: z.record(z.string(), whole),
  solDelta: z.object({
    walletAccountOnly: whole,
    tip: whole,
    otherTransfersOut: z.array(z.object({ lamports: whole })),
    attributableToSwap: whole,
    wsolTokenBalanceDelta: whole,
  }),
  rentLamports: z.object({ lockedInNewOwnAccounts: whole, releasedFromClosedOwnAccounts: whole }),
  swap: z.object({
    kind: z.enum(["swap", "cycle", "complex", "direct-dex", "failed"]),
    inputMint: z.string().optional(),
    outputMint: z.string().optional(),
    inputAmount: whole.optional(),
    outputAmount: whole.optional(),
  }),
});
type Expected = z.output<typeof expectedSchema>;

const read = (file: string): unknown => JSON.parse(readFileSync(realDataPath(file), "utf8"));

/** What the wallet gave and received, in all pairs of a mint that it gave and one that it received. */
function pairsOf({ tokenDeltasByMint, solDelta }: Expected): (readonly [string, string])[] {
  const net = [...netOf({ tokenDeltasByMint, solDelta })];
  const given = net.filter(([, change]) => change < 0n);
  const received = net.filter(([, change]) => change > 0n);
  return given.flatMap(([from]) => received.map(([to]) => [from, to] as const));
}

const netOf = ({
  tokenDeltasByMint,
  solDelta,
}: Pick<Expected, "tokenDeltasByMint" | "solDelta">): ReadonlyMap<string, bigint> =>
  new Map([...Object.entries(tokenDeltasByMint), [SOL_MINT, solDelta.attributableToSwap]]);

/** The lines that the independent script gives for a swap from one mint into another. */
function linesOf(expected: Expected, from: string, to: string) {
  const { solDelta, rentLamports } = expected;
  const net = netOf(expected);
  const others = solDelta.otherTransfersOut.reduce((sum, { lamports }) => sum + lamports, 0n);
  const isSolSwap = from === SOL_MINT || to === SOL_MINT;
  return {
    ...{ signature: expected.signature, slot: Number(expected.slot) },
    ...{ amountIn: -(net.get(from) ?? 0n), amountOut: net.get(to) ?? 0n },
    ...{ baseFeeLamports: expected.baseFeeLamports, tipLamports: solDelta.tip },
    priorityFeeLamports: expected.priorityFeeLamports,
    rentLockedLamports: rentLamports.lockedInNewOwnAccounts,
    rentRecoveredLamports: rentLamports.releasedFromClosedOwnAccounts,
    unwrappedLamports: -solDelta.wsolTokenBalanceDelta,
    // SOL that moved in a swap of two other mints is a line of its own.
    otherTransfersLamports: others - (isSolSwap ? 0n : solDelta.attributableToSwap),
    walletLamportsChange: solDelta.walletAccountOnly,
  };
}

function sumOf(swap: LandedSwap, from: string, to: string): bigint {
  const traded = from === SOL_MINT ? -swap.amountIn : to === SOL_MINT ? swap.amountOut : 0n;
  const paid = swap.baseFeeLamports + swap.priorityFeeLamports + swap.tipLamports;
  const rent = swap.rentRecoveredLamports - swap.rentLockedLamports;
  return traded - paid + rent + swap.unwrappedLamports - swap.otherTransfersLamports;
}

const ask = (transaction: ChainTransaction, wallet: string, [inputMint, outputMint]: Pair) =>
  landedSwap(transaction, { wallet, inputMint, outputMint, feeAccount: undefined });
type Pair = readonly [string, string];

describe.runIf(found)("recorded transactions as landed swaps", () => {
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
  const seen = new Map<string, number>();
  afterAll(() => {
    const counts = [...seen].map(([what, count]) => `${count} ${what}`).join(", ");
    console.info(`recorded transactions as landed swaps: ${files.length} files: ${counts}`);
  });
  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);

  it.each(files)("%s", (file) => {
    const expected = expectedSchema.parse(answers[file.replace("/base64", "")]);
    const answer = readTransaction(read(file));
    if (answer.kind === "problem") throw new Error(answer.problem);
    const { transaction } = answer;
    const { wallet } = expected;
    const pairs = pairsOf(expected);
    count(`${expected.swap.kind}${expected.walletIsFeePayer ? "" : " (fee paid by another)"}`);
    if (!expected.success || !expected.walletIsFeePayer) {
      const why = expected.success ? "another account paid its fee" : "the transaction failed";
      const asked = pairs[0] ?? [SOL_MINT, SOL_MINT];
      expect(ask(transaction, wallet, asked)).toEqual({ kind: "problem", message: why });
      return;
    }
    if (expected.swap.kind === "swap") {
      const { inputMint = "", outputMint = "", inputAmount, outputAmount } = expected.swap;
      expect(pairs).toContainEqual([inputMint, outputMint]);
      const { amountIn, amountOut } = linesOf(expected, inputMint, outputMint);
      expect([amountIn, amountOut]).toEqual([inputAmount, outputAmount]);
    }
    for (const [from, to] of pairs) {
      const outcome = ask(transaction, wallet, [from, to]);
      if (outcome.kind === "problem") throw new Error(outcome.message);
      expect(outcome.swap).toMatchObject(linesOf(expected, from, to));
      expect(sumOf(outcome.swap, from, to)).toBe(outcome.swap.walletLamportsChange);
      // The same asked the other way round is no swap.
      expect(ask(transaction, wallet, [to, from])).toMatchObject({ kind: "problem" });
      count("pairs");
    }
    if (pairs.length === 0) {
      const [mint = SOL_MINT] = Object.keys(expected.tokenDeltasByMint);
      expect(ask(transaction, wallet, [mint, SOL_MINT]).kind).toBe("problem");
      count("without a pair");
    }
  });

  it("of each kind are there", () => {
    for (const kind of ["swap", "cycle", "complex", "direct-dex", "failed"]) {
      expect(seen.get(kind)).toBeGreaterThan(3);
    }
    expect(seen.get("pairs")).toBeGreaterThan(40);
  });

  it("that failed have the reason that their code means at the program that failed", () => {
    const messages = new Map(recordedMessages().map((one) => [`transactions/${one.file}`, one]));
    let slipped = 0;
    for (const file of names) {
      const expected = expectedSchema.parse(answers[file]);
      const recorded = messages.get(file);
      if (expected.success || !recorded) continue;
      const { bytes, transaction } = recorded;
      const code = expected.customErrorCode ?? undefined;
      const outer = transaction.instructions.find(
        (it) => it.depth === 1 && it.outer === expected.failedInstructionIndex,
      );
      const isSlippage = code === 6_001 && outer?.programId === JUPITER_PROGRAM;
      const failure = simulationFailureOf(transaction.error, { message: bytes, logs: [] });
      expect(failure.kind, file).toBe(isSlippage ? "slippage" : "program");
      // Whatever program called Jupiter: the code is its.
      expect(failureOf(transaction), file).toBe(code === 6_001 ? "slippage" : "other");
      if (code !== undefined) expect(failure.message).toContain(`0x${code.toString(16)}`);
      slipped += isSlippage ? 1 : 0;
    }
    expect(slipped).toBeGreaterThanOrEqual(3);
  });
});
