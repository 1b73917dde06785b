/**
 * Balances that a real runtime leaves behind, held against the intent: honest swaps over the venue, the same with their state tampered
 * with, and what a Jupiter that was taken over would have done.
 */
import { VersionedTransaction } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import type { GateFacts } from "../../domain/chain/gate-verdict.ts";
import { parseMessage, resolveMessage } from "../../domain/chain/message.ts";
import { signedTransaction } from "../../domain/chain/message-edit.ts";
import {
  type BalanceVerdict,
  checkSimulatedBalances,
  type WatchedAccount,
} from "../../domain/chain/simulated-balances.ts";
import type { AccountState } from "../../domain/chain/token-account.ts";
import { ATTACKER, type DrainName } from "../../localnet/market/drains.ts";
import {
  bytesOf,
  gate,
  type Parts,
  partsOf,
  STRANGER,
  symbol,
  type Wish,
} from "../support/swap-parts.ts";
import { quoteOn } from "./support/venue-orders.ts";
import { type VenueWorld, venueWorld } from "./support/venue-world.ts";

type Ran = {
  readonly parts: Parts;
  readonly facts: GateFacts;
  readonly accounts: readonly WatchedAccount[];
};

const AMOUNTS: Readonly<Record<string, bigint>> = {
  SOL: 1_000_000_000n,
  USDC: 100_000_000n,
  JUP: 200_000_000n,
  PYUSD: 50_000_000n,
  BERN: 5_000_000n,
};

/** The wallet's own tokens; what it holds of the input is twice what it spends. */
type Setting = Omit<Wish, "wallet" | "quoted" | "amount"> & {
  readonly holds?: Readonly<Record<string, bigint>>;
};

function run({ holds = {}, ...wish }: Setting): Ran {
  const world = venueWorld();
  const [from = "", to = ""] = [wish.path[0], wish.path.at(-1)];
  const [input, output] = [symbol(from), symbol(to)];
  const amount = AMOUNTS[from] ?? 0n;
  if (from !== "SOL") world.give(input, amount * 2n);
  for (const [name, held] of Object.entries(holds)) world.give(symbol(name), held);
  if (wish.drain === "other-destination") world.give(output, 0n, ATTACKER);
  const quoted = quoteOn(world, { input, output, amount, directOnly: wish.path.length === 2 });
  const honest: Wish = { ...wish, amount, quoted: quoted.outAmount, wallet: world.wallet };
  const { drain: _, ...fair } = honest;
  const facts = factsOf(partsOf(fair));
  const parts = partsOf(honest);
  return { parts, facts, accounts: executed(world, parts) };
}

function factsOf(parts: Parts): GateFacts {
  const verdict = gate(parts);
  if (verdict.kind !== "passed") throw new Error(`${verdict.rule}: ${verdict.found}`);
  return verdict.facts;
}

function executed(world: VenueWorld, parts: Parts): WatchedAccount[] {
  const message = bytesOf(parts);
  const parsed = parseMessage(message);
  if (parsed.kind === "problem") throw new Error(parsed.problem);
  const resolved = resolveMessage(parsed.message, parts.tables);
  if (resolved.kind === "problem") throw new Error(resolved.problem);
  const written = resolved.accounts.filter(({ isWritable }) => isWritable);
  const states = (): (AccountState | undefined)[] =>
    written.map(({ address }) => {
      const found = world.chain.getAccount(address);
      return found && { lamports: found.lamports, owner: found.owner, data: found.data.slice() };
    });
  const before = states();
  const unsigned = signedTransaction(message, new Uint8Array(64));
  const transaction = VersionedTransaction.deserialize(unsigned);
  transaction.sign([world.user]);
  const ran = world.runBytes(transaction.serialize());
  expect(ran.err).toBeNull();
  const after = states();
  return written.map(({ address }, at) => ({ address, before: before[at], after: after[at] }));
}

const check = ({ parts, facts, accounts }: Ran): BalanceVerdict =>
  checkSimulatedBalances({ intent: parts.intent, facts, accounts });
const problemOf = (verdict: BalanceVerdict): string =>
  verdict.kind === "passed" ? "passed" : `${verdict.rule}: ${verdict.found}`;

describe("honest swaps", () => {
  const RENT = 2_039_280n;
  test.each<[string, Setting, bigint]>([
    ["SOL to a token", { path: ["SOL", "USDC"] }, RENT],
    [
      "SOL to a token that is held",
      { path: ["SOL", "USDC"], holds: { USDC: 7n }, exists: false },
      0n,
    ],
    [
      "SOL with wrapped SOL before",
      { path: ["SOL", "USDC"], holds: { SOL: 5_000_000n, USDC: 0n } },
      0n,
    ],
    ["SOL over shared accounts", { path: ["SOL", "USDC"], shared: true }, RENT],
    ["SOL with a tip", { path: ["SOL", "USDC"], tip: 7_000n }, RENT],
    ["a token to SOL", { path: ["USDC", "SOL"] }, 0n],
    [
      "a token to SOL with wrapped SOL before",
      { path: ["USDC", "SOL"], holds: { SOL: 5_000_000n } },
      0n,
    ],
    ["a token to SOL with a tip", { path: ["USDC", "SOL"], shared: true, tip: 1_000n }, 0n],
    ["token to token", { path: ["USDC", "USDT"] }, RENT],
    ["two hops over own accounts", { path: ["JUP", "USDC", "USDT"] }, 2n * RENT],
    ["from Token-2022", { path: ["PYUSD", "USDC"] }, RENT],
    ["from Token-2022 with a fee on transfers", { path: ["BERN", "SOL"] }, 0n],
  ])("%s", (_, setting, rent) => {
    const ran = run(setting);
    const verdict = check(ran);
    expect(problemOf(verdict)).toBe("passed");
    if (verdict.kind !== "passed") return;
    const { spent, received, rentLamports } = verdict.balances;
    expect(spent).toBe(ran.parts.intent.input.amount);
    expect(received).toBeGreaterThanOrEqual(ran.parts.intent.output.minimumAmount);
    expect(received).toBeLessThanOrEqual(ran.parts.intent.output.quotedAmount);
    // The wrapped account is opened and closed again.
    expect(rentLamports).toBe(rent);
  });
});

describe("a Jupiter that was taken over", () => {
  test.each<[DrainName, string]>([
    ["transfer-sol", "lamports"],
    ["transfer-sol-after", "lamports"],
    ["approve", "own-account-delegate"],
    ["set-authority", "own-account-owner"],
    ["set-close-authority", "own-account-closeAuthority"],
    ["assign", "wallet"],
    ["huge-tip", "lamports"],
    ["account-for-foreign", "lamports"],
    ["other-destination", "received"],
    ["swap-twice", "spent"],
  ])("%s: %s", (drain, rule) => {
    const path = drain === "approve" || drain === "swap-twice" ? ["USDC", "USDT"] : ["SOL", "USDC"];
    const ran = run({ path, drain, holds: { [path[1] ?? ""]: 0n } });
    const { parts } = ran;
    // All accounts are there: no rent is left as room for thieves.
    const intent = { ...parts.intent, rentCapLamports: 0n };
    const verdict = check({ ...ran, parts: { ...parts, intent } });
    expect(verdict.kind === "refused" ? verdict.rule : "passed").toBe(rule);
  });
});

const RUN = run({ path: ["USDC", "SOL"], holds: { SOL: 0n } });
const TOKENS = run({ path: ["USDC", "USDT"], holds: { USDT: 3n } });

/** The state after it of one account, changed. */
const tampered = (
  ran: Ran,
  find: (account: WatchedAccount) => boolean,
  change: (state: AccountState) => AccountState | undefined,
): Ran => {
  expect(ran.accounts.filter(find)).toHaveLength(1);
  return {
    ...ran,
    accounts: ran.accounts.map((each) =>
      find(each) && each.after ? { ...each, after: change(each.after) } : each,
    ),
  };
};
const isWallet = ({ address }: WatchedAccount) =>
  address === RUN.parts.intent.wallet || address === TOKENS.parts.intent.wallet;
const bytesAt =
  (at: number, ...values: number[]) =>
  (state: AccountState): AccountState => {
    const data = state.data.slice();
    data.set(values, at);
    return { ...state, data };
  };
const amountOf = ({ after }: WatchedAccount): bigint =>
  after && after.data.length >= 165
    ? new DataView(after.data.buffer, after.data.byteOffset).getBigUint64(64, true)
    : 0n;
const isInput = (account: WatchedAccount) => amountOf(account) === 100_000_000n;
const outputAmount = TOKENS.accounts
  .map(amountOf)
  .find((amount) => amount > 99_000_000n && amount < 100_000_000n);
const isOutput = (account: WatchedAccount) => amountOf(account) === outputAmount;

describe("tampered states", () => {
  test("the honest ones pass", () => {
    expect(problemOf(check(RUN))).toBe("passed");
    expect(problemOf(check(TOKENS))).toBe("passed");
  });

  test.each<[string, string, () => Ran]>([
    ["the wallet is gone", "wallet", () => tampered(RUN, isWallet, () => undefined)],
    [
      "the wallet belongs to a program",
      "wallet",
      () => tampered(RUN, isWallet, (state) => ({ ...state, owner: STRANGER })),
    ],
    [
      "the wallet has data",
      "wallet",
      () => tampered(RUN, isWallet, (state) => ({ ...state, data: new Uint8Array(1) })),
    ],
    ["one lamport short of the minimum", "received", () => short(RUN)],
    ["one unit too much is spent", "spent", () => tampered(TOKENS, isInput, bytesAt(64, 0xff))],
    [
      "the output is lost",
      "received",
      () => tampered(TOKENS, isOutput, bytesAt(64, 3, ...new Uint8Array(7))),
    ],
    [
      "the output is frozen",
      "own-account-state",
      () => tampered(TOKENS, isOutput, bytesAt(108, 2)),
    ],
    [
      "a delegate",
      "own-account-delegate",
      () => tampered(TOKENS, isInput, bytesAt(72, 1, 0, 0, 0)),
    ],
    [
      "a delegated amount",
      "own-account-delegatedAmount",
      () => tampered(TOKENS, isInput, bytesAt(121, 1)),
    ],
    [
      "a close authority",
      "own-account-closeAuthority",
      () => tampered(TOKENS, isInput, bytesAt(129, 1)),
    ],
    ["another owner", "own-account-owner", () => tampered(TOKENS, isInput, bytesAt(32, 1))],
    ["another mint", "own-account-mint", () => tampered(TOKENS, isInput, bytesAt(0, 1))],
    [
      "an account of ours is closed",
      "own-account-closed",
      () => tampered(TOKENS, isInput, () => undefined),
    ],
    [
      "lamports leave beside",
      "lamports",
      () =>
        tampered(TOKENS, isWallet, (state) => ({
          ...state,
          lamports: state.lamports - 5_000_001n,
        })),
    ],
  ])("%s: %s", (_, rule, ran) => {
    const verdict = check(ran());
    expect(verdict.kind === "refused" ? verdict.rule : "passed").toBe(rule);
  });

  /** As many lamports less as were received over the minimum, and one. */
  function short(ran: Ran): Ran {
    const verdict = check(ran);
    if (verdict.kind !== "passed") throw new Error(verdict.rule);
    const over = verdict.balances.received - ran.parts.intent.output.minimumAmount;
    const take = (less: bigint) =>
      tampered(ran, isWallet, (state) => ({ ...state, lamports: state.lamports - less }));
    expect(problemOf(check(take(over)))).toBe("passed");
    return take(over + 1n);
  }

  test("another account of ours falls", () => {
    const [input] = TOKENS.accounts.filter(isInput);
    if (!input?.before || !input.after) throw new Error("no input");
    const jup = bytesAt(0, ...new Uint8Array(32).fill(9));
    const other = { address: "other", before: jup(input.before), after: jup(input.after) };
    const verdict = check({ ...TOKENS, accounts: [...TOKENS.accounts, other] });
    expect(problemOf(verdict)).toMatch(/^own-account-falls: other by 100000000/);
    const kept = { ...other, after: other.before };
    expect(problemOf(check({ ...TOKENS, accounts: [...TOKENS.accounts, kept] }))).toBe("passed");
  });

  test("every writable account has to be watched, once", () => {
    expect(problemOf(check({ ...RUN, accounts: RUN.accounts.slice(1) }))).toMatch(/^not-watched/);
    const twice = [...RUN.accounts, ...RUN.accounts.slice(0, 1)];
    expect(problemOf(check({ ...RUN, accounts: twice }))).toMatch(/^not-watched/);
  });

  test("a simulation without fees is no theft, and no excuse for spending less", () => {
    const ran = run({ path: ["SOL", "USDC"], tip: 1_000n });
    const { facts } = ran;
    const fees = facts.baseFeeLamports + facts.priorityFeeLamports;
    const wallet = (account: WatchedAccount) => account.address === ran.parts.intent.wallet;
    const more = (lamports: bigint) =>
      problemOf(
        check(
          tampered(ran, wallet, (state) => ({ ...state, lamports: state.lamports + lamports })),
        ),
      );
    expect(more(fees)).toBe("passed");
    expect(more(fees + 1n)).toMatch(/^spent: 999999999/);
  });
});
