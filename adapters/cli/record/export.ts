/** `export`: the log, or a part of it, as lines of JSON that can be imported again, or as a table for spreadsheets. */
import { createHash } from "node:crypto";
import { eventLine, headerLine, trailerLine } from "../../../domain/application/audit/log-file.ts";
import { type EventFilter, selectEvents } from "../../../domain/application/audit/select-events.ts";
import { readLogId } from "../../../domain/application/log/open-log.ts";
import { UnreadableEventError } from "../../../domain/codec/codec.ts";
import { orderIdOf } from "../../../domain/order/request.ts";
import {
  ACCOUNT_ID_PATTERN,
  type AccountId,
  accountStream,
  type LogId,
  type OrderId,
  orderStream,
  type Principal,
  type RequestId,
  type StreamName,
} from "../../../domain/primitives/ids.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import type { SqliteReader } from "../../event-store/sqlite-reader.ts";
import { type Call, type CommandSpec, configOf, type Options } from "../command.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { keysOf, timeOf } from "../find-order.ts";
import { jsonLine } from "../output.ts";
import { PROGRESS_OPTION } from "../progress.ts";
import { eventsProgress, storeCodec, storeHasher, withLog } from "../store.ts";
import { CSV_HEAD } from "./csv-table.ts";
import { createCsvRows } from "./export-csv.ts";
import { openSink, type Sink } from "./export-sink.ts";

export const exportCommand: CommandSpec = {
  name: "export",
  summary: "write the log, or a part of it, as JSON lines with all hashes or as CSV",
  needs: "store",
  options: [
    { flags: "--format <format>", description: "jsonl (default; can be imported) or csv" },
    { flags: "--from <time>", description: "events from this time on, by the log's clock" },
    { flags: "--to <time>", description: "events before this time, by the log's clock" },
    { flags: "--order <id>", description: "of this order, by order id or request id" },
    { flags: "--account <name>", description: "of this account and its orders" },
    { flags: "--out <file>", description: "a new file (default: stdout)" },
    PROGRESS_OPTION,
  ],
  notes:
    "Reads beside a running engine and never writes to the log; what is added meanwhile is left out.\n" +
    "Every event is checked against its hash first: a damaged log is not copied.\n" +
    "CSV: cells that a spreadsheet would take for a formula begin with an apostrophe.",
  examples: [
    "export --out log.jsonl",
    "export --format csv --account desk --from 2026-11-01 --to 2026-12-01 --out desk.csv",
    "export --order my-order-1",
  ],
  run: runExport,
};

async function runExport(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call);
  const format = options.text("format") ?? "jsonl";
  if (format !== "jsonl" && format !== "csv") {
    throw usageError(`--format must be jsonl or csv, not ${JSON.stringify(format)}`);
  }
  const times = timesOf(options);
  return withLog(config, async (store) => {
    const until = await store.end();
    const logId = await readLogId({ store, codec: storeCodec }).catch(damaged);
    if (logId === undefined) throw new CliError(EXIT.store, "the log is empty: nothing to export");
    const filter = { ...times, ...(await whoseEvents(store, options)) };
    const write =
      format === "csv"
        ? csvWriter(createCsvRows({ store, codec: storeCodec, tokens: config.tokens }))
        : jsonlWriter(logId, filter);
    const out = options.text("out");
    const sink = await openSink(out, io);
    const progress = eventsProgress(call, "exported", until);
    const onPage = (position: bigint): void => progress.step(Number(position));
    const selected = selectEvents({ store, codec: storeCodec }, { filter, until, onPage });
    try {
      const written = await write(selected, sink).catch(damaged);
      await sink.close();
      progress.end();
      if (out !== undefined && written) {
        if (options.flag("json")) io.out(jsonLine({ out, logId, ...written }));
        else io.out(`${written.events} events written to ${out}\n`);
      }
      return EXIT.ok;
    } catch (error) {
      progress.end();
      await sink.abort();
      throw error;
    }
  });
}

function timesOf(options: Options): Pick<EventFilter, "fromUs" | "toUs"> {
  const [from, to] = [options.text("from"), options.text("to")];
  const fromUs = from === undefined ? undefined : timeOf(from, "--from");
  const toUs = to === undefined ? undefined : timeOf(to, "--to");
  if (fromUs !== undefined && toUs !== undefined && fromUs >= toUs) {
    throw usageError("--from must be before --to");
  }
  return { fromUs, toUs };
}

/** Until there is authentication every order belongs to this principal. */
const LOCAL = "local" as Principal;

async function whoseEvents(
  store: SqliteReader,
  options: Options,
): Promise<Pick<EventFilter, "orderId" | "account">> {
  const exists = async (stream: StreamName): Promise<boolean> =>
    (await store.readStream(stream, 0, 1)).length > 0;
  const [order, name] = [options.text("order"), options.text("account")];
  if (name !== undefined && !ACCOUNT_ID_PATTERN.test(name)) {
    throw usageError(`--account ${JSON.stringify(name)} is no name of an account`);
  }
  const account = name as AccountId | undefined;
  if (
    account !== undefined &&
    !(await exists(accountStream(account))) &&
    !(await hasOrders(store, account))
  ) {
    throw new CliError(EXIT.notFound, `there is no account ${account} in this log`);
  }
  if (order === undefined) return { account };
  for (const { $case, value } of keysOf(order)) {
    const orderId =
      $case === "orderId" ? (value as OrderId) : orderIdOf(LOCAL, value as RequestId, storeHasher);
    if (await exists(orderStream(orderId))) return { account, orderId };
  }
  throw new CliError(EXIT.notFound, `there is no order ${order} in this log`);
}

/** A live account has no stream of its own. */
async function hasOrders(store: SqliteReader, account: AccountId): Promise<boolean> {
  const selection = { filter: { account }, until: await store.end() };
  for await (const _ of selectEvents({ store, codec: storeCodec }, selection)) return true;
  return false;
}

type Written = { readonly events: number; readonly sha256?: string };
/** Undefined: the reader went away. */
type Writer = (events: ReturnType<typeof selectEvents>, sink: Sink) => Promise<Written | undefined>;

function jsonlWriter(logId: LogId, filter: EventFilter): Writer {
  const { fromUs, toUs, orderId: order, account } = filter;
  const time = (timeUs: number | undefined): string | undefined =>
    timeUs === undefined ? undefined : formatTimestamp(timeUs);
  const filters = { from: time(fromUs), to: time(toUs), order, account };
  return async (events, sink) => {
    const digest = createHash("sha256");
    let count = 0;
    const line = (text: string): Promise<boolean> => {
      const whole = `${text}\n`;
      digest.update(whole);
      return sink.write(whole);
    };
    if (!(await line(headerLine({ logId, filters })))) return undefined;
    for await (const stored of events) {
      if (!(await line(eventLine(stored, storeCodec)))) return undefined;
      count += 1;
    }
    const sha256 = digest.digest("hex");
    if (!(await sink.write(`${trailerLine({ events: count, sha256 })}\n`))) return undefined;
    return { events: count, sha256 };
  };
}

const csvWriter =
  (rowOf: ReturnType<typeof createCsvRows>): Writer =>
  async (events, sink) => {
    if (!(await sink.write(CSV_HEAD))) return undefined;
    let count = 0;
    for await (const stored of events) {
      if (!(await sink.write(await rowOf(stored)))) return undefined;
      count += 1;
    }
    return { events: count };
  };

function damaged(error: unknown): never {
  if (!(error instanceof UnreadableEventError)) throw error;
  throw new CliError(EXIT.failed, `${error.message}; see \`orderstream verify\``);
}
