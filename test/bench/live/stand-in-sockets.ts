/** Signature subscriptions of a stand-in as a node has them; one that was asked for too late is told at once. */
import type { Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import type { StandInChain } from "./stand-in-chain.ts";

const callSchema = z.object({
  ...{ id: z.int(), method: z.string() },
  params: z.tuple([z.union([z.string(), z.int()])]).rest(z.unknown()),
});

/** `chain` undefined: they stay mute. Answers what closes them. */
export function serveSockets(server: Server, chain: () => StandInChain | undefined): () => void {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  let lastId = 0;
  sockets.on("connection", (socket) => {
    lastId += 1_000_000;
    serveSocket(socket, chain, lastId);
  });
  return () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
}

function serveSocket(
  socket: WebSocket,
  chain: () => StandInChain | undefined,
  firstId: number,
): void {
  const ends = new Map<number, () => void>();
  let lastId = firstId;
  const say = (body: string): void => {
    if (socket.readyState === socket.OPEN) socket.send(`{"jsonrpc":"2.0",${body}}`);
  };

  function subscribe(id: number, signature: string): void {
    lastId += 1;
    const subscription = lastId;
    say(`"result":${subscription},"id":${id}`);
    const end = chain()?.onLanded(signature, (slot) => {
      ends.delete(subscription);
      const result = `{"context":{"slot":${slot}},"value":{"err":null}}`;
      const params = `{"result":${result},"subscription":${subscription}}`;
      say(`"method":"signatureNotification","params":${params}`);
    });
    if (end) ends.set(subscription, end);
  }

  socket.on("message", (data) => {
    const { id, method, params } = callSchema.parse(JSON.parse(String(data)));
    if (method === "signatureSubscribe") return subscribe(id, String(params[0]));
    ends.get(Number(params[0]))?.();
    ends.delete(Number(params[0]));
    say(`"result":true,"id":${id}`);
  });
  socket.on("close", () => {
    for (const end of ends.values()) end();
  });
}
