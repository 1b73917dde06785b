/**
 * Hand-made `getTransaction` answers: one wallet that swaps a token for dollars through Jupiter. Small numbers, so that every
 * expectation can be worked out on paper.
 */
import { COMPUTE_BUDGET_PROGRAM, JUPITER_PROGRAM } from "../../domain/chain/addresses.ts";
import { encodeBase58 } from "../../domain/chain/bytes.ts";

/** The address of 32 equal bytes. */
export const keyOf = (byte: number): string => encodeBase58(new Uint8Array(32).fill(byte));

export const WALLET = keyOf(1);
export const TOKEN = keyOf(2);
export const STRANGER = keyOf(3);
export const TOKEN_ACCOUNT = keyOf(4);
export const DOLLAR_ACCOUNT = keyOf(5);
export const MIDDLE = keyOf(6);
export const USDC_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const SYSTEM = "11111111111111111111111111111111";

export const uint = (value: bigint | number, size: number): number[] =>
  Array.from({ length: size }, (_, byte) => Number((BigInt(value) >> BigInt(8 * byte)) & 0xffn));

export const fromHex = (hex: string): number[] =>
  Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16),
  );

export const base58 = (bytes: readonly number[]): string => encodeBase58(Uint8Array.from(bytes));

export const systemTransfer = (lamports: bigint): string =>
  base58([...uint(2, 4), ...uint(lamports, 8)]);

export type RouteNumbers = {
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  readonly slippageBps?: number;
};

/** Data of shared_accounts_route: an id, a plan of no steps, and the tail. */
export const routeData = ({ amountIn, amountOut, slippageBps = 50 }: RouteNumbers): string =>
  base58([
    ...fromHex("c1209b3341d69c81"),
    ...[7, 0, 0, 0, 0],
    ...[...uint(amountIn, 8), ...uint(amountOut, 8), ...uint(slippageBps, 2), 0],
  ]);

const USDC_BYTES = "c6fa7af3bedbad3a3d65f36aabc97431b1bbe4c2d2f6e0e47ca60203452f5d61";
const keyBytes = (key: "token" | "middle" | "dollar"): number[] =>
  key === "dollar" ? fromHex(USDC_BYTES) : new Array<number>(32).fill(key === "token" ? 2 : 6);

type Hop = readonly [
  from: "token" | "middle",
  amountIn: bigint,
  to: "middle" | "dollar",
  amountOut: bigint,
];

/** SwapsEvent: the number of hops, then each with what it took and gave. */
export const swapsEvent = (hops: readonly Hop[]): string =>
  base58([
    ...fromHex("e445a52e51cb9a1d982f4eebc0606e6a"),
    ...uint(hops.length, 4),
    ...hops.flatMap(([from, amountIn, to, amountOut]) => [
      ...[...keyBytes(from), ...uint(amountIn, 8), ...keyBytes(to), ...uint(amountOut, 8)],
    ]),
  ]);

/** SwapEvent: the market, then what the hop took and gave. */
export const swapEvent = (amountIn: bigint, amountOut: bigint): string =>
  base58([
    ...fromHex("e445a52e51cb9a1d40c6cde8260871e2"),
    ...new Array<number>(32).fill(9),
    ...[...keyBytes("token"), ...uint(amountIn, 8)],
    ...[...keyBytes("dollar"), ...uint(amountOut, 8)],
  ]);

export type SwapAnswer = {
  readonly quoted: RouteNumbers;
  /** By balances; unless said otherwise the route moved the same. */
  readonly paid: { readonly amountIn: bigint; readonly amountOut: bigint };
  readonly routed?: { readonly amountIn: bigint; readonly amountOut: bigint };
  readonly signature?: string;
  readonly error?: unknown;
  readonly priorityFee?: bigint;
  /** Lamports that the wallet sends to a stranger. */
  readonly sent?: bigint;
};

/** Indexes of the keys below. */
const [WALLET_AT, TOKEN_AT, DOLLAR_AT, STRANGER_AT] = [0, 1, 2, 3];

/**
 * One outer route from TOKEN to USDC, paid by the wallet itself, with a compute budget and perhaps a transfer. A failed one moves
 * nothing but the fee, and keeps its events.
 */
export function swapAnswer(answer: SwapAnswer) {
  const { quoted, paid, routed = paid, error = null, priorityFee = 0n, sent = 0n } = answer;
  const moved = error === null;
  const fee = 5_000n + priorityFee;
  const keys = [
    ...[WALLET, TOKEN_ACCOUNT, DOLLAR_ACCOUNT, STRANGER, JUPITER_PROGRAM],
    ...[COMPUTE_BUDGET_PROGRAM, TOKEN, TOKEN_PROGRAM, SYSTEM],
  ];
  const loaded = { writable: [MIDDLE], readonly: [USDC_MINT] };
  const program = keys.indexOf(JUPITER_PROGRAM);
  const rent = 2_039_280;
  const balances = (wallet: bigint, stranger: bigint) => [
    ...[Number(wallet), rent, rent, Number(stranger)],
    ...[1, 1, 1, 1, 1, 1, 1],
  ];
  const token = (accountIndex: number, mint: string, amount: bigint) => ({
    ...{ accountIndex, mint, owner: WALLET },
    uiTokenAmount: { amount: amount.toString(), decimals: 6 },
  });
  const [before, out] = [1_000_000_000_000n, moved ? paid.amountOut : 0n];
  const usdc = keys.length + loaded.writable.length;
  const accounts = [
    ...[keys.indexOf(TOKEN_PROGRAM), STRANGER_AT, WALLET_AT, TOKEN_AT, TOKEN_AT, DOLLAR_AT],
    ...[DOLLAR_AT, keys.indexOf(TOKEN), usdc, program, program, program, program],
  ];
  return {
    jsonrpc: "2.0",
    id: 1,
    result: {
      slot: 400_000_000,
      blockTime: null,
      version: 0,
      transaction: {
        signatures: [answer.signature ?? "5".repeat(88)],
        message: {
          accountKeys: keys,
          instructions: [
            budget(base58([3, ...uint(25_000, 8)])),
            { programIdIndex: program, accounts, data: routeData(quoted), stackHeight: null },
            {
              programIdIndex: keys.indexOf(SYSTEM),
              accounts: [WALLET_AT, STRANGER_AT],
              data: systemTransfer(sent),
            },
          ],
          addressTableLookups: [{ accountKey: MIDDLE, writableIndexes: [7], readonlyIndexes: [3] }],
        },
      },
      meta: {
        err: error,
        fee: Number(fee),
        preBalances: balances(10_000_000_000n, 1_000_000n),
        postBalances: balances(
          10_000_000_000n - fee - (moved ? sent : 0n),
          1_000_000n + (moved ? sent : 0n),
        ),
        preTokenBalances: [token(TOKEN_AT, TOKEN, before), token(DOLLAR_AT, USDC_MINT, 0n)],
        postTokenBalances: [
          token(TOKEN_AT, TOKEN, before - (moved ? paid.amountIn : 0n)),
          token(DOLLAR_AT, USDC_MINT, out),
        ],
        innerInstructions: [
          {
            index: 1,
            instructions: [
              {
                programIdIndex: program,
                accounts: [STRANGER_AT],
                data: swapEvent(routed.amountIn, routed.amountOut),
                stackHeight: 2,
              },
            ],
          },
        ],
        loadedAddresses: loaded,
        computeUnitsConsumed: 100_000,
      },
    },
  };

  function budget(data: string) {
    return { programIdIndex: keys.indexOf(COMPUTE_BUDGET_PROGRAM), accounts: [], data };
  }
}
