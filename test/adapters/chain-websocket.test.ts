/** Hints over WebSockets that are mute, dead, late, wrong or gone. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { createSubscriptions, derivedWsUrl } from "../../adapters/chain/subscriptions.ts";
import { openChainAdapter } from "../support/chain-adapter.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000 });

type Asked = { readonly id: number; readonly method: string; readonly params: unknown[] };

/** A socket that only keeps what it is told. */
async function mute(port = 0) {
  const server = new WebSocketServer({ host: "127.0.0.1", port });
  const asked: Asked[] = [];
  const sockets: WebSocket[] = [];
  server.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("message", (data) => asked.push(JSON.parse(String(data))));
  });
  await once(server, "listening");
  const close = async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  closing.push(close);
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== "object" || !address) throw new Error("no port");
  return { url: `ws://127.0.0.1:${address.port}`, port: address.port, asked, sockets, close };
}

function subscriptionsTo(...urls: string[]) {
  const made = createSubscriptions({ urls, firstPauseMs: 5 });
  closing.push(made.close);
  return made;
}
const say = (socket: WebSocket | undefined, message: object) =>
  socket?.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
const notify = (socket: WebSocket | undefined, subscription: number) =>
  say(socket, {
    method: "signatureNotification",
    params: { subscription, result: { context: { slot: 1 }, value: { err: null } } },
  });

describe("a socket of our own", () => {
  test("asks at confirmed; each tells once", async () => {
    const server = await mute();
    const [hint, other] = [vi.fn(), vi.fn()];
    const subscriptions = subscriptionsTo(server.url);
    subscriptions.onSignature("sig", hint);
    subscriptions.onSignature("other", other);
    await until(() => expect(server.asked).toHaveLength(2));
    expect(server.asked.map(({ method, params }) => [method, params])).toEqual([
      ["signatureSubscribe", ["sig", { commitment: "confirmed" }]],
      ["signatureSubscribe", ["other", { commitment: "confirmed" }]],
    ]);
    const [socket] = server.sockets;
    for (const [index, { id }] of server.asked.entries()) say(socket, { id, result: 70 + index });
    notify(socket, 70);
    notify(socket, 70);
    notify(socket, 99);
    notify(socket, 71);
    await until(() => expect(other).toHaveBeenCalledTimes(1));
    expect(hint).toHaveBeenCalledTimes(1);
  });

  test("who ends it is told to the node, also before the node had answered", async () => {
    const server = await mute();
    const subscriptions = subscriptionsTo(server.url);
    const [hint, other] = [vi.fn(), vi.fn()];
    const end = subscriptions.onSignature("first", hint);
    const endLate = subscriptions.onSignature("late", hint);
    subscriptions.onSignature("other", other);
    await until(() => expect(server.asked).toHaveLength(3));
    endLate();
    const [socket] = server.sockets;
    for (const { id } of server.asked.slice(0, 3)) say(socket, { id, result: 100 + id });
    // The late one is given up as soon as its number is known.
    await until(() => expect(server.asked).toHaveLength(4));
    end();
    await until(() => expect(server.asked).toHaveLength(5));
    const ended = server.asked.slice(3).map(({ method, params }) => [method, params]);
    const numbers = [1, 0].map((index) => 100 + (server.asked[index]?.id ?? 0));
    expect(ended).toEqual(numbers.map((number) => ["signatureUnsubscribe", [number]]));
    for (const number of numbers) notify(socket, number);
    notify(socket, 100 + (server.asked[2]?.id ?? 0));
    await until(() => expect(other).toHaveBeenCalledTimes(1));
    expect(hint).not.toHaveBeenCalled();
  });

  test("connects again and asks again for what is still wanted", async () => {
    const server = await mute();
    const subscriptions = subscriptionsTo(server.url);
    const hint = vi.fn();
    const end = subscriptions.onSignature("ended", hint);
    subscriptions.onSignature("kept", hint);
    await until(() => expect(server.asked).toHaveLength(2));
    end();
    server.sockets[0]?.terminate();
    await until(() => expect(server.asked).toHaveLength(3));
    expect(server.asked.slice(2).map(({ params }) => params[0])).toEqual(["kept"]);
    say(server.sockets[1], { id: server.asked[2]?.id ?? 0, result: 5 });
    notify(server.sockets[1], 5);
    await until(() => expect(hint).toHaveBeenCalledTimes(1));
  });

  test("a server that comes later is found; one that is not wanted is not looked for", async () => {
    const gone = await mute();
    await gone.close();
    const subscriptions = subscriptionsTo(gone.url);
    const end = subscriptions.onSignature("sig", vi.fn());
    const back = await mute(gone.port);
    await until(() => expect(back.asked).toHaveLength(1));
    end();
    back.sockets[0]?.terminate();
    await until(() => expect(back.sockets[0]?.readyState).toBe(3));
    subscriptions.onSignature("next", vi.fn());
    await until(() => expect(back.asked.map(({ params }) => params[0])).toContain("next"));
    expect(back.sockets).toHaveLength(2);
  });

  test("garbage is not listened to", async () => {
    const server = await mute();
    const hint = vi.fn();
    const subscriptions = subscriptionsTo(server.url);
    subscriptions.onSignature("refused", vi.fn());
    subscriptions.onSignature("sig", hint);
    await until(() => expect(server.asked).toHaveLength(2));
    const [socket] = server.sockets;
    for (const text of [
      "",
      "{",
      "[]",
      "null",
      '{"id":"x"}',
      '{"method":"signatureNotification"}',
    ]) {
      socket?.send(text);
    }
    socket?.send(Buffer.alloc(10));
    say(socket, { id: server.asked[0]?.id ?? 0, error: { code: -32_602, message: "no" } });
    say(socket, { id: server.asked[1]?.id ?? 0, result: 1 });
    notify(socket, 1);
    await until(() => expect(hint).toHaveBeenCalledTimes(1));
  });

  test("a message over the limit costs the connection, not the process", async () => {
    const server = await mute();
    subscriptionsTo(server.url).onSignature("sig", vi.fn());
    await until(() => expect(server.asked).toHaveLength(1));
    server.sockets[0]?.send("x".repeat(100_000));
    await until(() => expect(server.asked).toHaveLength(2));
  });

  test("is bounded: what is over it is only never heard of", async () => {
    const server = await mute();
    const subscriptions = subscriptionsTo(server.url);
    for (let count = 0; count < 1_200; count += 1) subscriptions.onSignature(`s${count}`, vi.fn());
    await until(() => expect(server.asked).toHaveLength(1_000));
    subscriptions.onSignature("more", vi.fn())();
    expect(server.asked).toHaveLength(1_000);
  });

  test("after closing nothing is asked and nothing is kept open", async () => {
    const server = await mute();
    const subscriptions = subscriptionsTo(server.url);
    subscriptions.onSignature("sig", vi.fn());
    await until(() => expect(server.asked).toHaveLength(1));
    subscriptions.close();
    await until(() => expect(server.sockets[0]?.readyState).toBe(3));
    subscriptions.onSignature("later", vi.fn())();
    expect(server.sockets).toHaveLength(1);
  });
});

describe("the nodes' sockets", () => {
  test("a mute node does not make the others late", async () => {
    const world = await openChainAdapter();
    world.local.localnet.nodes[0]?.configure({ mutedWebSocket: true });
    const { raw, signature } = world.signedTransfer(world.newAddress(), 1_000_000n);
    const hint = vi.fn();
    world.chain.onSignature(signature, hint);
    const held = () => world.local.localnet.nodes.map((node) => node.stats().subscriptions);
    await until(() => expect(held()).toEqual([1, 1]));
    world.local.localnet.chain.sendTransaction(raw, { node: 0 });
    world.advance(2);
    await until(() => expect(hint).toHaveBeenCalledTimes(1));
    expect(held()[1]).toBe(0);
  });

  test("a node that goes away and comes back tells what it missed", async () => {
    const world = await openChainAdapter();
    const { nodes } = world.local.localnet;
    nodes[1]?.configure({ mutedWebSocket: true });
    const { raw, signature } = world.signedTransfer(world.newAddress(), 1_000_000n);
    const hint = vi.fn();
    world.chain.onSignature(signature, hint);
    await until(() => expect(nodes[0]?.stats().subscriptions).toBe(1));
    nodes[0]?.configure({ down: true });
    world.local.localnet.chain.sendTransaction(raw, { node: 1 });
    world.advance(2);
    nodes[0]?.configure({ down: false });
    await until(() => expect(hint).toHaveBeenCalledTimes(1));
  });
});

test.each([
  ["http://127.0.0.1:8899", "ws://127.0.0.1:8900/"],
  ["https://rpc.example/v2/key", "wss://rpc.example/v2/key"],
  ["https://rpc.example/?api-key=k", "wss://rpc.example/?api-key=k"],
  ["http://u:p@[::1]:99/", "ws://u:p@[::1]:100/"],
])("beside %s it is looked for at %s", (url, expected) => {
  expect(derivedWsUrl(url)).toBe(expected);
});
