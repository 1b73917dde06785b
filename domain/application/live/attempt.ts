/** From Jupiter's instructions to the message of one attempt: what is put together, in which order, and what it may do. */
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  SYSTEM_PROGRAM,
} from "../../chain/addresses.ts";
import type { Instruction } from "../../chain/instruction.ts";
import { memoOf, type Route, type SwapIntent } from "../../chain/intent.ts";
import type { TokenAccountOf } from "../../chain/program-address.ts";
import type { OrderState } from "../../order/state.ts";
import { inputMintOf, outputMintOf, required } from "../../order/trade.ts";
import type { SwapInstructions } from "../../ports/swaps.ts";
import { MAX_UNIT_LIMIT } from "../../pricing/priority-fee.ts";
import { SOL_MINT } from "../../primitives/ids.ts";

export const MEMO_PROGRAM = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
/** Any address with this prefix makes Jito's block engine refuse bundles with something in front. */
export const DONT_FRONT = "jitodontfront111111111111111111111111111111";

const encoder = new TextEncoder();

export type AttemptParts = {
  readonly order: OrderState;
  readonly wallet: string;
  readonly instructions: SwapInstructions;
  readonly tokenPrograms: { readonly input: string; readonly output: string };
  /** Tokens between input and output for which the wallet may have accounts. */
  readonly intermediates: readonly { readonly mint: string; readonly tokenProgram: string }[];
  readonly route: Route;
  readonly tip: SwapIntent["tip"];
  readonly feeCapLamports: bigint;
  readonly rentCapLamports: bigint;
  readonly platformFeeBps: number;
};

export function intentOf(parts: AttemptParts): SwapIntent {
  const { order, wallet, tokenPrograms, route, tip, platformFeeBps } = parts;
  const { request, attempt } = order;
  const quote = required(order.quote, "quote");
  const { feeAccount } = request;
  return {
    memo: memoOf(order.orderId, attempt),
    wallet,
    input: {
      mint: inputMintOf(request),
      tokenProgram: tokenPrograms.input,
      amount: BigInt(request.amount),
    },
    output: {
      mint: outputMintOf(request),
      tokenProgram: tokenPrograms.output,
      quotedAmount: BigInt(quote.outAmount),
      minimumAmount: BigInt(required(quote.minimumOut, "minimum out")),
    },
    ...(parts.intermediates.length > 0 ? { intermediates: parts.intermediates } : {}),
    platformFee:
      feeAccount === undefined || platformFeeBps === 0
        ? undefined
        : { bps: platformFeeBps, feeAccount },
    trackingAccount: request.trackingAccount,
    ...{ route, tip },
    feeCapLamports: parts.feeCapLamports,
    rentCapLamports: parts.rentCapLamports,
  };
}

/**
 * Compute budget, setup, swap, cleanup, what the source adds, tip, memo. Limit and price are placeholders of the final size: they are
 * replaced in the bytes once the simulation has shown what the swap consumes.
 */
export function instructionsOf({ instructions, wallet, tip, route }: AttemptParts, memo: string) {
  const { setup, swap, cleanup, other } = instructions;
  const list: Instruction[] = [
    computeBudget(2, BigInt(MAX_UNIT_LIMIT), 4),
    computeBudget(3, 0n, 8),
    ...setup,
    swap,
    ...(cleanup ? [cleanup] : []),
    ...other,
  ];
  if (tip) list.push(transfer(wallet, tip.account, tip.lamports, route === "protected"));
  list.push({ programId: MEMO_PROGRAM, accounts: [], data: encoder.encode(memo) });
  return list;
}

/** SetComputeUnitLimit is 2 with a u32, SetComputeUnitPrice 3 with a u64. */
const computeBudget = (tag: number, value: bigint, size: number): Instruction => ({
  programId: COMPUTE_BUDGET_PROGRAM,
  accounts: [],
  data: Uint8Array.from([tag, ...littleEndian(value, size)]),
});

/** The system program's transfer; further accounts are ignored by it, which is where dontfront stands. */
const transfer = (
  from: string,
  to: string,
  lamports: bigint,
  isProtected: boolean,
): Instruction => ({
  programId: SYSTEM_PROGRAM,
  accounts: [
    { address: from, isSigner: true, isWritable: true },
    { address: to, isSigner: false, isWritable: true },
    ...(isProtected ? [{ address: DONT_FRONT, isSigner: false, isWritable: false }] : []),
  ],
  data: Uint8Array.from([...littleEndian(2n, 4), ...littleEndian(lamports, 8)]),
});

function littleEndian(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

/** Accounts of the wallet for these tokens, SOL's being the wrapped one. */
export const ownTokenAccounts = <
  T extends { readonly mint: string; readonly tokenProgram: string },
>(
  wallet: string,
  tokens: readonly T[],
  tokenAccountOf: TokenAccountOf,
): readonly (T & { readonly address: string })[] =>
  tokens.map((token) => ({
    ...token,
    address: tokenAccountOf(wallet, token.mint, token.tokenProgram),
  }));

/** Where an instruction that creates an associated token account names its mint. */
const CREATED_MINT = 3;

/** Mints for which the setup opens accounts, beside these. */
export const openedBeside = (
  { setup }: SwapInstructions,
  known: readonly string[],
): readonly string[] => [
  ...new Set(
    setup
      .filter(({ programId }) => programId === ASSOCIATED_TOKEN_PROGRAM)
      .flatMap(({ accounts }) => accounts[CREATED_MINT]?.address ?? [])
      .filter((mint) => !known.includes(mint)),
  ),
];

/** SOL moves as lamports of the wallet; every other mint in its token account. */
export const isSol = (mint: string): boolean => mint === SOL_MINT;
