/**
 * The tokens that the local world knows: real mint addresses and decimals of Solana mainnet, so
 * that what works here works there. Prices are only where the generator starts from; they are not
 * meant to be today's.
 */
export type Token = {
  readonly symbol: string;
  /** Base58 address of the mint. */
  readonly mint: string;
  readonly decimals: number;
  /** US dollars per whole token that the generated price moves around, as a decimal string. */
  readonly anchorUsd: string;
  /**
   * Width of the generated movement in thousandths of the usual one: 1000 moves by up to about 4 %.
   */
  readonly movement: number;
  /** Set where the price is a fixed multiple of another token's: staked SOL follows SOL. */
  readonly follows?: { readonly symbol: string; readonly ratio: string };
  /** Set where the mint belongs to Token-2022; the fee, in basis points, leaves each transfer. */
  readonly token2022?: { readonly transferFeeBps: number };
};

export const TOKENS: readonly Token[] = [
  {
    symbol: "SOL",
    mint: "So11111111111111111111111111111111111111112",
    decimals: 9,
    anchorUsd: "150",
    movement: 1000,
  },
  {
    symbol: "USDC",
    mint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    decimals: 6,
    anchorUsd: "1",
    movement: 0,
  },
  {
    symbol: "USDT",
    mint: "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
    decimals: 6,
    anchorUsd: "1",
    movement: 10,
  },
  {
    symbol: "JUP",
    mint: "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN",
    decimals: 6,
    anchorUsd: "0.5",
    movement: 1500,
  },
  {
    symbol: "BONK",
    mint: "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263",
    decimals: 5,
    anchorUsd: "0.00002",
    movement: 2000,
  },
  {
    symbol: "WIF",
    mint: "EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm",
    decimals: 6,
    anchorUsd: "0.9",
    movement: 2000,
  },
  {
    symbol: "RAY",
    mint: "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R",
    decimals: 6,
    anchorUsd: "2.5",
    movement: 1500,
  },
  {
    symbol: "ORCA",
    mint: "orcaEKTdK7LKz57vaAYr9QeNsVEPfiu6QeMU1kektZE",
    decimals: 6,
    anchorUsd: "2",
    movement: 1500,
  },
  {
    symbol: "PYTH",
    mint: "HZ1JovNiVvGrGNiiYvEozEVgZ58xaU3RKwX8eACQBCt3",
    decimals: 6,
    anchorUsd: "0.15",
    movement: 1500,
  },
  {
    symbol: "WETH",
    mint: "7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs",
    decimals: 8,
    anchorUsd: "2500",
    movement: 800,
  },
  {
    symbol: "JitoSOL",
    mint: "J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPn",
    decimals: 9,
    anchorUsd: "180",
    movement: 0,
    follows: { symbol: "SOL", ratio: "1.2" },
  },
  {
    symbol: "mSOL",
    mint: "mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So",
    decimals: 9,
    anchorUsd: "192",
    movement: 0,
    follows: { symbol: "SOL", ratio: "1.28" },
  },
];

/** Mints of Token-2022: one without extensions here, and one with a transfer fee. */
export const TOKEN_2022_TOKENS: readonly Token[] = [
  {
    symbol: "PYUSD",
    mint: "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo",
    decimals: 6,
    anchorUsd: "1",
    movement: 10,
    token2022: { transferFeeBps: 0 },
  },
  {
    symbol: "BERN",
    mint: "CKfatsPMUf8SkiURsDXs7eK6GWb4Jsd6UDbs7twMCWxo",
    decimals: 5,
    anchorUsd: "0.002",
    movement: 2000,
    token2022: { transferFeeBps: 690 },
  },
];

/** All that the local chain has mints of. */
export const ALL_TOKENS: readonly Token[] = [...TOKENS, ...TOKEN_2022_TOKENS];

const bySymbol = new Map(ALL_TOKENS.map((entry) => [entry.symbol.toUpperCase(), entry]));
const byMint = new Map(ALL_TOKENS.map((entry) => [entry.mint, entry]));

/** By symbol, upper or lower case; undefined if the local world does not have it. */
export const tokenBySymbol = (symbol: string): Token | undefined =>
  bySymbol.get(symbol.toUpperCase());

export const tokenByMint = (mint: string): Token | undefined => byMint.get(mint);
