/** Swap orders as the local Jupiter takes them, and quotes over the pools as they are. */

import { bestRoute, type ReservesOf } from "../../../localnet/market/pools.ts";
import { createPrices } from "../../../localnet/market/prices.ts";
import { planSwap } from "../../../localnet/market/swap-plan.ts";
import { parseSwapRequest, type SwapOrder } from "../../../localnet/market/swap-request.ts";
import type { Token } from "../../../localnet/tokens.ts";
import { decodePool } from "../../../localnet/venue/pool-account.ts";
import type { PlainInstruction, Ran, VenueWorld } from "./venue-world.ts";

export type Wanted = {
  readonly input: Token;
  readonly output: Token;
  readonly amount: bigint;
  readonly directOnly?: boolean;
  /** In place of what the pools give. */
  readonly quoted?: bigint;
  readonly slippageBps?: number;
  readonly platformFeeBps?: number;
  /** Further fields of the request. */
  readonly request?: { readonly [name: string]: unknown };
};

const prices = createPrices({ seed: 1, speed: 1, nowMs: () => 0 });

export const reservesOn =
  (world: VenueWorld): ReservesOf =>
  ({ address }) => {
    const account = world.chain.getAccount(address);
    const pool = account && decodePool(account.data);
    if (!pool) throw new Error(`no pool at ${address}`);
    return [pool.reserveA, pool.reserveB];
  };

export function quoteOn(world: VenueWorld, { input, output, amount, directOnly = false }: Wanted) {
  const route = bestRoute(prices.now(), { input, output, amount, directOnly }, reservesOn(world));
  if (!route) throw new Error(`no route from ${input.symbol} to ${output.symbol}`);
  return route;
}

/** The order that the wallet would send for this, at the price of the moment unless quoted. */
export function orderOn(world: VenueWorld, wanted: Wanted): SwapOrder {
  const route = quoteOn(world, wanted);
  const { slippageBps = 0, platformFeeBps, quoted } = wanted;
  const fee = (route.outAmount * BigInt(platformFeeBps ?? 0)) / 10_000n;
  const out = String(quoted ?? route.outAmount - fee);
  const parsed = parseSwapRequest(
    JSON.stringify({
      userPublicKey: world.wallet,
      quoteResponse: {
        inputMint: wanted.input.mint,
        inAmount: String(wanted.amount),
        outputMint: wanted.output.mint,
        ...{ outAmount: out, otherAmountThreshold: out, swapMode: "ExactIn", slippageBps },
        platformFee: platformFeeBps === undefined ? null : { feeBps: platformFeeBps },
        routePlan: route.legs.map(({ pool, input, output }) => ({
          swapInfo: { ammKey: pool.address, inputMint: input.mint, outputMint: output.mint },
          percent: 100,
        })),
      },
      wrapAndUnwrapSol: false,
      ...wanted.request,
    }),
  );
  if (parsed.kind !== "order") throw new Error(JSON.stringify(parsed));
  return parsed.order;
}

/** The swap instruction alone, over accounts that the wallet has. */
export const swapOn = (world: VenueWorld, wanted: Wanted): PlainInstruction =>
  planSwap(orderOn(world, wanted), () => true).swap;

/** Gives the wallet what a direct route needs, and runs the swap. */
export function trade(world: VenueWorld, wanted: Wanted): Ran {
  const { input, output, amount } = wanted;
  for (const leg of quoteOn(world, wanted).legs) world.give(leg.output, 0n);
  world.give(input, amount);
  world.give(output, 0n);
  return world.run([swapOn(world, wanted)]);
}

export const customCode = (run: Ran): unknown => {
  const { err } = run;
  if (err === null || typeof err === "string") return err;
  const failure: unknown = err.InstructionError;
  const cause: unknown = Array.isArray(failure) ? failure[1] : failure;
  return typeof cause === "object" && cause !== null && "Custom" in cause ? cause.Custom : cause;
};
