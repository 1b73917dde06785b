/**
 * The arithmetic of a position at average cost. Exact integers; every division rounds down.
 *
 * Only a part of a position may have a known cost: a deposit may come without one. That part is
 * `costedQuantity`, its cost `cost` (smallest units of the cost mint). What leaves takes the same
 * share of both parts with it, because units of one mint cannot be told apart. Profit is realised
 * for the costed part only: without a cost there is no profit to speak of.
 *
 * The cost mint measures itself: all of it is always costed at its own quantity, so that buying and
 * selling with it is a move between equals and nothing is realised on it.
 *
 * Rounding down what leaves keeps at least as much cost as is left, so that a later sale shows less
 * profit, never more.
 */
import { divFloor, maxOf, minOf } from "../domain/primitives/amount.ts";

export type Position = {
  /**
   * All that the account holds of the mint by deposits, withdrawals and final fills. Smallest
   * units.
   */
  readonly quantity: bigint;
  readonly costedQuantity: bigint;
  readonly cost: bigint;
  /**
   * Profit (or loss, below 0) of what was sold or paid as fees. Smallest units of the cost mint.
   */
  readonly realised: bigint;
  readonly feesPaidLamports: bigint;
  /** Fills that bought or sold this mint. */
  readonly trades: number;
};

export const EMPTY_POSITION: Position = {
  quantity: 0n,
  costedQuantity: 0n,
  cost: 0n,
  realised: 0n,
  feesPaidLamports: 0n,
  trades: 0,
};

/** What comes in: so many units, how many of them have a cost, and that cost. */
export type Incoming = {
  readonly quantity: bigint;
  readonly costedQuantity: bigint;
  readonly cost: bigint;
};

/** Costed part and cost that left a position together with its units. */
export type Removed = {
  readonly rest: Position;
  readonly costedQuantity: bigint;
  readonly cost: bigint;
};

/**
 * Adds units. Where more left than was known to be there (quantity below 0), what comes in fills
 * that hole first; its share of the cost belongs to what is gone already and is dropped.
 */
export function receive(position: Position, incoming: Incoming): Position {
  const hole = maxOf(-position.quantity, 0n);
  const kept = incoming.quantity - minOf(hole, incoming.quantity);
  const share = (part: bigint): bigint =>
    hole === 0n ? part : divFloor(part * kept, maxOf(incoming.quantity, 1n));
  return {
    ...position,
    quantity: position.quantity + incoming.quantity,
    costedQuantity: position.costedQuantity + share(incoming.costedQuantity),
    cost: position.cost + share(incoming.cost),
  };
}

/**
 * Takes `quantity` units out: ⌊n × costed / quantity⌋ of them costed, with ⌊cost × k / costed⌋ of
 * the cost.
 */
export function remove(position: Position, quantity: bigint): Removed {
  const all = quantity >= position.quantity;
  const costedQuantity = all
    ? position.costedQuantity
    : divFloor(quantity * position.costedQuantity, position.quantity);
  const cost = all ? position.cost : shareOfCost(position, costedQuantity);
  return {
    rest: {
      ...position,
      quantity: position.quantity - quantity,
      costedQuantity: position.costedQuantity - costedQuantity,
      cost: position.cost - cost,
    },
    costedQuantity,
    cost,
  };
}

const shareOfCost = (position: Position, costedQuantity: bigint): bigint =>
  position.costedQuantity === 0n
    ? 0n
    : divFloor(position.cost * costedQuantity, position.costedQuantity);

/** The cost mint's position at its own value. */
export const atOwnValue = (position: Position): Position => ({
  ...position,
  costedQuantity: position.quantity,
  cost: position.quantity,
});

const traded = (position: Position): Position => ({ ...position, trades: position.trades + 1 });

export type Swap = { readonly amountIn: bigint; readonly amountOut: bigint };
type Legs = { readonly input: Position; readonly output: Position };

/** Spends the cost mint: what was spent is the cost of what came. */
export function buy({ input, output }: Legs, { amountIn, amountOut }: Swap): Legs {
  const incoming = { quantity: amountOut, costedQuantity: amountOut, cost: amountIn };
  return {
    input: traded(remove(input, amountIn).rest),
    output: traded(receive(output, incoming)),
  };
}

/**
 * Sells for the cost mint: the costed part's share of the proceeds less its cost is realised on
 * what was sold.
 */
export function sell({ input, output }: Legs, { amountIn, amountOut }: Swap): Legs {
  const { rest, costedQuantity, cost } = remove(input, amountIn);
  const proceeds = divFloor(amountOut * costedQuantity, maxOf(amountIn, 1n));
  const incoming = { quantity: amountOut, costedQuantity: amountOut, cost: amountOut };
  return {
    input: traded({ ...rest, realised: rest.realised + proceeds - cost }),
    output: traded(receive(output, incoming)),
  };
}

/**
 * Swaps two mints that are both not the cost mint: there is no price in the cost mint, so nothing
 * is realised and the cost goes along, onto the same share of what came (at least one unit, so that
 * a cost never stands on nothing).
 */
export function carryOver({ input, output }: Legs, { amountIn, amountOut }: Swap): Legs {
  const { rest, costedQuantity, cost } = remove(input, amountIn);
  const share = divFloor(amountOut * costedQuantity, maxOf(amountIn, 1n));
  const incoming = {
    quantity: amountOut,
    costedQuantity: cost > 0n ? maxOf(share, 1n) : share,
    cost,
  };
  return { input: traded(rest), output: traded(receive(output, incoming)) };
}

/**
 * Fees buy nothing that is held: they leave at their cost, and that cost is a loss. Lamports, on
 * the SOL position.
 */
export function payFees(position: Position, lamports: bigint): Position {
  const { rest, cost } = remove(position, lamports);
  return {
    ...rest,
    realised: rest.realised - cost,
    feesPaidLamports: rest.feesPaidLamports + lamports,
  };
}
