/** The program's entry: this process as the world of the command line. */
import { runCli } from "./program.ts";

/** Handles that a library forgot must not keep a finished command alive. */
const LINGER_MS = 2_000;

// `orderstream history | head` ends the pipe early: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

void runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  environment: process.env,
  isTerminal: process.stderr.isTTY === true,
}).then((code) => {
  process.exitCode = code;
  setTimeout(() => process.exit(), LINGER_MS).unref();
});
