/**
 * What every adapter behind the swaps port must do, shown against the local market attached to a chain:
 * what it answers is put into a transaction as it is, and runs.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Instruction } from "../../domain/chain/instruction.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { SwapQuote, SwapQuoteRequest, Swaps } from "../../domain/ports/swaps.ts";
import { DRAINS } from "../../localnet/market/drains.ts";
import type { Fault } from "../../localnet/market/faults.ts";
import { type Market, startMarket } from "../../localnet/market/server.ts";
import {
  type PlainInstruction,
  token,
  type VenueWorld,
  venueWorld,
} from "../localnet/support/venue-world.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

export type MakeSwaps = (options: {
  readonly baseUrls: readonly string[];
  readonly timeoutMs: number;
  readonly clock: Clock;
}) => { readonly swaps: Swaps; readonly close: () => void };

const TIMEOUT_MS = 500;
const [SOL, USDC, JUP, BONK] = [token("SOL"), token("USDC"), token("JUP"), token("BONK")];
const TRACKING = "9wFFyRfZBsuAha4YcuxcXLKwMxJR43S7fPfQLusDBzvT";

/** Faults of either answer, and the class that each is reported as. */
const FAULTS: readonly (readonly [string, Fault, string])[] = [
  ["500", { status: 500 }, "upstream-error"],
  ["429", { status: 429 }, "rate-limited"],
  ["401", { status: 401 }, "refused"],
  ["403", { status: 403 }, "refused"],
  ["a redirect", { status: 307, location: "/swap/v1/quote" }, "upstream-error"],
  ["no answer", { hang: true }, "timeout"],
  ["a closed connection", { reset: true }, "unreachable"],
  ["half a body", { truncated: true }, "unreachable"],
  ["no JSON", { garbage: true }, "malformed"],
  ["NOT_SUPPORTED", { status: 400, errorCode: "NOT_SUPPORTED" }, "refused"],
  ["MARKET_NOT_FOUND", { status: 400, errorCode: "MARKET_NOT_FOUND" }, "no-route"],
  ["TOKEN_NOT_TRADABLE", { status: 400, errorCode: "TOKEN_NOT_TRADABLE" }, "no-route"],
  [
    "FAILED_TO_GET_SWAP_AND_ACCOUNT_METAS",
    { status: 400, errorCode: "FAILED_TO_GET_SWAP_AND_ACCOUNT_METAS" },
    "upstream-error",
  ],
];

const OTHER_TERMS: readonly (readonly [string, Fault["fields"]])[] = [
  ["another slippage", { slippageBps: 51 }],
  ["a threshold that is rounded down", { otherAmountThreshold: "149189852" }],
  ["a higher threshold", { otherAmountThreshold: "149189854" }],
  ["no threshold", { otherAmountThreshold: null }],
  ["a fee that nobody asked for", { platformFee: { amount: "1", feeBps: 1 } }],
  ["another version of the instruction", { instructionVersion: "V2" }],
  ["another input mint", { inputMint: JUP.mint }],
  ["another output mint", { outputMint: JUP.mint }],
  ["another amount", { inAmount: "1000000001" }],
  ["another swap mode", { swapMode: "ExactOut" }],
];

const BROKEN_INSTRUCTIONS: readonly (readonly [string, Fault["fields"]])[] = [
  ["no swap instruction", { swapInstruction: null }],
  ["no set-up", { setupInstructions: null }],
  ["a program that is no address", { swapInstruction: { programId: "x", accounts: [], data: "" } }],
  ["data that is no base64", { swapInstruction: { programId: SOL.mint, accounts: [], data: "?" } }],
  ["a table that is no address", { addressLookupTableAddresses: ["0"] }],
  ["too many tables", { addressLookupTableAddresses: Array(33).fill(SOL.mint) }],
  [
    "a token ledger that nobody asked for",
    { tokenLedgerInstruction: { programId: SOL.mint, accounts: [], data: "" } },
  ],
  [
    "a signer flag that is none",
    {
      swapInstruction: {
        programId: SOL.mint,
        accounts: [{ pubkey: SOL.mint, isSigner: 1, isWritable: false }],
        data: "",
      },
    },
  ],
];

export function swapsContract(name: string, make: MakeSwaps): void {
  describe(`swaps contract: ${name}`, () => {
    let world: VenueWorld;
    let market: Market;
    let second: Market;
    let clock: ManualClock;
    let made: ReturnType<MakeSwaps>;

    beforeEach(async () => {
      world = venueWorld();
      const options = { chain: world.chain, followMs: 0, nowMs: () => 0 };
      [market, second] = await Promise.all([startMarket(options), startMarket(options)]);
      for (const each of [market, second]) each.setPrice("SOL", "150");
      clock = createManualClock();
      use(market.swapUrl);
    });
    afterEach(async () => {
      made.close();
      await Promise.all([market.close(), second.close()]);
    });
    function use(...baseUrls: string[]): void {
      made?.close();
      made = make({ baseUrls, timeoutMs: TIMEOUT_MS, clock });
    }
    const request = (changes: Partial<SwapQuoteRequest> = {}): SwapQuoteRequest => ({
      ...{ inputMint: SOL.mint, outputMint: USDC.mint, amount: 1_000_000_000n },
      ...{ slippageBps: 50, platformFeeBps: 0, isProtected: false, ...changes },
    });
    const ask = (changes: Partial<SwapQuoteRequest> = {}) => made.swaps.quote(request(changes));
    async function quoted(changes: Partial<SwapQuoteRequest> = {}): Promise<SwapQuote> {
      const outcome = await ask(changes);
      if (outcome.kind !== "quoted") throw new Error(outcome.message);
      return outcome;
    }
    const build = (
      quote: SwapQuote,
      more: { feeAccount?: string; trackingAccount?: string } = {},
    ) =>
      made.swaps.instructions({
        quoteAnswer: quote.answer,
        wallet: world.wallet,
        feeAccount: more.feeAccount,
        trackingAccount: more.trackingAccount,
      });
    async function built(quote: SwapQuote, more: Parameters<typeof build>[1] = {}) {
      const outcome = await build(quote, more);
      if (outcome.kind !== "instructions") throw new Error(outcome.message);
      return outcome;
    }
    const plain = ({ accounts, ...rest }: Instruction): PlainInstruction => ({
      ...rest,
      accounts: accounts.map(({ address, ...flags }) => ({ pubkey: address, ...flags })),
    });
    const run = ({
      setup,
      swap,
      cleanup,
      other,
      lookupTables,
    }: Awaited<ReturnType<typeof built>>) =>
      world.run(
        [...setup, swap, ...(cleanup ? [cleanup] : []), ...other].map(plain),
        lookupTables.map(world.table),
      );

    test("a quote says what is promised, and what at least", async () => {
      const quote = await quoted();
      expect(quote).toMatchObject({
        quote: { source: market.url, inAmount: 1_000_000_000n, outAmount: 149_939_550n },
        minimumOut: 149_189_853n,
        slippageBps: 50,
      });
      expect(JSON.parse(quote.answer)).toMatchObject({ outAmount: "149939550" });
    });

    test("its instructions run, and give what was promised", async () => {
      const { quote, ...rest } = await quoted();
      const instructions = await built({ quote, ...rest });
      expect(run(instructions).err).toBeNull();
      expect(world.balance(world.accountOf(USDC))).toBe(quote.outAmount);
      expect(JSON.parse(instructions.answer)).toHaveProperty("swapInstruction");
    });

    test("over two hops, with the tables of the route", async () => {
      world.give(JUP, 5_000_000n);
      const wanted = { inputMint: JUP.mint, outputMint: BONK.mint, amount: 5_000_000n };
      const quote = await quoted(wanted);
      const instructions = await built(quote);
      expect(instructions.lookupTables.length).toBeGreaterThan(1);
      expect(run(instructions).err).toBeNull();
      expect(world.balance(world.accountOf(BONK))).toBe(quote.quote.outAmount);
    });

    test("nothing of a compute budget, a tip or a price comes along", async () => {
      const { setup, swap, cleanup, other } = await built(await quoted());
      expect(other).toEqual([]);
      const programs = [...setup, swap, ...(cleanup ? [cleanup] : [])].map((it) => it.programId);
      expect(programs).not.toContain("ComputeBudget111111111111111111111111111111");
    });

    test("fee account and tracking account are passed on", async () => {
      const feeAccount = world.give(USDC, 0n, TRACKING);
      const quote = await quoted({ platformFeeBps: 20 });
      const instructions = await built(quote, { feeAccount, trackingAccount: TRACKING });
      const accounts = instructions.swap.accounts.map(({ address }) => address);
      expect(accounts).toEqual(expect.arrayContaining([feeAccount, TRACKING]));
      expect(run(instructions).err).toBeNull();
      expect(world.balance(feeAccount)).toBeGreaterThan(0n);
      expect(world.balance(world.accountOf(USDC))).toBe(quote.quote.outAmount);
    });

    test("amounts that no double holds come back exactly", async () => {
      for (const amount of [1_000n, 9_007_199_254_740_993n, 18_446_744_073_709_551_615n]) {
        const quote = await quoted({ amount });
        expect(quote.quote.inAmount).toBe(amount);
        const { swap } = await built(quote);
        const tail = new DataView(swap.data.buffer, swap.data.byteOffset + swap.data.length - 19);
        expect(tail.getBigUint64(0, true)).toBe(amount);
        expect(tail.getBigUint64(8, true)).toBe(quote.quote.outAmount);
      }
    });

    test.each([0, 1, 9_999, 10_000])(
      "slippage of %i bps: the ceiling of what is left",
      async (bps) => {
        const { quote, minimumOut } = await quoted({ slippageBps: bps });
        const kept = quote.outAmount * BigInt(10_000 - bps);
        expect(minimumOut * 10_000n - kept).toBeGreaterThanOrEqual(0n);
        expect(minimumOut * 10_000n - kept).toBeLessThan(10_000n);
      },
    );

    test("senseless requests are refused without asking", async () => {
      for (const changes of [
        ...[0n, -1n, 2n ** 64n].map((amount) => ({ amount })),
        ...[-1, 10_001, 0.5].map((slippageBps) => ({ slippageBps })),
        ...[-1, 256].map((platformFeeBps) => ({ platformFeeBps })),
      ]) {
        expect(await ask(changes)).toMatchObject({ kind: "failed", class: "refused" });
      }
      for (const quoteAnswer of ["", "{", "[]", '"x"', '{},"feeAccount":"x"']) {
        const wanted = { wallet: world.wallet, feeAccount: undefined, trackingAccount: undefined };
        const outcome = await made.swaps.instructions({ ...wanted, quoteAnswer });
        expect(outcome).toMatchObject({ kind: "failed", class: "refused" });
      }
      expect(market.stats()).toMatchObject({ quotes: 0, swaps: 0 });
    });

    test.each(OTHER_TERMS)("a quote with %s is malformed", async (_, fields = {}) => {
      market.setFault({ fields });
      expect(await ask()).toMatchObject({ kind: "failed", class: "malformed" });
    });

    test.each(BROKEN_INSTRUCTIONS)("instructions with %s are malformed", async (_, fields = {}) => {
      const quote = await quoted();
      market.setFault({ on: ["swap-instructions"], fields });
      expect(await build(quote)).toMatchObject({ kind: "failed", class: "malformed" });
    });

    test.each(FAULTS)("a quote: %s is told apart", async (_, fault, expected) => {
      market.setFault(fault);
      expect(await ask()).toMatchObject({ kind: "failed", class: expected });
    });

    test.each(FAULTS)("instructions: %s is told apart", async (_, fault, expected) => {
      const quote = await quoted();
      market.setFault({ ...fault, on: ["swap-instructions"] });
      const outcome = await build(quote);
      expect(outcome).toMatchObject({ kind: "failed", class: expected });
      expect(outcome).toHaveProperty("message", expect.stringContaining(market.url));
    });

    const SERVER_FAULTS = FAULTS.filter(([, fault]) => (fault.status ?? 500) !== 400);
    test.each(SERVER_FAULTS)("instructions: %s, the next server answers", async (_, fault) => {
      use(market.swapUrl, second.swapUrl);
      const quote = await quoted();
      market.setFault({ ...fault, on: ["swap-instructions"] });
      expect(await build(quote)).toMatchObject({ kind: "instructions" });
      expect([market.stats().swaps, second.stats().swaps]).toEqual([1, 1]);
    });

    test("a connection lost once: asked again at once, both calls may be", async () => {
      market.setFault({ reset: true, count: 1 });
      const quote = await quoted();
      market.setFault({ on: ["swap-instructions"], reset: true, count: 1 });
      expect(await build(quote)).toMatchObject({ kind: "instructions" });
      expect(market.stats()).toMatchObject({ quotes: 2, swaps: 2 });
    });

    test("a rate limit met by one call holds for the other", async () => {
      const quote = await quoted();
      market.setFault({ status: 429, retryAfterS: 7, count: 1 });
      expect(await ask()).toMatchObject({ class: "rate-limited", retryAfterMs: 7_000 });
      clock.advanceMs(3_000);
      expect(await build(quote)).toMatchObject({ class: "rate-limited", retryAfterMs: 4_000 });
      clock.advanceMs(4_000);
      expect(await build(quote)).toMatchObject({ kind: "instructions" });
      expect(market.stats()).toMatchObject({ quotes: 2, swaps: 1 });
    });

    test.each(DRAINS)("%s is passed on for the gate to see", async (kind) => {
      const quote = await quoted();
      const honest = await built(quote);
      market.setDrain({ kind });
      const drained = await build(quote);
      expect(drained.kind).toBe("instructions");
      // A price of theirs is dropped with their compute budget.
      const { answer: _, ...before } = honest;
      if (kind === "huge-priority-fee") expect(drained).toMatchObject(before);
      else expect(drained).not.toMatchObject(before);
    });

    test("close ends what is under way, and nothing rejects", async () => {
      made = make({ baseUrls: [market.swapUrl], timeoutMs: 600_000, clock });
      const quote = await quoted();
      market.setFault({ on: ["swap-instructions"], hang: true });
      const asked = build(quote);
      await expect.poll(() => market.stats().faults).toBe(1);
      made.close();
      expect(await asked).toMatchObject({ kind: "failed", class: "unreachable" });
      expect(await ask()).toMatchObject({ kind: "failed", class: "unreachable" });
    });
  });
}
