/** What the HTTP servers of the local world share: listening on loopback, and limited bodies. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";

export const HOST = "127.0.0.1";
/** Longer than the usual minute of clients and balancers, so that the client closes first. */
export const KEEP_ALIVE_MS = 65_000;

/** Resolves with the port; rejects with a sentence if it is in use. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      const isTaken = "code" in error && error.code === "EADDRINUSE";
      reject(isTaken ? new Error(`port ${port} on ${HOST} is in use`) : error);
    };
    server.once("error", failed);
    server.listen(port, HOST, () => {
      server.off("error", failed);
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}

/** Calls back with the whole body, or with undefined as soon as it is over the limit. */
export function readBody(
  request: IncomingMessage,
  limit: number,
  done: (text: string | undefined) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("error", () => undefined);
  request.on("data", (chunk: Buffer) => {
    if (size > limit) return;
    size += chunk.length;
    if (size > limit) done(undefined);
    else chunks.push(chunk);
  });
  request.on("end", () => {
    if (size <= limit) done(Buffer.concat(chunks).toString("utf8"));
  });
}

export function sendText(
  response: ServerResponse,
  status: number,
  { text, type = "text/plain" }: { readonly text: string; readonly type?: string },
): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

export const sendJson = (response: ServerResponse, status: number, body: unknown): void =>
  sendText(response, status, { text: JSON.stringify(body), type: "application/json" });

export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
