/** The program's entry: this process as the world of the command line. */
import { once } from "node:events";
import { askHidden } from "./hidden-prompt.ts";
import { runCli } from "./program.ts";

/** Handles that a library forgot must not keep a finished command alive. */
const LINGER_MS = 2_000;

// `orderstream history | head` ends the pipe early: that is no failure.
const readerGone = new AbortController();
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  readerGone.abort();
});

async function flushed(): Promise<boolean> {
  // Also where nothing waits: the error of a closed pipe comes in a later turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  const { signal } = readerGone;
  if (process.stdout.writableNeedDrain && !signal.aborted) {
    await once(process.stdout, "drain", { signal }).catch(() => undefined);
  }
  return !signal.aborted;
}

void runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  flushed,
  environment: process.env,
  isTerminal: process.stderr.isTTY === true,
  askHidden: process.stdin.isTTY
    ? (question) => askHidden(question, process.stdin, process.stderr)
    : undefined,
  screen: process.stdout.isTTY
    ? // Some terminals say 0.
      { columns: () => process.stdout.columns || 80, rows: () => process.stdout.rows || 24 }
    : undefined,
}).then((code) => {
  process.exitCode = code;
  setTimeout(() => process.exit(), LINGER_MS).unref();
});
