/** A death at each step after the preparation, and a new life on the same log: one landing, filled, and not a lamport lost. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LivePorts } from "../../../domain/application/live/live.types.ts";
import { type OrderState, statusOf } from "../../../domain/order/state.ts";
import type { Sender } from "../../../domain/ports/sender.ts";
import { type LiveWorld, type LiveWorldOptions, openLiveWorld } from "../../support/live-world.ts";
import { eventsOf, filled, lamportsOf, onChain, submit, typesOf, WAIT_MS } from "./scenarios.ts";

let world: LiveWorld;
afterEach(() => world.close());

const until = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 5 });
const never = <T>(): Promise<T> => new Promise(() => {});

const withSend =
  (send: (sender: Sender) => Sender["send"]) =>
  (ports: LivePorts): LivePorts => ({
    ...ports,
    senders: ports.senders.map((sender) => ({ ...sender, send: send(sender) })),
  });

/** Nodes that stop answering as soon as the order has come as far as `type`. */
const deafAfter =
  (type: string, methods: readonly ("statuses" | "transaction")[]) =>
  (ports: LivePorts): LivePorts => {
    const isDeaf = (): boolean => world.log.events.some((event) => event.type === type);
    const nodes = ports.chain.nodes.map((node): typeof node => ({
      ...node,
      statuses: (...asked) =>
        isDeaf() && methods.includes("statuses") ? never() : node.statuses(...asked),
      transaction: (...asked) =>
        isDeaf() && methods.includes("transaction") ? never() : node.transaction(...asked),
    }));
    return { ...ports, chain: { ...ports.chain, nodes } };
  };

/** The first life: it has come as far as an event of this type, or as `isThere` says. */
async function dieAfter(
  isThere: string | (() => boolean),
  around: LiveWorldOptions["around"],
  local: LiveWorldOptions["local"] = {},
): Promise<{ readonly before: bigint }> {
  world = await openLiveWorld({ local, ...(around && { around }) });
  const before = lamportsOf(world);
  void submit(world, "mortal").catch(() => {});
  const recorded = () => world.log.events.some(({ type }) => type === isThere);
  const check = typeof isThere === "string" ? recorded : isThere;
  await until(() => expect(check()).toBe(true));
  return { before };
}

/** The second life finishes the order from its log. */
async function reborn(
  before: bigint,
  options: Partial<LiveWorldOptions> = {},
): Promise<OrderState> {
  const again = await world.restart({ around: (ports) => ports, ...options });
  const { order, fill } = await filled(again, "mortal");
  expect(onChain(again, order)).toEqual({ landed: 1, failed: 0 });
  expect(lamportsOf(again) - before).toBe(BigInt(fill.live?.walletLamportsChange ?? "0"));
  expect(eventsOf(again, order, "AttemptSigned").map(({ signature }) => signature)).toContain(
    fill.txSignature,
  );
  expect(order.reservation).toBeUndefined();
  expect([...world.faults, ...again.faults]).toEqual([]);
  return order;
}

describe("a process that dies", () => {
  it("before its signature is durable has signed nothing that anybody saw; the attempt keeps its number", async () => {
    let isAsked = false;
    const sign = (): Promise<never> => {
      isAsked = true;
      return never();
    };
    const { before } = await dieAfter(
      () => isAsked,
      (ports) => ({ ...ports, signer: { ...ports.signer, sign } }),
    );
    const order = await reborn(before);
    expect(eventsOf(world, order, "AttemptSigned").map(({ attempt }) => attempt)).toEqual([1]);
  });

  it("between signing and sending sends the same bytes in its next life", async () => {
    const { before } = await dieAfter(
      "AttemptSigned",
      withSend(() => never),
    );
    const order = await reborn(before);
    expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
  });

  it("after the chain has it, and before its answer is recorded, takes that fill", async () => {
    let isSent = false;
    const { before } = await dieAfter(
      () => isSent,
      withSend((sender) => async (bytes) => {
        await sender.send(bytes);
        isSent = true;
        return never();
      }),
    );
    const order = await reborn(before);
    expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
  });

  it.each([
    ["submitted", "AttemptSubmitted", ["statuses", "transaction"]],
    ["landed", "AttemptConfirmed", ["transaction"]],
  ] as const)("while the order is %s goes on following it", async (phase, type, deaf) => {
    const { before } = await dieAfter(type, deafAfter(type, deaf));
    const order = await reborn(before);
    expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
    expect(typesOf(world.events(order.orderId)).filter((it) => it === "OrderFilled")).toHaveLength(
      1,
    );
    expect(phase).not.toBe(order.phase);
  });

  it("while the fill is provisional waits for its finality", async () => {
    const { before } = await dieAfter("OrderFilled", undefined, { finalLag: 31 });
    const [provisional] = world.log.events.filter(({ type }) => type === "OrderFilled");
    expect(provisional).toBeDefined();
    const order = await reborn(before);
    expect(eventsOf(world, order, "FillFinalized")).toHaveLength(1);
  });

  it("while the outcome is unknown is told by a node that comes back", async () => {
    const graceMs = 50;
    world = await openLiveWorld({ nodes: 1, live: { graceMs }, local: { blockTimeMs: 10 } });
    const before = lamportsOf(world);
    world.local.control({ node: { index: 0, settings: { lie: "absent" } } });
    const doubtful = await submit(world, "mortal");
    expect(statusOf(doubtful)).toBe("OUTCOME_UNKNOWN");
    world.local.control({ node: { index: 0, settings: { lie: "none" } } });
    const again = await world.restart({});
    await until(() => {
      const types = typesOf(world.events(doubtful.orderId));
      expect(types.at(-1)).toBe("FillFinalized");
    });
    const { order } = await filled(again, "mortal");
    expect(onChain(again, order)).toEqual({ landed: 1, failed: 0 });
    const change = BigInt(order.fill?.live?.walletLamportsChange ?? "0");
    expect(lamportsOf(again) - before).toBe(change);
  });

  it("twice, and again, still lands its order once", async () => {
    const { before } = await dieAfter(
      "AttemptSigned",
      withSend(() => never),
    );
    world = await world.restart({});
    world = await world.restart({ around: deafAfter("AttemptSigned", ["statuses"]) });
    const order = await reborn(before);
    expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
  });
});

describe("a caller", () => {
  it("waits no longer than the confirmation timeout, is told what is known, and the order goes on", async () => {
    world = await openLiveWorld({ live: { confirmationTimeoutMs: 60 } });
    world.local.control({ sends: [{ action: "delay", blocks: 60 }] });
    const early = await submit(world, "impatient");
    expect(statusOf(early)).toBe("CONFIRMING");
    expect(early.signed?.signature).toBe(early.signedAttempts?.[0]?.signature);
    expect(early.fill).toBeUndefined();
    await until(() => {
      const types = typesOf(world.events(early.orderId));
      expect(types.at(-1)).toBe("FillFinalized");
    });
    const { order } = await filled(world, "impatient");
    expect(order.signedAttempts).toHaveLength(1);
  });

  it("who comes with the same request meets the order as it is, not another one", async () => {
    world = await openLiveWorld();
    const [one, two] = await Promise.all([filled(world, "same"), filled(world, "same")]);
    expect(one.order.orderId).toBe(two.order.orderId);
    expect(onChain(world, one.order)).toEqual({ landed: 1, failed: 0 });
  });
});
