/** What can be asked of a live order beside what can be asked of every order: to record what chain, senders and signer said. */
import type { LandedSwap } from "../chain/landed-swap.ts";
import type { SendAnswer } from "../ports/sender.ts";
import type { Mint } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import type { OrderEventData, OrderEventType, ReservationLine } from "./events.ts";
import type { FailureReason } from "./failures.ts";
import type { Policy } from "./policy.ts";
import type { RetryPolicy } from "./retry-policy.ts";

type Data<T extends OrderEventType> = Omit<OrderEventData<T>, "attempt">;

/** Something that ends the attempt before anything was signed. */
export type AttemptFailure = {
  readonly reason: FailureReason;
  readonly message: string;
  readonly isRetryable: boolean;
  readonly retryAfterMs?: number | undefined;
};

export type LiveCommand =
  | {
      readonly type: "ReserveLive";
      readonly lines: readonly ReservationLine[];
      readonly available: (mint: Mint) => bigint;
      readonly contextSlot: number;
      readonly tokens: Policy["tokens"];
    }
  | { readonly type: "RecordSimulation"; readonly passed: Data<"SimulationPassed"> }
  /** The node ran it and it failed. */
  | {
      readonly type: "RecordSimulationFailure";
      readonly chain: NonNullable<OrderEventData<"SimulationFailed">["chain"]>;
      readonly failure: AttemptFailure;
      readonly retry: RetryPolicy;
      readonly nowUs: TimestampUs;
    }
  | { readonly type: "RecordGateRefusal"; readonly refused: Data<"GateRefused"> }
  /** The attempt cannot go on and nothing was signed: something was not to be had. */
  | {
      readonly type: "RecordObstacle";
      readonly failure: AttemptFailure;
      readonly retry: RetryPolicy;
      readonly nowUs: TimestampUs;
    }
  /** What was prepared is gone or too old; the attempt begins anew under its own number. */
  | { readonly type: "Abandon"; readonly message: string; readonly nowUs: TimestampUs }
  | { readonly type: "Halt"; readonly message: string }
  | { readonly type: "RecordSigned"; readonly signed: Data<"AttemptSigned"> }
  | { readonly type: "RecordSigningRefusal"; readonly refused: Data<"SigningRefused"> }
  | {
      readonly type: "RecordSubmission";
      readonly answers: readonly { readonly sender: string; readonly answer: SendAnswer }[];
    }
  | { readonly type: "RecordLanding"; readonly landing: Data<"AttemptConfirmed"> }
  | { readonly type: "RecordChainFailure"; readonly failed: Data<"AttemptFailed"> }
  | { readonly type: "RecordExpiry"; readonly expired: Data<"AttemptExpired"> }
  | { readonly type: "RecordUnknown"; readonly unknown: Data<"OutcomeUnknown"> }
  | { readonly type: "RecordResolution"; readonly resolved: Data<"OutcomeResolved"> }
  | {
      readonly type: "RecordFill";
      readonly landed: LandedSwap;
      readonly node: string;
      readonly nowUs: TimestampUs;
    }
  | { readonly type: "RecordFinality"; readonly slot: number; readonly nodes: readonly string[] }
  | { readonly type: "RecordFork"; readonly message: string; readonly nodes: readonly string[] }
  | {
      readonly type: "Conclude";
      readonly retry: RetryPolicy;
      readonly nowUs: TimestampUs;
      /** Why nothing may be signed any more; undefined: it may. */
      readonly halted: string | undefined;
    };
