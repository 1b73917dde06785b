/** `resolve <order>`: ends the doubt about a live order by what nodes answer; a bare verdict is nothing. */
import { randomUUID } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { parseExactJson } from "../../../domain/primitives/exact-json.ts";
import { TradeExecutionServiceService as Service } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { type EngineClient, withEngine } from "../engine-client.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { eventsOf, findOrder } from "../find-order.ts";
import { resultText } from "../orders/trade-text.ts";
import { jsonLine, printable } from "../output.ts";
import { tokenTable } from "../tokens.ts";
import { type Asked, askNode, type Evidence, nodeUrl } from "./ask-nodes.ts";

/** Four answers of each; the engine takes sixteen. */
const MAX_NODES = 4;
const MAX_FILES = 16;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

export const resolveCommand: CommandSpec = {
  name: "resolve",
  operands: "<order>",
  summary: "end the doubt about an order in OUTCOME_UNKNOWN by what nodes answer",
  needs: "engine",
  options: [
    {
      flags: "--rpc <url>",
      description: "ask this node, of the order's chain (default: rpc.urls); repeatable",
      repeatable: true,
    },
    {
      flags: "--evidence <file>",
      description: "answers of nodes as JSON instead; repeatable",
      repeatable: true,
    },
    { flags: "--request-id <id>", description: "of this call" },
  ],
  notes:
    "The engine judges the answers by its own rule and keeps them. They must show a finalized status, or\n" +
    "that the transaction can never land any more: by two nodes or more, with their history. A file\n" +
    'holds {"node": URL, "method": NAME, "answer": ANSWER} or a list of such; ANSWER is the whole\n' +
    'JSON-RPC answer, or {"request": …, "response": …}. Methods: getEpochInfo (finalized),\n' +
    "getSignatureStatuses (with history), getFirstAvailableBlock, getTransaction.",
  examples: [
    "resolve 4e89b72e-b1d0-596a-b619-ca97da26c183 --rpc https://node-a --rpc https://node-b",
    "resolve my-request --evidence answers.json",
  ],
  run: resolve,
};

async function resolve(call: Call): Promise<ExitCode> {
  const { operands, options, io } = call;
  const config = configOf(call);
  const files = options.list("evidence");
  const given = options.list("rpc").map(nodeUrl);
  if (files.length > MAX_FILES) throw usageError(`--evidence may be given ${MAX_FILES} times`);
  const handed = files.flatMap(evidenceIn);
  const isAsking = given.length > 0 || files.length === 0;
  const urls = given.length > 0 ? given : config.rpc.nodes().map(({ url }) => url);
  if (isAsking && urls.length === 0) {
    throw usageError("name nodes with --rpc URL, or answers of nodes with --evidence FILE");
  }
  if (isAsking && urls.length > MAX_NODES) throw usageError(`at most ${MAX_NODES} nodes are asked`);
  const requestId = options.text("request-id") ?? `cli-${randomUUID()}`;
  const { result } = await withEngine(config.grpc, async (engine) => {
    const { order } = await findOrder(engine, operands[0] ?? "");
    const orderId = order.result?.orderId ?? "";
    const signature = order.result?.signedAttempts.at(-1)?.txSignature;
    if (signature === undefined) {
      throw new CliError(
        EXIT.refused,
        `order ${orderId} was never signed: there is nothing to resolve`,
      );
    }
    const asked = isAsking ? await askAll(engine, { orderId, signature, urls }) : NOBODY;
    for (const line of asked.problems) io.err(`${printable(line)}\n`);
    const evidence = [...handed, ...asked.evidence].map(({ node, method, answer }) => ({
      ...{ node, method, answer: Buffer.from(answer) },
    }));
    if (evidence.length === 0)
      throw new CliError(EXIT.refused, "no node gave an answer to hand in");
    const request = { orderId, requestId, evidence };
    return engine.call(Service.resolveOutcome, request, { timeoutMs: 30_000, isWrite: true });
  });
  if (!result) throw new Error("ResolveOutcome answered no result");
  io.out(options.flag("json") ? jsonLine(result) : resultText(result, tokenTable(config.tokens)));
  return EXIT.ok;
}

const NOBODY: Asked = { evidence: [], problems: [] };

type Asking = {
  readonly orderId: string;
  readonly signature: string;
  readonly urls: readonly string[];
};

async function askAll(engine: EngineClient, { orderId, signature, urls }: Asking): Promise<Asked> {
  const genesisHash = await genesisHashOf(engine, orderId);
  const answers = await Promise.all(urls.map((url) => askNode(url, { signature, genesisHash })));
  return {
    evidence: answers.flatMap(({ evidence }) => evidence),
    problems: answers.flatMap(({ problems }) => problems),
  };
}

/** As the order was checked against it. */
async function genesisHashOf(engine: EngineClient, orderId: string): Promise<string> {
  for await (const { recorded } of eventsOf(engine, orderId)) {
    const { event } = recorded;
    const check =
      event.type === "OrderValidated"
        ? event.data.checks.find((line) => line.check === "genesis_hash")
        : undefined;
    if (check) return check.limit;
  }
  throw new CliError(EXIT.refused, `order ${orderId} has no record of the chain that it is on`);
}

const oneSchema = z.object({
  node: z.string(),
  method: z.string(),
  answer: z.union([z.string(), z.record(z.string(), z.unknown())]),
});
const fileSchema = z.union([oneSchema.transform((one) => [one]), z.array(oneSchema)]);

function evidenceIn(file: string): Evidence[] {
  let json: unknown;
  try {
    if (statSync(file).size > MAX_FILE_BYTES) {
      throw usageError(`--evidence ${file}: it is larger than ${MAX_FILE_BYTES} bytes`);
    }
    json = parseExactJson(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = error instanceof SyntaxError ? "it is not JSON" : "it cannot be read";
    throw usageError(`--evidence ${file}: ${why}`);
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    throw usageError(
      `--evidence ${file}: it must hold {"node", "method", "answer"} or a list of such`,
    );
  }
  return parsed.data.map(({ node, method, answer }) => ({
    ...{ node, method, answer: typeof answer === "string" ? answer : JSON.stringify(answer) },
  }));
}
