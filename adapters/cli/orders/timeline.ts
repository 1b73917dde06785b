/** An order's time drawn as bars, one per step, to scale: where it went. */
import type { RecordedEvent } from "../../../domain/codec/codec.ts";
import type { OrderEvent } from "../../../domain/order/events.ts";
import { type TimestampUs, US_PER_MS } from "../../../domain/primitives/time.ts";

export type TimelineStep = {
  readonly label: string;
  readonly fromUs: TimestampUs;
  readonly toUs: TimestampUs;
};

/** What the engine did until the event was recorded. */
const STEPS: Readonly<Record<OrderEvent["type"], string>> = {
  OrderRequested: "accept",
  OrderValidated: "validate",
  OrderRejected: "reject",
  QuoteObtained: "quote",
  QuoteFailed: "no quote",
  FundsReserved: "reserve",
  PaperExecutionSimulated: "execute",
  SimulationFailed: "not executed",
  RetryScheduled: "plan retry",
  OrderFilled: "settle",
  OrderFailed: "give up",
  OrderCancelRequested: "cancel asked",
  OrderCancelled: "cancel",
  OrderExpired: "expire",
  SimulationPassed: "simulate",
  GateRefused: "gate",
  SigningRefused: "not signed",
  AttemptSigned: "sign",
  AttemptSubmitted: "send",
  SubmissionRefused: "send refused",
  SubmissionUnknown: "send in doubt",
  AttemptConfirmed: "land",
  AttemptFailed: "fail on chain",
  AttemptExpired: "run out",
  OutcomeUnknown: "in doubt",
  OutcomeResolved: "resolve",
  FillFinalized: "finalize",
  FillVoided: "fork",
};

/** From each event to the next one; the planned waiting before an attempt is a step of its own. */
export function timelineOf(
  recorded: readonly Pick<RecordedEvent<OrderEvent>, "event" | "metadata">[],
): readonly TimelineStep[] {
  return recorded.flatMap(({ event, metadata }, index) => {
    const previous = recorded[index - 1];
    if (!previous) return [];
    const label = STEPS[event.type];
    const toUs = metadata.recordedAtUs;
    const fromUs = previous.metadata.recordedAtUs;
    if (previous.event.type !== "RetryScheduled") return [{ label, fromUs, toUs }];
    const waitedUs = Math.min(Math.max(previous.event.data.notBeforeUs, fromUs), toUs);
    return [
      { label: "wait", fromUs, toUs: waitedUs },
      { label, fromUs: waitedUs, toUs },
    ];
  });
}

/** Columns of the bars: a whole line fits 80. */
const WIDTH = 50;

/** Empty where there is nothing between two events. Lines end with a line break. */
export function timelineText(steps: readonly TimelineStep[]): string {
  const [first] = steps;
  const last = steps.at(-1);
  if (!first || !last) return "";
  const totalUs = Math.max(1, last.toUs - first.fromUs);
  const column = (us: TimestampUs): number => Math.floor(((us - first.fromUs) * WIDTH) / totalUs);
  const width = Math.max(...steps.map(({ label }) => label.length));
  const lines = steps.map(({ label, fromUs, toUs }) => {
    // Every step is seen, however short it was.
    const start = Math.min(column(fromUs), WIDTH - 1);
    const bar = "#".repeat(Math.max(1, column(toUs) - start));
    const drawn = `${" ".repeat(start)}${bar}`.padEnd(WIDTH);
    return `  ${label.padEnd(width)}  ${durationText(toUs - fromUs).padStart(8)}  |${drawn}|\n`;
  });
  return `Timeline: ${durationText(totalUs)} from the first event to the last\n${lines.join("")}`;
}

/** `850 us`, `12.3 ms` or `4.56 s`. */
export function durationText(durationUs: number): string {
  if (durationUs < US_PER_MS) return `${durationUs} us`;
  const ms = durationUs / US_PER_MS;
  return ms < 999.95 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}
