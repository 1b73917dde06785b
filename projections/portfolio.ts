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
 * A live account has no deposits here: its positions are the net of its trades, so that a quantity is
 * below 0 where more was spent than came. Nothing of such a quantity is costed.
 *
 * Rounding down what leaves keeps at least as much cost as is left, so that a later sale shows less
 * profit, never more.
 */
import { divFloor, maxOf } from "../domain/primitives/amount.ts";

export type Position = {
  /**
   * All that the account holds of the mint by deposits, withdrawals and final fills; below 0 where
   * it held more than it is known to have got. Smallest units.
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
  const { costedQuantity, cost } = besideHole(position, incoming);
  return {
    ...position,
    quantity: position.quantity + incoming.quantity,
    costedQuantity: position.costedQuantity + costedQuantity,
    cost: position.cost + cost,
  };
}

function besideHole({ quantity }: Position, incoming: Incoming): Omit<Incoming, "quantity"> {
  if (quantity >= 0n) return incoming;
  const kept = maxOf(incoming.quantity + quantity, 0n);
  const share = (part: bigint): bigint => divFloor(part * kept, maxOf(incoming.quantity, 1n));
  const costedQuantity = share(incoming.costedQuantity);
  // A cost never stands on nothing.
  return { costedQuantity, cost: costedQuantity === 0n ? 0n : share(incoming.cost) };
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
export const atOwnValue = (position: Position): Position => {
  const own = maxOf(position.quantity, 0n);
  return { ...position, costedQuantity: own, cost: own };
};

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
export const payFees = (position: Position, lamports: bigint): Position => ({
  ...giveAway(position, lamports),
  feesPaidLamports: position.feesPaidLamports + lamports,
});

/** What leaves for nothing leaves at its cost, and that cost is a loss. */
export function giveAway(position: Position, quantity: bigint): Position {
  const { rest, cost } = remove(position, quantity);
  return { ...rest, realised: rest.realised - cost };
}

/** Units that come in and nobody knows what they cost. */
export const receiveUncosted = (position: Position, quantity: bigint): Position =>
  receive(position, { quantity, costedQuantity: 0n, cost: 0n });
