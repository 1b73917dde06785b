/** One of the nodes lies of a landed transaction: nothing that it says alone is final, and it does not stop what the other one proves. */
import { afterEach, expect, it } from "vitest";
import type { LivePorts } from "../../../domain/application/live/live.types.ts";
import type { ChainTransaction } from "../../../domain/chain/transaction.ts";
import { statusOf } from "../../../domain/order/state.ts";
import { type LiveWorld, openLiveWorld } from "../../support/live-world.ts";
import { eventsOf, filled, submit, typesOf } from "./scenarios.ts";

let world: LiveWorld;
afterEach(() => world.close());

type Lie = (transaction: ChainTransaction) => ChainTransaction;

/** The node that is asked first lies; the other one does not have it at `confirmed` yet, where `alone`. */
const lying =
  (lie: Lie, alone: boolean) =>
  (ports: LivePorts): LivePorts => ({
    ...ports,
    chain: {
      ...ports.chain,
      nodes: ports.chain.nodes.map((node, index) => ({
        ...node,
        transaction: async (signature, commitment) => {
          const answer = await node.transaction(signature, commitment);
          if (answer.kind !== "ok" || !answer.value) return answer;
          if (index === 0) return { ...answer, value: lie(answer.value) };
          const isLate = alone && commitment === "confirmed";
          return isLate ? { ...answer, value: undefined } : answer;
        },
      })),
    },
  });

const richer: Lie = (told) => ({
  ...told,
  postTokenBalances: told.postTokenBalances.map((balance) => ({
    ...balance,
    amount: balance.amount + 777n,
  })),
});
const poorer: Lie = (told) => ({ ...told, postTokenBalances: told.preTokenBalances });
const spent: Lie = (told) => ({
  ...told,
  postBalances: told.postBalances.map((lamports, index) =>
    index === 0 ? lamports - 5_000_000_000n : lamports,
  ),
});
const failed: Lie = (told) => ({ ...told, error: { InstructionError: [4, { Custom: 6001 }] } });
const pasted: Lie = (told) => ({ ...told, instructions: told.instructions.toReversed() });

it("takes back a fill of which two nodes tell different amounts, and says so", async () => {
  world = await openLiveWorld({ around: lying(richer, true) });
  const order = await submit(world, "richer");
  expect(statusOf(order)).toBe("OUTCOME_UNKNOWN");
  expect(order.fill).toBeUndefined();
  const types = typesOf(world.events(order.orderId));
  expect(types.slice(-3)).toEqual(["OrderFilled", "FillVoided", "OutcomeUnknown"]);
  const [alert = ""] = world.alerts;
  for (const { name } of world.chain.nodes) expect(alert).toContain(name);
  expect(alert).toMatch(/amountOut \d+ and \d+/);
});

it.each([
  ["nothing received", poorer],
  ["more spent than the order gives", spent],
  ["a failure", failed],
  ["our signature over another transaction", pasted],
] as const)("does not use an answer that tells %s: the other node's is booked", async (_, lie) => {
  world = await openLiveWorld({ around: lying(lie, false) });
  const { order, fill } = await filled(world, "odd");
  expect(fill.live?.node).toBe(world.chain.nodes[1]?.name);
  expect(eventsOf(world, order, "OrderFilled")).toHaveLength(1);
  expect(world.alerts).toEqual([]);
});
