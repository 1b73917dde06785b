/** When two requests are the same, and the id of an order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fingerprintOf,
  isSameRequest,
  orderIdOf,
  resolveRequest,
  type TradeCommand,
  tradeCommandSchema,
} from "../../domain/order/request.ts";
import type { OrderState } from "../../domain/order/state.ts";
import type { Principal, RequestId } from "../../domain/primitives/ids.ts";
import { hasher, stateAfter } from "../support/given.ts";
import { BONK, DEFAULTS, RAW_COMMAND, SOL, USDC } from "../support/order-samples.ts";

const BARE = { ...RAW_COMMAND, expiresAtUs: undefined };
const parse = (changes: Record<string, unknown> = {}): TradeCommand =>
  tradeCommandSchema.parse({ ...BARE, ...changes });

/** Every optional field given, each with a value that is not its default. */
const FULL = {
  isBaseInput: true,
  slippageToleranceBps: 77,
  urgency: "HIGH",
  priorityFeeLamports: 5n,
  mev: { simulate: true, protect: true, tipLamports: 3n },
  maxPriceImpactBps: 9,
  expectedPrice: "150.25",
  feeAccount: USDC,
  trackingAccount: SOL,
  slippageModel: "other",
  expiresAtUs: 1_767_229_200_000_000,
  isSimulated: true,
  metadata: { a: "1" },
};

const fingerprint = (changes: Record<string, unknown> = {}): string =>
  fingerprintOf(resolveRequest(parse(changes), DEFAULTS).request, hasher);

describe("the fingerprint", () => {
  it.each<[string, Record<string, unknown>]>([
    ["isBaseInput", { isBaseInput: true }],
    ["slippageToleranceBps", { slippageToleranceBps: 200 }],
    ["urgency", { urgency: "NORMAL" }],
    ["priorityFeeLamports", { priorityFeeLamports: 10_000n }],
    ["mev", { mev: { simulate: false } }],
    ["mev.tipLamports", { mev: { simulate: false, tipLamports: 0n } }],
    ["slippageModel", { slippageModel: "fixed" }],
  ])("of %s left out is that of its default", (_, changes) => {
    expect(fingerprint(changes)).toBe(fingerprint());
  });

  it.each<[string, Record<string, unknown>]>([
    ["mode", { mode: "LIVE" }],
    ["account", { account: "other" }],
    ["action", { action: "SWAP" }],
    ["baseMint", { baseMint: BONK }],
    ["quoteMint", { quoteMint: BONK }],
    ["amount", { amount: 1_500_000_001n }],
    ["isBaseInput", { isBaseInput: false }],
    ["slippageToleranceBps", { slippageToleranceBps: 201 }],
    ["urgency", { urgency: "HIGH", priorityFeeLamports: 10_000n }],
    ["priorityFeeLamports", { priorityFeeLamports: 10_001n }],
    ["mev.simulate", { mev: { simulate: true } }],
    ["mev.protect", { mev: { simulate: false, protect: true } }],
    ["mev.protect declined", { mev: { simulate: false, protect: false } }],
    ["mev.tipLamports", { mev: { simulate: false, tipLamports: 1n } }],
    ["maxPriceImpactBps", { maxPriceImpactBps: 0 }],
    ["expectedPrice", { expectedPrice: "150" }],
    ["feeAccount", { feeAccount: USDC }],
    ["trackingAccount", { trackingAccount: USDC }],
    ["slippageModel", { slippageModel: "other" }],
    ["expiresAtUs", { expiresAtUs: 1 }],
  ])("has %s in it", (_, changes) => {
    expect(fingerprint(changes)).not.toBe(fingerprint());
  });

  it("has isSimulated in it", () => {
    const price = { expectedPrice: "150" };
    expect(fingerprint({ ...price, isSimulated: true })).not.toBe(fingerprint(price));
  });

  it.each<[string, Record<string, unknown>]>([
    ["the request id", { requestId: "r-2" }],
    ["the source service", { sourceService: "other" }],
    ["the metadata", { metadata: { a: "b" } }],
  ])("has %s not in it", (_, changes) => {
    expect(fingerprint(changes)).toBe(fingerprint());
  });

  // Turns red when the rule is there; then it is a plain test.
  it("does not depend on how a price is written", () => {
    expect(fingerprint({ expectedPrice: "150.250" })).toBe(
      fingerprint({ expectedPrice: "150.25" }),
    );
  });
});

const orderOf = (changes: Record<string, unknown>, defaults = DEFAULTS): OrderState => {
  const { request, defaulted } = resolveRequest(parse(changes), defaults);
  const data = {
    request,
    principal: "local" as Principal,
    accountOwner: "local" as Principal,
    fingerprint: fingerprintOf(request, hasher),
    defaulted: [...defaulted],
  };
  return stateAfter([{ type: "OrderRequested", data }]);
};

describe("the same request again", () => {
  const later = {
    slippageToleranceBps: 300,
    slippageModel: "impact",
    priorityFeeLamports: { LOW: 1n, NORMAL: 2n, HIGH: 3n, CRITICAL: 4n },
  };
  const now = { defaults: DEFAULTS, hasher };
  const afterwards = { defaults: later, hasher };

  it.each<[string, Record<string, unknown>]>([
    ["bare", {}],
    ["full", FULL],
    ["with a given tolerance", { slippageToleranceBps: 200 }],
    ["urgent", { urgency: "HIGH" }],
  ])("%s, is the same, also under changed defaults", (_, changes) => {
    const order = orderOf(changes);
    expect(isSameRequest(order, parse(changes), now)).toBe(true);
    expect(isSameRequest(order, parse(changes), afterwards)).toBe(true);
    const elsewhere = { ...changes, requestId: "r-9", sourceService: "x", metadata: { z: "z" } };
    expect(isSameRequest(order, parse(elsewhere), now)).toBe(true);
  });

  it("with the default spelt out is the same, also under changed defaults", () => {
    const order = orderOf({});
    const spelt = {
      slippageToleranceBps: 200,
      slippageModel: "fixed",
      priorityFeeLamports: 10_000n,
    };
    expect(isSameRequest(order, parse(spelt), now)).toBe(true);
    expect(isSameRequest(order, parse(spelt), afterwards)).toBe(true);
  });

  it.each<[string, Record<string, unknown>]>([
    ["amount", { amount: 1n }],
    ["tolerance, the new default", { slippageToleranceBps: 300 }],
    ["priority fee, the new default", { priorityFeeLamports: 2n }],
    ["model, the new default", { slippageModel: "impact" }],
    ["urgency", { urgency: "LOW" }],
  ])("with another %s is another", (_, changes) => {
    const order = orderOf({});
    expect(isSameRequest(order, parse(changes), now)).toBe(false);
    expect(isSameRequest(order, parse(changes), afterwards)).toBe(false);
  });

  it("without what was given then follows today's default", () => {
    const order = orderOf({ slippageToleranceBps: 300 });
    expect(isSameRequest(order, parse(), now)).toBe(false);
    expect(
      isSameRequest(order, parse(), {
        ...now,
        defaults: { ...DEFAULTS, slippageToleranceBps: 300 },
      }),
    ).toBe(true);
  });
});

describe("the order id", () => {
  const idOf = (principal: string, requestId: string): string =>
    orderIdOf(principal as Principal, requestId as RequestId, hasher);

  it("is the same for ever: it must not change between versions", () => {
    // uuid5(uuid5("0c7d0d3a-6f0b-4d58-8f2e-2d9a3b1e7c54", "local"), "r-1") by Python's uuid module.
    expect(idOf("local", "r-1")).toBe("33aba209-c434-501a-b134-4725e4968ddb");
  });

  it("differs by principal and by request id", () => {
    const name = fc.string({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(name, name, name, name, (p, r, q, s) => {
        expect(idOf(p, r) === idOf(q, s)).toBe(p === q && r === s);
      }),
    );
    // The two parts do not run into each other.
    expect(idOf("ab", "c")).not.toBe(idOf("a", "bc"));
  });
});
