/** `diff <order>`: an order's state at two moments of its life, field by field, folded here from its events. */
import type { RecordedEvent } from "../../../domain/codec/codec.ts";
import { isOrderEvent } from "../../../domain/codec/registry.ts";
import type { OrderEvent } from "../../../domain/order/events.ts";
import { evolve, type MaybeOrder, type OrderState, statusOf } from "../../../domain/order/state.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import { type Call, type CommandSpec, configOf, type Options } from "../command.ts";
import { withEngine } from "../engine-client.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { countOf, eventsOf, findOrder, type Moment, timeOf } from "../find-order.ts";
import { jsonLine, printable, table } from "../output.ts";
import { tokenTable } from "../tokens.ts";
import { type Change, diffOf } from "./state-diff.ts";

export const diffCommand: CommandSpec = {
  name: "diff",
  operands: "<order>",
  summary: "show what changed in an order between two revisions or times",
  needs: "engine",
  options: [
    { flags: "--from-revision <n>", description: "the order as of this revision ..." },
    { flags: "--from <time>", description: "... or this time such as 2026-11-21T13:15:06Z" },
    { flags: "--to-revision <n>", description: "against this revision (default: the last) ..." },
    { flags: "--to <time>", description: "... or this time" },
  ],
  notes: "Asks the engine for the events, checks their hashes and folds them here.",
  examples: ["diff my-order-1 --from-revision 1 --to-revision 4"],
  run: runDiff,
};

async function runDiff(call: Call): Promise<ExitCode> {
  const { operands, options, io } = call;
  const [text = ""] = operands;
  const config = configOf(call);
  const from = momentOf(options, "from");
  if (from === undefined) throw usageError("name where to begin: --from-revision or --from");
  const to = momentOf(options, "to");
  const states = await withEngine(config.grpc, async (engine) => {
    const { order } = await findOrder(engine, text);
    return statesOf(eventsOf(engine, order.result?.orderId ?? ""));
  });
  const before = stateAt(states, from, text);
  const after = to ? stateAt(states, to, text) : lastOf(states, text);
  if (before.revision > after.revision) {
    const found = `revision ${before.revision} comes after revision ${after.revision}`;
    throw usageError(`the first moment must not be later than the second: ${found}`);
  }
  const changes = diffOf(before, after, tokenTable(config.tokens));
  if (options.flag("json")) {
    const place = ({ revision, updatedAtUs: timeUs, ...state }: OrderState) => ({
      ...{ revision, time: formatTimestamp(timeUs) },
      status: statusOf({ revision, updatedAtUs: timeUs, ...state }),
    });
    io.out(jsonLine({ orderId: after.orderId, from: place(before), to: place(after), changes }));
    return EXIT.ok;
  }
  io.out(`Order ${after.orderId} (request ${after.request.requestId})\n`);
  for (const [name, state] of [
    ["from", before],
    ["to", after],
  ] as const) {
    const time = formatTimestamp(state.updatedAtUs);
    io.out(`${name.padEnd(4)} revision ${state.revision}, ${time}, ${statusOf(state)}\n`);
  }
  if (changes.length === 0) io.out("no difference\n");
  else io.out(table(["FIELD", "BEFORE", "AFTER"], changes.map(rowOf)));
  return EXIT.ok;
}

const rowOf = ({ path, before, after, beforeText, afterText }: Change): readonly string[] => [
  printable(path),
  printable(beforeText ?? String(before ?? "-")),
  printable(afterText ?? String(after ?? "-")),
];

function momentOf(options: Options, end: "from" | "to"): Moment | undefined {
  const [revision, time] = [options.text(`${end}-revision`), options.text(end)];
  if (revision !== undefined && time !== undefined) {
    throw usageError(`--${end}-revision and --${end} exclude each other`);
  }
  if (time !== undefined) return { timeUs: timeOf(time, `--${end}`) };
  if (revision === undefined) return undefined;
  return { revision: countOf(revision, `--${end}-revision`, { min: 0, max: 1_000_000 }) };
}

/** The state after each event. Throws a CliError where an event was changed. */
async function statesOf(events: ReturnType<typeof eventsOf>): Promise<readonly OrderState[]> {
  const states: OrderState[] = [];
  let order: MaybeOrder;
  for await (const { recorded, isIntact } of events) {
    const { stream, revision } = recorded;
    if (!isIntact) {
      throw new CliError(
        EXIT.failed,
        `${stream}@${revision} does not fit its hash: it was CHANGED`,
      );
    }
    if (!isOrderRecord(recorded)) throw new CliError(EXIT.fault, `${stream} has foreign events`);
    order = evolve(order, recorded);
    states.push(order);
  }
  return states;
}

const isOrderRecord = (recorded: RecordedEvent): recorded is RecordedEvent<OrderEvent> =>
  isOrderEvent(recorded.event);

function lastOf(states: readonly OrderState[], text: string): OrderState {
  const last = states.at(-1);
  if (!last) throw new CliError(EXIT.notFound, `order ${text} has no events`);
  return last;
}

function stateAt(states: readonly OrderState[], moment: Moment, text: string): OrderState {
  const last = lastOf(states, text);
  if ("revision" in moment) {
    const found = states[moment.revision];
    if (found) return found;
    throw new CliError(
      EXIT.notFound,
      `order ${text} has no revision ${moment.revision}: its last one is ${last.revision}`,
    );
  }
  const found = states.findLast(({ updatedAtUs }) => updatedAtUs <= moment.timeUs);
  if (found) return found;
  const begun = formatTimestamp(last.requestedAtUs);
  throw new CliError(EXIT.notFound, `order ${text} was not there then: it began at ${begun}`);
}
