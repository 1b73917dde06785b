/** Asks a local chain over HTTP: its control endpoint, and its RPC nodes. Only ever on loopback. */
import { z } from "zod";
import { isLoopback } from "../../config/address.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";

/** For one answer, milliseconds. */
const TIMEOUT_MS = 10_000;
const MAX_ANSWER_CHARACTERS = 1_000_000;
const EXAMPLE = "http://127.0.0.1:8899";

/** The URL; throws a CliError unless it is http on this machine. */
export function loopbackUrl(text: string, option: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "") {
    throw usageError(`${option} must be a URL such as ${EXAMPLE}, not ${JSON.stringify(text)}`);
  }
  if (!isLoopback(url.hostname.replace(/^\[|\]$/g, ""))) {
    throw usageError(
      `${option} is ${text}, which is not on this machine: the faucet makes funds on a local ` +
        "chain, and no other network would take them",
    );
  }
  if (url.protocol === "http:") return url.href;
  throw usageError(`${option} must begin with http:// as ${EXAMPLE} does, not ${text}`);
}

const airdropped = z.object({ done: z.object({ airdrop: z.string() }) });
const minted = z.object({ done: z.object({ tokenAccount: z.string() }) });
const stateSchema = z.object({ nodes: z.array(z.object({ url: z.url() })).min(1) });
const refusedSchema = z.object({ error: z.string().max(10_000) });

/** What `POST /control` takes; amounts are smallest units. Answers the transaction's signature. */
export async function airdropByControl(
  control: string,
  airdrop: { readonly address: string; readonly lamports: string },
): Promise<string> {
  return (await command(control, { airdrop }, airdropped)).done.airdrop;
}

/** Answers the token account. */
export async function mintByControl(
  control: string,
  tokens: { readonly wallet: string; readonly mint: string; readonly amount: string },
): Promise<string> {
  return (await command(control, { tokens }, minted)).done.tokenAccount;
}

/** Decimals of a mint on the chain behind this control endpoint. Throws a CliError if none. */
export async function decimalsOf(control: string, mint: string): Promise<number> {
  const { nodes } = await command(control, undefined, stateSchema);
  const node = loopbackUrl(nodes[0]?.url ?? "", "the node of --control");
  const schema = z.object({ value: z.object({ decimals: z.int().min(0).max(255) }) });
  const options = { commitment: "processed" };
  return (await rpc(node, { method: "getTokenSupply", params: [mint, options] }, schema)).value
    .decimals;
}

/** `requestAirdrop` as every test network has it; answers the signature. */
export const airdropByRpc = (url: string, address: string, lamports: bigint): Promise<string> =>
  // Safe: lamports of an airdrop are bounded well below 2^53.
  rpc(url, { method: "requestAirdrop", params: [address, Number(lamports)] }, z.string());

type RpcCall = { readonly method: string; readonly params: readonly unknown[] };

async function rpc<T>(url: string, call: RpcCall, schema: z.ZodType<T>): Promise<T> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, ...call });
  const answer = z
    .object({ result: z.unknown().optional(), error: z.object({ message: z.string() }).optional() })
    .safeParse((await ask(url, body)).json);
  const error = answer.data?.error?.message;
  if (error !== undefined) {
    throw new CliError(EXIT.refused, `${call.method} was refused by ${url}: ${error}`);
  }
  return read(url, schema, answer.data?.result);
}

async function command<T>(url: string, body: object | undefined, schema: z.ZodType<T>): Promise<T> {
  const { isOk, json } = await ask(url, body && JSON.stringify(body));
  const refused = refusedSchema.safeParse(json);
  if (!isOk && refused.success)
    throw new CliError(EXIT.refused, `${url} refused: ${refused.data.error}`);
  return read(url, schema, json);
}

function read<T>(url: string, schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new CliError(EXIT.unreachable, `${url} answers, but not as a localnet does`);
}

async function ask(url: string, body: string | undefined) {
  try {
    const response = await fetch(url, {
      ...(body === undefined ? {} : { method: "POST", body }),
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
    });
    return { isOk: response.ok, json: jsonOf(await textWithin(response)) };
  } catch {
    throw new CliError(
      EXIT.unreachable,
      `no localnet answers at ${url}: start one with \`orderstream localnet\`, or name its ` +
        "control endpoint with --control URL",
    );
  }
}

async function textWithin({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER_CHARACTERS) return "";
  }
  return text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
