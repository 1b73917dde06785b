/** Landed transactions and simulations in the shapes of a real node. */
import { encodeBase58 } from "../base58.ts";
import type { Execution, InnerInstructions, LandedTransaction } from "../chain.types.ts";
import { isWritable, type ParsedTransaction, parseTransaction } from "../message.ts";
import { failure, RPC, type RpcFailure } from "./answers.ts";

export type TransactionOptions =
  | {
      readonly encoding?: "json" | "jsonParsed" | "base58" | "base64" | undefined;
      readonly maxSupportedTransactionVersion?: number | undefined;
    }
  | undefined;

/** Landed bytes have been read once already. */
function parsedOf({ raw }: LandedTransaction): ParsedTransaction {
  const result = parseTransaction(raw);
  if (!result.ok) throw new Error(`a landed transaction cannot be read: ${result.reason}`);
  return result.transaction;
}

/** -32015 where the client has not said that it understands version 0. */
export function versionRefusal(
  landed: LandedTransaction,
  options: TransactionOptions,
): RpcFailure | undefined {
  const { version } = parsedOf(landed);
  if (version === "legacy" || options?.maxSupportedTransactionVersion !== undefined) {
    return undefined;
  }
  const message =
    `Transaction version (${version}) is not supported by the requesting client. ` +
    "Please try the request again with the following configuration parameter: " +
    `"maxSupportedTransactionVersion": ${version}`;
  return failure(RPC.unsupportedVersion, message);
}

export function transactionJson(landed: LandedTransaction, options: TransactionOptions) {
  const parsed = parsedOf(landed);
  const encoding = options?.encoding ?? "json";
  const versioned = options?.maxSupportedTransactionVersion !== undefined;
  return {
    slot: landed.slot,
    blockTime: landed.blockTime,
    meta: metaJson(landed, encoding === "jsonParsed"),
    transaction: encodedTransaction(parsed, landed, encoding),
    ...(versioned ? { version: parsed.version } : {}),
  };
}

function encodedTransaction(
  parsed: ParsedTransaction,
  landed: LandedTransaction,
  encoding: "json" | "jsonParsed" | "base58" | "base64",
): unknown {
  if (encoding === "base64") return [Buffer.from(landed.raw).toString("base64"), "base64"];
  if (encoding === "base58") return [encodeBase58(landed.raw), "base58"];
  const message = encoding === "json" ? messageJson(parsed) : partlyParsed(parsed, landed);
  return { signatures: parsed.signatures, message };
}

const tables = ({ version, lookups }: ParsedTransaction) =>
  version === 0 ? { addressTableLookups: lookups } : {};

function messageJson(parsed: ParsedTransaction): object {
  return {
    header: parsed.header,
    accountKeys: parsed.staticKeys,
    recentBlockhash: parsed.recentBlockhash,
    instructions: parsed.instructions.map(({ programIdIndex, accounts, data }) => ({
      programIdIndex,
      accounts,
      data: encodeBase58(data),
      stackHeight: 1,
    })),
    ...tables(parsed),
  };
}

/** jsonParsed with every instruction in the form for programs that a node does not know. */
function partlyParsed(parsed: ParsedTransaction, { keys }: LandedTransaction): object {
  return {
    accountKeys: keys.map((pubkey, index) => ({
      pubkey,
      signer: index < parsed.header.numRequiredSignatures,
      writable: isWritable(parsed, index),
      source: index < parsed.staticKeys.length ? "transaction" : "lookupTable",
    })),
    recentBlockhash: parsed.recentBlockhash,
    instructions: parsed.instructions.map(({ programIdIndex, accounts, data }) => ({
      programId: keys[programIdIndex],
      accounts: accounts.map((index) => keys[index]),
      data: encodeBase58(data),
      stackHeight: 1,
    })),
    ...tables(parsed),
  };
}

export const decodedInner = (inner: readonly InnerInstructions[], keys: readonly string[]) =>
  inner.map(({ index, instructions }) => ({
    index,
    instructions: instructions.map(({ programIdIndex, accounts, data, stackHeight }) => ({
      programId: keys[programIdIndex],
      accounts: accounts.map((at) => keys[at]),
      data,
      stackHeight,
    })),
  }));

const numbers = (lamports: readonly bigint[]) => lamports.map(Number);

function metaJson(execution: Execution, parsed: boolean): object {
  const { err, pre, post, innerInstructions, keys, returnData } = execution;
  return {
    err,
    status: err === null ? { Ok: null } : { Err: err },
    fee: Number(execution.fee),
    preBalances: numbers(pre.lamports),
    postBalances: numbers(post.lamports),
    innerInstructions: parsed ? decodedInner(innerInstructions, keys) : innerInstructions,
    logMessages: execution.logs,
    preTokenBalances: pre.tokens,
    postTokenBalances: post.tokens,
    rewards: [],
    ...(parsed ? {} : { loadedAddresses: execution.loadedAddresses }),
    ...(returnData ? { returnData } : {}),
    computeUnitsConsumed: execution.unitsConsumed,
  };
}

/** The value of `simulateTransaction`, and the data of a preflight error. */
export function simulationJson(execution: Execution) {
  const ran = execution.keys.length > 0;
  const { pre, post } = execution;
  return {
    accounts: null,
    err: execution.err,
    fee: ran ? Number(execution.fee) : null,
    innerInstructions: null,
    loadedAccountsDataSize: 0,
    loadedAddresses: ran ? execution.loadedAddresses : null,
    logs: execution.logs,
    postBalances: ran ? numbers(post.lamports) : null,
    postTokenBalances: ran ? post.tokens : null,
    preBalances: ran ? numbers(pre.lamports) : null,
    preTokenBalances: ran ? pre.tokens : null,
    replacementBlockhash: null,
    returnData: execution.returnData,
    unitsConsumed: execution.unitsConsumed,
  };
}
