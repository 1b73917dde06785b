/**
 * A throw-away HTTP server on loopback for tests that need an answer which no well-behaved server
 * gives.
 */
import { createServer, type RequestListener } from "node:http";

export type LoopbackServer = {
  readonly url: string;
  /** Requests received so far. */
  requests(): number;
  close(): Promise<void>;
};

export async function startLoopbackServer(listener: RequestListener): Promise<LoopbackServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
