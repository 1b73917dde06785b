/** One JSON-RPC body, single or batch, to its answer; and what faults make of it. */
import { z } from "zod";
import { ACCOUNT_METHODS } from "./account-methods.ts";
import { failure, isRpcFailure, RPC, type RpcError } from "./answers.ts";
import { BLOCK_METHODS } from "./block-methods.ts";
import { isCarriedOut, type NodeFault, type NodeFaults, spoilsAnswer } from "./faults.ts";
import type { Methods } from "./method.ts";
import { SEND_METHODS } from "./send-methods.ts";
import { TRANSACTION_METHODS } from "./transaction-methods.ts";
import type { NodeView } from "./view.ts";

const MAX_BATCH = 100;

const METHODS: Methods = {
  ...ACCOUNT_METHODS,
  ...BLOCK_METHODS,
  ...TRANSACTION_METHODS,
  ...SEND_METHODS,
};

export const requestId = z.union([z.string().max(256), z.number(), z.null()]);

const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: requestId.optional(),
  method: z.string().max(64),
  params: z.unknown().optional(),
});

type Id = z.infer<typeof requestId>;

export type Dispatched = {
  readonly body: unknown;
  /** What is to be done to the answer on its way. */
  readonly fault?: NodeFault | undefined;
};

export type Dispatcher = {
  answer(text: string): Dispatched;
  /** Calls by method since the start. */
  calls(): { readonly [method: string]: number };
};

const errorAnswer = (id: Id, error: RpcError) => ({ jsonrpc: "2.0", error, id });

export function createDispatcher(view: NodeView, faults: NodeFaults): Dispatcher {
  const calls = new Map<string, number>();

  function run(name: string, params: unknown): unknown {
    if (!Object.hasOwn(METHODS, name)) return failure(RPC.methodNotFound, "Method not found");
    calls.set(name, (calls.get(name) ?? 0) + 1);
    try {
      return METHODS[name]?.(params, view);
    } catch (error) {
      return failure(RPC.internal, error instanceof Error ? error.message : String(error));
    }
  }

  function one(request: unknown): Dispatched {
    const parsed = requestSchema.safeParse(request);
    if (!parsed.success) {
      return { body: errorAnswer(null, { code: RPC.invalidRequest, message: "Invalid request" }) };
    }
    const { id = null, method, params } = parsed.data;
    const fault = faults.take(method);
    const result = fault && !isCarriedOut(fault) ? null : run(method, params);
    if (fault && spoilsAnswer(fault)) return { body: result, fault };
    if (fault?.error) return { body: errorAnswer(id, { ...fault.error }), fault };
    if (fault?.result !== undefined) {
      return { body: { jsonrpc: "2.0", result: fault.result, id }, fault };
    }
    const body = isRpcFailure(result)
      ? errorAnswer(id, result.rpcError)
      : { jsonrpc: "2.0", result, id };
    return { body, fault };
  }

  return {
    answer(text) {
      let request: unknown;
      try {
        request = JSON.parse(text);
      } catch {
        return { body: errorAnswer(null, { code: RPC.parseError, message: "Parse error" }) };
      }
      if (!Array.isArray(request)) return one(request);
      if (request.length === 0 || request.length > MAX_BATCH) {
        const message = `Invalid request: a batch has from 1 to ${MAX_BATCH} calls`;
        return { body: errorAnswer(null, { code: RPC.invalidRequest, message }) };
      }
      const all = request.map(one);
      return { body: all.map(({ body }) => body), fault: all.find(({ fault }) => fault)?.fault };
    },
    calls: () => Object.fromEntries(calls),
  };
}
