/** Cancels that cannot be decided: the caller hears so, and nothing is made up. */
import { describe, expect, it } from "vitest";
import type { Transport } from "../../adapters/event-store/group-commit.ts";
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import type { OrderState } from "../../domain/order/state.ts";
import type { QuoteOutcome } from "../../domain/ports/quotes.ts";
import { orderStream } from "../../domain/primitives/ids.ts";
import {
  createWorld,
  LOCAL,
  quoteFor,
  submit,
  trade,
  USDC_MINT,
  type World,
  withFunds,
} from "../support/engine-world.ts";
import { codec } from "../support/given.ts";
import { settle } from "../support/manual-time.ts";

const CONTEXT = { principal: LOCAL, message: "" };

async function accepted(world: World): Promise<OrderState> {
  const result = await submit(world, trade("r1"), "ACCEPTED");
  if (result.kind !== "order") throw new Error(result.kind);
  return result.order;
}

describe("a cancel", () => {
  it("is undecided when its own event is in doubt until the wait is over, and is decided later", async () => {
    let isLost = true;
    const losing = (inner: Transport): Transport => ({
      send: async (batch) => {
        const isCancel = batch.some(({ events }) => events.some(({ type }) => /Cancel/.test(type)));
        return isLost && isCancel
          ? { results: batch.map(() => ({ kind: "unknown", cause: "silence" })) }
          : inner.send(batch);
      },
    });
    const world = await withFunds(await createWorld({ store: { transport: losing } }));
    world.market.warm = false;
    world.market.script.push(new Promise<QuoteOutcome>(() => {}));
    const { orderId } = await accepted(world);
    await settle();
    const cancelled = world.engine.cancel(orderId, CONTEXT);
    await world.time.advanceMs(10_000);
    expect(await cancelled).toEqual({
      ...{ kind: "unknown", orderId },
      cause: expect.stringMatching(/./),
    });
    isLost = false;
    await world.time.advanceMs(30_000);
    expect(await world.engine.cancel(orderId, CONTEXT)).toMatchObject({
      ...{ kind: "already-final", order: { phase: "cancelled" } },
    });
  });

  it("of an order that this engine had to give up is undecided: it is open in the log", async () => {
    const world = await withFunds(await createWorld());
    world.market.warm = false;
    const answer = Promise.withResolvers<QuoteOutcome>();
    world.market.script.push(answer.promise);
    const order = await accepted(world);
    await settle();
    // Another writer asks for a cancel behind this engine's back: it fences itself off.
    const { encoded } = codec.encode(orderStream(order.orderId), order.revision + 1, {
      event: { type: "OrderCancelRequested", data: { by: "somebody else", message: "" } },
      metadata: {
        ...{ actor: "somebody else", correlationId: order.orderId, causationId: order.orderId },
        ...{ recordedAtUs: order.updatedAtUs + 1, prevHash: order.hash },
      },
    });
    const other = createMemoryEventStore({ log: world.log });
    await other.append(orderStream(order.orderId), order.revision, [encoded]);
    const request = {
      inputMint: USDC_MINT,
      outputMint: order.request.baseMint,
      amount: 1_000_000n,
    };
    const quote = quoteFor(request, world.time.clock.nowUs());
    answer.resolve({ kind: "quoted", quote, cacheHit: false, stale: false });
    await settle();
    expect(world.engine.status()).toMatchObject({ accepting: false, openOrders: 0 });
    expect(await world.engine.cancel(order.orderId, CONTEXT)).toMatchObject({
      ...{ kind: "unknown", orderId: order.orderId },
    });
  });
});
