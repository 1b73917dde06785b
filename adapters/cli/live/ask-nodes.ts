/**
 * Asks nodes what became of a signature, and keeps their answers to the letter, each with what was asked. The finalized height comes
 * first: a status that is asked later cannot miss what was final before.
 */
import { z } from "zod";
import { HTTP_URL, isRemoteUrl } from "../../config/live-schema.ts";
import { usageError } from "../exit-codes.ts";

const TIMEOUT_MS = 10_000;
/** What the engine takes of one answer, less the question that is put around it. */
const MAX_ANSWER_BYTES = 500 * 1024;

export type Evidence = {
  /** Scheme, host and port. */
  readonly node: string;
  readonly method: string;
  /** JSON text `{"request", "response"}`. */
  readonly answer: string;
};

export type Asked = {
  readonly evidence: readonly Evidence[];
  /** Sentences without keys: what could not be had, and why. */
  readonly problems: readonly string[];
};

type Question = { readonly method: string; readonly params: readonly unknown[] };

const questionsOf = (signature: string): readonly Question[] => [
  { method: "getEpochInfo", params: [{ commitment: "finalized" }] },
  { method: "getSignatureStatuses", params: [[signature], { searchTransactionHistory: true }] },
  { method: "getFirstAvailableBlock", params: [] },
  {
    method: "getTransaction",
    params: [
      signature,
      { encoding: "json", commitment: "finalized", maxSupportedTransactionVersion: 1 },
    ],
  },
];

/** Throws a CliError for what is no URL of a node. */
export function nodeUrl(text: string): string {
  if (isRemoteUrl(text, "https", "http")) return text;
  throw usageError(`--rpc ${HTTP_URL}`);
}

/** `genesisHash`: of the order's chain; a node of another one, where every signature is unknown, is not listened to. */
export async function askNode(
  url: string,
  { signature, genesisHash }: { readonly signature: string; readonly genesisHash: string },
): Promise<Asked> {
  const node = new URL(url).origin;
  const genesis = await ask(url, { method: "getGenesisHash", params: [] });
  const shown = genesis.kind === "answer" ? resultOf(genesis.text) : undefined;
  if (genesis.kind === "problem" || shown !== genesisHash) {
    const why =
      genesis.kind === "problem" ? genesis.problem : "it is on another chain than the order";
    return { evidence: [], problems: [`${node} is left out: ${why}`] };
  }
  const evidence: Evidence[] = [];
  const problems: string[] = [];
  for (const question of questionsOf(signature)) {
    const { method } = question;
    const answer = await ask(url, question);
    if (answer.kind === "problem") problems.push(`${node}, ${method}: ${answer.problem}`);
    // Not found is what the statuses tell; here it proves nothing.
    else if (resultOf(answer.text) !== null) {
      const request = JSON.stringify(question);
      evidence.push({ node, method, answer: `{"request":${request},"response":${answer.text}}` });
    }
  }
  return { evidence, problems };
}

type Answer =
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "problem"; readonly problem: string };

const problem = (text: string): Answer => ({ kind: "problem", problem: text });

/** Never with the words of an error: they may hold the URL and with it a key. */
async function ask(url: string, question: Question): Promise<Answer> {
  const { username, password, href } = new URL(url);
  const bare = href.replace(/\/\/[^/]*@/, "//");
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(user).toString("base64")}`;
  try {
    const response = await fetch(bare, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(username || password ? { authorization } : {}),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...question }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
    });
    const text = await textOf(response);
    if (!response.ok) return problem(`HTTP ${response.status}`);
    if (text === undefined) return problem(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    return resultOf(text) === undefined
      ? problem("the answer has no result")
      : { kind: "answer", text };
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    return problem(isLate ? `no answer within ${TIMEOUT_MS} ms` : "it cannot be reached");
  }
}

async function textOf({ body }: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

const resultSchema = z.object({ result: z.unknown() });

/** Undefined where the text is no answer or an error. */
function resultOf(text: string): unknown {
  try {
    const parsed = resultSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.result : undefined;
  } catch {
    return undefined;
  }
}
