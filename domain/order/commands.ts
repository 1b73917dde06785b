/** What can be asked of an order. Everything that a decision needs comes with the command: clocks, quotes, balances. */

import type { Quote, QuoteFailureClass } from "../ports/quotes.ts";
import type { MevModel } from "../pricing/mev.ts";
import type { OutcomeKnobs } from "../pricing/outcomes.ts";
import type { MarketFacts, SlippageModel } from "../pricing/slippage/model.ts";
import type { Hash, Mint, Principal } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import type { OrderRequest } from "./events.ts";
import type { LiveCommand } from "./live-commands.ts";
import type { LiveFacts } from "./live-policy.ts";
import type { Policy } from "./policy.ts";
import type { RetryPolicy } from "./retry-policy.ts";

export type QuoteAnswer =
  | {
      readonly kind: "quoted";
      /** What the quote was asked for: the pair's reference amount, or this trade's amount. */
      readonly basis: "pair" | "route";
      readonly quote: Quote;
      readonly cacheHit: boolean;
      /** The market could not be asked; the quote is older than the cache's time to live. */
      readonly stale: boolean;
      /** Of a live order: what its swap will guarantee, and where the whole answer is kept. */
      readonly live?: {
        readonly minimumOut: bigint;
        readonly slippageBps: number;
        readonly evidence: Hash;
      };
    }
  | {
      readonly kind: "failed";
      readonly class: QuoteFailureClass;
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    };

export type OrderCommand =
  | {
      readonly type: "Request";
      readonly request: OrderRequest;
      readonly principal: Principal;
      readonly accountOwner: Principal;
      readonly fingerprint: Hash;
      readonly defaulted: readonly string[];
      /** Of a live order. */
      readonly wallet?: string | undefined;
    }
  | LiveCommand
  | {
      readonly type: "Validate";
      readonly policy: Policy;
      readonly nowUs: TimestampUs;
      readonly accountOpen: boolean;
      /** Of a live order: what its own checks need. */
      readonly live?: LiveFacts | undefined;
    }
  | {
      readonly type: "RecordQuote";
      readonly answer: QuoteAnswer;
      readonly policy: Policy;
      readonly retry: RetryPolicy;
      readonly nowUs: TimestampUs;
    }
  /** Fill at the caller's own expected price (simulated orders). */
  | { readonly type: "UseExpectedPrice" }
  | {
      readonly type: "Reserve";
      /** What the account has free of a mint, in smallest units. */
      readonly available: (mint: Mint) => bigint;
      readonly baseFeeLamports: bigint;
      /** For the words of a refusal. */
      readonly tokens: Policy["tokens"];
    }
  | {
      readonly type: "Simulate";
      readonly model: SlippageModel;
      /** Asked only where the order wants MEV simulated. */
      readonly mev: MevModel;
      /** Outcomes drawn instead of modelled, for tests of strategies; undefined: none. */
      readonly outcomes: OutcomeKnobs | undefined;
      /** What is known of the market at this moment. */
      readonly market: MarketFacts;
      readonly delayMs: number;
    }
  | { readonly type: "Settle"; readonly nowUs: TimestampUs }
  | { readonly type: "Cancel"; readonly by: string; readonly message: string }
  | { readonly type: "Expire"; readonly nowUs: TimestampUs };
