/** Random lives of live orders: what the engine does next with whatever outcome, and now and then something out of turn. */
import fc from "fast-check";
import type { OrderCommand } from "../../domain/order/commands.ts";
import { decide } from "../../domain/order/decide.ts";
import { isExpiryDue, nextAction, type Step } from "../../domain/order/flow.ts";
import type { LiveFacts } from "../../domain/order/live-policy.ts";
import { evolve, type MaybeOrder } from "../../domain/order/state.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import { codec, hasher, LOG_ID, ORDER_ID, START_US, STREAM, stored } from "./given.ts";
import {
  abandon,
  conclude,
  halt,
  NO_NODE,
  recordChainFailure,
  recordExpiry,
  recordFill,
  recordFinality,
  recordFork,
  recordGateRefusal,
  recordLanding,
  recordObstacle,
  recordResolution,
  recordSigned,
  recordSigningRefusal,
  recordSimulation,
  recordSimulationFailure,
  recordSubmission,
  recordUnknown,
  reserveLive,
  SLIPPED,
} from "./live-order-commands.ts";
import { liveRequested, WALLET } from "./live-order-events.ts";
import type { Moment } from "./order-lives.ts";
import { cancel, EXPIRES_AT_US, recordQuote, SOL, USDC, validate } from "./order-samples.ts";

export type LiveFate = {
  /** Do what comes next; else something out of turn. */
  readonly follow: boolean;
  /** Which of the things that may come of it; 0 is the best. */
  readonly choice: number;
  readonly passUs: number;
};

type Scene = { readonly nowUs: number; readonly draws: number; readonly order: MaybeOrder };

const GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
const LIVE_FACTS: LiveFacts = {
  ...{ wallet: WALLET, genesisHash: GENESIS, isClusterKnown: true, hasProtectedRoute: true },
  fee: { kind: "refused", message: "too much", limitLamports: 1n, valueLamports: 2n },
  ...{ feeCapLamports: 10_000n, slippageToleranceBps: 1_000, platformFeeBps: 0, exposure: 0n },
  ...{ maxExposure: undefined, ordersInMinute: 1, maxOrdersPerMinute: 60 },
  extensions: new Map([
    [SOL, []],
    [USDC, []],
  ]),
};
const FEE: LiveFacts["fee"] = {
  ...{ kind: "fee", source: "default", percentile: 75, observedPriceMicroLamports: undefined },
  ...{ samples: 0, unitLimit: 1_400_000, unitPriceMicroLamports: 1n, priorityFeeLamports: 2n },
  ...{ tipLamports: 0n, totalLamports: 2n },
};

const validation = (isRefused: boolean): OrderCommand => ({
  ...validate(),
  live: isRefused ? LIVE_FACTS : { ...LIVE_FACTS, fee: FEE },
});

const quoted = ({ nowUs }: Scene): OrderCommand => {
  const quote = { inAmount: 1_500_000_000n, outAmount: 225_375_000n, obtainedAtUs: nowUs };
  const { answer } = recordQuote(quote);
  if (answer.kind !== "quoted") throw new Error("not quoted");
  const live = { minimumOut: 220_867_500n, slippageBps: 200, evidence: hasher.sha256("quote") };
  return recordQuote({}, { nowUs, answer: { ...answer, basis: "route", live } });
};

/** No two signatures are the same. */
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const signatureOf = (draws: number): string =>
  `${"5".repeat(84)}${[0, 1, 2].map((place) => ALPHABET[Math.floor(draws / 58 ** place) % 58]).join("")}`;
const signing = ({ draws }: Scene): OrderCommand => {
  const command = recordSigned();
  return { ...command, signed: { ...command.signed, signature: signatureOf(draws) } };
};

const settling = ({ order }: Scene): OrderCommand =>
  recordFill({ signature: order?.signed?.signature ?? "", slot: order?.landing?.slot ?? 0 });

const final = { ...NO_NODE, isRetryable: false };
const REFUSED = {
  sender: "b",
  answer: { kind: "refused", reason: "-32002", isTransient: false },
} as const;
type Choices = readonly ((scene: Scene) => OrderCommand)[];
type Choice = Choices[number];

/** The best of them is tried first, and oftener than what stands beside it. */
const usually = (often: number, usual: Choice, ...others: Choices): Choices => [
  ...Array.from({ length: often }, () => usual),
  ...others,
];

/** What may come of each step. */
const OUTCOMES: Readonly<Record<Step, Choices>> = {
  Validate: usually(
    19,
    () => validation(false),
    () => validation(true),
  ),
  Quote: usually(9, quoted, ({ nowUs }) => ({ ...recordObstacle(), nowUs })),
  Reserve: usually(
    16,
    () => reserveLive(),
    () => reserveLive(() => 1n),
    ({ nowUs }) => ({ ...recordObstacle(), nowUs }),
    ({ nowUs }) => ({ ...abandon(), nowUs }),
  ),
  Simulate: usually(
    12,
    recordSimulation,
    ({ nowUs }) => ({ ...recordSimulationFailure(), nowUs }),
    ({ nowUs }) => ({ ...recordSimulationFailure({ ...SLIPPED, isRetryable: false }), nowUs }),
    recordGateRefusal,
    ({ nowUs }) => ({ ...recordObstacle(final), nowUs }),
    ({ nowUs }) => ({ ...abandon(), nowUs }),
  ),
  Sign: usually(
    12,
    signing,
    recordSigningRefusal,
    halt,
    ({ nowUs }) => ({ ...recordObstacle(), nowUs }),
    ({ nowUs }) => ({ ...abandon(), nowUs }),
  ),
  Submit: usually(
    6,
    () => recordSubmission(),
    () => recordSubmission([{ sender: "a", answer: { kind: "unknown", cause: "timeout" } }]),
    () => recordSubmission([REFUSED]),
    ...[() => recordLanding(), recordExpiry, recordUnknown],
  ),
  Await: [
    ...usually(4, () => recordLanding()),
    ...usually(6, recordExpiry, () => recordChainFailure(), recordUnknown),
    ...[() => recordChainFailure("FAILED_ON_CHAIN"), () => recordLanding(3_005)],
  ],
  Settle: usually(6, settling, recordUnknown, recordFork),
  Finalize: usually(3, () => recordFinality(), recordFork, recordUnknown),
  Conclude: usually(
    9,
    ({ nowUs }) => conclude({ nowUs }),
    ({ nowUs }) => conclude({ nowUs, halted: "halted" }),
  ),
};

/** Beside what may come of every attempt that is on its way. */
const UNKNOWN: Choices = [
  ...[() => recordLanding(), () => recordLanding(3_005), () => recordChainFailure(), recordExpiry],
  ...[() => recordResolution("expired"), () => recordResolution("landed", 3_005)],
  ...usually(2, () => recordResolution("failed", 3_005)),
];

const EVERYTHING: Choices = [
  ...[...Object.values(OUTCOMES), UNKNOWN].flatMap((choices) => [...new Set(choices)]),
  ...usually(9, () => cancel()),
  ...usually(4, ({ nowUs }) => ({ type: "Expire", nowUs })),
];

export const liveFates: fc.Arbitrary<LiveFate> = fc.record({
  follow: fc.nat(19).map((n) => n > 0),
  choice: fc.oneof(
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat(1_000) },
  ),
  passUs: fc.oneof(
    { weight: 200, arbitrary: fc.constantFrom(0, 1_000, 250_000) },
    { weight: 1, arbitrary: fc.constant(EXPIRES_AT_US - START_US) },
  ),
});

export const liveLives = fc.array(liveFates, { minLength: 1, maxLength: 40, size: "max" });

/** Any command that a live order may meet. */
export const anyCommand = (choice: number, scene: Scene): OrderCommand =>
  (EVERYTHING[choice % EVERYTHING.length] ?? halt)(scene);

function nextCommand(order: MaybeOrder, fate: LiveFate, scene: Scene): OrderCommand {
  if (!order) return { ...liveRequested().data, type: "Request" };
  const action = nextAction(order);
  if (!fate.follow || action.kind === "Done") return anyCommand(fate.choice, scene);
  if (isExpiryDue(order, scene.nowUs)) return { type: "Expire", nowUs: scene.nowUs };
  const step = action.kind === "WaitUntil" ? action.next : action.kind;
  const choices = order.phase === "unknown" ? UNKNOWN : OUTCOMES[step];
  return (choices[fate.choice % choices.length] ?? halt)(scene);
}

export function runLive(fates: readonly LiveFate[]): {
  readonly moments: readonly Moment[];
  readonly stored: readonly StoredEvent[];
  /** Folded from what was decided, never decoded. */
  readonly live: MaybeOrder;
} {
  const moments: Moment[] = [];
  const log: StoredEvent[] = [];
  let order: MaybeOrder;
  let nowUs = START_US;
  for (const [draws, fate] of fates.entries()) {
    nowUs = Math.max(nowUs + fate.passUs, (fate.follow && order?.nextRetryAtUs) || 0);
    const before: MaybeOrder = order;
    const command = nextCommand(order, fate, { nowUs, draws, order });
    const events = decide(order, command);
    for (const event of events) {
      const revision: number = order ? order.revision + 1 : 0;
      const { encoded, recorded } = codec.encode(STREAM, revision, {
        event,
        metadata: {
          ...{ actor: "engine", correlationId: ORDER_ID, causationId: ORDER_ID },
          recordedAtUs: Math.max(nowUs, (order?.updatedAtUs ?? 0) + 1),
          prevHash: order?.hash ?? codec.rootHash(LOG_ID, STREAM),
        },
      });
      log.push(stored(encoded, { stream: STREAM, revision }));
      order = evolve(order, recorded);
    }
    moments.push({ before, command, events, after: order });
  }
  return { moments, stored: log, live: order };
}
