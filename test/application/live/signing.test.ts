/** The last moment before a signature: brakes, prices that have moved, preparations that have aged; and what the caller may name. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LivePorts } from "../../../domain/application/live/live.types.ts";
import { type OrderState, statusOf } from "../../../domain/order/state.ts";
import type { RequestId } from "../../../domain/primitives/ids.ts";
import { CONFIG, LOCAL, USDC_MINT } from "../../support/engine-world.ts";
import { type LiveWorld, type LiveWorldOptions, openLiveWorld } from "../../support/live-world.ts";
import { eventsOf, filled, onChain, submit, typesOf, WAIT_MS } from "./scenarios.ts";

let world: LiveWorld;
const open = async (options: LiveWorldOptions = {}): Promise<LiveWorld> => {
  world = await openLiveWorld(options);
  return world;
};
afterEach(() => world.close());

const priceSol = (price: string): void => {
  world.local.market.setPrice("SOL", price);
  world.local.market.followPrices();
  world.local.control({ advance: 2 });
};
const halt = () =>
  world.engine.safety.halt(
    { scope: { kind: "all" }, reason: "test" },
    { principal: LOCAL, requestId: "halt" as RequestId },
  );
const neverSigned = (order: OrderState): void => {
  expect(typesOf(world.events(order.orderId))).not.toContain("AttemptSigned");
  expect(onChain(world, order)).toEqual({ landed: 0, failed: 0 });
};

/** Does something while the signer is at it. */
const whileSigning =
  (deed: () => Promise<unknown>) =>
  (ports: LivePorts): LivePorts => ({
    ...ports,
    signer: {
      ...ports.signer,
      sign: async (request) => {
        const answer = await ports.signer.sign(request);
        await deed();
        return answer;
      },
    },
  });

describe("a signature that is there already", () => {
  it("is thrown away when trading was halted meanwhile", async () => {
    await open({ around: whileSigning(halt) });
    const order = await submit(world, "halted");
    expect([statusOf(order), order.lastError?.message]).toEqual([
      ...["CANCELLED", expect.stringContaining("test")],
    ]);
    neverSigned(order);
  });

  it("is thrown away when the order was cancelled meanwhile", async () => {
    const cancel = async (): Promise<void> => {
      const [requested] = world.log.events;
      const orderId = requested?.stream.slice("order-".length) as OrderState["orderId"];
      void world.engine.cancel(orderId, { principal: LOCAL, message: "changed my mind" });
    };
    await open({ around: whileSigning(cancel) });
    const order = await submit(world, "cancelled");
    expect(statusOf(order)).toBe("CANCELLED");
    neverSigned(order);
  });
});

it("waits out an open circuit breaker with nothing held, and is prepared anew then", async () => {
  let [simulations, quotes] = [0, 0];
  const isOpen = (): boolean => world.engine.safety.status().breaker.kind !== "closed";
  await open({
    config: { safety: { unknownsToOpen: 3, errorsToOpen: 3, windowMs: 60_000, coolDownMs: 400 } },
    around: (ports) => ({
      ...ports,
      swaps: {
        ...ports.swaps,
        quote: async (asked) => {
          const answer = await ports.swaps.quote(asked);
          quotes += 1;
          // The second order is prepared when the first one has opened the breaker.
          if (quotes === 2)
            await vi.waitFor(() => expect(isOpen()).toBe(true), { timeout: WAIT_MS });
          return answer;
        },
      },
      chain: {
        ...ports.chain,
        simulate: (...asked) => {
          simulations += 1;
          return simulations <= 3
            ? Promise.resolve({ kind: "failed", class: "unreachable", message: "down" })
            : ports.chain.simulate(...asked);
        },
      },
    }),
  });
  const first = submit(world, "first");
  await vi.waitFor(() => expect(quotes).toBe(1), { timeout: WAIT_MS });
  const { order } = await filled(world, "second");
  expect((await first).lastError?.reason).toBe("CHAIN_UNAVAILABLE");
  const waited = eventsOf(world, order, "RetryScheduled");
  expect(waited[0]).toMatchObject({
    ...{ nextAttempt: 1, reason: "PREPARATION_LOST", message: "the circuit breaker is open" },
  });
  expect([order.attempt, onChain(world, order).landed]).toEqual([1, 1]);
});

describe("the floor of an order", () => {
  const wish = { expectedPrice: "150", slippageToleranceBps: 50 };

  it("is guaranteed by the swap itself: the quote is asked for again with what slippage is left", async () => {
    await open();
    priceSol("149.8");
    const { order, fill } = await filled(world, "tight", wish);
    const [quoted] = eventsOf(world, order, "QuoteObtained");
    expect(quoted?.slippageBps).toBeLessThan(50);
    expect(BigInt(quoted?.minimumOut ?? "0")).toBeGreaterThanOrEqual(149_250_000n);
    expect(BigInt(fill.amountOut)).toBeGreaterThanOrEqual(149_250_000n);
  });

  it("ends the order where no quote reaches it", async () => {
    await open();
    priceSol("148");
    const order = await submit(world, "moved", wish);
    expect([statusOf(order), order.lastError?.reason]).toEqual(["FAILED", "SLIPPAGE_EXCEEDED"]);
    expect(order.lastError?.message).toContain("at least 149250000 are required");
    neverSigned(order);
  });

  it("is not asked about where the price is out of its band, too good ones included", async () => {
    const policy = { ...CONFIG.policy, livePriceBandBps: 500 };
    await open({ config: { policy } });
    priceSol("150");
    for (const [requestId, expectedPrice] of [
      ["dear", "200"],
      ["cheap", "100"],
    ] as const) {
      const order = await submit(world, requestId, { expectedPrice });
      expect([statusOf(order), order.lastError?.reason]).toEqual(["REJECTED", "PRICE_OUT_OF_BAND"]);
      neverSigned(order);
    }
    expect(statusOf(await submit(world, "fair", { expectedPrice: "151" }))).toBe("FILLED");
  });
});

describe("what a caller may name", () => {
  it("a fee account gets its part, shown apart, where the configuration has one", async () => {
    await open({ live: { platformFeeBps: 20 } });
    const stranger = world.local.chain.genesisHash;
    const feeAccount = world.local.mintTo(stranger, USDC_MINT, 1_000n);
    world.local.control({ advance: 2 });
    const { fill } = await filled(world, "with-fee", { feeAccount });
    expect(BigInt(fill.fees.platformFee)).toBeGreaterThan(0n);
    expect(BigInt(fill.fees.platformFee)).toBeLessThan(BigInt(fill.amountOut) / 400n);
  });

  it("a priority fee is what is paid, to the lamport", async () => {
    await open();
    const { fill } = await filled(world, "named", { priorityFeeLamports: 4_321n });
    const paid = BigInt(fill.fees.priorityFeeLamports);
    // The price is whole micro-lamports per unit, rounded down.
    expect(paid).toBeLessThanOrEqual(4_321n);
    expect(paid).toBeGreaterThan(4_300n);
  });
});
