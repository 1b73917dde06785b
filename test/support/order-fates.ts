/** Random requests and random fates for lives of an order; absurd values are there, but rarer than sensible ones. */
import fc from "fast-check";
import type { OrderCommand } from "../../domain/order/commands.ts";
import type { QuoteFailureClass } from "../../domain/ports/quotes.ts";
import { NO_KNOBS, type OutcomeKnobs } from "../../domain/pricing/outcomes.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import { START_US } from "./given.ts";
import { BONK, SOL, TICKET, USDC } from "./order-samples.ts";

const UNKNOWN_MINT = "UnknownMint11111111111111111111111111111111";
/** One of these, the first far more often than the others: absurd values must not end every life at its beginning. */
const mostly = <T>(usual: T, ...rare: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 24, arbitrary: fc.constant(usual) },
    { weight: rare.length, arbitrary: fc.constantFrom(...rare) },
  );

const u64 = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt({ min: 1_000_000n, max: 10n ** 12n }) },
  { weight: 2, arbitrary: fc.constantFrom(1n, 2n, U64_MAX - 1n, U64_MAX) },
  { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: U64_MAX }) },
);

const PRICES = [
  "1",
  "150.25",
  "99999999999999999999.999999999999999999",
  "0.000000000000000001",
] as const;
type Mev = { simulate: boolean; protect: boolean; tipLamports: bigint };

/** Form-valid requests, sensible and absurd. */
export const requests: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    action: fc.constantFrom("BUY", "SELL", "SWAP"),
    mints: fc.shuffledSubarray([SOL, USDC, BONK, TICKET], { minLength: 2, maxLength: 2 }),
    unknownMint: mostly(false, true),
    amount: u64,
    isBaseInput: fc.option(fc.boolean(), { nil: undefined }),
    slippageToleranceBps: fc.oneof(
      { weight: 24, arbitrary: fc.constantFrom(undefined, 0, 50, 200, 4_999) },
      { weight: 1, arbitrary: fc.constant(5_000) },
    ),
    expectedPrice: fc.oneof(fc.constant(undefined), fc.constantFrom(...PRICES)),
    isSimulated: fc.boolean(),
    priorityFeeLamports: mostly<bigint | undefined>(undefined, 0n, 999_999n, 1_000_000n),
    mev: mostly<Mev | undefined>(
      undefined,
      { simulate: true, protect: true, tipLamports: 5n },
      { simulate: false, protect: true, tipLamports: 10n ** 9n },
      { simulate: true, protect: true, tipLamports: U64_MAX },
      { simulate: false, protect: false, tipLamports: 1n },
    ),
    maxPriceImpactBps: mostly<number | undefined>(undefined, 0, 100, 100, 100),
    expiresAtUs: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(undefined, START_US + 5_000_000) },
      { weight: 1, arbitrary: fc.constant(START_US) },
    ),
    slippageModel: mostly<string | undefined>(undefined, "unknown"),
  })
  .map(({ mints, unknownMint, ...raw }) => ({
    ...raw,
    baseMint: unknownMint ? UNKNOWN_MINT : mints[0],
    quoteMint: mints[1],
    isBaseInput: raw.action === "SWAP" ? undefined : raw.isBaseInput,
    isSimulated: raw.isSimulated && raw.expectedPrice !== undefined,
  }));

const KINDS = [
  "Request",
  "Validate",
  "RecordQuote",
  "UseExpectedPrice",
  "Reserve",
  "Simulate",
  "Settle",
  "Cancel",
  "Expire",
] as const satisfies readonly OrderCommand["type"][];

/** What the world has in store at one step, whatever is done at it. */
export type Fate = {
  /** Do what comes next; else `kind`. */
  readonly follow: boolean;
  readonly kind: OrderCommand["type"];
  readonly passUs: number;
  readonly quoteFails: QuoteFailureClass | undefined;
  readonly inAmount: bigint;
  readonly outAmount: bigint;
  readonly reversed: boolean;
  readonly quoteAgeUs: number;
  readonly priceImpact: string;
  readonly available: bigint;
  readonly slippagePpm: bigint;
  readonly stale: boolean;
  readonly usdMicros: bigint | undefined;
  readonly outcomes: OutcomeKnobs | undefined;
  readonly delayMs: number;
  readonly accountOpen: boolean;
};

export const fates: fc.Arbitrary<Fate> = fc.record({
  follow: fc.nat(9).map((n) => n > 0),
  kind: fc.constantFrom(...KINDS),
  passUs: mostly(0, 1, 1_000, 250_000, 2_000_000, 6_000_000),
  quoteFails: mostly<QuoteFailureClass | undefined>(
    undefined,
    "timeout",
    "timeout",
    "timeout",
    "malformed",
    "no-route",
  ),
  inAmount: u64,
  outAmount: fc.oneof({ weight: 20, arbitrary: u64 }, { weight: 1, arbitrary: fc.constant(0n) }),
  reversed: fc.boolean(),
  quoteAgeUs: mostly(0, 1_000, 10_000_000, 10_000_001, -5),
  priceImpact: mostly("0.001", "0.01", "0.0100001", "-1", "1E-7", "none"),
  available: mostly(10n ** 40n, 0n, 10n ** 12n),
  slippagePpm: mostly(5_000n, 0n, 0n, 20_000n, 499_999n, 999_999n),
  stale: mostly(false, true),
  usdMicros: mostly<bigint | undefined>(50_000_000_000n, undefined, 0n, U64_MAX),
  outcomes: mostly<OutcomeKnobs | undefined>(
    undefined,
    { ...NO_KNOBS, successRateBps: 0 },
    { ...NO_KNOBS, averageSlippageBps: 80, delayMs: 5 },
  ),
  delayMs: fc.constantFrom(0, 0, 1, 2_000),
  accountOpen: mostly(true, false),
});

export const lives = fc.record({
  raw: requests,
  /** Every quote times out. */
  marketDown: mostly(false, true, true),
  fates: fc.array(fates, { minLength: 1, maxLength: 20, size: "max" }),
});
