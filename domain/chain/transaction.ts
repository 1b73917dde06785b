/**
 * A recorded `getTransaction` answer as plain data: encodings json, jsonParsed and base64, legacy and v0 with loaded addresses.
 * All indexes of an answer refer to static keys, then loaded writable, then loaded read-only ones.
 */
import { z } from "zod";
import {
  decoded,
  encoded,
  parsedForm,
  type RawInstruction,
  type RawResult,
  resultSchema,
  type TokenBalance,
} from "./answer-schema.ts";
import { decodeBase64 } from "./bytes.ts";
import { decodeWireTransaction } from "./wire-message.ts";

export type ChainInstruction = {
  /** Index of the outer instruction that it is, or runs under. */
  readonly outer: number;
  /** 1 for outer instructions; 2 and more for calls by programs, as far as the node told. */
  readonly depth: number;
  readonly programId: string;
  readonly accounts: readonly string[];
  /** base58 text or bytes; empty where the node parsed the instruction. */
  readonly data: string | Uint8Array;
  /** What the node made of it in the encoding jsonParsed. */
  readonly parsed?: { readonly type: string; readonly info: unknown };
};

export type ChainTransaction = {
  readonly signature: string;
  readonly signatureCount: number;
  readonly slot: bigint;
  readonly blockTimeSeconds: number | undefined;
  readonly version: "legacy" | number;
  readonly accountKeys: readonly string[];
  readonly lookupTables: number;
  /** In the order of execution: each outer one before what it called. */
  readonly instructions: readonly ChainInstruction[];
  /** Undefined: it succeeded. */
  readonly error: unknown;
  readonly feeLamports: bigint;
  readonly preBalances: readonly bigint[];
  readonly postBalances: readonly bigint[];
  readonly preTokenBalances: readonly TokenBalance[];
  readonly postTokenBalances: readonly TokenBalance[];
  readonly computeUnits: bigint | undefined;
};

export type ReadTransaction =
  | { readonly kind: "transaction"; readonly transaction: ChainTransaction }
  | { readonly kind: "problem"; readonly problem: string };

type Message = {
  readonly signatures: readonly string[];
  readonly accountKeys: readonly string[];
  readonly instructions: readonly RawInstruction[] | readonly WireRaw[];
  readonly lookupTables: number;
};
type WireRaw = {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: Uint8Array;
  readonly stackHeight?: undefined;
};

// Schemas are made once: to make one costs more than to parse an answer.
const envelopeAnswer = z.object({ result: z.unknown() });
const failedAnswer = z.object({ error: z.object({ code: z.int() }) });

/** Reads the parsed JSON of a whole answer (`{jsonrpc, result}`) or of its result alone. Never throws. */
export function readTransaction(json: unknown): ReadTransaction {
  const envelope = envelopeAnswer.safeParse(json);
  const body = envelope.success ? envelope.data.result : json;
  if (body === null || body === undefined) return problem("it holds no transaction (result null)");
  if (failedAnswer.safeParse(json).success) return problem("the node answered an error");
  const result = resultSchema.safeParse(body);
  if (!result.success) return problem(issueOf(result.error, body));
  try {
    return { kind: "transaction", transaction: assemble(result.data) };
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
}

const problem = (text: string): ReadTransaction => ({ kind: "problem", problem: text });

/** The first issue, by its place in what was read. */
function issueOf(error: z.ZodError, input: unknown): string {
  const { path = [], message = "wrong" } = error.issues[0] ?? {};
  const found = path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), input);
  return `${path.join(".") || "the answer"}: ${found === undefined ? "is missing" : message}`;
}

function assemble(result: RawResult): ChainTransaction {
  const { meta } = result;
  const message = messageOf(result.transaction);
  const parsedKeys = message.accountKeys.length === meta.preBalances.length;
  const loaded = meta.loadedAddresses;
  // In jsonParsed answers the loaded ones stand among the keys already.
  const keys =
    parsedKeys || !loaded
      ? message.accountKeys
      : [...message.accountKeys, ...loaded.writable, ...loaded.readonly];
  for (const balances of ["preBalances", "postBalances"] as const) {
    if (meta[balances].length === keys.length) continue;
    throw new Error(
      `meta.${balances}: ${meta[balances].length} balances of ${keys.length} accounts`,
    );
  }
  const [signature = ""] = message.signatures;
  return {
    signature,
    signatureCount: message.signatures.length,
    slot: result.slot,
    blockTimeSeconds: result.blockTime ?? undefined,
    version: result.version ?? "legacy",
    accountKeys: keys,
    lookupTables: message.lookupTables,
    instructions: inOrder(message, meta, keys),
    error: meta.err ?? undefined,
    feeLamports: meta.fee,
    preBalances: meta.preBalances,
    postBalances: meta.postBalances,
    preTokenBalances: meta.preTokenBalances,
    postTokenBalances: meta.postTokenBalances,
    computeUnits: meta.computeUnitsConsumed ?? undefined,
  };
}

function messageOf(transaction: unknown): Message {
  if (Array.isArray(transaction)) {
    const parsed = encoded.safeParse(transaction);
    if (!parsed.success) throw new Error(`transaction: ${issueOf(parsed.error, transaction)}`);
    const bytes = decodeBase64(parsed.data[0]);
    if (!bytes) throw new Error("transaction: is not base64");
    return decodeWireTransaction(bytes);
  }
  const parsed = decoded.safeParse(transaction);
  if (!parsed.success) throw new Error(`transaction.${issueOf(parsed.error, transaction)}`);
  const { message } = parsed.data;
  return {
    signatures: parsed.data.signatures,
    accountKeys: message.accountKeys,
    instructions: message.instructions,
    lookupTables: message.addressTableLookups?.length ?? 0,
  };
}

function inOrder(
  message: Message,
  meta: RawResult["meta"],
  keys: readonly string[],
): ChainInstruction[] {
  return message.instructions.flatMap((raw, outer) => [
    instructionOf(raw, keys, { outer, depth: 1 }),
    ...(meta.innerInstructions ?? [])
      .filter((group) => group.index === outer)
      .flatMap((group) => group.instructions)
      .map((inner) => instructionOf(inner, keys, { outer, depth: inner.stackHeight ?? 2 })),
  ]);
}

function instructionOf(
  raw: RawInstruction | WireRaw,
  keys: readonly string[],
  place: Pick<ChainInstruction, "outer" | "depth">,
): ChainInstruction {
  if ("programIdIndex" in raw) {
    const key = (at: number): string => {
      const found = keys[at];
      if (found === undefined) throw new Error(`account ${at} of ${keys.length} is named`);
      return found;
    };
    const accounts = raw.accounts.map(key);
    return { ...place, programId: key(raw.programIdIndex), accounts, data: raw.data };
  }
  const { programId } = raw;
  if ("data" in raw) return { ...place, programId, accounts: raw.accounts, data: raw.data };
  const parsed = parsedForm.safeParse(raw.parsed);
  const form = parsed.success ? { parsed: parsed.data } : {};
  return { ...place, programId, accounts: [], data: "", ...form };
}
