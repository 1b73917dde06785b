/**
 * What a sender needs of a JSON-RPC client. The client is handed in by whoever puts the engine together, so that reading from a node
 * and sending to it share connections, timeouts and secrets.
 */

export type SendFailure = {
  readonly kind: "failed";
  readonly class:
    | "timeout"
    | "unreachable"
    | "rate-limited"
    | "malformed"
    | "refused"
    /** The node has not come far enough. */
    | "behind";
  /** Without credentials. */
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  /** Nothing of the request can have reached anybody. */
  readonly isUnsent?: boolean;
  /** Of JSON-RPC, as the server gave it. */
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
};

export type SendOutcome =
  | {
      readonly kind: "result";
      readonly result: unknown;
      header(name: string): string | undefined;
    }
  | SendFailure;

export type RpcCaller = {
  /** Scheme, host and port. */
  readonly name: string;
  /** Never rejects, ends by its own timeout. */
  call(call: {
    readonly method: string;
    readonly params: readonly unknown[];
    readonly isRepeatable: boolean;
    readonly path?: string;
  }): Promise<SendOutcome>;
};
