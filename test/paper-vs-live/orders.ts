/** The orders of the comparison: pairs, directions and sizes mixed, the same for the same seed. */
import { parseFixed, USD } from "../../localnet/market/fixed-point.ts";
import { type Token, tokenBySymbol } from "../../localnet/tokens.ts";
import { TradeAction } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { createRandom, type Random } from "../simulation/random.ts";

export type MixedOrder = {
  readonly action: TradeAction;
  readonly base: Token;
  readonly quote: Token;
  /** Smallest units of what is spent. */
  readonly amount: bigint;
  /** Worth of it at the token's anchor price, whole US dollars. */
  readonly usd: number;
};

/** Against USDC, against SOL, and over two pools. The pairs that are traded most are there more than once. */
const PAIRS: readonly (readonly [base: string, quote: string])[] = [
  ...[["SOL", "USDC"] as const, ["SOL", "USDC"] as const, ["SOL", "USDC"] as const],
  ...[["SOL", "USDT"] as const, ["JUP", "USDC"] as const, ["BONK", "USDC"] as const],
  ...[["WIF", "USDC"] as const, ["RAY", "USDC"] as const, ["WETH", "USDC"] as const],
  ...[["JUP", "SOL"] as const, ["BONK", "SOL"] as const, ["ORCA", "SOL"] as const],
  ...[["JitoSOL", "SOL"] as const, ["mSOL", "SOL"] as const, ["PYTH", "USDC"] as const],
  ...[["JUP", "BONK"] as const, ["WIF", "RAY"] as const],
];

/** US dollars; each is taken times 0.80 to 1.25. */
const SIZES = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000] as const;
const ACTIONS = [
  TradeAction.TRADE_ACTION_BUY,
  TradeAction.TRADE_ACTION_SELL,
  TradeAction.TRADE_ACTION_SWAP,
];

export function mixedOrders(seed: number, count: number): MixedOrder[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => mixedOrder(random));
}

function mixedOrder(random: Random): MixedOrder {
  const [first, second] = random.pick(PAIRS).map(known);
  if (!first || !second) throw new Error("a pair of one token");
  const action = random.pick(ACTIONS);
  // A swap goes either way; buys and sells do by themselves.
  const isTurned = action === TradeAction.TRADE_ACTION_SWAP && random.chance(0.5);
  const [base, quote] = isTurned ? [second, first] : [first, second];
  const usd = Math.round((random.pick(SIZES) * random.between(80, 125)) / 100);
  const spent = action === TradeAction.TRADE_ACTION_BUY ? quote : base;
  return { action, base, quote, amount: unitsWorth(usd, spent), usd };
}

/** Smallest units of a token for so many US dollars at its anchor price. */
export function unitsWorth(usd: number, { anchorUsd, decimals }: Token): bigint {
  const price = parseFixed(anchorUsd);
  if (!price) throw new Error(`no price: ${anchorUsd}`);
  return (BigInt(usd) * USD * 10n ** BigInt(decimals)) / price;
}

/** A token of the local world by its symbol. */
export function known(symbol: string): Token {
  const token = tokenBySymbol(symbol);
  if (!token) throw new Error(`no token ${symbol}`);
  return token;
}
