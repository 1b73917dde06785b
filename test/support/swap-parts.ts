/**
 * Honest swaps as the local Jupiter plans them, put together as the engine would: intent, instructions, lookup tables. Tests change one
 * thing and ask the gate.
 */
import {
  AddressLookupTableAccount,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
} from "@solana/web3.js";
import { createNodeHasher } from "../../adapters/hasher/node.ts";
import { MEMO_PROGRAM } from "../../domain/chain/addresses.ts";
import { checkTransaction } from "../../domain/chain/gate.ts";
import type { GateVerdict } from "../../domain/chain/gate-verdict.ts";
import type { Instruction, LookupTable } from "../../domain/chain/instruction.ts";
import type { SwapIntent } from "../../domain/chain/intent.ts";
import { createTokenAccounts } from "../../domain/chain/program-address.ts";
import { createDrains, type DrainName } from "../../localnet/market/drains.ts";
import {
  type Instruction as Planned,
  transferLamports,
  unitLimit,
  unitPrice,
} from "../../localnet/market/plain-instructions.ts";
import { POOLS } from "../../localnet/market/pools.ts";
import { planSwap, userAccount } from "../../localnet/market/swap-plan.ts";
import { parseSwapRequest } from "../../localnet/market/swap-request.ts";
import { type Token, tokenBySymbol } from "../../localnet/tokens.ts";
import { tokenProgramOf } from "../../localnet/venue/token-bytes.ts";

export const tokenAccountOf = createTokenAccounts(createNodeHasher().digest);

export const addressNamed = (name: string): string =>
  new PublicKey(createNodeHasher().digest(new TextEncoder().encode(name))).toBase58();

export const WALLET = addressNamed("a wallet");
export const STRANGER = addressNamed("a stranger");
export const BLOCKHASH = addressNamed("a blockhash");
export const DONT_FRONT = "jitodontfront111111111111111111111111111123";
export const TIP_ACCOUNT = "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5";
export const FEE_ACCOUNT = addressNamed("a fee account");
export const TRACKING = addressNamed("a tracking account");

export const symbol = (name: string): Token => {
  const token = tokenBySymbol(name);
  if (!token) throw new Error(`no token ${name}`);
  return token;
};

export type Wish = {
  /** Default: WALLET. */
  readonly wallet?: string;
  /** Symbols from input to output: two for one hop. */
  readonly path: readonly string[];
  readonly shared?: boolean;
  readonly amount?: bigint;
  readonly quoted?: bigint;
  readonly slippageBps?: number;
  readonly platformFeeBps?: number;
  readonly tracks?: boolean;
  /** Lamports; with one the route is protected. */
  readonly tip?: bigint;
  /** Own accounts are there already: none is created. */
  readonly exists?: boolean;
  /** Venue accounts through a lookup table. */
  readonly usesTable?: boolean;
  readonly wraps?: boolean;
  readonly drain?: DrainName;
};

/** The message in order; a test may change any of it. */
export type Parts = {
  readonly intent: SwapIntent;
  readonly budget: readonly Instruction[];
  readonly setup: readonly Instruction[];
  readonly swap: Instruction;
  readonly cleanup: readonly Instruction[];
  readonly other: readonly Instruction[];
  readonly memo: readonly Instruction[];
  readonly tables: readonly LookupTable[];
  readonly payer: string;
};

const plain = ({ programId, accounts, data }: Planned): Instruction => ({
  ...{ programId, data },
  accounts: accounts.map(({ pubkey, isSigner, isWritable }) => ({
    ...{ address: pubkey, isSigner, isWritable },
  })),
});

const orderOf = (wish: Wish) => {
  const tokens = wish.path.map(symbol);
  const [input, output] = [tokens.at(0), tokens.at(-1)];
  const { amount = 1_000_000_000n, quoted = 149_000_000n, slippageBps = 50 } = wish;
  const { wallet = WALLET } = wish;
  const parsed = parseSwapRequest(
    JSON.stringify({
      userPublicKey: wallet,
      quoteResponse: {
        ...{ inputMint: input?.mint, outputMint: output?.mint, swapMode: "ExactIn", slippageBps },
        ...{ inAmount: `${amount}`, outAmount: `${quoted}`, otherAmountThreshold: `${quoted}` },
        platformFee: wish.platformFeeBps === undefined ? null : { feeBps: wish.platformFeeBps },
        routePlan: tokens.slice(1).map((to, index) => {
          const from = tokens[index];
          const pool = POOLS.find(
            ({ tokens: [a, b] }) => (a === from && b === to) || (b === from && a === to),
          );
          return {
            swapInfo: { ammKey: pool?.address, inputMint: from?.mint, outputMint: to.mint },
            percent: 100,
          };
        }),
      },
      useSharedAccounts: wish.shared ?? false,
      wrapAndUnwrapSol: wish.wraps ?? true,
      ...(wish.platformFeeBps === undefined ? {} : { feeAccount: FEE_ACCOUNT }),
      ...(wish.tracks ? { trackingAccount: TRACKING } : {}),
    }),
  );
  if (parsed.kind !== "order") throw new Error(JSON.stringify(parsed));
  return parsed.order;
};

/** Everything that a swap's venues touch, as a table would hold it. */
export const tableOf = (swap: Instruction, own: readonly string[]): LookupTable => {
  const addresses = swap.accounts
    .map(({ address }) => address)
    .filter((address) => !own.includes(address) && address !== swap.programId)
    .filter((address) => !address.startsWith("jitodontfront"));
  return { address: addressNamed("a lookup table"), addresses: [...new Set(addresses)] };
};

export function partsOf(wish: Wish): Parts {
  const { wallet = WALLET } = wish;
  const order = orderOf(wish);
  const honest = planSwap(order, () => wish.exists ?? false);
  const drains = createDrains();
  if (wish.drain !== undefined) drains.set({ kind: wish.drain });
  const plan = drains.apply(honest, order);
  const swap = plain(plan.swap);
  const own = [wallet, ...wish.path.map((name) => userAccount(wallet, symbol(name)))];
  const intent = intentOf(wish);
  const tip =
    intent.tip && plain(transferLamports(wallet, intent.tip.account, intent.tip.lamports));
  return {
    ...{ intent, payer: wallet, swap },
    budget: [plain(unitLimit(300_000)), plain(unitPrice(plan.unitPrice ?? 10_000n))],
    setup: plan.setup.map(plain),
    cleanup: plan.cleanup ? [plain(plan.cleanup)] : [],
    other: [...plan.other.map(plain), ...(tip ? [marked(tip)] : [])],
    memo: [memoOf(intent.memo)],
    tables: wish.usesTable ? [tableOf(swap, own)] : [],
  };
}

const marked = (instruction: Instruction): Instruction => ({
  ...instruction,
  accounts: [...instruction.accounts, { address: DONT_FRONT, isSigner: false, isWritable: false }],
});

export const memoOf = (text: string): Instruction => ({
  programId: MEMO_PROGRAM,
  accounts: [],
  data: new TextEncoder().encode(text),
});

function intentOf(wish: Wish): SwapIntent {
  const { amount = 1_000_000_000n, quoted = 149_000_000n, slippageBps = 50, tip } = wish;
  const tokens = wish.path.map((name) => {
    const token = symbol(name);
    return { mint: token.mint, tokenProgram: tokenProgramOf(token) };
  });
  const [input, output] = [tokens.at(0), tokens.at(-1)];
  if (!input || !output) throw new Error("a path of nothing");
  return {
    memo: "0198f2c6-0000-7000-8000-000000000000#1",
    wallet: wish.wallet ?? WALLET,
    input: { ...input, amount },
    output: {
      ...{ ...output, quotedAmount: quoted },
      minimumAmount: (quoted * BigInt(10_000 - slippageBps) + 9_999n) / 10_000n,
    },
    intermediates: tokens.slice(1, -1),
    platformFee:
      wish.platformFeeBps === undefined
        ? undefined
        : { bps: wish.platformFeeBps, feeAccount: FEE_ACCOUNT },
    trackingAccount: wish.tracks ? TRACKING : undefined,
    route: tip === undefined ? "public" : "protected",
    tip: tip === undefined ? undefined : { account: TIP_ACCOUNT, lamports: tip },
    feeCapLamports: 10_000n,
    rentCapLamports: 5_000_000n,
  };
}

export const instructionsOf = (parts: Parts): Instruction[] => [
  ...[...parts.budget, ...parts.setup, parts.swap],
  ...[...parts.cleanup, ...parts.other, ...parts.memo],
];

/** As web3.js puts it together. */
export function compiled(
  instructions: readonly Instruction[],
  { payer, tables }: Pick<Parts, "payer" | "tables">,
): Uint8Array {
  return new TransactionMessage({
    payerKey: new PublicKey(payer),
    recentBlockhash: BLOCKHASH,
    instructions: instructions.map(
      ({ programId, accounts, data }) =>
        new TransactionInstruction({
          programId: new PublicKey(programId),
          keys: accounts.map(({ address, ...flags }) => ({
            ...{ pubkey: new PublicKey(address), ...flags },
          })),
          data: Buffer.from(data),
        }),
    ),
  })
    .compileToV0Message(
      tables.map(
        ({ address, addresses }) =>
          new AddressLookupTableAccount({
            key: new PublicKey(address),
            state: {
              ...{ deactivationSlot: 2n ** 64n - 1n, lastExtendedSlot: 0 },
              lastExtendedSlotStartIndex: 0,
              addresses: addresses.map((each) => new PublicKey(each)),
            },
          }),
      ),
    )
    .serialize();
}

export const bytesOf = (parts: Parts): Uint8Array => compiled(instructionsOf(parts), parts);

export const verdictOf = (
  parts: Pick<Parts, "intent" | "tables">,
  message: Uint8Array,
): GateVerdict =>
  checkTransaction({
    ...{ message, intent: parts.intent, lookupTables: parts.tables, tokenAccountOf },
  });

export const gate = (parts: Parts): GateVerdict => verdictOf(parts, bytesOf(parts));

/** The rule that refuses, or "passed". */
export const ruleOf = (verdict: GateVerdict): string =>
  verdict.kind === "passed" ? "passed" : verdict.rule;
