/** Live trade commands: both directions, mostly sensible. */
import { type TradeCommand, tradeCommandSchema } from "../../../domain/order/request.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import { BONK, SOL, USDC } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Prices } from "./execute.ts";
import type { LivePlan } from "./live-plan.ts";

const FUNDS: ReadonlyMap<Mint, bigint> = new Map([
  [SOL, 10_000_000_000n],
  [USDC, 5_000_000_000n],
  [BONK, 90_000_000_00000n],
]);

const PAIRS = [
  ...([[SOL, USDC]] as const),
  ...([[SOL, USDC]] as const),
  ...([[BONK, USDC]] as const),
  ...([[BONK, SOL]] as const),
] as const;

export function drawLiveCommand(
  random: Random,
  {
    plan,
    requestId,
    wallUs,
    prices,
  }: {
    readonly plan: LivePlan;
    readonly requestId: string;
    readonly wallUs: number;
    readonly prices: Prices;
  },
): TradeCommand {
  const [baseMint, quoteMint] = plan.twins ? [SOL, USDC] : random.pick(PAIRS);
  const action = plan.twins ? "SELL" : random.pick(["BUY", "SELL", "SELL", "SWAP"] as const);
  const input = action === "BUY" ? quoteMint : baseMint;
  const whole = FUNDS.get(input) ?? 1_000n;
  const percent = BigInt(random.pick(plan.crowded ? [30, 60, 90] : [1, 2, 5, 30]));
  const amount = plan.twins
    ? 50_000_000n
    : (whole * percent) / 100n + BigInt(random.between(1, 999));
  const tips = plan.hasJito && random.chance(0.3);
  return tradeCommandSchema.parse({
    ...{ requestId, mode: "LIVE", sourceService: "simulation", isSimulated: false, metadata: {} },
    ...{ account: random.pick(plan.twins ? plan.accounts.slice(0, 1) : plan.accounts) },
    ...{ action, baseMint, quoteMint, amount },
    slippageToleranceBps: plan.twins ? 1_000 : random.pick([undefined, undefined, 10, 50, 500]),
    urgency: random.pick(plan.twins ? [undefined] : [undefined, "LOW", "CRITICAL"]),
    mev: plan.twins
      ? undefined
      : random.pick([
          ...[undefined, undefined, { simulate: false, protect: false }],
          ...(tips ? [{ simulate: false, protect: true, tipLamports: 2_000n }] : []),
        ]),
    expectedPrice:
      !plan.twins && random.chance(0.25)
        ? priceOf(prices, { baseMint, quoteMint, random })
        : undefined,
    expiresAtUs: random.chance(0.15)
      ? wallUs + random.pick([50_000, 1_000_000, 20_000_000])
      : undefined,
  });
}

/** Within a percent of the market; millionths as a decimal number. */
function priceOf(
  prices: Prices,
  { baseMint, quoteMint, random }: { baseMint: Mint; quoteMint: Mint; random: Random },
): string {
  const scale = baseMint === BONK ? 10n ** 12n : 1n;
  const [from, to] = [prices.get(baseMint) ?? 1n, prices.get(quoteMint) ?? 1n];
  const micros = (from * 1_000_000n * scale) / to;
  const moved = (micros * BigInt(random.pick([9_900, 9_990, 10_000, 10_050]))) / 10_000n;
  const digits = scale === 1n ? 6 : 18;
  const text = moved.toString().padStart(digits + 1, "0");
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** The same request id with another body. */
export const otherBody = (command: TradeCommand): TradeCommand => ({
  ...command,
  amount: command.amount - 1n,
});

/** What is left of a mint but fees, as one more order: it passes only where nothing is held any more. */
export function probeCommand(
  account: string,
  { requestId, amount }: { readonly requestId: string; readonly amount: bigint },
): TradeCommand {
  return tradeCommandSchema.parse({
    ...{ requestId, mode: "LIVE", sourceService: "simulation", isSimulated: false, metadata: {} },
    ...{ account, action: "BUY", baseMint: SOL, quoteMint: USDC, amount },
    slippageToleranceBps: 1_000,
  });
}
