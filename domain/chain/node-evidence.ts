/**
 * Answers of nodes that a person hands in about one signature, read into what outcome-proof.ts judges. An answer alone does not say
 * what was asked: it is taken as asked for this signature, with `searchTransactionHistory`, at the commitment `finalized` (the RPC's
 * default). Handed in as `{request, response}` the request is held against that.
 */
import { z } from "zod";
import { parseExactJson } from "../primitives/exact-json.ts";
import { nodeKey } from "./node-identity.ts";
import type { NodeObservation, ObservedStatus } from "./outcome-proof.types.ts";
import { type ChainTransaction, readTransaction } from "./transaction.ts";

export type HandedAnswer = {
  /** URL without credentials. */
  readonly node: string;
  readonly method: string;
  /** Text of the whole JSON-RPC answer. */
  readonly answer: string;
};

export type ReadEvidence =
  | {
      readonly kind: "observations";
      readonly observations: readonly NodeObservation[];
      /** Whole transactions of this signature that were handed in: a fill is made of one. */
      readonly transactions: readonly {
        readonly node: string;
        readonly transaction: ChainTransaction;
      }[];
    }
  /** A sentence that names the answer. */
  | { readonly kind: "problem"; readonly problem: string };

const MAX_ANSWERS = 16;
const MAX_ANSWER_CHARACTERS = 1_000_000;
const MAX_NODE_CHARACTERS = 300;
const MAX_SIGNATURES = 256;

const slot = z.int("is no whole number").min(0, "is negative");
const statusSchema = z.object({
  context: z.object({ slot }),
  value: z
    .array(
      z
        .object({
          slot,
          confirmations: z.int().min(0).nullish(),
          err: z.unknown().optional(),
          status: z.object({ Err: z.unknown().optional() }).nullish(),
          confirmationStatus: z.enum(["processed", "confirmed", "finalized"]).nullish(),
        })
        // One that tells neither must not pass for a success.
        .refine(({ err, status }) => err !== undefined || status, "tells no err, null or not")
        .nullable(),
    )
    .min(1, "is empty")
    .max(MAX_SIGNATURES, "is too long"),
});
const epochSchema = z.object({ absoluteSlot: slot, blockHeight: slot });
const envelopeSchema = z.object({
  request: z.object({ method: z.string(), params: z.array(z.unknown()).max(8).optional() }),
  response: z.unknown(),
});
const answerSchema = z.object({ result: z.unknown() });
const errorSchema = z.object({
  error: z.object({ code: z.int(), message: z.string().optional() }),
});
const asked = z.object({
  commitment: z.string().optional(),
  searchTransactionHistory: z.boolean().optional(),
});

/** For what the schemas have no words of their own for. */
const WORDS = {
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined ? "is missing" : "has the wrong form",
};

type Found = {
  readonly node: string;
  readonly height?: NonNullable<NodeObservation["finalizedHeight"]>;
  readonly status?: NonNullable<NodeObservation["status"]>;
  readonly first?: number;
  readonly transaction?: ChainTransaction;
};
type Question = { readonly params: readonly unknown[] | undefined; readonly signature: string };

/** At most 16 answers of at most 1,000,000 characters. Never throws. */
export function observationsFrom(
  answers: readonly HandedAnswer[],
  signature: string,
): ReadEvidence {
  if (answers.length > MAX_ANSWERS) {
    return problem(`${answers.length} answers were handed in; at most ${MAX_ANSWERS} are read`);
  }
  const found: Found[] = [];
  for (const [index, given] of answers.entries()) {
    const node = nodeOf(given.node);
    if (node === undefined) {
      return problem(`answer ${index + 1}: node must be an http or https URL without credentials`);
    }
    const read = readOne(given, signature);
    if (typeof read === "string") {
      return problem(`answer ${index + 1}, ${methodName(given.method)} of ${node}: ${read}`);
    }
    found.push({ node, ...read });
  }
  const transactions = found.flatMap(({ node, transaction }) =>
    transaction ? { node, transaction } : [],
  );
  return { kind: "observations", observations: combined(found), transactions };
}

const problem = (text: string): ReadEvidence => ({ kind: "problem", problem: text });
/** Foreign words are told only where they are a method's name. */
const methodName = (text: string): string => /^[A-Za-z]{1,40}$/.exec(text)?.[0] ?? "a method";

/** Scheme, host and port; a key may stand in the path. */
function nodeOf(text: string): string | undefined {
  const url = text.length > MAX_NODE_CHARACTERS ? null : URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined;
  return url.origin;
}

/** What the answer shows, or why it shows nothing. */
function readOne(
  { method, answer }: HandedAnswer,
  signature: string,
): Omit<Found, "node"> | string {
  const reader = READERS.get(method);
  if (!reader) return `is none of ${[...READERS.keys()].join(", ")}`;
  if (answer.length > MAX_ANSWER_CHARACTERS) {
    return `has ${answer.length} characters; at most ${MAX_ANSWER_CHARACTERS} are read`;
  }
  const json = parsed(answer);
  if (json === undefined) return "is not JSON";
  const envelope = envelopeSchema.safeParse(json);
  if (envelope.success && envelope.data.request.method !== method) {
    return `was asked as ${methodName(envelope.data.request.method)}`;
  }
  const body = envelope.success ? envelope.data.response : json;
  const failed = errorSchema.safeParse(body);
  if (failed.success) return `the node answered error ${failed.data.error.code}`;
  const whole = answerSchema.safeParse(body);
  if (!whole.success || whole.data.result === undefined) return "has no result";
  const params = envelope.success ? (envelope.data.request.params ?? []) : undefined;
  return reader(whole.data.result, { params, signature });
}

type Reader = (result: unknown, question: Question) => Omit<Found, "node"> | string;
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["getEpochInfo", epochInfo],
  ["getSignatureStatuses", signatureStatus],
  ["getFirstAvailableBlock", firstAvailable],
  ["getTransaction", transactionOf],
]);

function epochInfo(result: unknown, { params }: Question) {
  const options = asked.safeParse(params?.[0] ?? {});
  const commitment = options.success ? (options.data.commitment ?? "finalized") : "unknown";
  if (commitment !== "finalized") return "was not asked at the commitment finalized";
  const read = epochSchema.safeParse(result, WORDS);
  if (!read.success) return issueOf(read.error);
  return { height: { slot: read.data.absoluteSlot, blockHeight: read.data.blockHeight } };
}

function signatureStatus(result: unknown, { params, signature }: Question) {
  const read = statusSchema.safeParse(result, WORDS);
  if (!read.success) return issueOf(read.error);
  const { context, value } = read.data;
  let index = 0;
  let searchedHistory = true;
  if (params === undefined) {
    if (value.length !== 1) return `tells of ${value.length} signatures; it must be asked for one`;
  } else {
    const signatures: unknown = params[0];
    index = Array.isArray(signatures) ? signatures.indexOf(signature) : -1;
    if (index < 0 || index >= value.length) return "was not asked for the order's signature";
    const options = asked.safeParse(params[1] ?? {});
    searchedHistory = options.success && options.data.searchTransactionHistory === true;
  }
  const found = value[index];
  const status = found ? statusOf(found) : undefined;
  return { status: { slot: context.slot, status, searchedHistory } };
}

type RawStatus = NonNullable<z.output<typeof statusSchema>["value"][number]>;

/** Nodes before 1.9 tell no commitment; no confirmations means finalized then. */
function statusOf({ slot: at, confirmations, err, status, confirmationStatus }: RawStatus) {
  const counted = confirmations === null || confirmations === undefined ? "finalized" : "processed";
  const commitment: ObservedStatus["commitment"] = confirmationStatus ?? counted;
  return { slot: at, commitment, error: err ?? status?.Err ?? undefined };
}

function firstAvailable(result: unknown) {
  const read = slot.safeParse(result, WORDS);
  return read.success ? { first: read.data } : `result ${read.error.issues[0]?.message ?? "wrong"}`;
}

function transactionOf(result: unknown, { params, signature }: Question) {
  if (result === null) return "found nothing, which proves nothing";
  const options = asked.safeParse(params?.[1] ?? {});
  const commitment = options.success ? (options.data.commitment ?? "finalized") : "unknown";
  if (commitment !== "finalized" && commitment !== "confirmed") return "was asked at no commitment";
  const read = readTransaction(result);
  if (read.kind === "problem") return read.problem;
  const { transaction } = read;
  if (transaction.signature !== signature) return "is another transaction than the order's";
  const at = Number(transaction.slot);
  const status: ObservedStatus = { slot: at, commitment, error: transaction.error };
  return { transaction, status: { slot: at, status, searchedHistory: true } };
}

/** Every status of a node with every height of it: the judge finds the pair that shows something. */
function combined(found: readonly Found[]): NodeObservation[] {
  return [...Map.groupBy(found, ({ node }) => nodeKey(node)).values()].flatMap((group) => {
    const node = group[0]?.node ?? "";
    const firsts = group.flatMap(({ first }) => first ?? []);
    // Of several the newest: what was there before may be gone.
    const firstAvailableBlock = firsts.length > 0 ? Math.max(...firsts) : undefined;
    const heights = orNone(group.flatMap(({ height }) => height ?? []));
    const statuses = orNone(group.flatMap(({ status }) => status ?? []));
    return statuses.flatMap((status) =>
      heights.map((finalizedHeight) => ({ node, finalizedHeight, status, firstAvailableBlock })),
    );
  });
}

const orNone = <T>(list: readonly T[]): readonly (T | undefined)[] =>
  list.length > 0 ? list : [undefined];

function parsed(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
}

function issueOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join(".") || "the result"} ${issue?.message ?? "is wrong"}`;
}
