/** JSON-RPC answers: the errors of a real node, by number, and what a method may return. */

export type RpcError = {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
};

export type RpcFailure = { readonly rpcError: RpcError };

/** Returned by a method instead of its result. Numbers: agave `rpc_custom_error.rs`. */
export const failure = (code: number, message: string, data?: unknown): RpcFailure => ({
  rpcError: data === undefined ? { code, message } : { code, message, data },
});

export const isRpcFailure = (value: unknown): value is RpcFailure =>
  typeof value === "object" && value !== null && "rpcError" in value;

export const invalidParams = (reason: string) => failure(-32602, `Invalid params: ${reason}`);

export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  blockCleanedUp: -32001,
  preflightFailure: -32002,
  signatureFailure: -32003,
  blockNotAvailable: -32004,
  nodeUnhealthy: -32005,
  slotSkipped: -32009,
  historyNotAvailable: -32011,
  unsupportedVersion: -32015,
  minContextSlot: -32016,
} as const;
