import { describe, expect, it } from "vitest";
import {
  resolveRequest,
  type TradeCommand,
  tradeCommandSchema,
} from "../../domain/order/request.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import { DEFAULTS, RAW_COMMAND, SOL, USDC } from "../support/order-samples.ts";

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

const issuesOf = (changes: Record<string, unknown>) => {
  const parsed = tradeCommandSchema.safeParse({ ...BARE, ...changes });
  return (parsed.error?.issues ?? []).map(({ path, message }) => [path.join("."), message]);
};

describe("the form", () => {
  it("takes a bare command and a full one as they are", () => {
    expect(parse()).toEqual(BARE);
    expect(parse(FULL)).toEqual({ ...BARE, ...FULL });
  });

  const long = (length: number): string => "x".repeat(length);
  const entries = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "v"]));

  it.each<[string, Record<string, unknown>]>([
    ["requestId of 100 characters", { requestId: `A-z.0_9:${long(92)}` }],
    ["account of 64 characters", { account: `A-z.0_9${long(57)}` }],
    ["sourceService of 100 bytes", { sourceService: "é".repeat(50) }],
    ["no source service", { sourceService: "" }],
    ["amount of u64", { amount: U64_MAX }],
    ["tolerance 0", { slippageToleranceBps: 0 }],
    ["tolerance 10000", { slippageToleranceBps: 10_000 }],
    ["an absurd price", { expectedPrice: `1${"0".repeat(19)}.000000000000000001` }],
    ["16 entries", { metadata: entries(16) }],
    ["a key of 64 and a value of 256 bytes", { metadata: { [long(64)]: "é".repeat(128) } }],
    ["SWAP with isBaseInput", { action: "SWAP", isBaseInput: true }],
    ["LIVE, counting its input", { mode: "LIVE", action: "BUY", isBaseInput: false }],
    ["LIVE, selling its input", { mode: "LIVE", isBaseInput: true }],
    ["PAPER, counting its output", { action: "BUY", isBaseInput: true }],
  ])("takes %s", (_, changes) => {
    expect(issuesOf(changes)).toEqual([]);
  });

  const price = expect.stringContaining("must be a decimal number greater than 0");
  const address = "is no base58 address of 32 to 44 characters";
  const u64 = "is over the largest u64, 18446744073709551615";
  const request = "must be 1 to 100 characters of A-Z a-z 0-9 . _ : -";
  const any = expect.any(String);
  it.each<[Record<string, unknown>, string, unknown]>([
    [{ requestId: "" }, "requestId", request],
    [{ requestId: long(101) }, "requestId", request],
    [{ requestId: "a b" }, "requestId", request],
    [{ requestId: "a\n" }, "requestId", request],
    [{ mode: "DEMO" }, "mode", "must be PAPER or LIVE"],
    [{ mode: undefined }, "mode", "must be PAPER or LIVE"],
    [{ account: "a:b" }, "account", "must be 1 to 64 characters of A-Z a-z 0-9 . _ -"],
    [{ account: long(65) }, "account", any],
    [{ sourceService: long(101) }, "sourceService", "is longer than 100 bytes"],
    [{ sourceService: "é".repeat(51) }, "sourceService", "is longer than 100 bytes"],
    [{ sourceService: "a\u0007b" }, "sourceService", "has a control character"],
    [{ sourceService: "a\u2028b" }, "sourceService", "has a control character"],
    [{ sourceService: "a\u0085b" }, "sourceService", "has a control character"],
    ...["\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"].map(
      (mark): [Record<string, unknown>, string, unknown] => [
        { slippageModel: `fix${mark}ed` },
        "slippageModel",
        "has a mark that changes the direction of text",
      ],
    ),
    [{ sourceService: "\ud800" }, "sourceService", "has a lone surrogate"],
    [{ action: "HOLD" }, "action", "must be BUY, SELL or SWAP"],
    [{ baseMint: "SOL" }, "baseMint", address],
    [{ quoteMint: `${long(31)}0` }, "quoteMint", address],
    [{ quoteMint: SOL }, "quoteMint", "must differ from base_mint"],
    [{ amount: 0n }, "amount", "must be greater than 0"],
    [{ amount: -1n }, "amount", "must be greater than 0"],
    [{ amount: U64_MAX + 1n }, "amount", u64],
    [{ amount: 5 }, "amount", any],
    [{ slippageToleranceBps: 10_001 }, "slippageToleranceBps", "must be 0 to 10000 basis points"],
    [{ slippageToleranceBps: -1 }, "slippageToleranceBps", any],
    [{ slippageToleranceBps: 0.5 }, "slippageToleranceBps", "is no whole number"],
    [{ maxPriceImpactBps: 10_001 }, "maxPriceImpactBps", "must be 0 to 10000 basis points"],
    [{ urgency: "ASAP" }, "urgency", "is no known urgency"],
    [{ priorityFeeLamports: U64_MAX + 1n }, "priorityFeeLamports", any],
    [{ priorityFeeLamports: -1n }, "priorityFeeLamports", any],
    [{ mev: {} }, "mev.simulate", any],
    [{ mev: { simulate: true, tipLamports: -1n } }, "mev.tipLamports", any],
    [{ expectedPrice: "0" }, "expectedPrice", price],
    [{ expectedPrice: "1e3" }, "expectedPrice", price],
    [{ expectedPrice: "-150" }, "expectedPrice", price],
    [{ expectedPrice: 150.25 }, "expectedPrice", any],
    [{ feeAccount: "me" }, "feeAccount", address],
    [{ trackingAccount: "me" }, "trackingAccount", address],
    [{ slippageModel: "" }, "slippageModel", "must not be empty"],
    [{ slippageModel: long(65) }, "slippageModel", "is longer than 64 bytes"],
    [{ expiresAtUs: 0 }, "expiresAtUs", any],
    [{ expiresAtUs: 2 ** 53 }, "expiresAtUs", any],
    [{ metadata: entries(17) }, "metadata", "has more than 16 entries"],
    [{ metadata: { k: long(257) } }, "metadata.k", "is longer than 256 bytes"],
    [{ metadata: { k: "a\u0000" } }, "metadata.k", "has a control character"],
    [{ action: "SWAP", isBaseInput: false }, "isBaseInput", any],
    [{ mode: "LIVE", action: "BUY", isBaseInput: true }, "isBaseInput", any],
    [{ mode: "LIVE", action: "SELL", isBaseInput: false }, "isBaseInput", any],
    [
      { mode: "LIVE", isSimulated: true, expectedPrice: "1" },
      "isSimulated",
      "must be false for LIVE orders",
    ],
    [{ isSimulated: true }, "expectedPrice", any],
  ])("refuses %o at %s", (changes, path, message) => {
    expect(issuesOf(changes)).toContainEqual([path, message]);
  });

  it.each([[long(65)], [""], ["a\tb"]])("refuses the metadata key %j", (key) => {
    expect(issuesOf({ metadata: { [key]: "v" } })).toMatchObject([[`metadata.${key}`, any]]);
  });

  it("names every wrong field, not the first one only", () => {
    const paths = issuesOf({ requestId: "", amount: 0n, quoteMint: SOL }).map(([path]) => path);
    expect(paths).toEqual(expect.arrayContaining(["requestId", "amount", "quoteMint"]));
  });
});

describe("defaults", () => {
  it("are filled in and named", () => {
    const { request, defaulted } = resolveRequest(parse(), DEFAULTS);
    expect(request).toMatchObject({
      amount: "1500000000",
      isBaseInput: true,
      slippageToleranceBps: 200,
      urgency: "NORMAL",
      priorityFeeLamports: "10000",
      mev: { simulate: false, tipLamports: "0" },
      slippageModel: "fixed",
    });
    expect(defaulted).toEqual(["slippageToleranceBps", "slippageModel", "priorityFeeLamports"]);
  });

  it("leave alone what was given, zeros too", () => {
    const full = resolveRequest(parse(FULL), DEFAULTS);
    expect(full.defaulted).toEqual([]);
    expect(full.request).toMatchObject({
      ...FULL,
      priorityFeeLamports: "5",
      mev: { simulate: true, protect: true, tipLamports: "3" },
    });
    const zeros = { slippageToleranceBps: 0, priorityFeeLamports: 0n };
    expect(resolveRequest(parse(zeros), DEFAULTS)).toMatchObject({
      request: { slippageToleranceBps: 0, priorityFeeLamports: "0" },
      defaulted: ["slippageModel"],
    });
  });

  it.each([
    ["LOW", "1000"],
    ["NORMAL", "10000"],
    ["HIGH", "50000"],
    ["CRITICAL", "100000"],
  ])("of the priority fee follow the urgency %s", (urgency, fee) => {
    const { request } = resolveRequest(parse({ urgency }), DEFAULTS);
    expect(request.priorityFeeLamports).toBe(fee);
  });

  it.each([
    ["BUY", false],
    ["SELL", true],
    ["SWAP", true],
  ])("of %s count the mint that is spent", (action, isBaseInput) => {
    expect(resolveRequest(parse({ action }), DEFAULTS).request.isBaseInput).toBe(isBaseInput);
    const given = resolveRequest(parse({ action, isBaseInput: true }), DEFAULTS);
    expect(given.request.isBaseInput).toBe(true);
  });
});
