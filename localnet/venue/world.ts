/**
 * What has to be on the chain before anybody trades: the program, mints at their real addresses,
 * pools with vaults, the accounts that routes share, lookup tables, and Jito's tip accounts.
 */
import type { Account, Chain } from "../chain/chain.types.ts";
import { associatedTokenAddress } from "../chain/derived-address.ts";
import { encodeLookupTable } from "../chain/lookup-table.ts";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  LOOKUP_TABLE_PROGRAM,
  NATIVE_MINT,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "../chain/programs.ts";
import { TIP_ACCOUNT_BYTES, TIP_ACCOUNTS, TIP_PROGRAM } from "../jito/tip-accounts.ts";
import { POOLS, type Pool, type ReservesOf } from "../market/pools.ts";
import { ALL_TOKENS, type Token } from "../tokens.ts";
import {
  AMM_CONFIG,
  AMM_PROGRAM,
  EVENT_AUTHORITY,
  JUPITER_PROGRAM,
  namedAddress,
  PROGRAM_AUTHORITIES,
  VAULT_AUTHORITY,
} from "./addresses.ts";
import { encodePool } from "./pool-account.ts";
import { mintBytes, tokenAccountBytes, tokenAccountLength, tokenProgramOf } from "./token-bytes.ts";
import { venueProgram } from "./venue-program.ts";

export type WorldChain = Pick<Chain, "addProgram" | "getAccount" | "rentExempt" | "setAccount">;

/** Programs and pools; the accounts of the shared routes; one that was deactivated. */
export const LOOKUP_TABLES = {
  pools: namedAddress("localnet lookup table of pools"),
  shared: namedAddress("localnet lookup table of shared accounts"),
  expired: namedAddress("localnet lookup table that expired"),
} as const;

/** A vault holds this many times the reserves that the pool has at first. */
const VAULT_DEPTH = 100n;
const MAX_VAULT = 2n ** 62n;

export const vaultAddress = ({ address }: Pool, token: Token): string =>
  namedAddress(`localnet vault ${address} ${token.mint}`);
export const observationAddress = ({ address }: Pool): string =>
  namedAddress(`localnet observation ${address}`);
export const sharedAccountAddress = (authority: string, token: Token): string =>
  associatedTokenAddress(authority, token.mint, tokenProgramOf(token));

/**
 * Puts the world onto a chain. What is there already stays as it is, with its balances, except for
 * the program, which is always the newest.
 */
export function createWorld(chain: WorldChain, reservesOf: ReservesOf): void {
  chain.addProgram(JUPITER_PROGRAM, venueProgram());
  const put = (address: string, account: () => Account) => {
    if (!chain.getAccount(address)) chain.setAccount(address, account());
  };
  const state = (owner: string, data: Uint8Array): Account => ({
    lamports: chain.rentExempt(data.length),
    owner,
    data,
    executable: false,
  });
  for (const token of ALL_TOKENS) {
    put(token.mint, () => state(tokenProgramOf(token), mintBytes(token)));
    for (const { address } of PROGRAM_AUTHORITIES) {
      put(sharedAccountAddress(address, token), () => holding(chain, token, address, 0n));
    }
  }
  // Without these a tip would be too small to open an account with.
  for (const address of TIP_ACCOUNTS) {
    put(address, () => state(TIP_PROGRAM, new Uint8Array(TIP_ACCOUNT_BYTES)));
  }
  put(AMM_CONFIG, () => state(AMM_PROGRAM, new Uint8Array(8)));
  for (const pool of POOLS) {
    const reserves = reservesOf(pool);
    put(pool.address, () => poolAccount(chain, pool, reserves));
    put(observationAddress(pool), () => state(AMM_PROGRAM, new Uint8Array(8)));
    for (const [index, token] of pool.tokens.entries()) {
      const wanted = (reserves[index] ?? 0n) * VAULT_DEPTH;
      const amount = wanted > MAX_VAULT ? MAX_VAULT : wanted;
      put(vaultAddress(pool, token), () => holding(chain, token, VAULT_AUTHORITY.address, amount));
    }
  }
  const table = (addresses: readonly string[], expired = false) =>
    state(
      LOOKUP_TABLE_PROGRAM,
      encodeLookupTable({ addresses, extendedSlot: 0, deactivated: expired }),
    );
  put(LOOKUP_TABLES.pools, () => table(poolTableAddresses()));
  put(LOOKUP_TABLES.shared, () => table(sharedTableAddresses()));
  put(LOOKUP_TABLES.expired, () => table(poolTableAddresses(), true));
}

/** A token account with lamports for its rent, and for its amount where it holds wrapped SOL. */
export function holding(
  chain: Pick<Chain, "rentExempt">,
  token: Token,
  owner: string,
  amount: bigint,
): Account {
  const rent = chain.rentExempt(tokenAccountLength(token));
  return {
    lamports: rent + (token.mint === NATIVE_MINT ? amount : 0n),
    owner: tokenProgramOf(token),
    data: tokenAccountBytes({ token, owner, amount, rent }),
    executable: false,
  };
}

export function poolAccount(
  chain: Pick<Chain, "rentExempt">,
  pool: Pool,
  [reserveA, reserveB]: readonly [bigint, bigint],
): Account {
  const [a, b] = pool.tokens;
  const data = encodePool({
    ...{ feeBps: pool.feeBps, reserveA, reserveB, mintA: a.mint, mintB: b.mint },
    ...{ vaultA: vaultAddress(pool, a), vaultB: vaultAddress(pool, b) },
  });
  return {
    lamports: chain.rentExempt(data.length),
    owner: JUPITER_PROGRAM,
    data,
    executable: false,
  };
}

const poolTableAddresses = (): string[] => [
  ...[JUPITER_PROGRAM, TOKEN_PROGRAM, TOKEN_2022_PROGRAM, ASSOCIATED_TOKEN_PROGRAM],
  ...[SYSTEM_PROGRAM, EVENT_AUTHORITY.address, VAULT_AUTHORITY.address],
  ...[AMM_PROGRAM, AMM_CONFIG],
  ...ALL_TOKENS.map(({ mint }) => mint),
  ...POOLS.flatMap((pool) => [
    ...[pool.address, observationAddress(pool)],
    ...pool.tokens.map((token) => vaultAddress(pool, token)),
  ]),
];

const sharedTableAddresses = (): string[] =>
  PROGRAM_AUTHORITIES.flatMap(({ address }) => [
    address,
    ...ALL_TOKENS.map((token) => sharedAccountAddress(address, token)),
  ]);
