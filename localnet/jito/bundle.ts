/**
 * Transactions as Jito's block engine looks at them before it takes a bundle: the tip, the accounts
 * that forbid to be put behind another transaction, and the bundle's id.
 */
import { createHash } from "node:crypto";
import { VersionedTransaction } from "@solana/web3.js";
import { decodeBase58, encodeBase58 } from "../chain/base58.ts";
import { SYSTEM_PROGRAM } from "../chain/programs.ts";
import { TIP_ACCOUNTS } from "./tip-accounts.ts";

export const MIN_TIP_LAMPORTS = 1_000n;
export const MAX_BUNDLE = 5;
const MAX_TRANSACTION_BYTES = 1_232;
/** Base58 of 1,232 bytes. */
const MAX_TEXT_LENGTH = 1_700;
const TRANSFER = 2;
/** Any address that begins so, on any instruction: docs.jito.wtf, front-running protection. */
const DONT_FRONT = "jitodontfront";

export type BundleTransaction = {
  readonly raw: Uint8Array;
  /** Base58, of the first signature. */
  readonly signature: string;
  /** To tip accounts among the static keys; those of lookup tables do not count. */
  readonly tipLamports: bigint;
  readonly dontFront: boolean;
};

export type Encoding = "base58" | "base64";

/** Undefined where the text holds no signed transaction. */
export function readTransaction(text: string, encoding: Encoding): BundleTransaction | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  const raw =
    encoding === "base64" ? Uint8Array.from(Buffer.from(text, "base64")) : decodeBase58(text);
  if (!raw || raw.length === 0 || raw.length > MAX_TRANSACTION_BYTES) return undefined;
  try {
    const { message, signatures } = VersionedTransaction.deserialize(raw);
    const [first] = signatures;
    if (!first?.some((byte) => byte !== 0)) return undefined;
    const keys = message.staticAccountKeys.map((key) => key.toBase58());
    return {
      raw,
      signature: encodeBase58(first),
      tipLamports: tipOf(message.compiledInstructions, keys),
      dontFront: keys.some((key) => key.startsWith(DONT_FRONT)),
    };
  } catch {
    return undefined;
  }
}

type Compiled = {
  readonly programIdIndex: number;
  readonly accountKeyIndexes: readonly number[];
  readonly data: Uint8Array;
};

function tipOf(instructions: readonly Compiled[], keys: readonly string[]): bigint {
  let tip = 0n;
  for (const { programIdIndex, accountKeyIndexes, data } of instructions) {
    const to = keys[accountKeyIndexes[1] ?? -1] ?? "";
    const isTransfer = keys[programIdIndex] === SYSTEM_PROGRAM && data[0] === TRANSFER;
    if (!isTransfer || data.length !== 12 || !TIP_ACCOUNTS.includes(to)) continue;
    tip += Buffer.from(data).readBigUInt64LE(4);
  }
  return tip;
}

/** Sha-256 over the signatures, as the block engine names a bundle. */
export const bundleId = (transactions: readonly BundleTransaction[]): string =>
  createHash("sha256")
    .update(transactions.map(({ signature }) => signature).join(","))
    .digest("hex");

/** A sentence where the block engine would not take the bundle. */
export function refusedBundle(transactions: readonly BundleTransaction[]): string | undefined {
  if (transactions.length === 0) return "Bundle must contain at least one transaction";
  if (transactions.length > MAX_BUNDLE) {
    return `Bundle can contain at most ${MAX_BUNDLE} transactions`;
  }
  const signatures = new Set(transactions.map(({ signature }) => signature));
  if (signatures.size < transactions.length) return "Bundle contains duplicate transactions";
  const tip = transactions.reduce((sum, { tipLamports }) => sum + tipLamports, 0n);
  if (tip === 0n) {
    return "Bundles must write lock at least one tip account to be eligible for the auction.";
  }
  if (tip < MIN_TIP_LAMPORTS) {
    return `Bundle must tip at least ${MIN_TIP_LAMPORTS} lamports, not ${tip}`;
  }
  if (transactions.slice(1).some(({ dontFront }) => dontFront)) {
    return "Bundle has a jitodontfront account behind its first transaction";
  }
  return undefined;
}
