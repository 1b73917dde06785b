/**
 * The store beside the command: `verify`, `accounts list` and the log that `replay --all` folds.
 * Nothing is ever written.
 */
import { join } from "node:path";
import { foldLog, type LogFold } from "../../domain/application/audit/replay-all.ts";
import { verifyLog } from "../../domain/application/audit/verify-log.ts";
import { createCodec } from "../../domain/codec/codec.ts";
import type { Position } from "../../domain/ports/event-store.ts";
import type { AccountId } from "../../domain/primitives/ids.ts";
import type { Config } from "../config.ts";
import { openSqliteReader, type SqliteReader } from "../event-store/sqlite-reader.ts";
import { createNodeHasher } from "../hasher/node.ts";
import { type Call, type CommandSpec, configOf } from "./command.ts";
import { CliError, EXIT, type ExitCode } from "./exit-codes.ts";
import { jsonLine, table } from "./output.ts";
import { PROGRESS_OPTION, type Progress, progressWhere } from "./progress.ts";
import { type TokenTable, tokenTable } from "./tokens.ts";

export const storeHasher = createNodeHasher();
export const storeCodec = createCodec(storeHasher);

/** Opens the log of the data folder for as long as `use` runs. */
export async function withLog<T>(
  { data }: Config,
  use: (reader: SqliteReader) => Promise<T>,
): Promise<T> {
  let reader: SqliteReader;
  try {
    reader = openSqliteReader(join(data, "log.db"));
  } catch (error) {
    throw new CliError(EXIT.store, error instanceof Error ? error.message : String(error));
  }
  try {
    return await use(reader);
  } finally {
    await reader.close();
  }
}

/** Progress over the log up to `end`: this store's positions count its events. */
export const eventsProgress = (
  { options, io }: Call,
  what: string,
  end: Position | undefined,
): Progress =>
  progressWhere(options.flag("progress"), io, { what, unit: "events", total: Number(end ?? 0n) });

export const rate = (events: number, elapsedMs: number): string =>
  `${Math.round((events * 1_000) / Math.max(1, elapsedMs))} events/s`;

export const verifyCommand: CommandSpec = {
  name: "verify",
  summary: "check the log's hash chains: whether any event was changed, moved or taken out",
  needs: "store",
  options: [PROGRESS_OPTION],
  notes: "Works beside a running engine too; what it adds meanwhile is left to the next time.",
  run: verify,
};

async function verify(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call);
  const begunMs = performance.now();
  const report = await withLog(config, async (store) => {
    const progress = eventsProgress(call, "checked", await store.end());
    return verifyLog({ store, codec: storeCodec }, progress.step)
      .catch(unreadable)
      .finally(progress.end);
  });
  const elapsedMs = Math.round(performance.now() - begunMs);
  const ok = report.problemCount === 0 && report.events > 0;
  if (options.flag("json")) io.out(jsonLine({ ok, elapsedMs, ...report }));
  else {
    for (const { stream, revision, position, problem } of report.problems) {
      io.out(`${stream}@${revision} (position ${position}): ${problem}\n`);
    }
    const { events, streams, problemCount } = report;
    const verdict = ok ? "all hashes fit" : `${problemCount} PROBLEMS`;
    const found = events === 0 ? "the log is empty" : verdict;
    io.out(`${events} events in ${streams} streams, ${rate(events, elapsedMs)}: ${found}\n`);
  }
  return ok ? EXIT.ok : EXIT.failed;
}

/** A page that SQLite cannot read is damage too. */
function unreadable(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  throw new CliError(EXIT.failed, `the log cannot be read to its end: ${message}`);
}

/** `accounts list`: every account with its balances, folded from the log. */
export async function listAccounts(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call);
  const names: AccountId[] = [];
  const fold = await withLog(config, async (store) => {
    const until = await store.end();
    const progress = eventsProgress(call, "folded", until);
    return foldLog(
      { store, codec: storeCodec },
      {
        until,
        onEvent: ({ recorded: { event } }) => {
          if (event.type === "AccountOpened") names.push(event.data.account);
        },
        onProgress: progress.step,
      },
    ).finally(progress.end);
  });
  const accounts = names.sort().map((name) => accountOf(fold, name));
  const tokens = tokenTable(config.tokens);
  if (options.flag("json")) io.out(jsonLine({ accounts }));
  else if (accounts.length === 0) io.out("no accounts\n");
  else
    io.out(
      table(
        HEAD,
        accounts.flatMap((account) => accountRows(account, tokens)),
      ),
    );
  return EXIT.ok;
}

type Account = ReturnType<typeof accountOf>;
const HEAD = ["ACCOUNT", "STATE", "TOKEN", ">AVAILABLE", ">RESERVED"];

const accountOf = ({ ledger }: LogFold, account: AccountId) => ({
  account,
  owner: ledger.ownerOf(account) ?? "",
  open: ledger.isOpen(account),
  balances: ledger.balances(account) ?? [],
});

function accountRows(
  { account, open, balances }: Account,
  tokens: TokenTable,
): readonly (readonly string[])[] {
  const state = open ? "open" : "closed";
  if (balances.length === 0) return [[account, state]];
  return balances.map(({ mint, available, reserved }) => [
    account,
    state,
    tokens.symbol(mint),
    tokens.number(mint, available),
    tokens.number(mint, reserved),
  ]);
}
