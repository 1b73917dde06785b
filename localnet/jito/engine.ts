/** The methods of Jito's block engine over JSON-RPC. */
import { z } from "zod";
import { type BundleTransaction, readTransaction, refusedBundle } from "./bundle.ts";
import { createBundles, type JitoChain } from "./bundles.ts";
import { TIP_ACCOUNTS } from "./tip-accounts.ts";

const MAX_IDS = 5;
const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;

export const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string().max(100), z.number(), z.null()]).default(null),
  method: z.string().max(64),
  params: z.array(z.unknown()).max(2).default([]),
});
const optionsSchema = z
  .object({ encoding: z.enum(["base58", "base64"]).default("base58") })
  .nullish();
const idsSchema = z.array(z.string().max(128)).min(1).max(MAX_IDS);
export type RpcRequest = z.infer<typeof requestSchema>;
export type Outcome =
  | { readonly kind: "result"; readonly result: unknown; readonly bundleId?: string }
  | { readonly kind: "error"; readonly code: number; readonly message: string };

export const failure = (code: number, message: string): Outcome => ({
  kind: "error",
  code,
  message,
});

export type Call = {
  readonly query: URLSearchParams;
  /** Take it, and send nothing to the chain. */
  readonly drop: boolean;
};

/** What each method does. Both paths take all methods, as the block engine's do. */
export function createEngine(chain: JitoChain, counts: { transactions: number; bundles: number }) {
  const bundles = createBundles(chain);

  function sendTransaction({ params }: RpcRequest, { query, drop }: Call): Outcome {
    const read = readAll([params[0]], params[1]);
    const transaction = read?.[0];
    if (!transaction) return failure(INVALID_PARAMS, "transaction could not be decoded");
    counts.transactions += 1;
    if (query.get("bundleOnly") !== "true") {
      if (!drop) chain.send(transaction.raw, { revertProtection: false });
      return { kind: "result", result: transaction.signature };
    }
    const refused = refusedBundle([transaction]);
    if (refused !== undefined) return failure(INVALID_PARAMS, refused);
    const bundleId = bundles.take([transaction], drop);
    return { kind: "result", result: transaction.signature, bundleId };
  }

  function sendBundle({ params }: RpcRequest, { drop }: Call): Outcome {
    const list = Array.isArray(params[0]) ? params[0] : [];
    const transactions = readAll(list, params[1]);
    if (!transactions) return failure(INVALID_PARAMS, "transaction could not be decoded");
    const refused = refusedBundle(transactions);
    if (refused !== undefined) return failure(INVALID_PARAMS, refused);
    if (transactions.some(({ signature }) => chain.status(signature))) {
      return failure(INVALID_PARAMS, "bundle contains an already processed transaction");
    }
    counts.bundles += 1;
    const bundleId = bundles.take(transactions, drop);
    return { kind: "result", result: bundleId, bundleId };
  }

  function statuses({ method, params }: RpcRequest): Outcome {
    const ids = idsSchema.safeParse(params[0]);
    if (!ids.success) return failure(INVALID_PARAMS, `expected 1 to ${MAX_IDS} bundle ids`);
    const value =
      method === "getBundleStatuses" ? bundles.landed(ids.data) : bundles.inflight(ids.data);
    return { kind: "result", result: { context: { slot: chain.slot() }, value } };
  }

  return (request: RpcRequest, call: Call): Outcome => {
    switch (request.method) {
      case "sendTransaction":
        return sendTransaction(request, call);
      case "sendBundle":
        return sendBundle(request, call);
      case "getBundleStatuses":
      case "getInflightBundleStatuses":
        return statuses(request);
      case "getTipAccounts":
        return { kind: "result", result: TIP_ACCOUNTS };
      default:
        return failure(METHOD_NOT_FOUND, "Method not found");
    }
  };
}

/** Undefined if one of them, or the options, cannot be read. */
function readAll(texts: readonly unknown[], options: unknown): BundleTransaction[] | undefined {
  const parsed = optionsSchema.safeParse(options);
  if (!parsed.success) return undefined;
  const { encoding = "base58" } = parsed.data ?? {};
  const read: BundleTransaction[] = [];
  for (const text of texts) {
    const transaction = typeof text === "string" ? readTransaction(text, encoding) : undefined;
    if (!transaction) return undefined;
    read.push(transaction);
  }
  return read;
}
