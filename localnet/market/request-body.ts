/** The whole body of a request. */
import type { IncomingMessage } from "node:http";

const MAX_BODY_BYTES = 64 * 1024;

/** Calls back with the whole body, or closes the connection when it is too large. */
export function readBody(request: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => done(Buffer.concat(chunks).toString("utf8")));
}
