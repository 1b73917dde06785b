/** Who holds the keys. It reads what it signs by itself and is told the intent, never that anything was checked already. */
import type { LookupTable } from "../chain/instruction.ts";
import type { SwapIntent } from "../chain/intent.ts";

export type SignRequest = {
  readonly wallet: string;
  /** Bytes of the v0 message. */
  readonly message: Uint8Array;
  readonly intent: SwapIntent;
  /** Contents of the tables that the message names, as resolved. */
  readonly lookupTables: readonly LookupTable[];
};

export type SignAnswer =
  | { readonly kind: "signed"; readonly signature: Uint8Array }
  | { readonly kind: "refused"; readonly rule: string; readonly message: string }
  /** No answer: perhaps it signed, but nobody has the signature, so nothing can be sent. */
  | { readonly kind: "unavailable"; readonly message: string };

export interface Signer {
  /** Addresses that it can sign for. */
  readonly wallets: readonly string[];
  /** Never rejects, ends by its own timeout. */
  sign(request: SignRequest): Promise<SignAnswer>;
}
