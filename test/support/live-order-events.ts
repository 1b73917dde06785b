/**
 * The life of a live order in literal events, written by hand: it sells 1.5 SOL for USDC from a wallet that has no USDC account yet.
 */
import type { OrderEvent, OrderEventData } from "../../domain/order/events.ts";
import { QUOTED, requested, VALIDATED } from "./order-events.ts";
import { SOL, USDC } from "./order-samples.ts";

type EventOf<T extends OrderEvent["type"]> = Extract<OrderEvent, { readonly type: T }>;

export const WALLET = "9QhoW3XcGzuvyHeUbrvVLUGYmXEyHCnCJYUZtwNdURVD";
/** Of the first and of the second attempt. */
export const SIGNATURES = [
  "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW",
  "2id3YC2jK9G5Wo2phDx4gJVAew8DcY5NAojnVuao8rkxwPYPe8cSwE5GzhEgJA2y8fVjDEo6iR6ykBvDxrTQrtpb",
] as const;
export const NODES = ["http://127.0.0.1:8899", "http://127.0.0.1:8898"];
export const SLOT = 3_001;

const ACCOUNT = "7XSzhRMkmKmXe2LVTnC1X3Qd3hMPDkZkYT4wC1pR5rXk";

const signatureOf = (attempt: number): string => SIGNATURES[attempt - 1] ?? SIGNATURES[0];

export const liveRequested = (changes: Record<string, unknown> = {}): EventOf<"OrderRequested"> => {
  const { data } = requested({ mode: "LIVE", account: "hot", ...changes });
  return { type: "OrderRequested", data: { ...data, wallet: WALLET } };
};

/** 1.5 SOL give 225.375 USDC; at least 98 % of that are insisted on. */
export const liveQuoted = (attempt = 1): EventOf<"QuoteObtained"> => ({
  type: "QuoteObtained",
  data: {
    ...QUOTED.data,
    attempt,
    basis: "route",
    inAmount: "1500000000",
    outAmount: "225375000",
    price: { numerator: "225375000", denominator: "1500000000" },
    cacheHit: false,
    minimumOut: "220867500",
    slippageBps: 200,
    evidence: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  },
});

export const liveReserved = (attempt = 1): EventOf<"FundsReserved"> => ({
  type: "FundsReserved",
  data: {
    attempt,
    account: liveRequested().data.request.account,
    lines: [
      { mint: SOL, amount: "1500000000", purpose: "input" },
      { mint: SOL, amount: "15000", purpose: "fee" },
      { mint: SOL, amount: "1000", purpose: "tip" },
      { mint: SOL, amount: "2039280", purpose: "rent" },
    ],
    available: [{ mint: SOL, amount: "100000000000" }],
    contextSlot: 2_990,
  },
});

export const simulationPassed = (attempt = 1): EventOf<"SimulationPassed"> => ({
  type: "SimulationPassed",
  data: {
    attempt,
    slot: 2_991,
    unitsConsumed: 80_000,
    balanceChanges: [
      { account: WALLET, mint: SOL, change: "-1502055280" },
      { account: ACCOUNT, mint: USDC, change: "225375000" },
    ],
    programs: ["ComputeBudget111111111111111111111111111111"],
    fee: {
      source: "recent prioritization fees, percentile 75",
      unitLimit: 96_000,
      unitPriceMicroLamports: "104166",
      priorityFeeLamports: "10000",
      tipLamports: "1000",
      samples: 150,
    },
  },
});

export const signed = (
  attempt = 1,
  route: "public" | "protected" = "protected",
): EventOf<"AttemptSigned"> => ({
  type: "AttemptSigned",
  data: {
    attempt,
    wallet: WALLET,
    genesisHash: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
    signature: signatureOf(attempt),
    transaction: "AQIDBAUGBwg=",
    blockhash: "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N",
    contextSlot: 2_992,
    lastValidBlockHeight: 3_142,
    witnesses: NODES.map((node) => ({ node, blockHeight: 2_992 })),
    computeUnitLimit: 96_000,
    computeUnitPriceMicroLamports: "104166",
    baseFeeLamports: "5000",
    priorityFeeLamports: "10000",
    tipLamports: "1000",
    route,
    minimumOut: "220867500",
    safetyRevision: -1,
    leaseEpoch: 0,
  },
});

export const submitted = (attempt = 1): EventOf<"AttemptSubmitted"> => ({
  type: "AttemptSubmitted",
  data: { attempt, sender: "http://127.0.0.1:8897", answer: signatureOf(attempt) },
});

export const refusedBySender = (attempt = 1): EventOf<"SubmissionRefused"> => ({
  type: "SubmissionRefused",
  data: { attempt, sender: NODES[0] ?? "", reason: "-32002: blockhash not found" },
});

export const sentInDoubt = (attempt = 1): EventOf<"SubmissionUnknown"> => ({
  type: "SubmissionUnknown",
  data: { attempt, sender: NODES[1] ?? "", cause: "no answer within 2000 ms" },
});

export const landed = (attempt = 1, slot = SLOT): EventOf<"AttemptConfirmed"> => ({
  type: "AttemptConfirmed",
  data: { attempt, slot, commitment: "confirmed", nodes: NODES },
});

export const failedOnChain = (attempt = 1): EventOf<"AttemptFailed"> => ({
  type: "AttemptFailed",
  data: {
    attempt,
    slot: SLOT,
    class: "SLIPPAGE_EXCEEDED",
    message: "the swap would have given less than its minimum",
    error: '{"InstructionError":[3,{"Custom":6001}]}',
    feeLamports: "15000",
    nodes: NODES,
  },
});

export const expiredUnseen = (attempt = 1): EventOf<"AttemptExpired"> => ({
  type: "AttemptExpired",
  data: {
    attempt,
    lastValidBlockHeight: 3_142,
    evidence: NODES.map((node, index) => ({
      node,
      finalizedBlockHeight: 3_143 + index,
      lastValidBlockHeight: 3_142,
      heightSlot: 3_150 + index,
      statusSlot: 3_160 + index,
      firstAvailableBlock: 1,
    })),
    singleNode: false,
  },
});

export const outcomeUnknown = (attempt = 1): EventOf<"OutcomeUnknown"> => ({
  type: "OutcomeUnknown",
  data: {
    attempt,
    message: "its time is over and one node cannot say that it never landed",
    missing: [{ node: NODES[1] ?? "", what: "its history begins after the signing" }],
  },
});

export const resolvedAs = (
  outcome: OrderEventData<"OutcomeResolved">["outcome"],
  slot?: number,
): EventOf<"OutcomeResolved"> => ({
  type: "OutcomeResolved",
  data: {
    attempt: 1,
    by: "local",
    outcome,
    ...(slot === undefined ? {} : { slot }),
    message: "an archive node told it",
    evidence: [
      { node: "https://archive.example", method: "getTransaction", sha256: "ab".repeat(32) },
    ],
  },
});

/** 16,000 lamports of fees and tip, 2,039,280 of rent beside the 1.5 SOL. */
export const liveFilled = (
  attempt = 1,
  slot = SLOT,
  live: Partial<NonNullable<OrderEventData<"OrderFilled">["live"]>> = {},
): EventOf<"OrderFilled"> => ({
  type: "OrderFilled",
  data: {
    attempt,
    amountIn: "1500000000",
    amountOut: "224248125",
    price: { numerator: "224248125", denominator: "1500000000" },
    fees: {
      baseFeeLamports: "5000",
      priorityFeeLamports: "10000",
      tipLamports: "1000",
      rentLamports: "2039280",
      platformFee: "0",
    },
    slippageVsQuotedCentiBps: "5000",
    txSignature: signatureOf(attempt),
    evidence: `balances of the transaction in slot ${slot}`,
    timings: {
      validateUs: 1_000,
      quoteUs: 1_000,
      reserveUs: 1_000,
      executeUs: 5_000,
      totalUs: 8_000,
    },
    live: {
      commitment: "confirmed",
      fillId: `${signatureOf(attempt)}:${slot}`,
      slot,
      blockTimeSeconds: 1_767_225_599,
      unitsConsumed: "80000",
      node: NODES[0] ?? "",
      mevProtected: true,
      rentLockedLamports: "2039280",
      rentRecoveredLamports: "0",
      unwrappedLamports: "0",
      otherTransfersLamports: "0",
      walletLamportsChange: "-1502055280",
      ...live,
    },
  },
});

export const finalized = (attempt = 1, slot = SLOT): EventOf<"FillFinalized"> => ({
  type: "FillFinalized",
  data: { attempt, fillId: `${signatureOf(attempt)}:${slot}`, slot, nodes: NODES },
});

export const voided = (attempt = 1, slot = SLOT): EventOf<"FillVoided"> => ({
  type: "FillVoided",
  data: {
    attempt,
    fillId: `${signatureOf(attempt)}:${slot}`,
    slot,
    message: "its block is not in the chain any more",
    nodes: NODES,
  },
});

export const retryAfter = (reason: string, nextAttempt = 2): EventOf<"RetryScheduled"> => ({
  type: "RetryScheduled",
  data: { nextAttempt, notBeforeUs: 1_767_225_600_100_000, reason, message: "again" },
});

export const prepared = (attempt = 1): readonly OrderEvent[] => [
  liveQuoted(attempt),
  liveReserved(attempt),
  simulationPassed(attempt),
];

/** As far as signed. */
export const SIGNED_LIFE: readonly OrderEvent[] = [
  liveRequested(),
  VALIDATED,
  ...prepared(),
  signed(),
];

/** Filled, while a fork may still undo it. */
export const PROVISIONAL_LIFE: readonly OrderEvent[] = [
  ...SIGNED_LIFE,
  submitted(),
  landed(),
  liveFilled(),
];

export const FINAL_LIFE: readonly OrderEvent[] = [...PROVISIONAL_LIFE, finalized()];

/** The first attempt fails on the chain, the second one is filled. */
export const SECOND_TRY_LIFE: readonly OrderEvent[] = [
  ...SIGNED_LIFE,
  submitted(),
  failedOnChain(),
  retryAfter("SLIPPAGE_EXCEEDED"),
  ...prepared(2),
  signed(2),
  submitted(2),
  landed(2, SLOT + 9),
  liveFilled(2, SLOT + 9),
  finalized(2, SLOT + 9),
];
