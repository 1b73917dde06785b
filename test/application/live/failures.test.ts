/** Live orders that meet trouble: slippage at every place, expiry, late landings, forks, bad nodes, cancels. */
import { afterEach, expect, it, vi } from "vitest";
import { statusOf } from "../../../domain/order/state.ts";
import { LOCAL } from "../../support/engine-world.ts";
import { type LiveWorld, type LiveWorldOptions, openLiveWorld } from "../../support/live-world.ts";
import { eventsOf, filled, onChain, submit, typesOf, WAIT_MS } from "./scenarios.ts";

let world: LiveWorld;
const open = async (options: LiveWorldOptions = {}): Promise<LiveWorld> => {
  world = await openLiveWorld(options);
  return world;
};
afterEach(() => world.close());

const until = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 5 });

const SOL_PRICE = "150";
const movePrice = (price: string): void => {
  world.local.market.setPrice("SOL", price);
  world.local.market.followPrices();
  // Simulations run on what is confirmed.
  world.local.control({ advance: 2 });
};

it("retries with a fresh quote when the simulation shows slippage, above the same floor", async () => {
  let isMoved = false;
  await open({
    around: (ports) => ({
      ...ports,
      chain: {
        ...ports.chain,
        simulate: (message, options) => {
          // The market moves between the quote and the simulation, once, by less than the tolerance allows for the second.
          if (!isMoved) movePrice("148.6");
          isMoved = true;
          return ports.chain.simulate(message, options);
        },
      },
    }),
  });
  movePrice(SOL_PRICE);
  const slipped = await submit(world, "slips", { slippageToleranceBps: 50 });
  expect(statusOf(slipped)).toBe("FAILED");
  expect(slipped.lastError?.reason).toBe("SLIPPAGE_EXCEEDED");
  const [failed] = eventsOf(world, slipped, "SimulationFailed");
  expect(failed?.chain?.error).toContain("6001");
  expect(slipped.attempt).toBe(3);
  expect(onChain(world, slipped)).toEqual({ landed: 0, failed: 0 });
});

it("is filled by the second attempt when the price comes back", async () => {
  let simulations = 0;
  await open({
    around: (ports) => ({
      ...ports,
      chain: {
        ...ports.chain,
        simulate: (message, options) => {
          simulations += 1;
          movePrice(simulations === 1 ? "140" : SOL_PRICE);
          const answer = ports.chain.simulate(message, options);
          return answer.finally(() => movePrice(SOL_PRICE));
        },
      },
    }),
  });
  movePrice(SOL_PRICE);
  const { order } = await filled(world, "comes-back", { slippageToleranceBps: 50 });
  expect(order.attempt).toBe(2);
  expect(typesOf(world.events(order.orderId))).toContain("RetryScheduled");
});

it("books a swap that fails on chain, pays its fee, and retries after it is final", async () => {
  await open({
    around: (ports) => ({
      ...ports,
      senders: ports.senders.map((sender) => ({
        ...sender,
        send: (transaction) => {
          if (isFirst) movePrice("140");
          isFirst = false;
          return sender.send(transaction);
        },
      })),
    }),
  });
  let isFirst = true;
  movePrice(SOL_PRICE);
  const pending = submit(world, "fails", { slippageToleranceBps: 50 });
  await until(() => expect(world.log.events.map(({ type }) => type)).toContain("AttemptFailed"));
  movePrice(SOL_PRICE);
  const order = await pending;
  expect(statusOf(order)).toBe("FILLED");
  const [failure] = eventsOf(world, order, "AttemptFailed");
  expect(failure).toMatchObject({ class: "SLIPPAGE_EXCEEDED", feeLamports: "7500" });
  expect(order.feesOfFailedAttempts).toBe("7500");
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 1 });
});

it("signs again only when the dropped transaction is proven dead by both nodes", async () => {
  await open({ local: { blockTimeMs: 10 } });
  world.local.control({ sends: [{ action: "drop", count: 1 }] });
  const order = await submit(world, "dropped");
  expect(statusOf(order), JSON.stringify(order.lastError)).toBe("FILLED");
  const [expired] = eventsOf(world, order, "AttemptExpired");
  expect(expired?.evidence).toHaveLength(2);
  for (const evidence of expired?.evidence ?? []) {
    expect(evidence.finalizedBlockHeight).toBeGreaterThan(expired?.lastValidBlockHeight ?? 0);
    expect(evidence.statusSlot).toBeGreaterThanOrEqual(evidence.heightSlot);
  }
  expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(2);
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 0 });
});

it("does not sign again while a withheld transaction may still land, and takes its fill", async () => {
  await open({ local: { blockTimeMs: 10 } });
  world.local.control({ sends: [{ action: "hold", until: "last-valid", count: 1 }] });
  const order = await submit(world, "withheld");
  expect(statusOf(order)).toBe("FILLED");
  expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 0 });
});

it("says OUTCOME_UNKNOWN where one node cannot prove a death, and never signs again", async () => {
  await open({ nodes: 1, live: { graceMs: 100 }, local: { blockTimeMs: 10 } });
  world.local.control({ sends: [{ action: "drop", count: 1 }] });
  const order = await submit(world, "one-node");
  expect(statusOf(order)).toBe("OUTCOME_UNKNOWN");
  expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
  expect(world.alerts).toHaveLength(1);
});

it("takes one node's proof where the configuration accepts it", async () => {
  const proof = { nodesRequired: 2, acceptSingleNode: true };
  await open({ nodes: 1, live: { proof }, local: { blockTimeMs: 10 } });
  world.local.control({ sends: [{ action: "drop", count: 1 }] });
  const order = await submit(world, "single");
  expect(statusOf(order)).toBe("FILLED");
  expect(eventsOf(world, order, "AttemptExpired")[0]?.singleNode).toBe(true);
});

it("voids a fill that a fork undid, and books the one that the same bytes make", async () => {
  await open({ local: { finalLag: 31 } });
  const pending = submit(world, "forked");
  await until(() => expect(world.log.events.map(({ type }) => type)).toContain("OrderFilled"));
  // Just so deep that the block with the transaction goes, and that of its blockhash stays.
  const [landed] = world.local.chain.history.ofAddress(world.wallet);
  const depth = world.local.state().height - (landed?.height ?? 0) + 1;
  world.local.control({ fork: { depth } });
  const order = await pending;
  expect(statusOf(order), JSON.stringify(order.lastError)).toBe("FILLED");
  const voided = eventsOf(world, order, "FillVoided").length;
  expect(voided).toBeGreaterThanOrEqual(1);
  expect(eventsOf(world, order, "OrderFilled")).toHaveLength(voided + 1);
  const expired = eventsOf(world, order, "AttemptExpired").length;
  expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(expired + 1);
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 0 });
});

const TROUBLE: readonly (readonly [string, Parameters<LiveWorld["local"]["control"]>[0]])[] = [
  ["one node is down", { node: { index: 0, settings: { down: true } } }],
  ["one node lags", { node: { index: 0, settings: { lagBlocks: 30 } } }],
  ["one node has no history", { node: { index: 0, settings: { history: "none" } } }],
  ["one node hangs", { node: { index: 0, faults: [{ hang: true, forMs: 3_000 }] } }],
  ["one node answers 429", { node: { index: 0, faults: [{ status: 429, forMs: 2_000 }] } }],
  ["one node answers garbage", { node: { index: 1, faults: [{ garbage: true, forMs: 2_000 }] } }],
  ["both WebSockets are mute", { node: { index: 0, settings: { mutedWebSocket: true } } }],
  [
    "a send is carried out and never answered",
    {
      node: { index: 0, faults: [{ methods: ["sendTransaction"], hang: true, carriedOut: true }] },
    },
  ],
];

it.each(TROUBLE)("is filled once while %s", async (_, fault) => {
  await open();
  world.local.control(fault);
  const { order } = await filled(world, "trouble");
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 0 });
  expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
});

it("books nothing on the word of a node that calls everything a success", async () => {
  await open({ local: { blockTimeMs: 10 } });
  world.local.control({
    sends: [{ action: "drop", count: 1 }],
    node: { index: 0, settings: { lie: "success" } },
  });
  const pending = submit(world, "liar");
  await until(() => expect(world.log.events.map(({ type }) => type)).toContain("AttemptConfirmed"));
  world.local.control({ node: { index: 0, settings: { lie: "none" } } });
  const order = await pending;
  expect(statusOf(order), JSON.stringify(order.lastError)).toBe("FILLED");
  const types = typesOf(world.events(order.orderId));
  expect(types.indexOf("OrderFilled")).toBeGreaterThan(types.indexOf("AttemptExpired"));
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 0 });
});

it("is not deceived by a node that denies everything", async () => {
  await open();
  world.local.control({ node: { index: 1, settings: { lie: "absent" } } });
  const order = await submit(world, "denier", {}, "CONFIRMED");
  expect(order.fill?.live?.commitment).toBe("confirmed");
  expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
});

it("ends an order that is cancelled before its signature", async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await open({
    around: (ports) => ({
      ...ports,
      signer: {
        ...ports.signer,
        sign: async (request) => {
          await held;
          return ports.signer.sign(request);
        },
      },
    }),
  });
  const accepted = await submit(world, "cancelled", {}, "ACCEPTED");
  const cancel = await world.engine.cancel(accepted.orderId, { principal: LOCAL, message: "" });
  release();
  expect(cancel.kind).toBe("cancelled");
  expect(onChain(world, accepted)).toEqual({ landed: 0, failed: 0 });
});

it("follows a signed order to its end although it is cancelled", async () => {
  await open();
  const submitted = await submit(world, "too-late", {}, "SUBMITTED");
  const cancel = await world.engine.cancel(submitted.orderId, { principal: LOCAL, message: "" });
  expect(cancel.kind).toBe("too-late");
  expect(statusOf(await submit(world, "too-late"))).toBe("FILLED");
});

it("makes no second attempt for a cancelled order whose first one is dead", async () => {
  await open({ local: { blockTimeMs: 10 } });
  world.local.control({ sends: [{ action: "drop" }] });
  const submitted = await submit(world, "dead", {}, "SUBMITTED");
  await world.engine.cancel(submitted.orderId, { principal: LOCAL, message: "" });
  const order = await submit(world, "dead");
  expect(statusOf(order)).toBe("CANCELLED");
  expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(1);
});

it("stops before the signature when trading is halted", async () => {
  await open({
    around: (ports) => ({
      ...ports,
      chain: {
        ...ports.chain,
        simulate: async (message, options) => {
          const halt = { scope: { kind: "all" } as const, reason: "test" };
          const context = { principal: LOCAL, requestId: "halt" as never };
          await world.engine.safety.halt(halt, context);
          return ports.chain.simulate(message, options);
        },
      },
    }),
  });
  const order = await submit(world, "halted");
  expect(statusOf(order)).toBe("CANCELLED");
  expect(typesOf(world.events(order.orderId))).not.toContain("AttemptSigned");
});
