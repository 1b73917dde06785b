/** What `replay --all` finds when an engine's claim about itself is wrong, one thing at a time. */
import { describe, expect, it } from "vitest";
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import {
  compareEngine,
  type EngineClaim,
  foldLog,
  ledgerHash,
} from "../../domain/application/audit/replay-all.ts";
import { stateHash } from "../../domain/order/state.ts";
import type { Hash } from "../../domain/primitives/ids.ts";
import { createWorld, submit, trade, withFunds } from "../support/engine-world.ts";
import { codec, hasher } from "../support/given.ts";

async function honest() {
  const world = await withFunds(await createWorld({ config: { paperDelayMs: 60_000 } }));
  await submit(world, trade("r1"), "CONFIRMED");
  const store = createMemoryEventStore({ log: world.log });
  const end = await store.end();
  const fold = await foldLog({ store, codec }, { until: end });
  const openOrders = [...fold.openOrders()].map((order) => ({
    orderId: order.orderId,
    revision: order.revision,
    stateHash: stateHash(order, hasher),
  }));
  const hash = ledgerHash(fold.ledger, hasher);
  const claim: EngineClaim = { position: end ?? 0n, ledgerHash: hash, openOrders };
  return { fold, claim, open: openOrders[0] };
}

describe("an engine's claim", () => {
  it("is right when it says what the log says", async () => {
    const { fold, claim } = await honest();
    expect(claim.openOrders).toHaveLength(1);
    expect(compareEngine(fold, claim, hasher)).toEqual([]);
  });

  it("is wrong in each of these", async () => {
    const { fold, claim, open } = await honest();
    if (!open) throw new Error("no open order");
    const other = "0".repeat(64) as Hash;
    const wrong: [Partial<EngineClaim>, RegExp][] = [
      [{ position: 1n }, /position 1, the log ends at/],
      [{ ledgerHash: other }, /its ledger has the hash 0000/],
      [{ openOrders: [] }, /does not have the open order/],
      [{ openOrders: [{ ...open, revision: 1 }] }, /at revision 1, the log at/],
      [{ openOrders: [{ ...open, stateHash: other }] }, /its state of order .* differs/],
      [{ openOrders: [open, { ...open, orderId: "ghost" as never }] }, /ghost/],
    ];
    for (const [changes, sentence] of wrong) {
      const differences = compareEngine(fold, { ...claim, ...changes }, hasher);
      expect(differences).toHaveLength(1);
      expect(differences[0]).toMatch(sentence);
    }
  });
});
