/** The whole body of a request. */
import type { IncomingMessage } from "node:http";
import { readBody as readLimited } from "../loopback-server.ts";

const MAX_BODY_BYTES = 64 * 1024;

/** Calls back with the whole body, or closes the connection when it is too large. */
export function readBody(request: IncomingMessage, done: (text: string) => void): void {
  readLimited(request, MAX_BODY_BYTES, (text) => {
    if (text === undefined) request.destroy();
    else done(text);
  });
}
