/** Commands for the live order of live-order-events.ts: what chain, senders and signer may say of it. */
import type { LandedSwap } from "../../domain/chain/landed-swap.ts";
import type { OrderEvent, OrderEventData, ReservationLine } from "../../domain/order/events.ts";
import type { AttemptFailure, LiveCommand } from "../../domain/order/live-commands.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import { timeOf } from "./given.ts";
import {
  expiredUnseen,
  failedOnChain,
  landed,
  liveReserved,
  NODES,
  outcomeUnknown,
  SIGNATURES,
  SLOT,
  signed,
  simulationPassed,
} from "./live-order-events.ts";
import { POLICY, RETRY } from "./order-samples.ts";

export type LiveCommandOf<T extends LiveCommand["type"]> = Extract<
  LiveCommand,
  { readonly type: T }
>;

const withoutAttempt = <T extends { readonly attempt: number }>({
  attempt: _,
  ...data
}: T): Omit<T, "attempt"> => data;

/** When a command comes that does not say it itself. */
export const NOW_US = timeOf(20);

export const reserveLive = (
  available: (mint: Mint) => bigint = () => 100_000_000_000n,
  lines: readonly ReservationLine[] = liveReserved().data.lines,
): LiveCommandOf<"ReserveLive"> => ({
  ...{ type: "ReserveLive", lines, available },
  ...{ contextSlot: 2_990, tokens: POLICY.tokens },
});

export const recordSimulation = (): LiveCommandOf<"RecordSimulation"> => ({
  type: "RecordSimulation",
  passed: withoutAttempt(simulationPassed().data),
});

export const CHAIN_SAID: NonNullable<OrderEventData<"SimulationFailed">["chain"]> = {
  error: '{"InstructionError":[3,{"Custom":6001}]}',
  slot: 2_991,
  unitsConsumed: 60_000,
  logs: ["Program log: Error"],
};

export const SLIPPED: AttemptFailure = {
  reason: "SLIPPAGE_EXCEEDED",
  message: "the market moved past the slippage tolerance (0x1771)",
  isRetryable: true,
};

export const recordSimulationFailure = (
  failure: AttemptFailure = SLIPPED,
  retry = RETRY,
): LiveCommandOf<"RecordSimulationFailure"> => ({
  ...{ type: "RecordSimulationFailure", chain: CHAIN_SAID, failure, retry, nowUs: NOW_US },
});

export const recordGateRefusal = (): LiveCommandOf<"RecordGateRefusal"> => ({
  type: "RecordGateRefusal",
  refused: { rule: "programs", found: "Evil", allowed: "Jupiter" },
});

export const NO_NODE: AttemptFailure = {
  reason: "CHAIN_UNAVAILABLE",
  message: "no node answers",
  isRetryable: true,
};

export const recordObstacle = (
  failure: AttemptFailure = NO_NODE,
  retry = RETRY,
): LiveCommandOf<"RecordObstacle"> => ({ type: "RecordObstacle", failure, retry, nowUs: NOW_US });

export const abandon = (): LiveCommandOf<"Abandon"> => ({
  ...{ type: "Abandon", message: "what was prepared is gone with its process", nowUs: NOW_US },
});

export const halt = (): LiveCommandOf<"Halt"> => ({
  type: "Halt",
  message: "halted by local: test",
});

export const recordSigned = (attempt = 1): LiveCommandOf<"RecordSigned"> => ({
  type: "RecordSigned",
  signed: withoutAttempt(signed(attempt).data),
});

export const recordSigningRefusal = (): LiveCommandOf<"RecordSigningRefusal"> => ({
  type: "RecordSigningRefusal",
  refused: { rule: "day-limit", message: "more than the signer allows in a day" },
});

export const recordSubmission = (
  answers: LiveCommandOf<"RecordSubmission">["answers"] = [
    { sender: "http://127.0.0.1:8897", answer: { kind: "accepted", answer: SIGNATURES[0] } },
  ],
): LiveCommandOf<"RecordSubmission"> => ({ type: "RecordSubmission", answers });

export const recordLanding = (slot = SLOT): LiveCommandOf<"RecordLanding"> => ({
  type: "RecordLanding",
  landing: withoutAttempt(landed(1, slot).data),
});

export const recordChainFailure = (reason = "SLIPPAGE_EXCEEDED") =>
  ({
    type: "RecordChainFailure",
    failed: { ...withoutAttempt(failedOnChain().data), class: reason },
  }) satisfies LiveCommand;

export const recordExpiry = (): LiveCommandOf<"RecordExpiry"> => ({
  type: "RecordExpiry",
  expired: withoutAttempt(expiredUnseen().data),
});

export const recordUnknown = (): LiveCommandOf<"RecordUnknown"> => ({
  type: "RecordUnknown",
  unknown: withoutAttempt(outcomeUnknown().data),
});

export const recordResolution = (
  outcome: OrderEventData<"OutcomeResolved">["outcome"] = "expired",
  slot?: number,
): LiveCommandOf<"RecordResolution"> => ({
  type: "RecordResolution",
  resolved: {
    ...{ by: "local", outcome, message: "an archive node told it" },
    ...(slot === undefined ? {} : { slot }),
    evidence: [
      { node: "https://archive.example", method: "getTransaction", sha256: "ab".repeat(32) },
    ],
  },
});

/** What liveFilled() of live-order-events.ts tells. */
export const LANDED_SWAP: LandedSwap = {
  signature: SIGNATURES[0],
  slot: SLOT,
  blockTimeSeconds: 1_767_225_599,
  unitsConsumed: 80_000n,
  amountIn: 1_500_000_000n,
  amountOut: 224_248_125n,
  baseFeeLamports: 5_000n,
  priorityFeeLamports: 10_000n,
  tipLamports: 1_000n,
  rentLockedLamports: 2_039_280n,
  rentRecoveredLamports: 0n,
  unwrappedLamports: 0n,
  otherTransfersLamports: 0n,
  platformFee: 0n,
  walletLamportsChange: -1_502_055_280n,
};

export const recordFill = (swap: Partial<LandedSwap> = {}): LiveCommandOf<"RecordFill"> => ({
  type: "RecordFill",
  landed: { ...LANDED_SWAP, ...swap },
  node: NODES[0] ?? "",
  nowUs: timeOf(8),
});

export const recordFinality = (slot = SLOT): LiveCommandOf<"RecordFinality"> => ({
  ...{ type: "RecordFinality", slot, nodes: NODES },
});

export const recordFork = (): LiveCommandOf<"RecordFork"> => ({
  ...{ type: "RecordFork", message: "its block is not in the chain any more", nodes: NODES },
});

export const conclude = (
  changes: Partial<LiveCommandOf<"Conclude">> = {},
): LiveCommandOf<"Conclude"> => ({
  ...{ type: "Conclude", retry: RETRY, nowUs: NOW_US, halted: undefined },
  ...changes,
});

/** One of each. */
export const LIVE_COMMANDS: readonly LiveCommand[] = [
  ...[reserveLive(), recordSimulation(), recordSimulationFailure(), recordGateRefusal()],
  ...[recordObstacle(), abandon(), halt(), recordSigned(), recordSigningRefusal()],
  ...[recordSubmission(), recordLanding(), recordChainFailure(), recordExpiry()],
  ...[recordUnknown(), recordResolution(), recordFill(), recordFinality(), recordFork()],
  conclude(),
];

/** Types only: which events a command gave. */
export const typesOf = (events: readonly OrderEvent[]): string[] => events.map(({ type }) => type);
