/** What the gate lets pass: honest swaps of every shape, with the facts that it reads from them; and what one flipped byte can do. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { COMPUTE_BUDGET_PROGRAM } from "../../domain/chain/addresses.ts";
import type { GateFacts, GateVerdict } from "../../domain/chain/gate-verdict.ts";
import { parseMessage } from "../../domain/chain/message.ts";
import { packed } from "../../localnet/market/plain-instructions.ts";
import { instruction, meta } from "../support/gate-attack-tools.ts";
import {
  BLOCKHASH,
  bytesOf,
  DONT_FRONT,
  gate,
  type Parts,
  partsOf,
  symbol,
  tokenAccountOf,
  verdictOf,
  WALLET,
  type Wish,
} from "../support/swap-parts.ts";

const SHAPES: readonly (readonly [name: string, wish: Wish])[] = [
  ["sells SOL", { path: ["SOL", "USDC"] }],
  ["buys SOL", { path: ["USDC", "SOL"] }],
  ["token to token", { path: ["USDC", "USDT"] }],
  ["two hops from SOL", { path: ["SOL", "USDC", "JUP"] }],
  ["two hops to SOL", { path: ["JUP", "USDC", "SOL"] }],
  ["two hops through SOL", { path: ["JUP", "SOL", "BONK"] }],
  ["three hops", { path: ["USDT", "USDC", "JUP", "SOL"], usesTable: true }],
  ["to Token-2022", { path: ["USDC", "PYUSD"] }],
  ["from Token-2022", { path: ["PYUSD", "USDC"] }],
  ["two hops from Token-2022", { path: ["PYUSD", "USDC", "SOL"] }],
];
const VARIANTS: readonly (readonly [name: string, wish: Partial<Wish>])[] = [
  ["plain", {}],
  ["accounts exist", { exists: true }],
  ["through lookup tables", { usesTable: true }],
  ["with a tip", { tip: 1_000n, usesTable: true }],
  ["with a platform fee", { platformFeeBps: 20, usesTable: true }],
  ["with a tracking account", { tracks: true, usesTable: true }],
  ["without wrapping", { wraps: false, exists: true }],
  ["with everything", { tip: 7_000n, platformFeeBps: 255, tracks: true, usesTable: true }],
];
const CASES = SHAPES.flatMap(([shape, path]) =>
  VARIANTS.flatMap(([variant, more]) =>
    [false, true].map(
      (shared) => [`${shape}, ${variant}, shared ${shared}`, { ...path, ...more, shared }] as const,
    ),
  ),
);

const problemOf = (verdict: GateVerdict): string =>
  verdict.kind === "passed" ? "passed" : `${verdict.rule}: ${verdict.found}`;
function factsOf(parts: Parts): GateFacts {
  const verdict = gate(parts);
  if (verdict.kind !== "passed") throw new Error(problemOf(verdict));
  return verdict.facts;
}

describe("honest swaps pass", () => {
  test.each(CASES)("%s", (_, wish) => {
    const parts = partsOf(wish);
    expect(problemOf(gate(parts))).toBe("passed");
    const { swap, tipLamports } = factsOf(parts);
    expect(swap.name).toBe(wish.shared ? "shared_accounts_route" : "route");
    expect(swap.venues).toEqual(wish.path.slice(1).map(() => "RaydiumCP"));
    expect(swap.minimumOutAmount).toBe(parts.intent.output.minimumAmount);
    expect(tipLamports).toBe(wish.tip ?? 0n);
  });

  test("they are many", () => {
    console.info(`honest swaps passed: ${CASES.length}`);
    expect(CASES.length).toBeGreaterThanOrEqual(40);
  });
});

const SELL: Wish = { path: ["SOL", "USDC"] };
const withParts = (wish: Wish, change: (parts: Parts) => Partial<Parts>): Parts => {
  const parts = partsOf(wish);
  return { ...parts, ...change(parts) };
};

describe("also what differs without harm", () => {
  test.each<[string, Parts]>([
    [
      "a memo that the wallet signs",
      withParts(SELL, ({ memo }) => ({
        memo: memo.map((each) => ({ ...each, accounts: [meta(WALLET, "s")] })),
      })),
    ],
    [
      "the price before the limit",
      withParts(SELL, ({ budget }) => ({ budget: budget.toReversed() })),
    ],
    [
      "the memo first",
      withParts(SELL, ({ budget, memo }) => ({ budget: [...memo, ...budget], memo: [] })),
    ],
    [
      "the tip before the swap",
      withParts({ ...SELL, tip: 1_000n }, ({ setup, other }) => ({
        setup: [...setup, ...other],
        other: [],
      })),
    ],
    [
      "a fee of the whole cap",
      withParts(SELL, ({ budget }) => ({
        budget: [
          ...budget.slice(0, 1),
          instruction(COMPUTE_BUDGET_PROGRAM, [], packed([3, 1], [33_333n, 8])),
        ],
      })),
    ],
    [
      "1,400,000 units",
      withParts(SELL, () => ({
        budget: [[2, 1_400_000, 4] as const, [3, 7_142, 8] as const].map(([tag, value, size]) =>
          instruction(COMPUTE_BUDGET_PROGRAM, [], packed([tag, 1], [value, size])),
        ),
      })),
    ],
    [
      "a better minimum than asked for",
      withParts(SELL, ({ intent }) => ({
        intent: { ...intent, output: { ...intent.output, minimumAmount: 1n } },
      })),
    ],
    [
      "the mark on the swap",
      withParts({ ...SELL, tip: 1_000n }, ({ swap, other }) => ({
        swap: { ...swap, accounts: [...swap.accounts, meta(DONT_FRONT)] },
        other: other.map((each) => ({ ...each, accounts: each.accounts.slice(0, 2) })),
      })),
    ],
    [
      "the mark on the compute budget",
      withParts({ ...SELL, tip: 1_000n }, ({ budget, other }) => ({
        budget: budget.map((each) => ({ ...each, accounts: [meta(DONT_FRONT)] })),
        other: other.map((each) => ({ ...each, accounts: each.accounts.slice(0, 2) })),
      })),
    ],
    [
      "our account where another destination may stand",
      withParts(SELL, ({ swap, intent }) => ({
        swap: {
          ...swap,
          accounts: swap.accounts.with(
            4,
            meta(tokenAccountOf(WALLET, intent.output.mint, intent.output.tokenProgram), "w"),
          ),
        },
      })),
    ],
    [
      "an account opened by create, not idempotent",
      withParts(SELL, ({ setup }) => ({
        setup: setup.map((each) =>
          each.data.length === 1 && each.accounts.length === 6
            ? { ...each, data: new Uint8Array() }
            : each,
        ),
      })),
    ],
    ["wrapped SOL left open", withParts(SELL, () => ({ cleanup: [] }))],
  ])("%s", (_, parts) => {
    expect(problemOf(gate(parts))).toBe("passed");
  });
});

test("facts", () => {
  const parts = partsOf({ ...SELL, tip: 2_000n, platformFeeBps: 20 });
  const usdc = parts.intent.output;
  const own = [
    WALLET,
    tokenAccountOf(WALLET, symbol("SOL").mint, parts.intent.input.tokenProgram),
    tokenAccountOf(WALLET, usdc.mint, usdc.tokenProgram),
  ];
  const facts = factsOf(parts);
  expect(facts).toMatchObject({
    ...{ feePayer: WALLET, blockhash: BLOCKHASH, unitLimit: 300_000 },
    ...{ unitPriceMicroLamports: 10_000n, priorityFeeLamports: 3_000n, baseFeeLamports: 5_000n },
    tipLamports: 2_000n,
    swap: {
      ...{ name: "route", venues: ["RaydiumCP"], inAmount: 1_000_000_000n },
      ...{ quotedOutAmount: 149_000_000n, minimumOutAmount: 148_255_000n },
      ...{ slippageBps: 50, platformFeeBps: 20 },
    },
  });
  expect(facts.writable[0]).toBe(WALLET);
  expect(new Set(facts.ownWritable)).toEqual(new Set(own));
  const parsed = parseMessage(bytesOf(parts));
  const indexes = parsed.kind === "message" ? parsed.message.instructions : [];
  expect(new Set(facts.programs).size).toBe(facts.programs.length);
  expect(facts.programs.length).toBe(new Set(indexes.map((each) => each.programIdIndex)).size);
});

test("the priority fee is rounded up", () => {
  const parts = withParts(SELL, ({ budget }) => ({
    budget: [
      ...budget.slice(0, 1),
      instruction(COMPUTE_BUDGET_PROGRAM, [], packed([3, 1], [1n, 8])),
    ],
  }));
  expect(factsOf(parts).priorityFeeLamports).toBe(1n);
});

/** What a flipped byte may change of a message that still passes: where it goes on the chain is the venues' business. */
const fixedOf = ({ swap, ...facts }: GateFacts) => {
  const {
    blockhash: _,
    writable: __,
    unitLimit: ___,
    unitPriceMicroLamports: ____,
    ...rest
  } = facts;
  const { venues: _venues, minimumOutAmount: _minimum, slippageBps: _slippage, ...fixed } = swap;
  const { priorityFeeLamports: _fee, ...kept } = rest;
  return { ...kept, ...fixed };
};

describe("a flipped byte", () => {
  const wishes: Wish[] = [
    { path: ["SOL", "USDC"], tip: 2_000n },
    { path: ["JUP", "USDC", "SOL"], platformFeeBps: 20, shared: true, usesTable: true },
    { path: ["JUP", "SOL", "BONK"], usesTable: true },
  ];
  it.each(wishes)("is refused or changes nothing that is ours: $path", (wish) => {
    const parts = partsOf(wish);
    const bytes = bytesOf(parts);
    const before = fixedOf(factsOf(parts));
    let passed = 0;
    const look = (changed: Uint8Array): void => {
      const verdict = verdictOf(parts, changed);
      if (verdict.kind === "refused") {
        expect(verdict.rule).not.toBe("unreadable");
        return;
      }
      passed += 1;
      const { facts } = verdict;
      expect(fixedOf(facts)).toEqual(before);
      expect(facts.priorityFeeLamports + facts.tipLamports).toBeLessThanOrEqual(10_000n);
      expect(facts.unitLimit).toBeLessThanOrEqual(1_400_000);
      expect(facts.swap.minimumOutAmount).toBeGreaterThanOrEqual(parts.intent.output.minimumAmount);
    };
    for (let at = 0; at < bytes.length; at += 1) {
      for (const bit of [1, 0x80]) look(bytes.with(at, (bytes[at] ?? 0) ^ bit));
    }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 3,
        }),
        (flips) => {
          look(flips.reduce((now, [at, mask]) => now.with(at, (now[at] ?? 0) ^ mask), bytes));
        },
      ),
      { numRuns: 1_000 },
    );
    // The blockhash's 64 single flips at least, and addresses of venues.
    expect(passed).toBeGreaterThan(64);
  });

  it("never throws on bytes of any kind", () => {
    const parts = partsOf(SELL);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), (bytes) => {
        expect(verdictOf(parts, bytes).kind).toBe("refused");
        expect(verdictOf(parts, Uint8Array.from([0x80, 1, 0, 1, ...bytes])).kind).toBe("refused");
      }),
      { numRuns: 500 },
    );
  });
});
