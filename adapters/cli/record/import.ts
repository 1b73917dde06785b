/**
 * `import --verify FILE`: an exported log becomes the log of an empty data folder, the same bytes in the same order.
 * Everything is checked on the way; the log gets its name when the last line was right.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import {
  isComplete,
  type LogHeader,
  MAX_LINE_BYTES,
} from "../../../domain/application/audit/log-file.ts";
import {
  createLogFileCheck,
  filtersText,
} from "../../../domain/application/audit/log-file-check.ts";
import { acquireLock } from "../../event-store/lock.ts";
import { type NewLog, openNewLog } from "../../event-store/new-log.ts";
import { StoreOpenError } from "../../event-store/sqlite-errors.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { jsonLine } from "../output.ts";
import { PROGRESS_OPTION, type Progress, progressWhere } from "../progress.ts";
import { rate, storeCodec } from "../store.ts";
import { createImportWriter, type ImportWriter } from "./import-writer.ts";
import { textLines } from "./text-lines.ts";

export const importCommand: CommandSpec = {
  name: "import",
  summary: "make an exported log the log of an empty data folder, checking every hash",
  needs: "store",
  options: [
    { flags: "--verify <file>", description: "what `export --format jsonl` wrote" },
    PROGRESS_OPTION,
  ],
  notes:
    "The folder must hold no log; it is locked meanwhile. One wrong byte in the file, and nothing is\n" +
    "left behind. The copy has the log's id: run an engine on one of the two only.",
  examples: ["import --verify log.jsonl --data ./copy"],
  run: runImport,
};

type Imported = {
  readonly header: LogHeader;
  readonly events: number;
  readonly streams: number;
};

async function runImport(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const file = options.text("verify");
  if (file === undefined) throw usageError("name the file with --verify FILE");
  const { data } = configOf(call);
  const bytes = await sizeOf(file);
  const begunMs = performance.now();
  const progress = progressWhere(options.flag("progress"), io, {
    what: "imported",
    unit: "MB",
    ...(bytes > 0 ? { total: megabytes(bytes) } : {}),
  });
  const imported = await intoNewLog(data, (writer) => copy(file, writer, progress)).finally(
    progress.end,
  );
  const { header, events, streams } = imported;
  const elapsedMs = Math.round(performance.now() - begunMs);
  const log = join(data, "log.db");
  const part = isComplete(header) ? "" : filtersText(header.filters);
  if (options.flag("json")) {
    const { logId, filters } = header;
    io.out(jsonLine({ ok: true, log, logId, events, streams, elapsedMs, filters }));
    return EXIT.ok;
  }
  io.out(`${events} events in ${streams} streams, ${rate(events, elapsedMs)}: all hashes fit\n`);
  io.out(`log ${header.logId} is at ${log}\n`);
  if (part !== "") io.out(`note: the file holds the log only ${part}\n`);
  return EXIT.ok;
}

const megabytes = (bytes: number): number => Math.floor(bytes / 1_000_000);

/** How compressed files begin: gzip, zstd, xz, bzip2, zip. */
const COMPRESSED = ["1f8b", "28b52ffd", "fd377a58", "425a68", "504b0304"];

/** 0 for what is no file, such as a pipe. */
async function sizeOf(file: string): Promise<number> {
  try {
    await using handle = await open(file);
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new Error("it is a folder");
    if (!stat.isFile()) return 0;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const begin = buffer.toString("hex", 0, bytesRead);
    if (COMPRESSED.some((magic) => begin.startsWith(magic))) {
      throw new Error("it is compressed: unpack it first");
    }
    return stat.size;
  } catch (error) {
    throw usageError(`--verify ${file} cannot be read: ${reasonOf(error)}`);
  }
}

/** Holds the folder's lock. The log has its name when `use` resolves, and is gone when it rejects. */
async function intoNewLog(
  folder: string,
  use: (writer: ImportWriter) => Promise<Imported>,
): Promise<Imported> {
  let lock: ReturnType<typeof acquireLock> | undefined;
  let log: NewLog | undefined;
  try {
    lock = acquireLock(join(folder, "lock.db"));
    log = await openNewLog(folder);
    const imported = await use(createImportWriter(log.store));
    await log.keep();
    return imported;
  } catch (error) {
    await log?.discard();
    throw error instanceof StoreOpenError ? new CliError(EXIT.store, error.message) : error;
  } finally {
    lock?.release();
  }
}

async function copy(file: string, writer: ImportWriter, progress: Progress): Promise<Imported> {
  const check = createLogFileCheck(storeCodec);
  const digest = createHash("sha256");
  const sha256Before = (): string => digest.copy().digest("hex");
  let header: LogHeader | undefined;
  let number = 0;
  let bytes = 0;
  const refuse = (problem: string): CliError =>
    new CliError(EXIT.failed, `${file}, line ${number}: ${problem}. Nothing was imported.`, {
      ...{ file, line: number, problem },
    });
  for await (const line of textLines(file, MAX_LINE_BYTES)) {
    number += 1;
    if (line.kind === "wrong") throw refuse(line.problem);
    const checked = check.next(line.text, sha256Before);
    if (checked.kind === "wrong") throw refuse(checked.problem);
    digest.update(line.bytes);
    bytes += line.bytes.length;
    if (checked.kind === "header") header = checked.header;
    if (checked.kind === "event") await writer.add(checked.stored, checked.encoded);
    progress.step(megabytes(bytes));
  }
  number += 1;
  const missing = check.missing();
  if (missing !== undefined || !header) throw refuse(missing ?? "the header is missing");
  await writer.finish();
  return { header, events: check.events(), streams: check.streams() };
}

/** The system's words without its codes: `EIO: i/o error, read` is `i/o error`. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "this user may not read it";
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^E[A-Z0-9]+: /, "").replace(/, \w+( '.*')?$/s, "");
}
