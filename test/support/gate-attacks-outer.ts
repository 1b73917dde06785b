/** What nobody may sign around the swap, and the rule that has to say so. */
import {
  MEMO_PROGRAM,
  NATIVE_MINT,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
} from "../../domain/chain/addresses.ts";
import { packed } from "../../localnet/market/plain-instructions.ts";
import {
  type Attack,
  account,
  after,
  BUY,
  before,
  budgetWith,
  computeBudget,
  create,
  instruction,
  intent,
  JUP,
  meta,
  PROTECTED,
  SELL,
  swapAccount,
  system,
  token,
  transfer,
  USDC,
  u64,
  WRAPPED,
  withParts,
} from "./gate-attack-tools.ts";
import { DONT_FRONT, memoOf, STRANGER, symbol, WALLET } from "./swap-parts.ts";

/** Around the swap. */
export const OUTER_ATTACKS: readonly Attack[] = [
  [
    "wrapping out of an account that does not sign",
    "system-instruction",
    withParts(SELL, ({ setup }) => ({
      setup: setup.map((each) =>
        each.programId === SYSTEM_PROGRAM
          ? { ...each, accounts: each.accounts.with(0, meta(STRANGER, "w")) }
          : each,
      ),
    })),
  ],
  [
    "a stranger's name on our account",
    "token-account-create",
    before(SELL, create(STRANGER, symbol("USDC").mint, USDC)),
  ],
  ["lamports to a stranger", "foreign-transfer", before(SELL, transfer(STRANGER, 1n))],
  ["lamports to a stranger after it", "foreign-transfer", after(BUY, transfer(STRANGER, 1n))],
  ["lamports to the wallet's other account", "foreign-transfer", before(SELL, transfer(USDC, 1n))],
  [
    "a tip on the public route",
    "foreign-transfer",
    after(SELL, transfer("96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5", 1_000n)),
  ],
  [
    "wrapping one lamport more",
    "wrap-amount",
    withParts(SELL, ({ setup }) => ({
      setup: setup.map((each) =>
        each.programId === SYSTEM_PROGRAM ? transfer(WRAPPED, 1_000_000_001n) : each,
      ),
    })),
  ],
  ["wrapping twice", "wrap-amount", before(SELL, transfer(WRAPPED, 1_000_000_000n))],
  ["wrapping where a token is sold", "wrap-amount", before(BUY, transfer(WRAPPED, 1_000_000_000n))],
  [
    "wrapping after the swap",
    "order",
    withParts(SELL, ({ setup, other }) => ({
      setup: setup.filter(({ programId }) => programId !== SYSTEM_PROGRAM),
      other: [...other, transfer(WRAPPED, 1_000_000_000n)],
    })),
  ],
  [
    "closing before the swap",
    "order",
    before(SELL, token(9, [meta(WRAPPED, "w"), meta(WALLET, "w"), meta(WALLET, "s")])),
  ],
  [
    "opening an account after the swap",
    "order",
    after(SELL, create(WALLET, symbol("USDC").mint, USDC)),
  ],
  [
    "assign",
    "system-instruction",
    after(SELL, system(1, [meta(WALLET, "sw")], ...new Uint8Array(32))),
  ],
  [
    "createAccount",
    "system-instruction",
    before(
      SELL,
      system(
        0,
        [meta(WALLET, "sw"), meta(STRANGER, "w")],
        ...u64(1n),
        ...u64(0n),
        ...new Uint8Array(32),
      ),
    ),
  ],
  ["allocate", "system-instruction", before(SELL, system(8, [meta(WALLET, "sw")], ...u64(1n)))],
  [
    "transferWithSeed",
    "system-instruction",
    before(
      SELL,
      system(11, [meta(STRANGER, "w"), meta(WALLET, "s"), meta(WRAPPED, "w")], ...u64(1n)),
    ),
  ],
  [
    "a transfer with bytes behind it",
    "system-instruction",
    before(SELL, system(2, [meta(WALLET, "sw"), meta(WRAPPED, "w")], ...u64(1n), 0)),
  ],
  [
    "a durable nonce",
    "durable-nonce",
    before(
      SELL,
      system(4, [
        meta(STRANGER, "w"),
        meta("SysvarRecentB1ockHashes11111111111111111111"),
        meta(WALLET, "s"),
      ]),
    ),
  ],
  [
    "approve",
    "token-instruction",
    before(SELL, token(4, [meta(USDC, "w"), meta(STRANGER), meta(WALLET, "s")], ...u64(1n))),
  ],
  [
    "approveChecked",
    "token-instruction",
    before(
      SELL,
      token(
        13,
        [meta(USDC, "w"), meta(symbol("USDC").mint), meta(STRANGER), meta(WALLET, "s")],
        ...u64(1n),
        6,
      ),
    ),
  ],
  [
    "setAuthority",
    "token-instruction",
    after(SELL, token(6, [meta(USDC, "w"), meta(WALLET, "s")], 2, 1, ...new Uint8Array(32))),
  ],
  [
    "a token transfer",
    "token-instruction",
    after(
      SELL,
      token(
        3,
        [meta(USDC, "w"), meta(account("USDC", STRANGER), "w"), meta(WALLET, "s")],
        ...u64(1n),
      ),
    ),
  ],
  [
    "transferChecked",
    "token-instruction",
    after(
      SELL,
      token(
        12,
        [
          meta(USDC, "w"),
          meta(symbol("USDC").mint),
          meta(account("USDC", STRANGER), "w"),
          meta(WALLET, "s"),
        ],
        ...u64(1n),
        6,
      ),
    ),
  ],
  [
    "burn",
    "token-instruction",
    after(
      SELL,
      token(8, [meta(USDC, "w"), meta(symbol("USDC").mint, "w"), meta(WALLET, "s")], ...u64(1n)),
    ),
  ],
  [
    "a batch of the token program",
    "token-instruction",
    after(SELL, token(255, [meta(USDC, "w"), meta(WALLET, "s")], 1, 1, 9)),
  ],
  [
    "transfer of Token-2022",
    "token-instruction",
    after(
      SELL,
      instruction(
        TOKEN_2022_PROGRAM,
        [meta(USDC, "w"), meta(STRANGER, "w"), meta(WALLET, "s")],
        Uint8Array.of(3, ...u64(1n)),
      ),
    ),
  ],
  [
    "closing to a stranger",
    "close-account",
    after(SELL, token(9, [meta(WRAPPED, "w"), meta(STRANGER, "w"), meta(WALLET, "s")])),
  ],
  [
    "closing another account",
    "close-account",
    after(SELL, token(9, [meta(USDC, "w"), meta(WALLET, "w"), meta(WALLET, "s")])),
  ],
  [
    "closing with data behind it",
    "token-instruction",
    after(SELL, token(9, [meta(WRAPPED, "w"), meta(WALLET, "w"), meta(WALLET, "s")], 0)),
  ],
  [
    "syncing a foreign account",
    "sync-native",
    before(SELL, token(17, [meta(account("SOL", STRANGER), "w")])),
  ],
  [
    "an account for a stranger",
    "token-account-create",
    before(SELL, create(STRANGER, NATIVE_MINT, account("SOL", STRANGER))),
  ],
  [
    "an account of another mint",
    "token-account-create",
    before(SELL, create(WALLET, JUP, account("JUP"))),
  ],
  [
    "another mint at the right address",
    "token-account-create",
    before(SELL, create(WALLET, JUP, USDC)),
  ],
  [
    "recoverNested",
    "token-account-create",
    before(SELL, create(WALLET, NATIVE_MINT, WRAPPED, [2])),
  ],
  [
    "a foreign program",
    "program-allowed",
    after(SELL, instruction(STRANGER, [meta(WALLET, "sw")], Uint8Array.of(1))),
  ],
  [
    "memo of version 1",
    "program-allowed",
    after(SELL, instruction("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo", [], Uint8Array.of(1))),
  ],
  [
    "a lookup table extended",
    "program-allowed",
    after(
      SELL,
      instruction(
        "AddressLookupTab1e1111111111111111111111111",
        [meta(WALLET, "sw")],
        Uint8Array.of(2),
      ),
    ),
  ],
  ["no memo", "memo", withParts(SELL, () => ({ memo: [] }))],
  ["two memos", "memo", withParts(SELL, ({ memo }) => ({ memo: [...memo, ...memo] }))],
  [
    "the memo of another attempt",
    "memo",
    withParts(SELL, ({ intent: { memo } }) => ({ memo: [memoOf(memo.replace("#1", "#2"))] })),
  ],
  [
    "a memo with a stranger's account",
    "memo",
    withParts(SELL, ({ memo }) => ({
      memo: memo.map((each) => instruction(MEMO_PROGRAM, [meta(STRANGER)], each.data)),
    })),
  ],
  ["no unit price", "compute-budget", budgetWith(SELL, (budget) => budget.slice(0, 1))],
  [
    "two unit limits",
    "compute-budget",
    budgetWith(SELL, (budget) => [...budget, ...budget.slice(0, 1)]),
  ],
  [
    "a heap frame",
    "compute-budget",
    budgetWith(SELL, (budget) => [...budget, computeBudget(1, 0, 0, 4, 0)]),
  ],
  [
    "a budget with an account",
    "compute-budget",
    budgetWith(SELL, (budget) =>
      budget.map((each) => ({ ...each, accounts: [meta(WALLET, "w")] })),
    ),
  ],
  [
    "1,400,001 units",
    "unit-limit",
    budgetWith(SELL, (budget) => [computeBudget(2, ...packed([1_400_001, 4])), ...budget.slice(1)]),
  ],
  [
    "no units",
    "unit-limit",
    budgetWith(SELL, (budget) => [computeBudget(2, 0, 0, 0, 0), ...budget.slice(1)]),
  ],
  [
    "a fee one over the cap",
    "fee-cap",
    budgetWith(SELL, (budget) => [...budget.slice(0, 1), computeBudget(3, ...u64(33_334n))]),
  ],
  [
    "a fee over the cap with the tip",
    "fee-cap",
    budgetWith(PROTECTED, (budget) => [...budget.slice(0, 1), computeBudget(3, ...u64(26_667n))]),
  ],
  ["another fee payer", "fee-payer", withParts(SELL, () => ({ payer: STRANGER }))],
  [
    "no dontfront on the protected route",
    "dont-front",
    withParts(PROTECTED, ({ other }) => ({
      other: other.map((each) => ({ ...each, accounts: each.accounts.slice(0, 2) })),
    })),
  ],
  [
    "dontfront on the memo alone",
    "dont-front",
    withParts(PROTECTED, ({ other, memo }) => ({
      other: other.map((each) => ({ ...each, accounts: each.accounts.slice(0, 2) })),
      memo: memo.map((each) => ({ ...each, accounts: [meta(DONT_FRONT)] })),
    })),
  ],
  ["a writable dontfront", "dont-front", swapAccount(PROTECTED, -1, DONT_FRONT, "w")],
  ["dontfront on the public route", "dont-front", swapAccount(SELL, -1, DONT_FRONT, "")],
  [
    "no tip",
    "tip",
    withParts(PROTECTED, ({ other, swap }) => ({
      other: other.slice(1),
      swap: { ...swap, accounts: [...swap.accounts, meta(DONT_FRONT)] },
    })),
  ],
  [
    "a larger tip",
    "tip",
    withParts(PROTECTED, (parts) => ({
      other: parts.other.map((each) => ({ ...each, data: packed([2, 4], [2_001n, 8]) })),
    })),
  ],
  ["the tip twice", "tip", withParts(PROTECTED, ({ other }) => ({ other: [...other, ...other] }))],
  [
    "a tip to a stranger",
    "foreign-transfer",
    withParts(PROTECTED, ({ other }) => ({
      other: other.map((each) => ({
        ...each,
        accounts: each.accounts.with(1, meta(STRANGER, "w")),
      })),
    })),
  ],
  [
    "an intent to tip a stranger",
    "tip-account",
    intent(PROTECTED, { tip: { account: STRANGER, lamports: 2_000n } }),
  ],
  [
    "an intent of 999 lamports tip",
    "tip-minimum",
    intent(PROTECTED, {
      tip: { account: "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5", lamports: 999n },
    }),
  ],
  ["an intent without tip on the protected route", "intent", intent(PROTECTED, { tip: undefined })],
  ["an intent with tip on the public route", "intent", intent(PROTECTED, { route: "public" })],
];
