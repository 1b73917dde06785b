/**
 * Recorded swaps as intents: what somebody would have wanted who then sent exactly this. Our own compute budget and memo take the place of
 * theirs, since no recorded transaction has ours.
 */
import {
  COMPUTE_BUDGET_PROGRAM,
  JITO_TIP_ACCOUNTS,
  JUPITER_PROGRAM,
  MEMO_PROGRAM,
  NATIVE_MINT,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "../../domain/chain/addresses.ts";
import { hexOf } from "../../domain/chain/bytes.ts";
import type { Instruction } from "../../domain/chain/instruction.ts";
import { transferOf } from "../../domain/chain/instruction-data.ts";
import type { SwapIntent } from "../../domain/chain/intent.ts";
import { jupiterArguments } from "../../domain/chain/jupiter-route.ts";
import { parseMessage, resolveMessage } from "../../domain/chain/message.ts";
import {
  transferLamports,
  unitLimit,
  unitPrice,
} from "../../localnet/market/plain-instructions.ts";
import type { RecordedMessage } from "./recorded-messages.ts";
import { DONT_FRONT, memoOf, type Parts, TIP_ACCOUNT, tokenAccountOf } from "./swap-parts.ts";

const KINDS = ["e517cb977ae3ad2a", "c1209b3341d69c81"];
const MEMO = "recorded#1";

const isSwap = ({ programId, data }: Instruction): boolean =>
  programId === JUPITER_PROGRAM && KINDS.includes(hexOf(data.subarray(0, 8)));

export type RecordedSwap = {
  readonly file: string;
  readonly intent: SwapIntent;
  readonly swap: Instruction;
  /** All of its instructions but compute budget and memos. */
  readonly others: readonly Instruction[];
  readonly tables: Parts["tables"];
};

/** Those with exactly one outer swap of version 1, exact in. */
export function recordedSwaps(all: readonly RecordedMessage[]): RecordedSwap[] {
  return all.flatMap((recorded) => {
    const parsed = parseMessage(recorded.bytes);
    if (parsed.kind === "problem") throw new Error(`${recorded.file}: ${parsed.problem}`);
    const resolved = resolveMessage(parsed.message, recorded.tables);
    if (resolved.kind === "problem") throw new Error(`${recorded.file}: ${resolved.problem}`);
    const instructions = resolved.instructions;
    const [swap, second] = instructions.filter(isSwap);
    if (!swap || second) return [];
    const others = instructions.filter(
      ({ programId }) => programId !== COMPUTE_BUDGET_PROGRAM && programId !== MEMO_PROGRAM,
    );
    const intent = intentOf(recorded, swap, others);
    return [{ file: recorded.file, intent, swap, others, tables: recorded.tables }];
  });
}

function intentOf(
  { transaction }: RecordedMessage,
  swap: Instruction,
  others: readonly Instruction[],
): SwapIntent {
  const shared = hexOf(swap.data.subarray(0, 8)) === KINDS[1];
  const at = (place: number): string => swap.accounts[place]?.address ?? "";
  const found = jupiterArguments(swap.data);
  if (found?.amountIn === undefined) throw new Error("no amounts");
  const balances = [...transaction.preTokenBalances, ...transaction.postTokenBalances];
  const balanceOf = (account: string) =>
    balances.find(({ accountIndex }) => transaction.accountKeys[accountIndex] === account);
  const wallet = at(shared ? 2 : 1);
  const inputMint = shared ? at(7) : (balanceOf(at(2))?.mint ?? NATIVE_MINT);
  const outputMint = at(shared ? 8 : 5);
  /** By which program's derivation the account is the wallet's. */
  const programOf = (mint: string, account: string): string =>
    tokenAccountOf(wallet, mint, TOKEN_2022_PROGRAM) === account
      ? TOKEN_2022_PROGRAM
      : TOKEN_PROGRAM;
  const feeAccount = at(shared ? 9 : 6);
  const tip = others
    .map((each) =>
      transferOf({
        ...{ outer: 0, depth: 1, programId: each.programId, data: each.data },
        accounts: each.accounts.map(({ address }) => address),
      }),
    )
    .find((transfer) => transfer && JITO_TIP_ACCOUNTS.has(transfer.to));
  const owned = balances.filter(({ owner }) => owner === wallet);
  const between = [...new Set(owned.map(({ mint }) => mint))].filter(
    (mint) => mint !== inputMint && mint !== outputMint,
  );
  return {
    ...{ memo: MEMO, wallet },
    input: {
      ...{ mint: inputMint, amount: found.amountIn },
      tokenProgram: programOf(inputMint, at(shared ? 3 : 2)),
    },
    output: {
      ...{ mint: outputMint, quotedAmount: found.amountOut, minimumAmount: 1n },
      tokenProgram: programOf(outputMint, at(shared ? 6 : 3)),
    },
    intermediates: between.map((mint) => ({ mint, tokenProgram: TOKEN_PROGRAM })),
    platformFee:
      feeAccount === JUPITER_PROGRAM ? undefined : { bps: found.platformFeeBps, feeAccount },
    trackingAccount: undefined,
    route: tip ? "protected" : "public",
    tip: tip && { account: tip.to, lamports: tip.lamports },
    feeCapLamports: 1_000_000_000n,
    rentCapLamports: 0n,
  };
}

const budget = [unitLimit(1_400_000), unitPrice(1n)].map(({ programId, data }) => ({
  ...{ programId, data, accounts: [] },
}));

const mark = { address: DONT_FRONT, isSigner: false, isWritable: false };
const TIP = { account: TIP_ACCOUNT, lamports: 1_000n };

type Framed = {
  readonly parts: Pick<Parts, "intent" | "tables" | "payer">;
  readonly instructions: Instruction[];
};

/** Our frame around all of the recorded instructions. */
export function framedWhole({ intent, others, tables }: RecordedSwap): Framed {
  const isTip = ({ accounts }: Instruction): boolean =>
    accounts.some(({ address }) => address === intent.tip?.account);
  const kept = others.map((each) => (isTip(each) ? marked(each) : each));
  return {
    parts: { intent, tables, payer: intent.wallet },
    instructions: [...budget, ...kept, memoOf(MEMO)],
  };
}

/** Our frame around the swap alone; with our tip where the swap has the mark of the protected route. */
export function framedSwap({ intent, swap, tables }: RecordedSwap): Framed {
  const isMarked = swap.accounts.some(({ address }) => address.startsWith("jitodontfront"));
  const tip = isMarked ? TIP : undefined;
  const paid = tip ? [tipInstruction(intent.wallet, tip)] : [];
  return {
    parts: {
      ...{ tables, payer: intent.wallet },
      intent: { ...intent, route: tip ? "protected" : "public", tip },
    },
    instructions: [...budget, swap, ...paid, memoOf(MEMO)],
  };
}

const marked = (instruction: Instruction): Instruction => ({
  ...instruction,
  accounts: [...instruction.accounts, mark],
});

const tipInstruction = (wallet: string, tip: typeof TIP): Instruction => {
  const { programId, data } = transferLamports(wallet, tip.account, tip.lamports);
  const payer = { address: wallet, isSigner: true, isWritable: true };
  return {
    ...{ programId, data },
    accounts: [payer, { address: tip.account, isSigner: false, isWritable: true }],
  };
};
