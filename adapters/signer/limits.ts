/**
 * What the signer allows by itself, whatever it is told: figures of one transaction and of a UTC day for each wallet. They are given
 * when it starts and never change while it runs. What it signed is counted, also when it never landed.
 */
import { NATIVE_MINT } from "../../domain/chain/addresses.ts";
import type { GateFacts } from "../../domain/chain/gate-verdict.ts";
import type { SwapIntent } from "../../domain/chain/intent.ts";

export type Amounts = {
  /** Smallest units. */
  readonly perTransaction: bigint;
  /** Smallest units for each wallet and UTC day. */
  readonly perDay: bigint;
};

export type SignerLimits = {
  /** All lamports that leave: SOL spent, base fee, priority fee, tip, and the most that rent may lock. */
  readonly lamports: Amounts;
  /** Of one transaction, priority fee and tip together. */
  readonly maxFeeAndTipLamports: bigint;
  /** Mints that may be spent, SOL aside. */
  readonly tokens: readonly (Amounts & { readonly mint: string })[];
  /** Of mints that are neither SOL nor among `tokens`: `refuse` as input and as output, or `allow` without any limit. */
  readonly otherMints: "refuse" | "allow";
  /** Programs that an instruction may call, at most those of the gate; undefined: all of the gate's. */
  readonly programs: readonly string[] | undefined;
  /** Undefined: no platform fee is signed. */
  readonly platformFee:
    | { readonly maxBps: number; readonly accounts: readonly string[] }
    | undefined;
};

export type Spending = {
  readonly lamports: bigint;
  /** Undefined where SOL is spent, or a mint without a limit. */
  readonly token: { readonly mint: string; readonly amount: bigint } | undefined;
};

/** What one wallet has spent on a day. */
export type Spent = {
  readonly lamports: bigint;
  readonly tokens: ReadonlyMap<string, bigint>;
};

export type Refusal = { readonly rule: string; readonly message: string };

export const NOTHING_SPENT: Spent = { lamports: 0n, tokens: new Map() };

const amountsOf = ({ tokens }: SignerLimits, mint: string): Amounts | undefined =>
  tokens.find((token) => token.mint === mint);

/** What a transaction that passed the gate may cost at most. */
export function spendingOf(intent: SwapIntent, facts: GateFacts, limits: SignerLimits): Spending {
  const { mint, amount } = intent.input;
  // An amount of wrapped SOL is lamports.
  const isSol = mint === NATIVE_MINT;
  const costs = facts.baseFeeLamports + facts.priorityFeeLamports + facts.tipLamports;
  return {
    lamports: costs + intent.rentCapLamports + (isSol ? amount : 0n),
    token: !isSol && amountsOf(limits, mint) ? { mint, amount } : undefined,
  };
}

/** The limits of one transaction. */
export function transactionRefusal(
  limits: SignerLimits,
  intent: SwapIntent,
  facts: GateFacts,
): Refusal | undefined {
  const program = facts.programs.find((id) => limits.programs?.includes(id) === false);
  if (program !== undefined) {
    return { rule: "signer-program", message: `the signer does not allow the program ${program}` };
  }
  for (const { mint } of [intent.input, intent.output]) {
    if (limits.otherMints === "allow" || mint === NATIVE_MINT || amountsOf(limits, mint)) continue;
    return { rule: "signer-mint", message: `the signer has no limit for the mint ${mint}` };
  }
  return (
    platformFeeRefusal(limits, intent) ??
    amountRefusal(limits, facts, spendingOf(intent, facts, limits))
  );
}

function platformFeeRefusal(
  { platformFee }: SignerLimits,
  intent: SwapIntent,
): Refusal | undefined {
  const asked = intent.platformFee;
  if (!asked || asked.bps === 0) return undefined;
  const isAllowed =
    platformFee &&
    asked.bps <= platformFee.maxBps &&
    platformFee.accounts.includes(asked.feeAccount);
  if (isAllowed) return undefined;
  const message = `the signer does not allow a platform fee of ${asked.bps} bps to ${asked.feeAccount}`;
  return { rule: "signer-platform-fee", message };
}

function amountRefusal(
  limits: SignerLimits,
  facts: GateFacts,
  { lamports, token }: Spending,
): Refusal | undefined {
  const feeAndTip = facts.priorityFeeLamports + facts.tipLamports;
  if (feeAndTip > limits.maxFeeAndTipLamports) {
    const message = `priority fee and tip of ${feeAndTip} lamports are over the signer's limit of ${limits.maxFeeAndTipLamports}`;
    return { rule: "signer-fee-and-tip", message };
  }
  if (lamports > limits.lamports.perTransaction) {
    const message = `${lamports} lamports are over the signer's limit of ${limits.lamports.perTransaction} a transaction`;
    return { rule: "signer-lamports-per-transaction", message };
  }
  const most = token && amountsOf(limits, token.mint)?.perTransaction;
  if (token && most !== undefined && token.amount > most) {
    const message = `${token.amount} units of ${token.mint} are over the signer's limit of ${most} a transaction`;
    return { rule: "signer-token-per-transaction", message };
  }
  return undefined;
}

/** The limits of a day, given what the wallet has spent on it. */
export function dayRefusal(
  limits: SignerLimits,
  { day, spent }: { readonly day: string; readonly spent: Spent },
  { lamports, token }: Spending,
): Refusal | undefined {
  const behind = (already: bigint, most: bigint): string =>
    `with ${already} of ${most} already signed on ${day} (UTC)`;
  if (spent.lamports + lamports > limits.lamports.perDay) {
    const state = behind(spent.lamports, limits.lamports.perDay);
    const message = `${lamports} lamports are over the signer's limit of a day, ${state}`;
    return { rule: "signer-lamports-per-day", message };
  }
  const most = token && amountsOf(limits, token.mint)?.perDay;
  const already = token ? (spent.tokens.get(token.mint) ?? 0n) : 0n;
  if (token && most !== undefined && already + token.amount > most) {
    const state = behind(already, most);
    const message = `${token.amount} units of ${token.mint} are over the signer's limit of a day, ${state}`;
    return { rule: "signer-token-per-day", message };
  }
  return undefined;
}

export function plus(spent: Spent, { lamports, token }: Spending): Spent {
  const tokens = new Map(spent.tokens);
  if (token) tokens.set(token.mint, (tokens.get(token.mint) ?? 0n) + token.amount);
  return { lamports: spent.lamports + lamports, tokens };
}
