/**
 * What one transaction may do. The engine builds to it, the gate holds bytes and simulated balances against it, and the signer is
 * told it; whatever the intent does not say, a transaction may not do.
 */

/** `public`: several RPC nodes; `protected`: Jito or private senders only. Chosen before signing, never both. */
export type Route = "public" | "protected";

export type SwapIntent = {
  /** `<orderId>#<attempt>`: the text of the one memo, which makes the bytes of every attempt unique. */
  readonly memo: string;
  /** Fee payer, only signer, owner of both token accounts. */
  readonly wallet: string;
  readonly input: {
    readonly mint: string;
    readonly tokenProgram: string;
    /** Smallest units, exactly. */
    readonly amount: bigint;
  };
  readonly output: {
    readonly mint: string;
    readonly tokenProgram: string;
    /** Smallest units that the quote promised: what the instruction must name. */
    readonly quotedAmount: bigint;
    /** Least that the instruction must guarantee: ceil(quoted × (10,000 − slippage bps) / 10,000) may not be below. */
    readonly minimumAmount: bigint;
  };
  /**
   * Tokens between input and output on a route over the wallet's own accounts, which may be opened for them. Wrapped SOL need not be
   * named. Absent: none.
   */
  readonly intermediates?: readonly { readonly mint: string; readonly tokenProgram: string }[];
  /** Of the output, by Jupiter's instruction; undefined: none may be taken. */
  readonly platformFee: { readonly bps: number; readonly feeAccount: string } | undefined;
  /** Read-only account that Jupiter's trackingAccount adds. */
  readonly trackingAccount: string | undefined;
  readonly route: Route;
  /** One transfer from the wallet to a tip account, on the protected route only. */
  readonly tip: { readonly account: string; readonly lamports: bigint } | undefined;
  /** Most that priority fee and tip may come to together, lamports. */
  readonly feeCapLamports: bigint;
  /** Most that rent of accounts opened for the wallet may lock, lamports. */
  readonly rentCapLamports: bigint;
};

/** The text of an attempt's memo. */
export const memoOf = (orderId: string, attempt: number): string => `${orderId}#${attempt}`;
