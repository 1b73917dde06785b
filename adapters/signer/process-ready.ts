/** The first line of the signer: it is ready, or it says why not. */
import { once } from "node:events";
import type { SignerChild } from "./launch.ts";
import { createLineSplitter } from "./lines.ts";
import { type CoreDumps, MAX_LINE_BYTES, parseReady } from "./wire.ts";

const START_TIMEOUT_MS = 10_000;
const UNLOCK_TIMEOUT_MS = 3_000;
const MAX_COMPLAINT = 2_000;

export type Ready = { readonly wallets: readonly string[]; readonly coreDumps: CoreDumps };

/** Rejects with a sentence, and the process is gone then. Nothing but the first line is taken from the output. */
export async function readyOf(launched: SignerChild, keystores: number): Promise<Ready> {
  const { child } = launched;
  const complaint = collect(launched.errors);
  const gone = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, START_TIMEOUT_MS + keystores * UNLOCK_TIMEOUT_MS);
  const line = firstLine(launched);
  try {
    const first =
      (await Promise.race([line.found, gone.then(() => line.late()), timeout.promise])) ??
      undefined;
    if (first === undefined) {
      throw new Error(`the signer did not start${complaint() && `: ${complaint()}`}`);
    }
    const ready = parseReady(JSON.parse(first));
    if (ready.kind === "failed") throw new Error(ready.sentence);
    return ready;
  } catch (error) {
    child.kill("SIGKILL");
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      await once(child, "exit");
    }
    throw error instanceof SyntaxError ? new Error("the signer's first line is no JSON") : error;
  } finally {
    clearTimeout(timer);
    line.stop();
  }
}

/** The beginning of what a process complains of. */
function collect(errors: SignerChild["errors"]): () => string {
  let text = "";
  errors.on("data", (chunk: Buffer) => {
    if (text.length < MAX_COMPLAINT) text += chunk.toString();
  });
  return () => text.slice(0, MAX_COMPLAINT).trim();
}

function firstLine({ output }: SignerChild) {
  const split = createLineSplitter(MAX_LINE_BYTES);
  const found = Promise.withResolvers<string | undefined>();
  const onData = (chunk: Buffer): void => {
    const lines = split(chunk);
    if (!lines || lines.length > 0) found.resolve(lines?.[0]);
  };
  const onEnd = (): void => found.resolve(undefined);
  output.on("data", onData);
  output.once("end", onEnd);
  return {
    found: found.promise,
    /** Its last words may still be in the pipe when it is gone. */
    late: (): Promise<string | undefined> => found.promise,
    stop: (): void => {
      output.off("data", onData);
      output.off("end", onEnd);
    },
  };
}
