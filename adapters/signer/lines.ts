/** Lines out of a stream of bytes, none longer than a limit. */

/** Takes chunks, gives out the lines that are whole; undefined for ever once a line is longer than `maxBytes`. */
export function createLineSplitter(maxBytes: number): (chunk: Buffer) => string[] | undefined {
  let parts: Buffer[] = [];
  let length = 0;
  return (chunk) => {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, from);
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      length += part.length;
      if (length > maxBytes) return undefined;
      parts.push(part);
      if (end < 0) return lines;
      lines.push(Buffer.concat(parts).toString("utf8"));
      parts = [];
      length = 0;
      from = end + 1;
    }
  };
}
