/** Route, priority fee and tip of an attempt, as far as request and configuration decide them. */
import { describe, expect, it } from "vitest";
import { feesOf, routeOf, wishOf } from "../../../domain/application/live/attempt-fees.ts";
import type { LiveConfig } from "../../../domain/application/live/live.types.ts";
import { JITO_TIP_ACCOUNTS } from "../../../domain/chain/addresses.ts";
import type { OrderState } from "../../../domain/order/state.ts";
import { PRIORITY_FEE_RULES } from "../../../domain/pricing/priority-fee.ts";
import { stateAfter } from "../../support/given.ts";
import { liveQuoted, liveRequested } from "../../support/live-order-events.ts";
import { VALIDATED } from "../../support/order-events.ts";

const TIP_ACCOUNTS = [...JITO_TIP_ACCOUNTS];
const CONFIG: LiveConfig = {
  ...{ accounts: new Map(), priorityFee: PRIORITY_FEE_RULES, slotsPerAccount: 3 },
  ...{ confirmationTimeoutMs: 30_000, rebroadcastMs: 2_000, graceMs: 60_000 },
  proof: { nodesRequired: 2, acceptSingleNode: false },
  ...{ slippageToleranceBps: 1_000, platformFeeBps: 0, maxOrdersPerMinute: 60 },
  ...{ maxExposure: new Map(), allowedExtensions: new Map(), tipAccounts: TIP_ACCOUNTS },
};

/** An order as it is quoted; what it names is not defaulted. */
function order(changes: Record<string, unknown> = {}, attempt = 1): OrderState {
  const { data } = liveRequested(changes);
  const defaulted = data.defaulted.filter((name) => !(name in changes));
  const requested = { type: "OrderRequested" as const, data: { ...data, defaulted } };
  return stateAfter([requested, VALIDATED, liveQuoted(attempt)]);
}
const mev = (more: Record<string, unknown>) => ({ mev: { simulate: false, ...more } });

describe("the route", () => {
  it.each([
    ["protected by default where it can be", {}, true, "protected"],
    ["protected on demand", mev({ protect: true }), true, "protected"],
    ["public where that is declined", mev({ protect: false }), true, "public"],
    ["public where there is no other", {}, false, "public"],
  ] as const)("is %s", (_, changes, hasProtected, route) => {
    expect(routeOf(order(changes), { hasProtected })).toBe(route);
  });
});

describe("fee and tip", () => {
  it("are by urgency where nothing is named; the tip is its share of the whole, at least the least", () => {
    expect(feesOf(order(), "public", CONFIG)).toEqual({
      ...{ tip: undefined, explicitLamports: undefined },
    });
    const normal = feesOf(order(), "protected", CONFIG);
    expect([normal.tip?.lamports, normal.explicitLamports]).toEqual([1_000n, undefined]);
    const critical = feesOf(order({ urgency: "CRITICAL" }), "protected", CONFIG);
    expect(critical.tip?.lamports).toBe(3_000n);
  });

  it("are what the caller names; of a fee alone the tip is a part", () => {
    const named = order({ priorityFeeLamports: 4_000n });
    expect(feesOf(named, "public", CONFIG).explicitLamports).toBe(4_000n);
    const shared = feesOf(named, "protected", CONFIG);
    expect([shared.explicitLamports, shared.tip?.lamports]).toEqual([2_800n, 1_200n]);
    const both = order({
      ...{ priorityFeeLamports: 4_000n },
      ...mev({ protect: true, tipLamports: 2_000n }),
    });
    const apart = feesOf(both, "protected", CONFIG);
    expect([apart.explicitLamports, apart.tip?.lamports]).toEqual([4_000n, 2_000n]);
  });

  it("over the cap, or under the least tip, are refused, never clamped", () => {
    const dear = order({ priorityFeeLamports: 10_001n });
    expect(wishOf(dear, "public", CONFIG)).toMatchObject({
      ...{ kind: "refused", limitLamports: 10_000n, valueLamports: 10_001n },
    });
    expect(() => feesOf(dear, "public", CONFIG)).toThrow("over the cap of 10000");
    const mean = order(mev({ protect: true, tipLamports: 999n }));
    expect(wishOf(mean, "protected", CONFIG)).toMatchObject({ kind: "refused" });
    // On a route without a tip it does not matter.
    expect(wishOf(mean, "public", CONFIG)).toMatchObject({ kind: "fee", tipLamports: 0n });
  });

  it("go to the same tip account whenever the attempt is built, and to another one next time", () => {
    const accountOf = (attempt: number): string | undefined =>
      feesOf(order({}, attempt), "protected", CONFIG).tip?.account;
    expect(accountOf(1)).toBe(accountOf(1));
    expect(TIP_ACCOUNTS).toContain(accountOf(1));
    expect(new Set([accountOf(1), accountOf(2), accountOf(3)]).size).toBe(3);
  });
});
