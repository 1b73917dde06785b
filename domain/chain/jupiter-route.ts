/**
 * Swap instructions of Jupiter's program, version 6. A discriminator is the first 8 bytes of sha256("global:<name>"), Anchor's
 * rule; the order of accounts and arguments is that of the program's published IDL.
 */
import { JUPITER_PROGRAM } from "./addresses.ts";
import { hexOf, readUint } from "./bytes.ts";
import { bytesOf } from "./instruction-data.ts";
import type { ChainInstruction } from "./transaction.ts";

/** Where an instruction has what is read here, as indexes into its accounts and its data. */
type Layout = {
  readonly name: string;
  readonly counts: "input" | "output";
  readonly authority: number;
  readonly source: number;
  /** Undefined: only the source token account tells it. */
  readonly sourceMint: number | undefined;
  readonly destinationMint: number;
  /**
   * "tail": after the route plan, u64 | u64 | slippage u16 | platform fee u8; "ledger-tail" the same without the first amount, which
   * is what the token ledger saw arrive. A number: u64 | u64 | u16 | u16 | positive slippage u16 from there, before the route plan.
   */
  readonly amounts: "tail" | "ledger-tail" | number;
};

const DIRECT = { authority: 1, source: 2, sourceMint: undefined, destinationMint: 5 } as const;
const SHARED = { authority: 2, source: 3, sourceMint: 7, destinationMint: 8 } as const;
const DIRECT_V2 = { authority: 0, source: 1, sourceMint: 3, destinationMint: 4 } as const;
const SHARED_V2 = { authority: 1, source: 2, sourceMint: 6, destinationMint: 7 } as const;

const LAYOUTS: ReadonlyMap<string, Layout> = new Map<string, Layout>([
  ["e517cb977ae3ad2a", { name: "route", counts: "input", ...DIRECT, amounts: "tail" }],
  [
    "96564774a75d0e68",
    { name: "route_with_token_ledger", counts: "input", ...DIRECT, amounts: "ledger-tail" },
  ],
  [
    "d033ef977b2bed5c",
    {
      ...{ name: "exact_out_route", counts: "output", ...DIRECT },
      ...{ sourceMint: 5, destinationMint: 6, amounts: "tail" },
    },
  ],
  [
    "c1209b3341d69c81",
    { name: "shared_accounts_route", counts: "input", ...SHARED, amounts: "tail" },
  ],
  [
    "e6798f50779f6aaa",
    {
      ...{ name: "shared_accounts_route_with_token_ledger", counts: "input" },
      ...{ ...SHARED, amounts: "ledger-tail" },
    },
  ],
  [
    "b0d169a89a7d453e",
    { name: "shared_accounts_exact_out_route", counts: "output", ...SHARED, amounts: "tail" },
  ],
  ["bb64facc31c4af14", { name: "route_v2", counts: "input", ...DIRECT_V2, amounts: 8 }],
  ["9d8ab85215f4f324", { name: "exact_out_route_v2", counts: "output", ...DIRECT_V2, amounts: 8 }],
  [
    "d19853937cfed8e9",
    { name: "shared_accounts_route_v2", counts: "input", ...SHARED_V2, amounts: 9 },
  ],
  [
    "3560e5cad8bbfa18",
    { name: "shared_accounts_exact_out_route_v2", counts: "output", ...SHARED_V2, amounts: 9 },
  ],
]);

const TAIL_BYTES = 19;
const LEDGER_TAIL_BYTES = 11;
const DISCRIMINATOR_BYTES = 8;

export type JupiterArguments = {
  /** Smallest units as quoted; undefined where a token ledger decides. For an exact-out route it is the quoted one. */
  readonly amountIn: bigint | undefined;
  readonly amountOut: bigint;
  readonly slippageBps: number;
  readonly platformFeeBps: number;
};

export type JupiterRoute = JupiterArguments & {
  readonly name: string;
  /** input: exact in, the output is quoted; output: exact out, the input is. */
  readonly counts: "input" | "output";
  /** Who owns what is spent. */
  readonly authority: string;
  readonly sourceAccount: string;
  readonly sourceMint: string | undefined;
  readonly destinationMint: string;
};

/**
 * A swap instruction of Jupiter, or undefined for anything else.
 * It is meant for what was executed: the program tolerates bytes after its arguments, so that the tail of an instruction which
 * somebody else composed need not be what it will read. Whoever is about to sign must parse the route plan as well.
 */
export function jupiterRouteOf(instruction: ChainInstruction): JupiterRoute | undefined {
  if (instruction.programId !== JUPITER_PROGRAM) return undefined;
  const bytes = bytesOf(instruction);
  const layout = LAYOUTS.get(hexOf(bytes.subarray(0, DISCRIMINATOR_BYTES)));
  const found = layout && argumentsOf(bytes, layout);
  if (!layout || !found) return undefined;
  const { accounts } = instruction;
  const authority = accounts[layout.authority];
  const sourceAccount = accounts[layout.source];
  const destinationMint = accounts[layout.destinationMint];
  if (!authority || !sourceAccount || !destinationMint) return undefined;
  const sourceMint = layout.sourceMint === undefined ? undefined : accounts[layout.sourceMint];
  const { name, counts } = layout;
  return { name, counts, authority, sourceAccount, sourceMint, destinationMint, ...found };
}

/** Quoted amounts and limits of a swap instruction's data (with discriminator); undefined where it is none. */
export function jupiterArguments(data: Uint8Array): JupiterArguments | undefined {
  const layout = LAYOUTS.get(hexOf(data.subarray(0, DISCRIMINATOR_BYTES)));
  return layout && argumentsOf(data, layout);
}

function argumentsOf(data: Uint8Array, layout: Layout): JupiterArguments | undefined {
  const { amounts, counts } = layout;
  const isLedger = amounts === "ledger-tail";
  const length = isLedger ? LEDGER_TAIL_BYTES : TAIL_BYTES;
  const at = typeof amounts === "number" ? amounts : data.length - length;
  if (at < DISCRIMINATOR_BYTES) return undefined;
  const first = isLedger ? undefined : readUint(data, at, 8);
  const second = readUint(data, at + length - 11, 8);
  const slippage = readUint(data, at + length - 3, 2);
  const fee = readUint(data, at + length - 1, typeof amounts === "number" ? 2 : 1);
  if (second === undefined || slippage === undefined || fee === undefined) return undefined;
  const rest = { slippageBps: Number(slippage), platformFeeBps: Number(fee) };
  if (counts === "input") return { amountIn: first, amountOut: second, ...rest };
  return first === undefined ? undefined : { amountIn: second, amountOut: first, ...rest };
}
