/**
 * The market attached to a chain: the pool accounts are the truth, and follow the prices. A trade
 * moves its pools; the next time that they follow the market, arbitrage is taken to have put them
 * back.
 */
import type { Chain, Simulation } from "../chain/chain.types.ts";
import { decodePool } from "../venue/pool-account.ts";
import { createWorld, poolAccount, type WorldChain } from "../venue/world.ts";
import { POOLS, type ReservesOf, reservesBy } from "./pools.ts";
import type { PriceSnapshot, Prices } from "./prices.ts";

/** The part of the chain that the market needs. */
export type MarketChain = WorldChain &
  Pick<Chain, "latestBlockhash" | "slot"> & {
    simulate(raw: Uint8Array): Pick<Simulation, "err" | "unitsConsumed">;
  };

export type ChainPools = {
  /** Reserves as they are on the chain. Throws if the account of a pool is gone. */
  readonly reservesOf: ReservesOf;
  /** The prices of the moment at the chain's slot. */
  now(): PriceSnapshot;
  /** Writes the prices of the moment into the pools; answers how many changed. */
  follow(): number;
};

/** Creates the venue's world on the chain where it is not there yet. */
export function attachPools(chain: MarketChain, prices: Prices): ChainPools {
  createWorld(chain, reservesBy(prices.now()));

  const reservesOf: ReservesOf = (pool) => {
    const account = chain.getAccount(pool.address);
    const state = account && decodePool(account.data);
    if (!state) throw new Error(`no pool at ${pool.address}`);
    return [state.reserveA, state.reserveB];
  };

  return {
    reservesOf,
    now: () => ({ ...prices.now(), slot: chain.slot() }),
    follow() {
      const wanted = reservesBy(prices.now());
      let changed = 0;
      for (const pool of POOLS) {
        const [a, b] = wanted(pool);
        const [presentA, presentB] = reservesOf(pool);
        if (a === presentA && b === presentB) continue;
        chain.setAccount(pool.address, poolAccount(chain, pool, [a, b]));
        changed += 1;
      }
      return changed;
    },
  };
}
