/** Methods that take a transaction: send, simulate; and the faucet. */
import { z } from "zod";
import { decodeBase58 } from "../base58.ts";
import { MAX_BLOCKHASH_AGE } from "../blocks.ts";
import type { Simulation } from "../chain.types.ts";
import { MAX_TRANSACTION_BYTES, type ParsedTransaction, parseTransaction } from "../message.ts";
import { errorSentence } from "../transaction-error.ts";
import { accountJson } from "./account-json.ts";
import { failure, invalidParams, isRpcFailure, RPC, type RpcFailure } from "./answers.ts";
import { unhealthy } from "./block-methods.ts";
import { type Methods, method } from "./method.ts";
import {
  accountEncoding,
  address,
  commitment,
  flag,
  optional,
  options,
  plainOptions,
  wireEncoding,
} from "./params.ts";
import { decodedInner, simulationJson } from "./transaction-json.ts";
import type { NodeView } from "./view.ts";

const MAX_ENCODED = { base58: 1_683, base64: 1_644 };
const TYPE = "solana_transaction::versioned::VersionedTransaction";

const sendOptions = options({
  encoding: wireEncoding,
  skipPreflight: flag,
  preflightCommitment: optional(commitment),
  maxRetries: optional(z.int().nonnegative()),
});

const simulateOptions = options({
  encoding: wireEncoding,
  sigVerify: flag,
  replaceRecentBlockhash: flag,
  innerInstructions: flag,
  accounts: optional(z.object({ encoding: accountEncoding, addresses: z.array(address).max(256) })),
});

/** The bytes and what they say, or the refusal of a real node. */
function decode(
  text: string,
  encoding: "base58" | "base64" = "base58",
): ParsedTransaction | RpcFailure {
  const max = MAX_ENCODED[encoding];
  if (text.length > max) {
    const limit = `max: encoded/raw ${max}/${MAX_TRANSACTION_BYTES}`;
    const message = `${encoding} encoded ${TYPE} too large: ${text.length} bytes (${limit})`;
    return failure(RPC.invalidParams, message);
  }
  const raw = encoding === "base64" ? decodeBase64(text) : decodeBase58(text);
  if (!raw) return invalidParams(`invalid ${encoding} encoding`);
  const result = parseTransaction(raw);
  if (result.ok) return result.transaction;
  return failure(RPC.invalidParams, `failed to deserialize ${TYPE}: ${result.reason}`);
}

const decodeBase64 = (text: string) =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined;

const badSignature = failure(RPC.signatureFailure, "Transaction signature verification failure");

function preflight(parsed: ParsedTransaction, height: number, view: NodeView) {
  const run = view.chain.simulate(parsed.raw, { sigVerify: true, height, checkBlockhash: true });
  if (run.err === "SignatureFailure") return badSignature;
  if (view.settings.slotsBehind > 0) return unhealthy(view.settings.slotsBehind);
  if (run.err === null) return undefined;
  const sentence = errorSentence(run.err);
  const message = `Transaction simulation failed: ${sentence}`;
  return failure(RPC.preflightFailure, message, simulationJson(run));
}

const sendTransaction = method(z.tuple([z.string(), sendOptions]), ([text, wanted], view) => {
  const parsed = decode(text, wanted?.encoding);
  if (isRpcFailure(parsed)) return parsed;
  const early = view.tooEarly(wanted && { ...wanted, commitment: wanted.preflightCommitment });
  if (early) return early;
  if (!wanted?.skipPreflight) {
    const refusal = preflight(parsed, view.heightOf(wanted?.preflightCommitment), view);
    if (refusal) return refusal;
  }
  view.chain.sendTransaction(parsed.raw, { node: view.index });
  return parsed.signatures[0];
});

const simulateTransaction = method(
  z.tuple([z.string(), simulateOptions]),
  ([text, wanted], view) => {
    const parsed = decode(text, wanted?.encoding);
    if (isRpcFailure(parsed)) return parsed;
    const { sigVerify = false, replaceRecentBlockhash = false } = wanted ?? {};
    if (sigVerify && replaceRecentBlockhash) {
      return failure(RPC.invalidParams, "sigVerify may not be used with replaceRecentBlockhash");
    }
    const early = view.tooEarly(wanted);
    if (early) return early;
    const height = view.heightOf(wanted?.commitment);
    const run = view.chain.simulate(parsed.raw, {
      ...{ sigVerify, height, checkBlockhash: !replaceRecentBlockhash },
    });
    if (run.err === "SignatureFailure") return badSignature;
    const accounts = wanted?.accounts
      ? accountsAfter(run, wanted.accounts, { view, height })
      : null;
    if (isRpcFailure(accounts)) return accounts;
    const { blockhash, height: hashHeight } = view.blockOf(wanted?.commitment);
    const value = {
      ...simulationJson(run),
      accounts,
      innerInstructions: wanted?.innerInstructions
        ? decodedInner(run.innerInstructions, run.keys)
        : null,
      loadedAccountsDataSize: run.keys.reduce(
        (sum, key) => sum + (view.chain.accountAt(key, height)?.data.length ?? 0),
        0,
      ),
      replacementBlockhash: replaceRecentBlockhash
        ? { blockhash, lastValidBlockHeight: hashHeight + MAX_BLOCKHASH_AGE }
        : null,
    };
    return { context: view.context(wanted?.commitment), value };
  },
);

/** As a node gives them: null for each if the simulation failed. */
function accountsAfter(
  run: Simulation,
  asked: {
    readonly addresses: readonly string[];
    readonly encoding?: "base64" | string | undefined;
  },
  { view, height }: { view: NodeView; height: number },
): RpcFailure | (object | null)[] {
  if (asked.addresses.length > run.keys.length && run.err === null) {
    return invalidParams(`Too many accounts provided; max ${run.keys.length}`);
  }
  const encoding = asked.encoding === "jsonParsed" ? "jsonParsed" : "base64";
  const read = (key: string) => run.accounts.get(key) ?? view.chain.accountAt(key, height);
  return asked.addresses.map((key) => {
    const account = run.err === null ? read(key) : undefined;
    if (!account || account.lamports === 0n) return null;
    const wanted = { encoding, dataSlice: undefined } as const;
    return accountJson(
      account,
      { ...wanted, commitment: undefined, minContextSlot: undefined },
      read,
    );
  });
}

export const SEND_METHODS: Methods = {
  sendTransaction,
  simulateTransaction,
  requestAirdrop: method(
    z.tuple([address, z.int().positive(), plainOptions]),
    ([key, lamports], view) => {
      try {
        return view.chain.airdrop(key, BigInt(lamports));
      } catch (error) {
        return invalidParams(error instanceof Error ? error.message : String(error));
      }
    },
  ),
};
