/** Where an export goes: stdout, whose reader may go away, or a new file that is whole or not there. */
import { open, rm } from "node:fs/promises";
import type { Io } from "../command.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";

export type Sink = {
  /** Resolves when more may come, with false when nobody reads any more. */
  readonly write: (text: string) => Promise<boolean>;
  readonly close: () => Promise<void>;
  /** Instead of `close`: leaves no file. */
  readonly abort: () => Promise<void>;
};

/** Characters that are gathered before they are written. */
const CHUNK = 256 * 1024;

/** Throws a CliError where the file is there already, or cannot be made. */
export async function openSink(file: string | undefined, io: Io): Promise<Sink> {
  if (file === undefined) {
    const send = async (text: string): Promise<boolean> => {
      io.out(text);
      return io.flushed();
    };
    return { ...gathered(send, async () => undefined), abort: async () => undefined };
  }
  const handle = await open(file, "wx").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST"
      ? usageError(`--out ${file} is there already: name a new file, or remove it first`)
      : usageError(`--out ${file} cannot be written: ${error.message}`);
  });
  const failed = (error: Error): never => {
    throw new CliError(EXIT.store, `${file} cannot be written: ${error.message}`);
  };
  const send = async (text: string): Promise<boolean> => {
    await handle.appendFile(text).catch(failed);
    return true;
  };
  const finish = async (): Promise<void> => {
    await handle.sync().catch(failed);
    await handle.close();
  };
  return {
    ...gathered(send, finish),
    async abort() {
      await handle.close();
      await rm(file, { force: true });
    },
  };
}

function gathered(
  send: (text: string) => Promise<boolean>,
  finish: () => Promise<void>,
): Pick<Sink, "write" | "close"> {
  let waiting = "";
  let isOpen = true;
  const flush = async (): Promise<boolean> => {
    const text = waiting;
    waiting = "";
    if (isOpen && text !== "") isOpen = await send(text);
    return isOpen;
  };
  return {
    async write(text) {
      waiting += text;
      return waiting.length < CHUNK ? isOpen : flush();
    },
    async close() {
      await flush();
      await finish();
    },
  };
}
