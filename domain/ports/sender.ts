/** Ways to the leaders. An answer is information only: whether a transaction landed, the chain alone decides. */
import type { Route } from "../chain/intent.ts";

export type SendAnswer =
  /** `answer`: what the sender said, e.g. the signature or a bundle id; short. */
  | { readonly kind: "accepted"; readonly answer: string }
  /** It said no; other senders, or it itself before, may have said yes. `isTransient`: worth another try. */
  | { readonly kind: "refused"; readonly reason: string; readonly isTransient: boolean }
  /** Timeout, broken connection: nobody knows. */
  | { readonly kind: "unknown"; readonly cause: string };

export interface Sender {
  /** URL without credentials. */
  readonly name: string;
  readonly route: Route;
  /** Whole signed transaction. Never rejects, ends by its own timeout. */
  send(transaction: Uint8Array): Promise<SendAnswer>;
}
