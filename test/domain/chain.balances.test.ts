/** Conservation, with every account worked out by hand: wrapped SOL, rent, tips, accounts that live for one transaction. */
import { describe, expect, it } from "vitest";
import {
  JITO_TIP_ACCOUNTS,
  JUPITER_PROGRAM,
  SYSTEM_PROGRAM,
} from "../../domain/chain/addresses.ts";
import { netByMint, networkFees, walletBalances } from "../../domain/chain/balances.ts";
import { fillOf } from "../../domain/chain/fill.ts";
import type { ChainInstruction, ChainTransaction } from "../../domain/chain/transaction.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  base58,
  fromHex,
  keyOf,
  MIDDLE,
  routeData,
  STRANGER,
  swapEvent,
  swapsEvent,
  systemTransfer,
  TOKEN,
  USDC_MINT,
  uint,
  WALLET,
} from "../support/chain-answers.ts";

const [TIP_ACCOUNT = ""] = JITO_TIP_ACCOUNTS;
const [WRAPPED, TEMPORARY, NEW_ACCOUNT, OLD_ACCOUNT] = [30, 31, 32, 33].map(keyOf) as [
  string,
  string,
  string,
  string,
];
const RENT = 2_039_280n;

/** An account: lamports before and after, and the tokens of the wallet in it. */
type Line = readonly [
  key: string,
  before: bigint,
  after: bigint,
  tokens?: { readonly mint: string; readonly before?: bigint; readonly after?: bigint },
];

function transaction(
  lines: readonly Line[],
  instructions: readonly ChainInstruction[],
  more: Partial<ChainTransaction> = {},
): ChainTransaction {
  const tokens = (when: "before" | "after") =>
    lines.flatMap(([, , , held], accountIndex) => {
      const amount = held?.[when];
      return held === undefined || amount === undefined
        ? []
        : [{ accountIndex, mint: held.mint, owner: WALLET, amount }];
    });
  return {
    ...{ signature: "s", signatureCount: 1, slot: 1n, blockTimeSeconds: undefined, version: 0 },
    accountKeys: lines.map(([key]) => key),
    lookupTables: 0,
    ...{ instructions, error: undefined, feeLamports: 5_000n, computeUnits: undefined },
    preBalances: lines.map(([, before]) => before),
    postBalances: lines.map(([, , after]) => after),
    preTokenBalances: tokens("before"),
    postTokenBalances: tokens("after"),
    ...more,
  };
}

const transfer = (to: string, lamports: bigint, from = WALLET): ChainInstruction => ({
  ...{ outer: 0, depth: 1, programId: SYSTEM_PROGRAM, accounts: [from, to] },
  data: systemTransfer(lamports),
});

describe("a wallet's balances", () => {
  // 1 SOL sold from an own wrapped account, with a tip, a new account, a stranger's fee, and a temporary account.
  const sold = transaction(
    [
      [WALLET, 5_000_000_000n, 5_000_000_000n - 5_000n - 1_000n - 300n - RENT],
      [
        WRAPPED,
        RENT + 1_500_000_000n,
        RENT + 500_000_000n,
        { mint: SOL_MINT, before: 1_500_000_000n, after: 500_000_000n },
      ],
      [NEW_ACCOUNT, 0n, RENT, { mint: TOKEN, after: 42n }],
      [TEMPORARY, 0n, 0n],
      [TIP_ACCOUNT, 7n, 1_007n],
      [STRANGER, 0n, 300n],
    ],
    [
      transfer(TIP_ACCOUNT, 1_000n),
      transfer(STRANGER, 300n),
      transfer(TEMPORARY, RENT),
      transfer(NEW_ACCOUNT, RENT),
      transfer(WALLET, 9n, STRANGER),
    ],
  );

  it("add up to what the trade moved", () => {
    const balances = walletBalances(sold, WALLET);
    expect(balances.sol).toEqual({
      walletOnly: -6_300n - RENT,
      withOwnTokenAccounts: -1_000_006_300n,
      beforeNetworkFee: -1_000_001_300n,
      ofTrade: -1_000_000_000n,
      wrapped: -1_000_000_000n,
    });
    expect(balances.tipLamports).toBe(1_000n);
    expect(balances.otherTransfers).toEqual([{ from: WALLET, to: STRANGER, lamports: 300n }]);
    expect(balances.rent).toEqual({ lockedLamports: RENT, releasedLamports: 0n });
    expect(netByMint(balances)).toEqual(
      new Map([
        [TOKEN, 42n],
        [SOL_MINT, -1_000_000_000n],
      ]),
    );
  });

  it("do not hold a fee that somebody else paid", () => {
    const paidByOther = {
      ...sold,
      accountKeys: [STRANGER, ...sold.accountKeys.slice(1, 5), WALLET],
    };
    const balances = walletBalances(paidByOther, WALLET);
    expect(balances.isFeePayer).toBe(false);
    expect(balances.sol.beforeNetworkFee).toBe(balances.sol.withOwnTokenAccounts);
  });

  it("release the rent of a closed account without what was wrapped in it", () => {
    const closed = transaction(
      [
        [WALLET, 0n, RENT + 700n],
        [OLD_ACCOUNT, RENT + 700n, 0n, { mint: SOL_MINT, before: 700n }],
      ],
      [],
      { feeLamports: 0n },
    );
    const { rent, sol } = walletBalances(closed, WALLET);
    expect(rent).toEqual({ lockedLamports: 0n, releasedLamports: RENT });
    expect(sol.withOwnTokenAccounts).toBe(0n);
  });

  it("are those of its token accounts alone where the wallet itself is not in the transaction", () => {
    const others = { owner: STRANGER, mint: TOKEN, accountIndex: 0, amount: 5n };
    const delegated = transaction(
      [
        [STRANGER, 9_000n, 4_000n],
        [WRAPPED, RENT + 50n, RENT + 20n, { mint: SOL_MINT, before: 50n, after: 20n }],
      ],
      [],
    );
    const balances = walletBalances(
      { ...delegated, preTokenBalances: [...delegated.preTokenBalances, others] },
      WALLET,
    );
    expect(balances.tokens).toEqual(new Map());
    expect(balances.sol).toEqual({
      ...{ walletOnly: 0n, withOwnTokenAccounts: -30n, beforeNetworkFee: -30n },
      ...{ ofTrade: -30n, wrapped: -30n },
    });
  });

  it("count every signature's base fee, and nobody's tip in a failed transaction", () => {
    const failed = { ...sold, error: "AccountInUse", signatureCount: 2, feeLamports: 12_500n };
    expect(networkFees(failed)).toEqual({
      ...{ feeLamports: 12_500n, baseFeeLamports: 10_000n, priorityFeeLamports: 2_500n },
      tipLamports: 0n,
    });
    expect(networkFees(sold).tipLamports).toBe(1_000n);
  });
});

describe("kinds of fills", () => {
  const accounts = (source: string, destination: string) => [
    ...[keyOf(40), keyOf(41), WALLET, keyOf(42), keyOf(43), keyOf(44), keyOf(45)],
    ...[source, destination],
  ];
  const route = (place: Partial<ChainInstruction>, source = TOKEN, destination = USDC_MINT) => ({
    ...{ outer: 0, depth: 1, programId: JUPITER_PROGRAM, accounts: accounts(source, destination) },
    data: routeData({ amountIn: 100n, amountOut: 90n }),
    ...place,
  });
  const event = (place: Partial<ChainInstruction>, amountIn: bigint, amountOut: bigint) => ({
    ...{ outer: 0, depth: 2, programId: JUPITER_PROGRAM, accounts: [] },
    data: swapEvent(amountIn, amountOut),
    ...place,
  });
  const lines = (extra: readonly Line[] = []): Line[] => [
    [WALLET, 5_000n, 0n],
    [keyOf(50), RENT, RENT, { mint: TOKEN, before: 100n, after: 0n }],
    [keyOf(51), RENT, RENT, { mint: USDC_MINT, before: 0n, after: 90n }],
    ...extra,
  ];
  const kindOf = (all: readonly Line[], instructions: readonly ChainInstruction[]) =>
    fillOf(transaction(all, instructions)).kind;

  it("sums the events of its own call only, also where a program called it", () => {
    const fill = fillOf(
      transaction(lines(), [
        event({ depth: 2 }, 1n, 1n),
        route({ depth: 2 }),
        event({ depth: 3 }, 60n, 50n),
        event({ depth: 3 }, 40n, 40n),
        event({ depth: 2 }, 1n, 1n),
        event({ outer: 1 }, 1n, 1n),
      ]),
    );
    expect(fill.kind).toBe("swap");
    expect(fill.calls).toMatchObject([{ amountIn: 100n, amountOut: 90n, isInner: true }]);
  });

  it("is a cycle where the last mint is the first", () => {
    const back = route({ outer: 1 }, USDC_MINT, TOKEN);
    expect(kindOf(lines(), [route({}), event({}, 100n, 90n), back])).toBe("cycle");
  });

  it("is complex with two calls, or where something else moved", () => {
    const swap = [route({}), event({}, 100n, 90n)];
    expect(kindOf(lines(), swap)).toBe("swap");
    expect(kindOf(lines(), [...swap, route({ outer: 1 }, USDC_MINT, MIDDLE)])).toBe("complex");
    const dust = { mint: MIDDLE, before: 0n, after: 1n };
    expect(kindOf(lines([[keyOf(52), RENT, RENT, dust]]), swap)).toBe("complex");
  });

  it("may leave dust between two hops, of one event for all", () => {
    const hops = swapsEvent([
      ["token", 100n, "middle", 20_000n],
      ["middle", 19_998n, "dollar", 90n],
    ]);
    const swap = [route({}), { ...event({}, 0n, 0n), data: hops }];
    const left = (after: bigint): Line => [keyOf(52), 0n, 0n, { mint: MIDDLE, before: 0n, after }];
    expect(kindOf(lines([left(2n)]), swap)).toBe("swap");
    // More than a basis point of what the first hop gave is no dust.
    expect(kindOf(lines([left(3n)]), swap)).toBe("complex");
  });

  it("is complex where the wallet spent or received nothing of the route's mints", () => {
    const swap = [route({}), event({}, 100n, 90n)];
    const wallet: Line = [WALLET, 5_000n, 0n];
    const spent: Line = [keyOf(50), RENT, RENT, { mint: TOKEN, before: 100n, after: 0n }];
    const received: Line = [keyOf(51), RENT, RENT, { mint: USDC_MINT, before: 0n, after: 90n }];
    expect(kindOf([wallet, spent, received], swap)).toBe("swap");
    expect(kindOf([wallet, spent], swap)).toBe("complex");
    expect(kindOf([wallet, received], swap)).toBe("complex");
  });

  it("has no swap call in a call: each is one of its own, with its own events", () => {
    const inner = route({ depth: 2 }, USDC_MINT, MIDDLE);
    const all = [route({}), inner, event({ depth: 3 }, 7n, 8n)];
    const { kind, calls } = fillOf(transaction(lines(), all));
    expect(kind).toBe("complex");
    expect(calls.map(({ isInner, hops }) => [isInner, hops.length])).toEqual([
      [false, 0],
      [true, 1],
    ]);
  });

  const TAG = "e445a52e51cb9a1d";
  const SWAPS = `${TAG}982f4eebc0606e6a`;
  const hex = (text: string): string => base58(fromHex(text));
  it.each<[string, Partial<ChainInstruction>]>([
    ["of another program", { programId: keyOf(60) }],
    ["of another tag", { data: hex("0102030405060708") }],
    ["of another name", { data: hex(`${TAG}0102030405060708ffff`) }],
    ["whose count ends early", { data: hex(`${SWAPS}01`) }],
    ["with fewer hops than it counts", { data: hex(`${SWAPS}02000000${"00".repeat(80)}`) }],
    ["with a count beyond all bytes", { data: hex(`${SWAPS}ffffffff`) }],
    [
      "with more hops than a route can have",
      { data: Uint8Array.from(fromHex(`${SWAPS}41000000${"02".repeat(65 * 80)}`)) },
    ],
    ["that the node parsed", { data: "" }],
    ["that is no base58", { data: "0OIl" }],
  ])("takes no hop from an event %s", (_, place) => {
    const odd = { ...event({}, 1n, 1n), ...place };
    const fill = fillOf(transaction(lines(), [route({}), odd, event({}, 100n, 90n)]));
    expect(fill.kind).toBe("swap");
    expect(fill.calls).toMatchObject([{ hops: [{ inputAmount: 100n, outputAmount: 90n }] }]);
  });

  describe("of a route that does not name its input", () => {
    const [OWN, NAMELESS] = [keyOf(50), keyOf(61)];
    /** `route`: authority, source account and destination mint, no source mint. */
    const direct = (source: string): ChainInstruction => ({
      ...{ outer: 0, depth: 1, programId: JUPITER_PROGRAM },
      accounts: [keyOf(40), WALLET, source, keyOf(42), keyOf(43), USDC_MINT],
      data: base58([
        ...fromHex("e517cb977ae3ad2a00000000"),
        ...[...uint(100n, 8), ...uint(90n, 8), ...uint(50, 2), 0],
      ]),
    });
    const callOf = (instructions: readonly ChainInstruction[]) => {
      const { kind, calls } = fillOf(transaction(lines(), instructions));
      return [kind, calls[0]?.inputMint];
    };

    it("is told by the account that it spends", () => {
      expect(callOf([direct(OWN), event({}, 100n, 90n)])).toEqual(["swap", TOKEN]);
      // Also where no event tells of it: then the route's amounts are not known.
      expect(callOf([direct(OWN)])).toEqual(["complex", TOKEN]);
    });

    it("else by its first hop", () => {
      expect(callOf([direct(NAMELESS), event({}, 100n, 90n)])).toEqual(["swap", TOKEN]);
    });

    it("else by nothing: that is no swap to compare", () => {
      expect(callOf([direct(NAMELESS)])).toEqual(["complex", undefined]);
    });
  });

  it("is no swap of Jupiter's without its call", () => {
    expect(kindOf(lines(), [])).toBe("direct-dex");
    const ledger = { ...route({}), data: base58([0xe4, 0x55, 0xb9, 0x70, 0x4e, 0x4f, 0x4d, 2]) };
    expect(kindOf(lines(), [ledger])).toBe("direct-dex");
  });
});
