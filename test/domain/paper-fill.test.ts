import { describe, expect, it } from "vitest";
import {
  type Amounts,
  formatCentiBps,
  slippageCentiBps,
  type Trade,
  tradeAmounts,
  withinLimit,
  worstAmounts,
} from "../../domain/pricing/paper-fill.ts";
import { type Ratio, ratioFromPrice } from "../../domain/primitives/ratio.ts";

type Row = readonly [
  name: string,
  side: Trade["side"],
  counts: Trade["counts"],
  amount: bigint,
  price: Ratio,
  slippageBps: bigint,
  expected: {
    readonly quoted: readonly [amountIn: bigint, amountOut: bigint];
    readonly fill: readonly [amountIn: bigint, amountOut: bigint];
    /** Under a tolerance of 200 bps. */
    readonly limit: readonly [amountIn: bigint, amountOut: bigint];
    readonly passes: boolean;
  },
];

/** 150.25 USDC (6 decimals) per SOL (9): 150.25 × 10^6 / 10^9 = 0.15025 units per lamport. */
const SOL_USDC = ratioFromPrice("150.25", 9, 6);
/** 0.00002468 USDC (6) per BONK (5): 0.00002468 × 10^6 / 10^5 = 0.0002468 units per unit. */
const BONK_USDC = ratioFromPrice("0.00002468", 5, 6);
/** A route quoted for exactly this trade. */
const route = (amountIn: bigint, amountOut: bigint): Ratio => ({
  numerator: amountOut,
  denominator: amountIn,
});

const CASES: readonly Row[] = [
  // 200×10^6 / 0.15025 = 1331114808.65; / (0.15025 × 1.005 = 0.15100125) = 1324492346.92;
  // least 1331114808 × 0.98 = 1304492511.84 up to …512.
  [
    "buy SOL with 200 USDC",
    "buy",
    "input",
    200_000_000n,
    SOL_USDC,
    50n,
    {
      quoted: [200_000_000n, 1_331_114_808n],
      fill: [200_000_000n, 1_324_492_346n],
      limit: [200_000_000n, 1_304_492_512n],
      passes: true,
    },
  ],
  // 1.5×10^9 × 0.15025 = 225375000; × 1.005 = 226501875 exactly; most 225375000 × 1.02 = 229882500.
  [
    "buy 1.5 SOL with USDC",
    "buy",
    "output",
    1_500_000_000n,
    SOL_USDC,
    50n,
    {
      quoted: [225_375_000n, 1_500_000_000n],
      fill: [226_501_875n, 1_500_000_000n],
      limit: [229_882_500n, 1_500_000_000n],
      passes: true,
    },
  ],
  // 225375000 × 0.995 = 224248125 exactly; least × 0.98 = 220867500.
  [
    "sell 1.5 SOL for USDC",
    "sell",
    "input",
    1_500_000_000n,
    SOL_USDC,
    50n,
    {
      quoted: [1_500_000_000n, 225_375_000n],
      fill: [1_500_000_000n, 224_248_125n],
      limit: [1_500_000_000n, 220_867_500n],
      passes: true,
    },
  ],
  // 1331114808.65 up to …809; 200×10^6 / (0.15025 × 0.995 = 0.14949875) = 1337803827.79 up to …828;
  // most 1331114809 / 0.98 = 1358280417.35 down.
  [
    "sell SOL for 200 USDC",
    "sell",
    "output",
    200_000_000n,
    SOL_USDC,
    50n,
    {
      quoted: [1_331_114_809n, 200_000_000n],
      fill: [1_337_803_828n, 200_000_000n],
      limit: [1_358_280_417n, 200_000_000n],
      passes: true,
    },
  ],
  // 912345678901 × 0.995 = 907783950506.495 down; least × 0.98 = 894098765322.98 up.
  [
    "swap 1.5 SOL to BONK",
    "sell",
    "input",
    1_500_000_000n,
    route(1_500_000_000n, 912_345_678_901n),
    50n,
    {
      quoted: [1_500_000_000n, 912_345_678_901n],
      fill: [1_500_000_000n, 907_783_950_506n],
      limit: [1_500_000_000n, 894_098_765_323n],
      passes: true,
    },
  ],
  // 25000001 / 0.0002468 = 101296600486.22; / 0.000248034 = 100792637299.73; least 101296600486 × 0.98 = 99270668476.28 up.
  [
    "buy BONK with 25.000001 USDC",
    "buy",
    "input",
    25_000_001n,
    BONK_USDC,
    50n,
    {
      quoted: [25_000_001n, 101_296_600_486n],
      fill: [25_000_001n, 100_792_637_299n],
      limit: [25_000_001n, 99_270_668_477n],
      passes: true,
    },
  ],
  // 12345678901 × 0.0002468 = 3046913.55 up; × 0.000248034 = 3062148.12 up; most 3046914 × 1.02 = 3107852.28 down.
  [
    "buy 123456.78901 BONK with USDC",
    "buy",
    "output",
    12_345_678_901n,
    BONK_USDC,
    50n,
    {
      quoted: [3_046_914n, 12_345_678_901n],
      fill: [3_062_149n, 12_345_678_901n],
      limit: [3_107_852n, 12_345_678_901n],
      passes: true,
    },
  ],
  // 4100 × 0.0002468 = 1.01188 down; × 0.995 = 1.0068206 down; least 1 × 0.98 up.
  [
    "sell 0.041 BONK, one unit's worth",
    "sell",
    "input",
    4_100n,
    BONK_USDC,
    50n,
    { quoted: [4_100n, 1n], fill: [4_100n, 1n], limit: [4_100n, 1n], passes: true },
  ],
  // 1 / 0.0002468 = 4051.86 up; / (× 0.98 = 0.000241864) = 4134.55 up; most 4052 / 0.98 = 4134.69 down: one unit over.
  [
    "sell BONK for 0.000001 USDC",
    "sell",
    "output",
    1n,
    BONK_USDC,
    200n,
    { quoted: [4_052n, 1n], fill: [4_135n, 1n], limit: [4_134n, 1n], passes: false },
  ],
  // 912345678950 = 50 × 18246913579: × 0.98 = 894098765371 exactly, fill and limit alike.
  [
    "swap to BONK, exactly at the limit",
    "sell",
    "input",
    3_141_592_653n,
    route(3_141_592_653n, 912_345_678_950n),
    200n,
    {
      quoted: [3_141_592_653n, 912_345_678_950n],
      fill: [3_141_592_653n, 894_098_765_371n],
      limit: [3_141_592_653n, 894_098_765_371n],
      passes: true,
    },
  ],
  // 912345678951 × 0.98 = 894098765371.98: the fill down, the limit up, one unit apart.
  [
    "swap to BONK, one unit under the limit",
    "sell",
    "input",
    3_141_592_653n,
    route(3_141_592_653n, 912_345_678_951n),
    200n,
    {
      quoted: [3_141_592_653n, 912_345_678_951n],
      fill: [3_141_592_653n, 894_098_765_371n],
      limit: [3_141_592_653n, 894_098_765_372n],
      passes: false,
    },
  ],
  // 225375000 × 1.02 = 229882500 exactly, fill and limit alike.
  [
    "buy 1.5 SOL, exactly at the limit",
    "buy",
    "output",
    1_500_000_000n,
    SOL_USDC,
    200n,
    {
      quoted: [225_375_000n, 1_500_000_000n],
      fill: [229_882_500n, 1_500_000_000n],
      limit: [229_882_500n, 1_500_000_000n],
      passes: true,
    },
  ],
];

const pair = ({ amountIn, amountOut }: Amounts) => [amountIn, amountOut];

describe("twelve cases by hand", () => {
  it.each(CASES)("%s", (_, side, counts, amount, price, slippageBps, expected) => {
    const trade: Trade = { side, counts, amount, price };
    const quoted = tradeAmounts(trade, 0n);
    const fill = tradeAmounts(trade, slippageBps * 100n);
    const limit = worstAmounts(quoted, trade, 200);
    expect(pair(quoted)).toEqual(expected.quoted);
    expect(pair(fill)).toEqual(expected.fill);
    expect(pair(limit)).toEqual(expected.limit);
    expect(withinLimit(fill, limit)).toBe(expected.passes);
    expect(withinLimit(limit, limit)).toBe(true);
    const worse =
      counts === "input"
        ? { ...limit, amountOut: limit.amountOut - 1n }
        : { ...limit, amountIn: limit.amountIn + 1n };
    expect(withinLimit(worse, limit)).toBe(false);
  });
});

describe("slippage in hundredths of a basis point", () => {
  const out = (amountOut: bigint): Amounts => ({ amountIn: 1n, amountOut });
  it.each([
    // 5 of 1,000 are 50 bps.
    [995n, 1_000n, 5_000n],
    [1_005n, 1_000n, -5_000n],
    [1_000n, 1_000n, 0n],
    [0n, 1_000n, 1_000_000n],
    // 1 of 2,000,000 is half a hundredth: up, towards worse; better by it: up, to none.
    [1_999_999n, 2_000_000n, 1n],
    [2_000_001n, 2_000_000n, 0n],
    [2_000_003n, 2_000_000n, -1n],
    // Against nothing there is no slippage.
    [7n, 0n, 0n],
  ])("%i received of %i expected is %i", (actual, reference, expected) => {
    expect(slippageCentiBps(out(actual), out(reference), "input")).toBe(expected);
  });

  it.each([
    [0n, "0.00"],
    [5n, "0.05"],
    [-5n, "-0.05"],
    [99n, "0.99"],
    [100n, "1.00"],
    [4_975n, "49.75"],
    [-123_456n, "-1234.56"],
  ])("%i is written %s", (value, text) => {
    expect(formatCentiBps(value)).toBe(text);
  });
});
