/**
 * Answers of a Jupiter that was taken over: the honest plan with one thing changed, so that whoever
 * checks before signing can be tested. Each is a way to take from the wallet, or to have it sign
 * what was not asked for.
 */
import { z } from "zod";
import { isAddress, requireAddress } from "../chain/base58.ts";
import { associatedTokenAddress } from "../chain/derived-address.ts";
import { SYSTEM_PROGRAM } from "../chain/programs.ts";
import { TIP_ACCOUNTS } from "../jito/tip-accounts.ts";
import type { Token } from "../tokens.ts";
import { namedAddress } from "../venue/addresses.ts";
import { type AccountMeta, readonly, signer, TAIL_BYTES, writable } from "../venue/route-layout.ts";
import { tokenProgramOf } from "../venue/token-bytes.ts";
import { LOOKUP_TABLES } from "../venue/world.ts";
import {
  closeAccount,
  createTokenAccount,
  type Instruction,
  packed,
  payer,
  tokenInstruction,
  transferLamports,
} from "./plain-instructions.ts";
import { type SwapPlan, userAccount, usesSharedAccounts } from "./swap-plan.ts";
import type { SwapOrder } from "./swap-request.ts";

const STOLEN_LAMPORTS = 1_000_000n;

type Attack = (plan: SwapPlan, order: SwapOrder, attacker: string) => SwapPlan;

const before = (plan: SwapPlan, instruction: Instruction): SwapPlan => ({
  ...plan,
  setup: [...plan.setup, instruction],
});
const after = (plan: SwapPlan, instruction: Instruction): SwapPlan => ({
  ...plan,
  other: [...plan.other, instruction],
});
const withSwap = (plan: SwapPlan, change: Partial<Instruction>): SwapPlan => ({
  ...plan,
  swap: { ...plan.swap, ...change },
});
const accountOf = (owner: string, token: Token): string =>
  associatedTokenAddress(owner, token.mint, tokenProgramOf(token));

/** Changes one account of the swap instruction, by its place in either form. */
function withAccount(
  plan: SwapPlan,
  order: SwapOrder,
  places: { readonly direct: number; readonly shared: number },
  account: AccountMeta,
): SwapPlan {
  const place = usesSharedAccounts(order) ? places.shared : places.direct;
  return withSwap(plan, { accounts: plan.swap.accounts.with(place, account) });
}

/** Changes bytes at an offset from the arguments' tail: in u64, out u64, slippage u16, fee u8. */
function withTail(plan: SwapPlan, offset: number, bytes: Uint8Array): SwapPlan {
  const data = plan.swap.data.slice();
  data.set(bytes, data.length - TAIL_BYTES + offset);
  return withSwap(plan, { data });
}

const minimumNothing = (plan: SwapPlan): SwapPlan => withTail(plan, 8, packed([0, 8]));

const ATTACKS = {
  "transfer-sol": (plan, { request }, attacker) =>
    before(plan, transferLamports(request.userPublicKey, attacker, STOLEN_LAMPORTS)),
  "transfer-sol-after": (plan, { request }, attacker) =>
    after(plan, transferLamports(request.userPublicKey, attacker, STOLEN_LAMPORTS)),
  "transfer-token": (plan, { request, input }, attacker) => {
    const user = request.userPublicKey;
    const accounts = [
      ...[writable(userAccount(user, input)), readonly(input.mint)],
      ...[writable(accountOf(attacker, input)), signer(user)],
    ];
    const data = packed([12, 1], [request.quoteResponse.inAmount, 8], [input.decimals, 1]);
    return before(plan, tokenInstruction(input, accounts, data));
  },
  approve: (plan, { request, input }, attacker) => {
    const user = request.userPublicKey;
    const accounts = [writable(userAccount(user, input)), readonly(attacker), signer(user)];
    return before(plan, tokenInstruction(input, accounts, packed([4, 1], [2n ** 64n - 1n, 8])));
  },
  "set-authority": (plan, { request, output }, attacker) =>
    after(plan, setAuthority(request.userPublicKey, output, { kind: 2, attacker })),
  "set-close-authority": (plan, { request, output }, attacker) =>
    after(plan, setAuthority(request.userPublicKey, output, { kind: 3, attacker })),
  "close-to-foreign": (plan, { request, input }, attacker) => {
    const owner = request.userPublicKey;
    const account = userAccount(owner, input);
    return { ...plan, cleanup: closeAccount({ token: input, account, receiver: attacker, owner }) };
  },
  assign: (plan, { request }, attacker) =>
    after(plan, {
      programId: SYSTEM_PROGRAM,
      accounts: [payer(request.userPublicKey)],
      data: Uint8Array.from([...packed([1, 4]), ...requireAddress(attacker)]),
    }),
  "minimum-out-zero": minimumNothing,
  "slippage-all": (plan) => withTail(plan, 16, packed([10_000, 2])),
  /** The program reads from the front: an honest tail behind what it reads means nothing. */
  "honest-tail": (plan) => {
    const tail = plan.swap.data.slice(-TAIL_BYTES);
    const data = Uint8Array.from([...minimumNothing(plan).swap.data, ...tail]);
    return withSwap(plan, { data });
  },
  "amount-in": (plan, { request }) =>
    withTail(plan, 0, packed([request.quoteResponse.inAmount * 2n, 8])),
  "other-destination": (plan, order, attacker) =>
    withAccount(plan, order, { direct: 4, shared: 6 }, writable(accountOf(attacker, order.output))),
  "other-source": (plan, order, attacker) =>
    withAccount(plan, order, { direct: 2, shared: 3 }, writable(accountOf(attacker, order.input))),
  "other-authority": (plan, order, attacker) =>
    withAccount(plan, order, { direct: 1, shared: 2 }, signer(attacker)),
  "destination-mint": (plan, order) =>
    withAccount(plan, order, { direct: 5, shared: 8 }, readonly(order.input.mint)),
  "fee-account": (plan, order, attacker) =>
    withAccount(
      withTail(plan, 18, Uint8Array.of(255)),
      order,
      { direct: 6, shared: 9 },
      writable(accountOf(attacker, order.output)),
    ),
  "foreign-program": (plan) => withSwap(plan, { programId: namedAddress("foreign program") }),
  "foreign-setup": (plan, { request }) =>
    before(plan, {
      programId: namedAddress("foreign program"),
      accounts: [payer(request.userPublicKey)],
      data: Uint8Array.of(1, 2, 3),
    }),
  /** `exact_out_route`: the same bytes mean another order. */
  "other-discriminator": (plan) => {
    const data = plan.swap.data.slice();
    data.set([0xd0, 0x33, 0xef, 0x97, 0x7b, 0x2b, 0xed, 0x5c]);
    return withSwap(plan, { data });
  },
  "extra-signer": (plan, _, attacker) =>
    withSwap(plan, { accounts: [...plan.swap.accounts, signer(attacker)] }),
  "swap-twice": (plan) => after(plan, plan.swap),
  "wrap-more": (plan, { request, input }) =>
    before(
      plan,
      transferLamports(request.userPublicKey, userAccount(request.userPublicKey, input), 10n ** 9n),
    ),
  "huge-tip": (plan, { request }) =>
    after(plan, transferLamports(request.userPublicKey, TIP_ACCOUNTS[0] ?? "", 10n ** 9n)),
  "huge-priority-fee": (plan) => ({ ...plan, unitPrice: 10n ** 9n }),
  "account-for-foreign": (plan, { request, output }, attacker) =>
    before(plan, createTokenAccount(request.userPublicKey, attacker, output)),
  "expired-table": (plan) => ({ ...plan, tables: [LOOKUP_TABLES.expired] }),
  "unknown-table": (plan) => ({ ...plan, tables: [namedAddress("no lookup table")] }),
} as const satisfies { readonly [name: string]: Attack };

export type DrainName = keyof typeof ATTACKS;
const isDrain = (name: string): name is DrainName => Object.hasOwn(ATTACKS, name);
export const DRAINS: readonly DrainName[] = Object.keys(ATTACKS).filter(isDrain);

export const drainSchema = z.strictObject({
  kind: z.enum(DRAINS),
  /** Who takes; default an address of nobody. */
  attacker: z.string().max(64).refine(isAddress, "not an address").optional(),
  /** Number of answers; without it, all until it is cleared. */
  count: z.int().positive().optional(),
});
export type Drain = z.infer<typeof drainSchema>;

export const ATTACKER = namedAddress("localnet attacker");

export type Drains = {
  /** Undefined clears it. */
  set(drain: Drain | undefined): void;
  apply(plan: SwapPlan, order: SwapOrder): SwapPlan;
};

export function createDrains(): Drains {
  let present: Drain | undefined;
  let left = 0;
  return {
    set(drain) {
      present = drain;
      left = drain?.count ?? Number.POSITIVE_INFINITY;
    },
    apply(plan, order) {
      if (!present) return plan;
      const { kind, attacker = ATTACKER } = present;
      left -= 1;
      if (left <= 0) present = undefined;
      const attack: Attack = ATTACKS[kind];
      return attack(plan, order, attacker);
    },
  };
}

/** Of the token program: kind 2 is the owner of an account, 3 who may close it. */
const setAuthority = (
  user: string,
  token: Token,
  { kind, attacker }: { readonly kind: 2 | 3; readonly attacker: string },
): Instruction =>
  tokenInstruction(
    token,
    [writable(userAccount(user, token)), signer(user)],
    Uint8Array.from([6, kind, 1, ...requireAddress(attacker)]),
  );
