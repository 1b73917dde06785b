/** Subscriptions, as an unmodified `Connection` makes them and as a plain WebSocket does. */
import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type ChainWorld, closeLater, freshTransfer, openChain } from "./chain-world.ts";

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000 });

const subscriptions = ({ localnet }: ChainWorld) => localnet.nodes[0]?.stats().subscriptions;

/** A plain client that keeps what it is told. */
async function plainSocket(url: string) {
  const socket = new WebSocket(url);
  const told: { id?: unknown; method?: string; params?: { result: unknown } }[] = [];
  socket.on("message", (data) => told.push(JSON.parse(String(data))));
  closeLater(async () => socket.terminate());
  await once(socket, "open");
  let id = 0;
  return {
    told,
    async ask(method: string, params: unknown[] = []) {
      id += 1;
      const mine = id;
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: mine, method, params }));
      await until(() => expect(told.map((one) => one.id)).toContain(mine));
      return told.find((one) => one.id === mine);
    },
    notes: (method: string) => told.filter((one) => one.method === method),
  };
}

describe("a Connection's subscriptions", () => {
  test("onSignature tells once at its commitment, over the derived port", async () => {
    const world = await openChain();
    const connection = world.connect();
    const { raw, signature } = freshTransfer(world);
    const heard: unknown[] = [];
    connection.onSignature(
      signature,
      (result, { slot }) => heard.push([result, slot]),
      "confirmed",
    );
    await until(() => expect(subscriptions(world)).toBe(1));
    await connection.sendRawTransaction(raw);
    const { slot } = world.localnet.chain.tip();
    expect(subscriptions(world)).toBe(1);
    world.advance(1);
    await until(() => expect(heard).toEqual([[{ err: null }, slot]]));
    expect(subscriptions(world)).toBe(0);
  });

  test("onSlotChange and onAccountChange follow the chain; removal ends them", async () => {
    const world = await openChain();
    const connection = world.connect(0, { wsEndpoint: world.localnet.nodes[0]?.wsUrl ?? "" });
    const { raw, to } = freshTransfer(world);
    const slots: number[] = [];
    const balances: number[] = [];
    const onSlot = connection.onSlotChange(({ slot }) => slots.push(slot));
    const onAccount = connection.onAccountChange(to, ({ lamports }) => balances.push(lamports), {
      commitment: "processed",
    });
    await until(() => expect(subscriptions(world)).toBe(2));
    await connection.sendRawTransaction(raw);
    world.advance(1);
    await until(() => expect(slots).toEqual([world.localnet.chain.slot()]));
    await until(() => expect(balances).toEqual([1_000_000]));
    await connection.removeSlotChangeListener(onSlot);
    await connection.removeAccountChangeListener(onAccount);
    await until(() => expect(subscriptions(world)).toBe(0));
  });

  test("onLogs tells of the transactions that name an address", async () => {
    const world = await openChain();
    const connection = world.connect();
    const meant = freshTransfer(world);
    const heard: string[] = [];
    connection.onLogs(meant.to, ({ signature }) => heard.push(signature), "processed");
    await until(() => expect(subscriptions(world)).toBe(1));
    world.advance(1);
    const other = freshTransfer(world);
    await connection.sendRawTransaction(other.raw);
    await connection.sendRawTransaction(meant.raw);
    world.advance(1);
    await until(() => expect(heard).toEqual([meant.signature]));
  });
});

describe("a plain WebSocket", () => {
  test("a muted node takes subscriptions and tells nothing", async () => {
    const world = await openChain();
    const socket = await plainSocket(world.localnet.nodes[0]?.wsUrl ?? "");
    world.localnet.control({ node: { index: 0, settings: { mutedWebSocket: true } } });
    await socket.ask("slotSubscribe");
    world.advance(3);
    await socket.ask("ping");
    expect(socket.notes("slotNotification")).toEqual([]);
    world.localnet.control({ node: { index: 0, settings: { mutedWebSocket: false } } });
    world.advance(1);
    await until(() => expect(socket.notes("slotNotification")).toHaveLength(1));
  });

  test("a signature that has landed already is told at once, after the number", async () => {
    const world = await openChain();
    const { raw, signature } = freshTransfer(world);
    world.localnet.chain.sendTransaction(raw);
    const socket = await plainSocket(world.localnet.nodes[0]?.derivedWsUrl ?? "");
    await socket.ask("signatureSubscribe", [signature, { commitment: "processed" }]);
    await until(() => expect(socket.told).toHaveLength(2));
    expect(socket.told[1]).toMatchObject({
      method: "signatureNotification",
      params: { result: { value: { err: null } } },
    });
  });

  test("a lagging node tells late", async () => {
    const world = await openChain();
    world.localnet.control({ node: { index: 1, settings: { lagBlocks: 2 } } });
    const { raw, signature } = freshTransfer(world);
    const socket = await plainSocket(world.localnet.nodes[1]?.wsUrl ?? "");
    await socket.ask("signatureSubscribe", [signature, { commitment: "processed" }]);
    world.localnet.chain.sendTransaction(raw);
    world.advance(1);
    await socket.ask("ping");
    expect(socket.notes("signatureNotification")).toEqual([]);
    world.advance(1);
    await until(() => expect(socket.notes("signatureNotification")).toHaveLength(1));
  });

  test("nonsense is answered with an error", async () => {
    const world = await openChain();
    const socket = await plainSocket(world.localnet.nodes[0]?.wsUrl ?? "");
    expect(await socket.ask("blockSubscribe")).toMatchObject({ error: { code: -32601 } });
    expect(await socket.ask("signatureSubscribe", ["x"])).toMatchObject({
      error: { code: -32602 },
    });
    expect(await socket.ask("slotUnsubscribe", [99])).toMatchObject({ error: { code: -32602 } });
    expect(await socket.ask("rootSubscribe")).toMatchObject({ result: 1 });
  });

  test("a node that goes down ends its sockets", async () => {
    const world = await openChain();
    const socket = new WebSocket(world.localnet.nodes[0]?.wsUrl ?? "");
    await once(socket, "open");
    const closed = once(socket, "close");
    world.localnet.control({ node: { index: 0, settings: { down: true } } });
    await closed;
    expect(world.localnet.nodes[0]?.stats().webSockets).toBe(0);
  });
});
