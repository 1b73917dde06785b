/** Hints from all nodes at once: a node whose socket is mute does not make the others late. */
import { createSignatureSocket } from "./signature-socket.ts";

export type Subscriptions = {
  /** `hint` may come any number of times, also never. The returned function ends it. */
  onSignature(signature: string, hint: () => void): () => void;
  close(): void;
};

export type SubscriptionsOptions = {
  /** ws or wss; credentials may be in them. */
  readonly urls: readonly string[];
  /** Before the first try to connect again, doubling up to 30 s; default 250. */
  readonly firstPauseMs?: number;
};

/** Throws, without repeating it, where a URL is none. */
export function createSubscriptions({ urls, firstPauseMs }: SubscriptionsOptions): Subscriptions {
  const sockets = [...new Set(urls)].map((url) => createSignatureSocket(url, firstPauseMs));
  return {
    onSignature(signature, hint) {
      const ends = sockets.map((socket) => socket.subscribe(signature, hint));
      return () => {
        for (const end of ends) end();
      };
    },
    close() {
      for (const socket of sockets) socket.close();
    },
  };
}

/**
 * Where web3.js looks for a node's WebSocket: the same address, on the next port where the URL names one (`ConnectionConfig.wsEndpoint`).
 */
export function derivedWsUrl(url: string): string {
  const parsed = new URL(url);
  const port = parsed.port === "" ? "" : `:${Number(parsed.port) + 1}`;
  const userInfo = parsed.username
    ? `${parsed.username}${parsed.password && `:${parsed.password}`}@`
    : "";
  const scheme = parsed.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${userInfo}${parsed.hostname}${port}${parsed.pathname}${parsed.search}`;
}
