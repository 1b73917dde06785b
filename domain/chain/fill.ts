/**
 * What became of a swap on chain: amounts from balances, beside what Jupiter's instruction had quoted and what its events tell of
 * the route. Nothing is taken from an event where a balance can tell it.
 */
import { BPS } from "../primitives/amount.ts";
import { netByMint, type WalletBalances, walletBalances } from "./balances.ts";
import { hopsOf, type RouteHop, routeTotals } from "./jupiter-events.ts";
import { type JupiterRoute, jupiterRouteOf } from "./jupiter-route.ts";
import type { ChainTransaction } from "./transaction.ts";

/** One swap call of Jupiter with what it moved. */
export type RouteCall = {
  readonly route: JupiterRoute;
  /** From the instruction, the token balances or the first hop; undefined where none tells it. */
  readonly inputMint: string | undefined;
  readonly outputMint: string;
  /** Called by another program. */
  readonly isInner: boolean;
  readonly hops: readonly RouteHop[];
  /** By the events, before fees taken from the output and after fees taken from the input. */
  readonly amountIn: bigint;
  readonly amountOut: bigint;
};

export type FillKind = "swap" | "cycle" | "complex" | "direct-dex" | "failed";

export type ChainFill = {
  /**
   * swap: one call, and the wallet's net is that route up to fees; cycle: the same mint in and out; complex: the net is something
   * else; direct-dex: no swap call of Jupiter; failed: nothing moved but the fee.
   */
  readonly kind: FillKind;
  /** The authority of the first swap call, else the fee payer. */
  readonly balances: WalletBalances;
  readonly net: ReadonlyMap<string, bigint>;
  readonly calls: readonly RouteCall[];
  /** Of a swap only. */
  readonly swap?: {
    readonly call: RouteCall;
    readonly inputMint: string;
    readonly outputMint: string;
    readonly amountIn: bigint;
    readonly amountOut: bigint;
  };
};

/** Total: every transaction is a fill of one kind. */
export function fillOf(transaction: ChainTransaction): ChainFill {
  const calls = routeCalls(transaction);
  const first = calls[0];
  const wallet = first?.route.authority ?? transaction.accountKeys[0] ?? "";
  const balances = walletBalances(transaction, wallet);
  const net = netByMint(balances);
  const fill = { balances, net, calls };
  if (transaction.error !== undefined) return { kind: "failed", ...fill };
  if (!first) return { kind: "direct-dex", ...fill };
  if (first.inputMint === calls.at(-1)?.outputMint) return { kind: "cycle", ...fill };
  const swap = calls.length === 1 ? swapOf(first, net) : undefined;
  return swap ? { kind: "swap", ...fill, swap } : { kind: "complex", ...fill };
}

/**
 * The wallet spent at least what the route took, received at most what it gave, and nothing else moved but dust of a token between
 * two hops: a venue may take a few units less of it than the hop before gave.
 */
function swapOf(call: RouteCall, net: ReadonlyMap<string, bigint>): ChainFill["swap"] {
  const { inputMint, outputMint, hops } = call;
  if (inputMint === undefined) return undefined;
  const amountIn = -(net.get(inputMint) ?? 0n);
  const amountOut = net.get(outputMint) ?? 0n;
  if (amountIn <= 0n || amountOut <= 0n) return undefined;
  if (amountIn < call.amountIn || amountOut > call.amountOut) return undefined;
  const others = [...net].filter(([mint]) => mint !== inputMint && mint !== outputMint);
  const isRoute = others.every(([mint, change]) => isDust(hops, mint, change));
  return isRoute ? { call, inputMint, outputMint, amountIn, amountOut } : undefined;
}

/** Received, and at most a basis point of what the hops gave of it. */
function isDust(hops: readonly RouteHop[], mint: string, change: bigint): boolean {
  const given = routeTotals(hops, mint, mint).amountOut;
  return change > 0n && change * BPS <= given;
}

function routeCalls(transaction: ChainTransaction): RouteCall[] {
  const { instructions } = transaction;
  return instructions.flatMap((instruction, at) => {
    const route = jupiterRouteOf(instruction);
    if (!route) return [];
    const hops: RouteHop[] = [];
    for (const later of instructions.slice(at + 1)) {
      // Its own calls come right after it, deeper than itself.
      if (later.outer !== instruction.outer || later.depth <= instruction.depth) break;
      if (jupiterRouteOf(later)) break;
      hops.push(...hopsOf(later));
    }
    const outputMint = route.destinationMint;
    const inputMint =
      route.sourceMint ?? mintOf(transaction, route.sourceAccount) ?? hops[0]?.inputMint;
    const totals = routeTotals(hops, inputMint ?? "", outputMint);
    return [{ route, inputMint, outputMint, isInner: instruction.depth > 1, hops, ...totals }];
  });
}

/** The mint that a token account holds by the token balances. */
function mintOf(transaction: ChainTransaction, account: string): string | undefined {
  const index = transaction.accountKeys.indexOf(account);
  const { preTokenBalances, postTokenBalances } = transaction;
  return [...preTokenBalances, ...postTokenBalances].find(
    ({ accountIndex }) => accountIndex === index,
  )?.mint;
}
