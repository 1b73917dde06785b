/**
 * Sums of the venue program, exact in 64 and 128 bits: what a constant-product pool gives, a share
 * in basis points, and the least output that an order takes.
 */
import { type Assembler, at, type Register } from "./assembler.ts";
import { HEAP, SLOT, slot } from "./program-memory.ts";

const BPS = 10_000;

/**
 * Function `poolOut`: register 0 = floor(Rout × e / (Rin × 10,000 + e)) with e = received × (10,000
 * - fee), as `swapOut` of the quote server. Reads the slots received, pool, reserveIn, reserveOut.
 * As e is smaller than the divisor, it goes over the bits of Rout from the top: with each one the
 * rest is doubled, e added where the bit is set, and the divisor taken off at most twice.
 */
export function poolOut(a: Assembler, feeOffset: number): void {
  a.label("poolOut");
  a.load(8, 1, slot("pool"));
  a.load(8, 2, at(1, feeOffset));
  a.constant("mov", 8, BPS);
  a.register("sub", 8, 2);
  a.load(8, 1, slot("received"));
  timesSmall(a, { value: 1, factor: 8, low: 6, high: 7 });
  a.load(8, 1, slot("reserveIn"));
  a.load(8, 1, at(1, 0));
  a.constant("mov", 8, BPS);
  timesSmall(a, { value: 1, factor: 8, low: 4, high: 5 });
  addWide(a, { low: 4, high: 5, addLow: 6, addHigh: 7 }, "divisor");
  a.load(8, 3, slot("reserveOut"));
  a.load(8, 3, at(3, 0));
  for (const register of [0, 1, 2] as const) a.constant("mov", register, 0);
  a.constant("mov", 8, 64);
  a.store(8, slot("bits"), 8);

  a.label("poolOutBit");
  a.register("mov", 8, 1);
  a.constant("rsh", 8, 63);
  a.constant("lsh", 2, 1);
  a.register("or", 2, 8);
  a.constant("lsh", 1, 1);
  a.constant("lsh", 0, 1);
  a.register("mov", 8, 3);
  a.constant("rsh", 8, 63);
  a.constant("lsh", 3, 1);
  a.jumpIf("eq", 8, 0n, "poolOutReduce");
  addWide(a, { low: 1, high: 2, addLow: 6, addHigh: 7 }, "rest");
  a.label("poolOutReduce");
  a.jumpIf("lt", 2, 5, "poolOutNext");
  a.jumpIf("gt", 2, 5, "poolOutTake");
  a.jumpIf("lt", 1, 4, "poolOutNext");
  a.label("poolOutTake");
  a.register("mov", 8, 1);
  a.register("sub", 1, 4);
  a.jumpIf("ge", 8, 4, "poolOutBorrowed");
  a.constant("sub", 2, 1);
  a.label("poolOutBorrowed");
  a.register("sub", 2, 5);
  a.constant("add", 0, 1);
  a.jump("poolOutReduce");
  a.label("poolOutNext");
  a.load(8, 8, at(HEAP, SLOT.bits));
  a.constant("sub", 8, 1);
  a.store(8, slot("bits"), 8);
  a.jumpIf("ne", 8, 0n, "poolOutBit");
  a.exit();
}

type Product = {
  readonly value: Register;
  /** Below 2^32. */
  readonly factor: Register;
  readonly low: Register;
  readonly high: Register;
};

/** (high, low) = value × factor; uses register 0. */
function timesSmall(a: Assembler, { value, factor, low, high }: Product): void {
  a.register("mov", high, value);
  a.constant("rsh", high, 32);
  a.register("mul", high, factor);
  a.register("mov", low, value);
  a.constant("lsh", low, 32);
  a.constant("rsh", low, 32);
  a.register("mul", low, factor);
  a.register("mov", 0, high);
  a.constant("lsh", 0, 32);
  a.register("add", low, 0);
  a.constant("rsh", high, 32);
  const label = `product${low}`;
  a.jumpIf("ge", low, 0, label);
  a.constant("add", high, 1);
  a.label(label);
}

type WideSum = {
  readonly low: Register;
  readonly high: Register;
  readonly addLow: Register;
  readonly addHigh: Register;
};

/** (high, low) += (addHigh, addLow), which fits into 128 bits. */
function addWide(a: Assembler, { low, high, addLow, addHigh }: WideSum, name: string): void {
  const label = `sum ${name}`;
  a.register("add", low, addLow);
  a.jumpIf("ge", low, addLow, label);
  a.constant("add", high, 1);
  a.label(label);
  a.register("add", high, addHigh);
}

/**
 * to = floor(value × bps / 10,000), in 64 bits without overflow for bps up to 10,000: the whole
 * 10,000s and the rest apart. Changes `value` and `bps`.
 */
export function share(
  a: Assembler,
  { value, bps, to }: { readonly value: Register; readonly bps: Register; readonly to: Register },
): void {
  a.register("mov", to, value);
  a.constant("div", to, BPS);
  a.register("mul", to, bps);
  a.constant("mod", value, BPS);
  a.register("mul", value, bps);
  a.constant("div", value, BPS);
  a.register("add", to, value);
}

/**
 * Slot minimumOut = ceiling of quoted × (10,000 - slippage) / 10,000: the `otherAmountThreshold` of
 * Jupiter's quotes. That is quoted less the floor of the tolerated part.
 */
export function minimumOut(a: Assembler): void {
  a.load(8, 1, slot("quotedOut"));
  a.register("mov", 4, 1);
  a.load(8, 2, slot("slippageBps"));
  share(a, { value: 1, bps: 2, to: 3 });
  a.register("sub", 4, 3);
  a.store(8, slot("minimumOut"), 4);
}
