/** One request inside the signer: its own reading of the bytes, its own limits, then the signature. Nothing that it is told is believed. */
import { createHash, type webcrypto } from "node:crypto";
import { checkTransaction } from "../../domain/chain/gate.ts";
import type { GateFacts } from "../../domain/chain/gate-verdict.ts";
import { createTokenAccounts } from "../../domain/chain/program-address.ts";
import type { DayCounters } from "./day-counters.ts";
import { signWith } from "./ed25519.ts";
import {
  dayRefusal,
  type Refusal,
  type SignerLimits,
  spendingOf,
  transactionRefusal,
} from "./limits.ts";
import { type AnswerMessage, parseRequest, requestIdOf, type SignMessage } from "./wire.ts";

export type SigningDesk = {
  readonly keys: ReadonlyMap<string, webcrypto.CryptoKey>;
  readonly limits: SignerLimits;
  readonly counters: DayCounters;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
};

const MAX_TEXT = 300;
const tokenAccountOf = createTokenAccounts((bytes) => createHash("sha256").update(bytes).digest());

/** Throws where the value has not even a number to answer to. */
export async function answerRequest(desk: SigningDesk, value: unknown): Promise<AnswerMessage> {
  const id = requestIdOf(value);
  let request: SignMessage;
  try {
    request = parseRequest(value);
  } catch (error) {
    return { id, kind: "refused", rule: "signer-request", message: sentenceOf(error) };
  }
  const key = desk.keys.get(request.wallet);
  const checked = check(desk, request);
  if (checked.kind === "refused" || !key) {
    return { id, kind: "refused", ...(checked.kind === "refused" ? checked.refusal : NO_KEY) };
  }
  // Counted first: a crash between the two costs allowance, never a limit.
  const spending = spendingOf(request.intent, checked.facts, desk.limits);
  const counted = desk.counters.count(request.wallet, spending);
  if (counted.kind === "wrong") return { id, kind: "unavailable", message: counted.sentence };
  const signature = await signWith(key, new Uint8Array(request.message));
  return { id, kind: "signed", signature };
}

const NO_KEY: Refusal = { rule: "signer-wallet", message: "the signer has no key of this wallet" };
const LATE: Refusal = { rule: "signer-late", message: "nobody waits for this signature any more" };

type Checked =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "passed"; readonly facts: GateFacts };

function check(desk: SigningDesk, { wallet, message, intent, ...rest }: SignMessage): Checked {
  const { keys, limits, counters } = desk;
  const nowMs = desk.nowMs();
  const refused = (refusal: Refusal): Checked => ({ kind: "refused", refusal });
  if (!keys.has(wallet)) return refused(NO_KEY);
  if (intent.wallet !== wallet) {
    return refused({ rule: "signer-wallet", message: "the intent is another wallet's" });
  }
  if (nowMs > rest.untilMs) return refused(LATE);
  const { lookupTables } = rest;
  const verdict = checkTransaction({ message, intent, lookupTables, tokenAccountOf });
  if (verdict.kind === "refused") {
    const { rule, found, allowed } = verdict;
    return refused({ rule, message: `found ${found}, allowed ${allowed}`.slice(0, MAX_TEXT) });
  }
  const { facts } = verdict;
  const refusal =
    transactionRefusal(limits, intent, facts) ??
    dayRefusal(limits, counters.spentOf(wallet, nowMs), spendingOf(intent, facts, limits));
  return refusal ? refused(refusal) : { kind: "passed", facts };
}

/** Of the parsers of wire.ts, whose errors name fields only. */
const sentenceOf = (error: unknown): string =>
  error instanceof Error ? error.message.slice(0, MAX_TEXT) : "it cannot be read";
