/** The lines of a landed swap: exactly what was done to the wallet, for worlds made of known deeds; and always adding up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JITO_TIP_ACCOUNTS, SYSTEM_PROGRAM } from "../../domain/chain/addresses.ts";
import { type LandedSwap, landedSwap, type SwapQuestion } from "../../domain/chain/landed-swap.ts";
import type { ChainInstruction, ChainTransaction } from "../../domain/chain/transaction.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  keyOf,
  STRANGER,
  systemTransfer,
  TOKEN,
  USDC_MINT,
  WALLET,
} from "../support/chain-answers.ts";
import { createCounter } from "../support/counter.ts";

const [TIP_ACCOUNT = ""] = JITO_TIP_ACCOUNTS;
const [WRAPPED = "", IN_ACCOUNT = "", OUT_ACCOUNT = "", FEE_ACCOUNT = ""] = [30, 31, 32, 33].map(
  keyOf,
);
const RENT = 2_039_280n;

/** What is done to the wallet in one transaction. */
type Deeds = {
  readonly input: "SOL" | "TOKEN";
  readonly output: "SOL" | "USDC";
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  readonly signatures: number;
  readonly priorityFee: bigint;
  readonly tip: bigint;
  /** To somebody else. */
  readonly sent: bigint;
  /** The account that receives is opened; the one that pays is closed. */
  readonly opens: boolean;
  readonly closes: boolean;
  /** What the account of wrapped SOL held before, and what becomes of it. */
  readonly wrapped: bigint;
  readonly wrappedAccount: "none" | "closed" | "opened";
  readonly platformFee: bigint;
};

type Line = readonly [
  key: string,
  before: bigint,
  after: bigint,
  tokens?: { readonly mint: string; readonly before?: bigint; readonly after?: bigint },
];

const transfer = (to: string, lamports: bigint): ChainInstruction => ({
  ...{ outer: 0, depth: 1, programId: SYSTEM_PROGRAM, accounts: [WALLET, to] },
  data: systemTransfer(lamports),
});

function transactionOf(
  lines: readonly Line[],
  more: Pick<ChainTransaction, "instructions" | "feeLamports" | "signatureCount">,
): ChainTransaction {
  const tokens = (when: "before" | "after") =>
    lines.flatMap(([key, , , held], accountIndex) => {
      const amount = held?.[when];
      const owner = key === FEE_ACCOUNT ? STRANGER : WALLET;
      return held && amount !== undefined ? [{ accountIndex, mint: held.mint, owner, amount }] : [];
    });
  return {
    ...{ signature: "s", slot: 7n, blockTimeSeconds: 9, version: 0, lookupTables: 0 },
    ...{ error: undefined, computeUnits: 5n, ...more },
    accountKeys: lines.map(([key]) => key),
    preBalances: lines.map(([, before]) => before),
    postBalances: lines.map(([, , after]) => after),
    preTokenBalances: tokens("before"),
    postTokenBalances: tokens("after"),
  };
}

/** Every deed, one after the other, on the lamports of the wallet. */
function worldOf(deeds: Deeds): ChainTransaction {
  const { amountIn, amountOut, tip, sent, opens, closes, wrapped, wrappedAccount } = deeds;
  const feeLamports = 5_000n * BigInt(deeds.signatures) + deeds.priorityFee;
  let lamports = 10n ** 15n - feeLamports - tip - sent;
  if (deeds.input === "SOL") lamports -= amountIn;
  if (deeds.output === "SOL") lamports += amountOut;
  if (opens) lamports -= RENT;
  if (closes) lamports += RENT;
  if (wrappedAccount === "closed") lamports += RENT + wrapped;
  if (wrappedAccount === "opened") lamports -= RENT + wrapped;
  const lines: readonly Line[] = [
    [WALLET, 10n ** 15n, lamports],
    [TIP_ACCOUNT, 1n, 1n + tip],
    [STRANGER, 1n, 1n + sent],
    [FEE_ACCOUNT, RENT, RENT, { mint: USDC_MINT, before: 3n, after: 3n + deeds.platformFee }],
    ...[...payingAccount(deeds), ...receivingAccount(deeds), ...wrappedLine(deeds)],
  ];
  const instructions = [transfer(TIP_ACCOUNT, tip), transfer(STRANGER, sent)];
  return transactionOf(lines, { instructions, feeLamports, signatureCount: deeds.signatures });
}

function payingAccount({ input, amountIn, closes }: Deeds): readonly Line[] {
  const isUsed = input === "TOKEN";
  if (!isUsed && !closes) return [];
  const [spent, kept] = [isUsed ? amountIn : 0n, closes ? 0n : 5n];
  const tokens = { mint: TOKEN, before: spent + kept, ...(closes ? {} : { after: kept }) };
  return [[IN_ACCOUNT, RENT, closes ? 0n : RENT, tokens]];
}

function receivingAccount({ output, amountOut, opens }: Deeds): readonly Line[] {
  const isUsed = output === "USDC";
  if (!isUsed && !opens) return [];
  const [got, had] = [isUsed ? amountOut : 0n, opens ? 0n : 11n];
  const tokens = { mint: USDC_MINT, ...(opens ? {} : { before: had }), after: had + got };
  return [[OUT_ACCOUNT, opens ? 0n : RENT, RENT, tokens]];
}

function wrappedLine({ wrapped, wrappedAccount }: Deeds): readonly Line[] {
  const held = RENT + wrapped;
  if (wrappedAccount === "closed") {
    return [[WRAPPED, held, 0n, { mint: SOL_MINT, before: wrapped }]];
  }
  if (wrappedAccount === "none") return [];
  return [[WRAPPED, 0n, held, { mint: SOL_MINT, after: wrapped }]];
}

const rentIf = (...happened: readonly boolean[]): bigint =>
  BigInt(happened.filter(Boolean).length) * RENT;

const questionOf = ({ input, output }: Deeds): SwapQuestion => ({
  ...{ wallet: WALLET, feeAccount: FEE_ACCOUNT },
  inputMint: input === "SOL" ? SOL_MINT : TOKEN,
  outputMint: output === "SOL" ? SOL_MINT : USDC_MINT,
});

const amount = fc.bigInt({ min: 1n, max: 10n ** 12n });
const little = fc.bigInt({ min: 0n, max: 100_000n });
const deeds: fc.Arbitrary<Deeds> = fc
  .record({
    pair: fc.constantFrom(
      ...([
        ["SOL", "USDC"],
        ["TOKEN", "SOL"],
        ["TOKEN", "USDC"],
      ] as const),
    ),
    ...{ amountIn: amount, amountOut: amount, signatures: fc.integer({ min: 1, max: 3 }) },
    ...{ priorityFee: little, tip: little, sent: little, wrapped: amount, platformFee: little },
    ...{ opens: fc.boolean(), closes: fc.boolean() },
    wrappedAccount: fc.constantFrom("none", "closed", "opened"),
  })
  .map(({ pair: [input, output], ...rest }) => ({ ...rest, input, output }));

function lamportLines(swap: LandedSwap, { input, output }: Deeds): bigint {
  const traded = input === "SOL" ? -swap.amountIn : output === "SOL" ? swap.amountOut : 0n;
  const fees = swap.baseFeeLamports + swap.priorityFeeLamports + swap.tipLamports;
  const rent = swap.rentRecoveredLamports - swap.rentLockedLamports;
  return traded - fees + rent + swap.unwrappedLamports - swap.otherTransfersLamports;
}

describe("a landed swap", () => {
  it("has each deed on its own line, and they add up", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(deeds, (done) => {
        const outcome = landedSwap(worldOf(done), questionOf(done));
        if (outcome.kind === "problem") throw new Error(outcome.message);
        const { swap } = outcome;
        const { wrappedAccount, wrapped } = done;
        const opened = wrappedAccount === "opened";
        const closed = wrappedAccount === "closed";
        expect(swap).toMatchObject({
          ...{ signature: "s", slot: 7, blockTimeSeconds: 9, unitsConsumed: 5n },
          ...{ amountIn: done.amountIn, amountOut: done.amountOut, tipLamports: done.tip },
          baseFeeLamports: 5_000n * BigInt(done.signatures),
          ...{ priorityFeeLamports: done.priorityFee, platformFee: done.platformFee },
          rentLockedLamports: rentIf(done.opens, opened),
          rentRecoveredLamports: rentIf(done.closes, closed),
          unwrappedLamports: closed ? wrapped : opened ? -wrapped : 0n,
          otherTransfersLamports: done.sent,
        });
        expect(lamportLines(swap, done)).toBe(swap.walletLamportsChange);
        seen.add(done.input, done.output, `wrapped ${wrappedAccount}`);
      }),
      { numRuns: 500 },
    );
    seen.expectAll(["SOL", "TOKEN", "USDC", "wrapped none", "wrapped closed", "wrapped opened"]);
  });

  it("adds up for any balances whatever: what nobody can explain has a line too", () => {
    const seen = createCounter();
    const balances = fc.array(fc.bigInt({ min: 0n, max: 10n ** 13n }), {
      minLength: 4,
      maxLength: 4,
    });
    fc.assert(
      fc.property(deeds, balances, balances, (done, pre, post) => {
        const world = worldOf(done);
        const at = (list: readonly bigint[], index: number): bigint =>
          (world.preBalances[index] ?? 0n) === 0n ? 0n : (list[index % 4] ?? 0n);
        const odd: ChainTransaction = {
          ...world,
          preBalances: world.preBalances.map((_, index) => at(pre, index)),
          postBalances: world.postBalances.map((_, index) => at(post, index)),
        };
        const outcome = landedSwap(odd, questionOf(done));
        seen.add(outcome.kind);
        if (outcome.kind === "problem") return;
        const { swap } = outcome;
        expect(lamportLines(swap, done)).toBe(swap.walletLamportsChange);
        expect(swap.walletLamportsChange).toBe(
          (odd.postBalances[0] ?? 0n) - (odd.preBalances[0] ?? 0n),
        );
      }),
      { numRuns: 500 },
    );
    seen.expectAll(["swap", "problem"]);
  });
});

const DONE: Deeds = {
  ...{ input: "SOL", output: "USDC", amountIn: 1_000n, amountOut: 150n, signatures: 1 },
  ...{ priorityFee: 0n, tip: 0n, sent: 0n, opens: false, closes: false, wrapped: 0n },
  ...{ wrappedAccount: "none", platformFee: 6n },
};
const WORLD = worldOf(DONE);
const QUESTION = questionOf(DONE);

describe("what cannot be one of our swaps is a problem", () => {
  it.each<[string, ChainTransaction, Partial<SwapQuestion>, string]>([
    ["failed", { ...WORLD, error: "AccountInUse" }, {}, "the transaction failed"],
    ["paid by another", WORLD, { wallet: STRANGER }, "another account paid its fee"],
    ["nothing spent", WORLD, { inputMint: TOKEN }, `it spent 0 of ${TOKEN}`],
    ["received instead", WORLD, { inputMint: USDC_MINT }, `it spent -150 of ${USDC_MINT}`],
    ["nothing received", WORLD, { outputMint: TOKEN }, `it received 0 of ${TOKEN}`],
    ["spent instead", WORLD, { outputMint: SOL_MINT }, `it received -1000 of ${SOL_MINT}`],
  ])("%s", (_, transaction, changes, message) => {
    const question = { ...QUESTION, ...changes };
    expect(landedSwap(transaction, question)).toEqual({ kind: "problem", message });
  });

  it("and the platform fee is what the fee account gained, never less than nothing", () => {
    const feeOf = (changes: Partial<SwapQuestion>, world = WORLD) => {
      const outcome = landedSwap(world, { ...QUESTION, ...changes });
      return outcome.kind === "swap" ? outcome.swap.platformFee : undefined;
    };
    expect(feeOf({})).toBe(6n);
    expect(feeOf({ feeAccount: undefined })).toBe(0n);
    expect(feeOf({ feeAccount: keyOf(99) })).toBe(0n);
    expect(feeOf({}, worldOf({ ...DONE, platformFee: -2n }))).toBe(0n);
  });
});
