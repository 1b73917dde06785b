/** Trade commands as strategies send them: mostly sensible, sometimes tiny, huge, late, or against a rule. */
import { type TradeCommand, tradeCommandSchema } from "../../domain/order/request.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import { BONK, SOL, TICKET, UNSUPPORTED, USDC } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Market } from "./sim-market.ts";
import { MODEL_NAMES } from "./venue-plan.ts";

/** What a new account gets, smallest units. */
export const FUNDS: ReadonlyMap<Mint, bigint> = new Map([
  [SOL, 100_000_000_000n],
  [USDC, 10_000_000_000n],
  [BONK, 50_000_000_00000n],
  [TICKET, 400n],
]);

const MINTS = [SOL, USDC, SOL, USDC, SOL, USDC, BONK, TICKET];

export function drawCommand(
  random: Random,
  context: {
    readonly requestId: string;
    readonly accounts: readonly string[];
    readonly market: Market;
    readonly wallUs: number;
    /** Everybody wants large parts of the same account. */
    readonly crowded: boolean;
    /** Everybody sells SOL at the pair's price. */
    readonly narrow: boolean;
  },
): TradeCommand {
  const { market, wallUs, narrow } = context;
  const rarely = (): boolean => random.chance(0.015);
  const { action, baseMint, quoteMint } = narrow ? NARROW : drawPair(random);
  const mode = rarely() ? "LIVE" : "PAPER";
  const isBaseInput =
    action === "SWAP" || mode === "LIVE"
      ? undefined
      : random.pick([undefined, undefined, true, false]);
  const counted = (isBaseInput ?? action !== "BUY") ? baseMint : quoteMint;
  const isSimulated = mode === "PAPER" && random.chance(0.1);
  const priced = isSimulated || random.chance(0.25);
  return tradeCommandSchema.parse({
    requestId: context.requestId,
    mode,
    account: rarely() ? "nobody" : random.pick(context.accounts),
    sourceService: "simulation",
    action,
    baseMint,
    quoteMint,
    amount: drawAmount(random, counted, context),
    isBaseInput,
    slippageToleranceBps: rarely()
      ? 5_000
      : random.pick([undefined, undefined, undefined, 0, 50, 200, 500, 4_999]),
    urgency: random.pick([undefined, "LOW", "NORMAL", "HIGH", "CRITICAL"]),
    priorityFeeLamports: rarely() ? 1_000_000n : random.pick([undefined, 0n, 999_999n]),
    mev: random.pick([
      ...[undefined, undefined, { simulate: true }, { simulate: false, tipLamports: 20_000n }],
      { simulate: true, protect: true, tipLamports: 200_000n },
      ...(rarely() ? [{ simulate: false, protect: false, tipLamports: 1n }] : []),
    ]),
    maxPriceImpactBps: narrow
      ? undefined
      : random.pick([undefined, undefined, undefined, undefined, 100, 10_000]),
    expectedPrice: priced ? drawPrice(random, market.priceMicros(baseMint, quoteMint)) : undefined,
    slippageModel: rarely() ? "none" : random.pick([undefined, undefined, ...MODEL_NAMES]),
    expiresAtUs: random.chance(0.2)
      ? wallUs + random.pick([-1_000, 5_000, 100_000, 1_000_000, 20_000_000])
      : undefined,
    isSimulated,
    metadata: random.chance(0.2) ? { note: `n${random.between(0, 9)}` } : {},
  });
}

const NARROW = { action: "SELL", baseMint: SOL, quoteMint: USDC } as const;

function drawPair(random: Random) {
  const baseMint = random.chance(0.015) ? UNSUPPORTED : random.pick(MINTS);
  const quoteMint = random.pick(MINTS.filter((mint) => mint !== baseMint));
  return { action: random.pick(["BUY", "SELL", "SWAP"] as const), baseMint, quoteMint };
}

/** Often a large part of what an account has, so that orders fight for funds. */
function drawAmount(
  random: Random,
  counted: Mint,
  { crowded, narrow }: { readonly crowded: boolean; readonly narrow: boolean },
): bigint {
  const whole = FUNDS.get(counted) ?? 1_000n;
  if (random.chance(0.04)) return random.pick([1n, whole * 50n, 18_446_744_073_709_551_615n]);
  if (narrow) return whole / 100n + BigInt(random.between(1, 1_000));
  const percent = random.pick(crowded ? [10, 30, 45, 60] : [1, 1, 1, 2, 2, 3, 5, 10, 30, 60, 90]);
  return (whole * BigInt(percent)) / 100n + BigInt(random.between(1, 1_000));
}

/** Within some percent of the market; millionths as a decimal number. */
function drawPrice(random: Random, micros: bigint): string {
  const moved = (micros * BigInt(random.pick([9_700, 9_950, 10_000, 10_010, 10_100]))) / 10_000n;
  const units = moved < 1n ? 1n : moved;
  return `${units / 1_000_000n}.${(units % 1_000_000n).toString().padStart(6, "0")}`;
}

/** The same request id with another body. */
export const otherBody = (command: TradeCommand): TradeCommand => ({
  ...command,
  amount: command.amount === 1n ? 2n : command.amount - 1n,
});

/** What differs when a caller sends the same request again: nothing that makes the trade. */
export const sameBody = (command: TradeCommand): TradeCommand => ({
  ...command,
  sourceService: "simulation-again",
});
