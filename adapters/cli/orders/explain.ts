/** `explain <order>` and `replay <order>`: an order's events, told or folded again on this side. */
import type { RecordedEvent } from "../../../domain/codec/codec.ts";
import { isOrderEvent } from "../../../domain/codec/registry.ts";
import type { OrderEvent } from "../../../domain/order/events.ts";
import { evolve, type MaybeOrder, stateHash, statusOf } from "../../../domain/order/state.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import { type Call, type CommandSpec, configOf, type OptionSpec } from "../command.ts";
import { withEngine } from "../engine-client.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { countOf, eventsOf, findOrder, type Moment, orderHasher, timeOf } from "../find-order.ts";
import { jsonLine, printable } from "../output.ts";
import { type TokenTable, tokenTable } from "../tokens.ts";
import { tell, wishText } from "./story.ts";
import { timelineOf, timelineText } from "./timeline.ts";

/** Of `explain` and `replay`: the order as it was. */
export const MOMENT_OPTIONS: readonly OptionSpec[] = [
  { flags: "--at-revision <n>", description: "the order as of this revision" },
  { flags: "--at <time>", description: "the order as of a time such as 2026-11-21T13:15:06Z" },
];

export const explainCommand: CommandSpec = {
  name: "explain",
  operands: "<order>",
  summary: "tell an order's story in plain words, with the numbers",
  needs: "engine",
  options: MOMENT_OPTIONS,
  run: async (call) => {
    const config = configOf(call);
    const { order, steps } = await withEngine(config.grpc, (engine) =>
      fold(engine, call.operands[0] ?? "", momentOf(call.options)),
    );
    const tokens = tokenTable(config.tokens);
    const told = steps.map((step) => ({ ...step, text: sentencesOf(step, tokens) }));
    if (call.options.flag("json")) {
      const shown = told.map(({ recorded, after, text }) => ({
        revision: recorded.revision,
        time: formatTimestamp(recorded.metadata.recordedAtUs),
        event: recorded.event.type,
        status: statusOf(after),
        text,
      }));
      call.io.out(jsonLine({ orderId: order.orderId, status: statusOf(order), steps: shown }));
      return EXIT.ok;
    }
    const { request, decimals } = order;
    call.io.out(`Order ${order.orderId} (request ${request.requestId})\n`);
    call.io.out(`To ${wishText({ request, tokens, decimals })}: ${statusOf(order)}\n`);
    for (const { recorded, text } of told) {
      const [gist = "", ...rest] = text.map(printable);
      const time = formatTimestamp(recorded.metadata.recordedAtUs);
      call.io.out(`\n${String(recorded.revision).padStart(3)}  ${time}  ${gist}\n`);
      for (const line of rest) call.io.out(`       ${line}\n`);
    }
    const timeline = timelineText(timelineOf(steps.map(({ recorded }) => recorded)));
    if (timeline !== "") call.io.out(`\n${timeline}`);
    return EXIT.ok;
  },
};

type Step = {
  readonly recorded: RecordedEvent<OrderEvent>;
  readonly after: NonNullable<MaybeOrder>;
  readonly isIntact: boolean;
};

const sentencesOf = ({ recorded, after }: Step, tokens: TokenTable): readonly string[] =>
  tell(recorded.event, { request: after.request, tokens, decimals: after.decimals });

/** Folds an order's events here, as far as the moment. The engine's own answer stands beside it. */
async function fold(
  engine: Parameters<typeof findOrder>[0],
  text: string,
  moment: Moment | undefined,
) {
  const { order: claimed } = await findOrder(engine, text, moment);
  const orderId = claimed.result?.orderId ?? "";
  const last = claimed.result?.revision ?? 0n;
  const steps: Step[] = [];
  let order: MaybeOrder;
  for await (const { recorded, isIntact } of eventsOf(engine, orderId)) {
    // The order may have gone on since the engine answered.
    if (BigInt(recorded.revision) > last) break;
    if (!isOrderRecord(recorded)) throw new CliError(EXIT.fault, `${orderId} has foreign events`);
    order = evolve(order, recorded);
    steps.push({ recorded, after: order, isIntact });
  }
  if (!order) throw new CliError(EXIT.notFound, `order ${text} has no events then`);
  return { order, steps, claimedHash: claimed.stateHash };
}

const isOrderRecord = (recorded: RecordedEvent): recorded is RecordedEvent<OrderEvent> =>
  isOrderEvent(recorded.event);

/** Whether each event carries the hash of its predecessor. */
const isChained = (steps: readonly Step[]): boolean =>
  steps.every(
    ({ recorded }, index) =>
      index === 0 || recorded.metadata.prevHash === steps[index - 1]?.recorded.hash,
  );

/** Folds one order's events anew and compares the state with the engine's. */
export async function replayOrder(call: Call): Promise<ExitCode> {
  const { operands, options, io } = call;
  const [text = ""] = operands;
  const config = configOf(call);
  const { order, steps, claimedHash } = await withEngine(config.grpc, (engine) =>
    fold(engine, text, momentOf(options)),
  );
  const ours = stateHash(order, orderHasher);
  const isSame = ours === claimedHash;
  const isWhole = isChained(steps) && steps.every(({ isIntact }) => isIntact);
  if (options.flag("json")) {
    io.out(jsonLine({ state: order, stateHash: ours, engineHash: claimedHash, isSame, isWhole }));
    return isSame && isWhole ? EXIT.ok : EXIT.failed;
  }
  for (const { recorded, after } of steps) {
    const time = formatTimestamp(recorded.metadata.recordedAtUs);
    const place = String(recorded.revision).padStart(3);
    io.out(`${place}  ${time}  ${recorded.event.type.padEnd(24)}  ${statusOf(after)}\n`);
  }
  io.out(`state hash ${ours}\n`);
  io.out(isSame ? "the engine has the same state\n" : `the engine has ${claimedHash}: DIFFERENT\n`);
  io.out(isWhole ? "all hashes fit\n" : "a hash does not fit: an event was CHANGED\n");
  return isSame && isWhole ? EXIT.ok : EXIT.failed;
}

function momentOf(options: Call["options"]): Moment | undefined {
  const revision = options.text("at-revision");
  const time = options.text("at");
  if (revision !== undefined && time !== undefined) {
    throw usageError("--at-revision and --at exclude each other");
  }
  if (time !== undefined) return { timeUs: timeOf(time, "--at") };
  if (revision === undefined) return undefined;
  return { revision: countOf(revision, "--at-revision", { min: 0, max: 1_000_000 }) };
}
