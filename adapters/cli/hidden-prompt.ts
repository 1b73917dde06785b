/** Asks for a passphrase at a terminal without showing it. It is bytes all the way, so that it can be zeroed. */
import type { Readable, Writable } from "node:stream";

/** A terminal's input; `setRawMode` turns its echo off. */
export type TerminalInput = Readable & { readonly setRawMode: (isRaw: boolean) => unknown };

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const CTRL_U = 0x15;
const DELETE = 0x7f;
const MAX_BYTES = 1_024;

/** UTF-8 bytes up to Enter, which the caller zeroes; undefined after Ctrl-C, Ctrl-D or the end of the input. */
export async function askHidden(
  question: string,
  input: TerminalInput,
  output: Writable,
): Promise<Uint8Array | undefined> {
  const typed = typedLine();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onEnd = (): void => resolve(false);
  const onData = (chunk: Buffer): void => {
    for (const byte of chunk) {
      const isEnter = byte === LINE_FEED || byte === CARRIAGE_RETURN;
      if (isEnter || byte === CTRL_C || byte === CTRL_D) {
        // What was pasted behind it is no part of the answer.
        resolve(isEnter);
        break;
      }
      typed.take(byte);
    }
    chunk.fill(0);
  };
  // Before the question: whoever answers at once is not shown either.
  input.setRawMode(true);
  output.write(question);
  input.on("data", onData).once("end", onEnd).resume();
  const isEntered = await promise;
  input.off("data", onData).off("end", onEnd).pause();
  input.setRawMode(false);
  output.write("\n");
  const line = typed.finish();
  if (isEntered) return line;
  line.fill(0);
  return undefined;
}

/** Bytes as they are typed and taken back; what comes after the limit is dropped. */
function typedLine() {
  const bytes = Buffer.alloc(MAX_BYTES);
  let length = 0;
  return {
    take: (byte: number): void => {
      if (byte === CTRL_U) length = 0;
      else if (byte === BACKSPACE || byte === DELETE) length = withoutLast(bytes, length);
      else if (byte >= 0x20 && length < MAX_BYTES) {
        bytes[length] = byte;
        length += 1;
      }
    },
    finish: (): Uint8Array => {
      const line = new Uint8Array(bytes.subarray(0, length));
      bytes.fill(0);
      return line;
    },
  };
}

/** Length without the last character, which may have several bytes. */
function withoutLast(typed: Uint8Array, length: number): number {
  let at = Math.max(0, length - 1);
  while (at > 0 && ((typed[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return at;
}
