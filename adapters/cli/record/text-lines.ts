/** The lines of a file of any length, one at a time, each checked for its end, its size and its encoding. */
import { createReadStream } from "node:fs";

export type TextLine =
  /** `bytes` with the line end. */
  | { readonly kind: "line"; readonly text: string; readonly bytes: Uint8Array }
  /** A sentence without its subject, which is the line; nothing comes after it. */
  | { readonly kind: "wrong"; readonly problem: string };

const NEWLINE = 10;

/** Lines end with a line feed, the last one too. Rejects where the file cannot be read. */
export async function* textLines(file: string, maxBytes: number): AsyncGenerator<TextLine> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of createReadStream(file)) {
    let rest: Buffer = chunk;
    while (rest.length > 0) {
      const end = rest.indexOf(NEWLINE);
      const part = end < 0 ? rest : rest.subarray(0, end + 1);
      rest = rest.subarray(part.length);
      parts.push(part);
      size += part.length;
      if (size > maxBytes + 1) {
        yield { kind: "wrong", problem: `is longer than ${maxBytes} bytes` };
        return;
      }
      if (end < 0) break;
      const bytes = parts.length === 1 ? part : Buffer.concat(parts);
      [parts, size] = [[], 0];
      const text = decoded(decoder, bytes.subarray(0, -1));
      if (text === undefined) {
        yield { kind: "wrong", problem: "is not UTF-8 text" };
        return;
      }
      yield { kind: "line", text, bytes };
    }
  }
  if (size > 0) yield { kind: "wrong", problem: "has no line end: the file was cut off" };
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
