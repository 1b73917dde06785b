/**
 * What a route really moved, as Jupiter's program tells it: events that it sends to itself (Anchor's `emit_cpi!`), one for each hop,
 * or since the v2 routes one with all hops. They stay in the record of a failed transaction, where nothing has moved.
 */
import { JUPITER_PROGRAM } from "./addresses.ts";
import { encodeBase58, hexOf, readUint } from "./bytes.ts";
import { bytesOf } from "./instruction-data.ts";
import type { ChainInstruction } from "./transaction.ts";

/** sha256("anchor:event")[0..8], bytes reversed: Anchor's tag of an event by call. */
const EVENT_TAG = "e445a52e51cb9a1d";
/** sha256("event:<name>")[0..8]. */
const SWAP_EVENT = "40c6cde8260871e2";
const SWAPS_EVENT = "982f4eebc0606e6a";
const MINT_BYTES = 32;
const HOP_BYTES = 2 * (MINT_BYTES + 8);
const MAX_HOPS = 64n;

export type RouteHop = {
  readonly inputMint: string;
  readonly inputAmount: bigint;
  readonly outputMint: string;
  readonly outputAmount: bigint;
};

/** The hops that one instruction reports; empty for everything that is no swap event of Jupiter. */
export function hopsOf(instruction: ChainInstruction): readonly RouteHop[] {
  if (instruction.programId !== JUPITER_PROGRAM) return [];
  const bytes = bytesOf(instruction);
  if (hexOf(bytes.subarray(0, 8)) !== EVENT_TAG) return [];
  const name = hexOf(bytes.subarray(8, 16));
  // SwapEvent begins with the market's address.
  if (name === SWAP_EVENT) return hopsAt(bytes, 16 + MINT_BYTES, 1n);
  return name === SWAPS_EVENT ? hopsAt(bytes, 20, readUint(bytes, 16, 4) ?? 0n) : [];
}

function hopsAt(bytes: Uint8Array, start: number, count: bigint): RouteHop[] {
  if (count > MAX_HOPS || start + Number(count) * HOP_BYTES > bytes.length) return [];
  return Array.from({ length: Number(count) }, (_, hop) => {
    const at = start + hop * HOP_BYTES;
    return {
      inputMint: encodeBase58(bytes.subarray(at, at + MINT_BYTES)),
      inputAmount: readUint(bytes, at + MINT_BYTES, 8) ?? 0n,
      outputMint: encodeBase58(bytes.subarray(at + 40, at + 40 + MINT_BYTES)),
      outputAmount: readUint(bytes, at + 40 + MINT_BYTES, 8) ?? 0n,
    };
  });
}

/** Sums over the hops that spend the first mint and that yield the last one. */
export function routeTotals(
  hops: readonly RouteHop[],
  inputMint: string,
  outputMint: string,
): { readonly amountIn: bigint; readonly amountOut: bigint } {
  let amountIn = 0n;
  let amountOut = 0n;
  for (const hop of hops) {
    if (hop.inputMint === inputMint) amountIn += hop.inputAmount;
    if (hop.outputMint === outputMint) amountOut += hop.outputAmount;
  }
  return { amountIn, amountOut };
}
