/**
 * One node's WebSocket: subscriptions to signatures over a connection that is made when the first one is wanted and made again for as
 * long as any is. What it says is a hint, so that a dead, mute or lying socket costs time and nothing else. `ws` and not web3.js's
 * `Connection`, which writes to the console, reconnects for ever without a growing pause and has no close.
 */
import { type RawData, WebSocket } from "ws";
import { z } from "zod";

const HANDSHAKE_MS = 5_000;
/** A connection that does not answer a ping until the next one is dead. */
const PING_MS = 15_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_SUBSCRIPTIONS = 1_000;

const messageSchema = z.union([
  z.object({
    method: z.literal("signatureNotification"),
    params: z.object({ subscription: z.int() }),
  }),
  z.object({ id: z.int(), result: z.int() }),
  z.object({ id: z.int(), error: z.unknown() }),
]);

type Subscription = {
  readonly signature: string;
  readonly hint: () => void;
  /** The node's number for it; undefined until it answered. */
  remoteId: number | undefined;
};

export type SignatureSocket = {
  /** Beyond the limit it does nothing. The returned function ends it. */
  subscribe(signature: string, hint: () => void): () => void;
  close(): void;
};

/** Throws where the URL is none. `firstPauseMs`: before the first try to connect again; doubles with each. */
export function createSignatureSocket(url: string, firstPauseMs = FIRST_PAUSE_MS): SignatureSocket {
  if (!/^wss?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new Error("the URL of a WebSocket must begin with ws:// or wss://");
  }
  /** By the id of the request that asked for it, which is also our own number. */
  const wanted = new Map<number, Subscription>();
  /** Our number by the node's. */
  const idOf = new Map<number, number>();
  let socket: WebSocket | undefined;
  let reconnect: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;
  let lastId = 0;
  let closed = false;

  const send = (id: number, method: string, params: readonly unknown[]): void => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  };
  // At confirmed: what a node has only processed decides nothing, and asking it on every such word would be for nothing.
  const ask = (id: number, { signature }: Subscription): void =>
    send(id, "signatureSubscribe", [signature, { commitment: "confirmed" }]);

  function take(data: RawData): void {
    let parsed: z.ZodSafeParseResult<z.output<typeof messageSchema>>;
    try {
      parsed = messageSchema.safeParse(JSON.parse(String(data)));
    } catch {
      return;
    }
    if (!parsed.success) return;
    const message = parsed.data;
    if ("method" in message) tell(message.params.subscription);
    else if ("result" in message) confirm(message.id, message.result);
  }

  function tell(remoteId: number): void {
    const id = idOf.get(remoteId);
    const subscription = id === undefined ? undefined : wanted.get(id);
    if (id === undefined || !subscription) return;
    // A node ends the subscription with its one notification.
    wanted.delete(id);
    idOf.delete(remoteId);
    subscription.hint();
  }

  function confirm(id: number, remoteId: number): void {
    const subscription = wanted.get(id);
    if (subscription) {
      subscription.remoteId = remoteId;
      idOf.set(remoteId, id);
    } else if (asked.delete(id)) unsubscribe(remoteId);
  }

  /** Given up before the node had answered: it is told as soon as its number is known. */
  const asked = new Set<number>();
  function unsubscribe(remoteId: number): void {
    lastId += 1;
    send(lastId, "signatureUnsubscribe", [remoteId]);
  }

  function connect(): void {
    if (closed || socket || wanted.size === 0) return;
    reconnect = undefined;
    const opened = new WebSocket(url, {
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    socket = opened;
    let isAlive = true;
    const heartbeat = setInterval(() => {
      if (!isAlive) return opened.terminate();
      isAlive = false;
      if (opened.readyState === WebSocket.OPEN) opened.ping();
    }, PING_MS);
    opened.on("open", () => {
      pauseMs = firstPauseMs;
      for (const [id, subscription] of wanted) ask(id, subscription);
    });
    opened.on("pong", () => {
      isAlive = true;
    });
    opened.on("message", (data) => {
      isAlive = true;
      take(data);
    });
    // A close follows.
    opened.on("error", () => undefined);
    opened.on("close", () => {
      clearInterval(heartbeat);
      lost();
    });
  }

  function lost(): void {
    socket = undefined;
    asked.clear();
    idOf.clear();
    for (const subscription of wanted.values()) subscription.remoteId = undefined;
    if (closed || wanted.size === 0) return;
    reconnect = setTimeout(connect, pauseMs);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  return {
    subscribe(signature, hint) {
      if (closed || wanted.size >= MAX_SUBSCRIPTIONS) return () => undefined;
      lastId += 1;
      const id = lastId;
      const subscription: Subscription = { signature, hint, remoteId: undefined };
      wanted.set(id, subscription);
      if (socket) ask(id, subscription);
      else if (!reconnect) connect();
      return () => {
        if (!wanted.delete(id)) return;
        const { remoteId } = subscription;
        if (remoteId !== undefined) {
          idOf.delete(remoteId);
          unsubscribe(remoteId);
        } else if (socket?.readyState === WebSocket.OPEN) asked.add(id);
      };
    },
    close() {
      closed = true;
      wanted.clear();
      clearTimeout(reconnect);
      socket?.terminate();
    },
  };
}
