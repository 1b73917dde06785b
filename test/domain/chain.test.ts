/** Parts of recorded transactions, each by hand: texts of bytes, instructions, and what a wallet gave and received. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  COMPUTE_BUDGET_PROGRAM,
  JUPITER_PROGRAM,
  SYSTEM_PROGRAM,
} from "../../domain/chain/addresses.ts";
import { netByMint, networkFees, walletBalances } from "../../domain/chain/balances.ts";
import { decodeBase58, decodeBase64, encodeBase58, readUint } from "../../domain/chain/bytes.ts";
import { failureOf } from "../../domain/chain/failure.ts";
import { fillOf } from "../../domain/chain/fill.ts";
import { computeBudgetOf, transferOf } from "../../domain/chain/instruction-data.ts";
import { jupiterArguments, jupiterRouteOf } from "../../domain/chain/jupiter-route.ts";
import { type ChainInstruction, readTransaction } from "../../domain/chain/transaction.ts";
import {
  base58,
  fromHex,
  keyOf,
  MIDDLE,
  STRANGER,
  type SwapAnswer,
  swapAnswer,
  systemTransfer,
  TOKEN,
  USDC_MINT,
  uint,
  WALLET,
} from "../support/chain-answers.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

function read(json: unknown) {
  const answer = readTransaction(json);
  if (answer.kind === "problem") throw new Error(answer.problem);
  return answer.transaction;
}

const QUOTED = { amountIn: 2_000_000n, amountOut: 1_000_000n };
const swap = (answer: Partial<SwapAnswer> = {}) =>
  read(
    swapAnswer({ quoted: QUOTED, paid: { amountIn: 2_000_000n, amountOut: 999_000n }, ...answer }),
  );

describe("bytes", () => {
  it.each([
    ["", []],
    ["1", [0]],
    ["2g", [0x61]],
    ["a3gV", [0x62, 0x62, 0x62]],
    ["1112", [0, 0, 0, 1]],
    ["2NEpo7TZRRrLZSi2U", [...new TextEncoder().encode("Hello World!")]],
    [SYSTEM_PROGRAM, new Array<number>(32).fill(0)],
  ])("base58 %j", (text, expected) => {
    expect(decodeBase58(text)).toEqual(Uint8Array.from(expected));
    expect(encodeBase58(Uint8Array.from(expected))).toBe(text);
  });

  it("comes back through base58 and base64", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (value) => {
        expect(decodeBase58(encodeBase58(value))).toEqual(value);
        expect(decodeBase64(Buffer.from(value).toString("base64"))).toEqual(value);
      }),
    );
  });

  it("refuses what is none", () => {
    for (const wrong of ["0", "O", "I", "l", "a b", "1".repeat(4_001)]) {
      expect(decodeBase58(wrong)).toBeUndefined();
    }
    for (const wrong of ["a", "ab==c", "a-==", "====a"])
      expect(decodeBase64(wrong)).toBeUndefined();
    expect(() => encodeBase58(new Uint8Array(201))).toThrow("no key or signature");
  });

  it("reads little-endian numbers up to the end", () => {
    expect(readUint(bytes(1, 2, 0, 0, 0, 0, 0, 0x80), 0, 8)).toBe(0x8000_0000_0000_0201n);
    expect(readUint(bytes(1, 2, 3), 1, 2)).toBe(0x0302n);
    expect(readUint(bytes(1, 2, 3), 2, 2)).toBeUndefined();
    expect(readUint(bytes(1, 2, 3), -1, 2)).toBeUndefined();
  });
});

const instruction = (
  programId: string,
  data: readonly number[],
  accounts: readonly string[] = [],
) => ({ outer: 0, depth: 1, programId, accounts, data: base58(data) }) satisfies ChainInstruction;

describe("system transfers and the compute budget", () => {
  const [from, to] = [keyOf(10), keyOf(11)];
  it.each<[string, number[], string[]]>([
    ["create account", [...uint(0, 4), ...uint(70n, 8), ...uint(165, 8)], [from, to]],
    ["transfer", [...uint(2, 4), ...uint(70n, 8)], [from, to]],
    [
      "create account with seed",
      [...uint(3, 4), ...new Array<number>(32).fill(7), ...uint(3, 8), 97, 98, 99, ...uint(70n, 8)],
      [from, to],
    ],
    ["transfer with seed", [...uint(11, 4), ...uint(70n, 8)], [from, keyOf(12), to]],
  ])("%s", (_, data, accounts) => {
    expect(transferOf(instruction(SYSTEM_PROGRAM, data, accounts))).toEqual({
      ...{ from, to, lamports: 70n },
    });
    expect(transferOf(instruction(keyOf(9), data, accounts))).toBeUndefined();
  });

  it("knows them as a node parsed them, and nothing else of that program", () => {
    const parsed = (type: string, info: unknown): ChainInstruction => ({
      ...instruction(SYSTEM_PROGRAM, []),
      data: "",
      parsed: { type, info },
    });
    const created = { source: from, newAccount: to, lamports: 70, space: 165 };
    expect(transferOf(parsed("createAccount", created))).toEqual({ from, to, lamports: 70n });
    const sent = { source: from, destination: to, lamports: 70 };
    expect(transferOf(parsed("transfer", sent))).toEqual({ from, to, lamports: 70n });
    expect(transferOf(parsed("allocate", { account: to, space: 1 }))).toBeUndefined();
    expect(transferOf(parsed("withdraw", { source: from, lamports: 70 }))).toBeUndefined();
    expect(transferOf(instruction(SYSTEM_PROGRAM, uint(8, 4), [from, to]))).toBeUndefined();
    const seedOf = (length: number) => [...uint(3, 4), ...uint(7, 32), ...uint(length, 8)];
    const long = [...seedOf(33), ...new Uint8Array(33), ...uint(70n, 8)];
    expect(transferOf(instruction(SYSTEM_PROGRAM, long, [from, to]))).toBeUndefined();
    expect(transferOf(instruction(SYSTEM_PROGRAM, seedOf(3), [from, to]))).toBeUndefined();
    expect(transferOf(instruction(SYSTEM_PROGRAM, uint(3, 4), [from, to]))).toBeUndefined();
  });

  it("reads limit and price, and that none was set", () => {
    const limit = instruction(COMPUTE_BUDGET_PROGRAM, [2, ...uint(300_000, 4)]);
    const price = instruction(COMPUTE_BUDGET_PROGRAM, [3, ...uint(5_000_000_000n, 8)]);
    const none = { unitLimit: undefined, unitPrice: undefined };
    expect(computeBudgetOf([price, limit])).toEqual({
      unitLimit: 300_000n,
      unitPrice: 5_000_000_000n,
    });
    expect(computeBudgetOf([instruction(SYSTEM_PROGRAM, [2, 1, 1, 1, 1])])).toEqual(none);
    const cut = [2, 3].map((kind) => instruction(COMPUTE_BUDGET_PROGRAM, [kind, 1, 1]));
    expect(computeBudgetOf(cut)).toEqual(none);
  });
});

/** A route plan of one step, as Jupiter encodes one: length, venue, percent, from and to. */
const PLAN = [1, 0, 0, 0, 26, 100, 0, 1];
const TAIL = [...uint(516, 8), ...uint(100, 8), ...uint(15, 2), 85];
const FRONT = [...uint(516, 8), ...uint(100, 8), ...uint(15, 2), ...uint(300, 2), ...uint(0, 2)];

describe("Jupiter's routes", () => {
  const asIn = { amountIn: 516n, amountOut: 100n, slippageBps: 15, platformFeeBps: 85 };
  const asOut = { ...asIn, amountIn: 100n, amountOut: 516n };
  const ledger = [...uint(100, 8), ...uint(15, 2), 85];
  it.each([
    ["route", "e517cb977ae3ad2a", [...PLAN, ...TAIL], asIn],
    [
      "route_with_token_ledger",
      "96564774a75d0e68",
      [...PLAN, ...ledger],
      { ...asIn, amountIn: undefined },
    ],
    ["exact_out_route", "d033ef977b2bed5c", [...PLAN, ...TAIL], asOut],
    ["shared_accounts_route", "c1209b3341d69c81", [7, ...PLAN, ...TAIL], asIn],
    [
      "shared_accounts_route_with_token_ledger",
      "e6798f50779f6aaa",
      [7, ...PLAN, ...ledger],
      { ...asIn, amountIn: undefined },
    ],
    ["shared_accounts_exact_out_route", "b0d169a89a7d453e", [7, ...PLAN, ...TAIL], asOut],
    ["route_v2", "bb64facc31c4af14", [...FRONT, ...PLAN], { ...asIn, platformFeeBps: 300 }],
    [
      "exact_out_route_v2",
      "9d8ab85215f4f324",
      [...FRONT, ...PLAN],
      { ...asOut, platformFeeBps: 300 },
    ],
    [
      "shared_accounts_route_v2",
      "d19853937cfed8e9",
      [7, ...FRONT, ...PLAN],
      { ...asIn, platformFeeBps: 300 },
    ],
    [
      "shared_accounts_exact_out_route_v2",
      "3560e5cad8bbfa18",
      [7, ...FRONT, ...PLAN],
      { ...asOut, platformFeeBps: 300 },
    ],
  ])("%s", (name, discriminator, data, expected) => {
    const whole = [...fromHex(discriminator), ...data];
    const accounts = Array.from({ length: 14 }, (_, at) => keyOf(20 + at));
    expect(jupiterArguments(Uint8Array.from(whole))).toEqual(expected);
    const route = jupiterRouteOf(instruction(JUPITER_PROGRAM, whole, accounts));
    expect(route).toMatchObject({ name, ...expected });
    expect(route?.counts).toBe(name.includes("exact_out") ? "output" : "input");
    // The first accounts of the forms without an own source mint are told by the position of the destination's.
    const at = [name.includes("shared"), name.endsWith("v2")].map(Number).join("");
    const authority = { "00": 1, "10": 2, "01": 0, "11": 1 }[at] ?? -1;
    expect(route?.authority).toBe(keyOf(20 + authority));
    expect(jupiterRouteOf(instruction(keyOf(9), whole, accounts))).toBeUndefined();
    expect(
      jupiterRouteOf(instruction(JUPITER_PROGRAM, whole, accounts.slice(0, 2))),
    ).toBeUndefined();
  });

  it.each([
    ["nothing", []],
    ["another instruction", fromHex("e455b9704e4f4d02")],
    ["data that end too early", [...fromHex("e517cb977ae3ad2a"), 1, 2, 3]],
    ["a front that ends too early", [...fromHex("bb64facc31c4af14"), ...FRONT.slice(0, 15)]],
  ])("knows none in %s", (_, data) => {
    expect(jupiterArguments(Uint8Array.from(data))).toBeUndefined();
  });
});

describe("what a swap came to", () => {
  it("is what the wallet gave and received", () => {
    const fill = fillOf(swap());
    expect(fill.kind).toBe("swap");
    expect(fill.swap).toMatchObject({
      ...{ inputMint: TOKEN, outputMint: USDC_MINT },
      ...{ amountIn: 2_000_000n, amountOut: 999_000n },
    });
    expect(fill.swap?.call).toMatchObject({
      amountIn: 2_000_000n,
      amountOut: 999_000n,
      isInner: false,
    });
    expect(fill.calls[0]?.route).toMatchObject({ ...QUOTED, slippageBps: 50, authority: WALLET });
    expect(fill.net).toEqual(
      new Map([
        [TOKEN, -2_000_000n],
        [USDC_MINT, 999_000n],
      ]),
    );
  });

  it("keeps network fee and other transfers out of the trade", () => {
    const transaction = swap({ sent: 777n, priorityFee: 1_234n });
    const balances = walletBalances(transaction, WALLET);
    expect(balances.sol).toEqual({
      walletOnly: -7_011n,
      withOwnTokenAccounts: -7_011n,
      beforeNetworkFee: -777n,
      ofTrade: 0n,
      wrapped: 0n,
    });
    expect(balances.otherTransfers).toEqual([{ from: WALLET, to: STRANGER, lamports: 777n }]);
    expect(netByMint(balances).has("So11111111111111111111111111111111111111112")).toBe(false);
    expect(networkFees(transaction)).toEqual({
      ...{ feeLamports: 6_234n, baseFeeLamports: 5_000n, priorityFeeLamports: 1_234n },
      tipLamports: 0n,
    });
  });

  it("is no swap where the wallet received more than the route gave, or gave less than it took", () => {
    const more = { routed: { amountIn: 2_000_000n, amountOut: 998_999n } };
    const less = { routed: { amountIn: 2_000_001n, amountOut: 999_000n } };
    expect(fillOf(swap(more)).kind).toBe("complex");
    expect(fillOf(swap(less)).kind).toBe("complex");
  });

  it("is nothing but the fee where it failed, whatever its events tell", () => {
    const error = { InstructionError: [1, { Custom: 6_001 }] };
    const transaction = swap({ error, sent: 777n });
    const fill = fillOf(transaction);
    expect(fill.kind).toBe("failed");
    expect(fill.calls[0]?.amountOut).toBe(999_000n);
    expect(fill.net).toEqual(new Map());
    expect(fill.balances.otherTransfers).toEqual([]);
    expect(failureOf(transaction)).toBe("slippage");
  });

  it.each([
    ["another code", { InstructionError: [1, { Custom: 6_008 }] }],
    ["the code of another program", { InstructionError: [2, { Custom: 6_001 }] }],
    ["no custom code", { InstructionError: [1, "ProgramFailedToComplete"] }],
    ["a text", "ProgramAccountNotFound"],
  ])("did not fail for slippage by %s", (_, error) => {
    expect(failureOf(swap({ error }))).toBe("other");
  });

  it("did not fail", () => {
    expect(failureOf(swap())).toBeUndefined();
  });
});

type Result = ReturnType<typeof swapAnswer>["result"];

describe("an answer", () => {
  const answer = swapAnswer({ quoted: QUOTED, paid: QUOTED });
  const changed = (change: (result: Result) => void) => {
    const copy = structuredClone(answer);
    change(copy.result);
    return readTransaction(copy);
  };

  it("may be the result alone", () => {
    expect(read(answer.result)).toEqual(read(answer));
  });

  it("has its loaded addresses after its own keys", () => {
    const { accountKeys, lookupTables } = read(answer);
    expect(accountKeys.slice(-2)).toEqual([MIDDLE, USDC_MINT]);
    expect(accountKeys[0]).toBe(WALLET);
    expect(lookupTables).toBe(1);
  });

  it.each<[string, unknown, RegExp]>([
    ["null", null, /no transaction/],
    ["a missing transaction", { jsonrpc: "2.0", id: 1, result: null }, /no transaction/],
    ["a text", "x", /the answer: /],
    ["an error", { error: { code: -32_004 } }, /the node answered an error/],
  ])("that is %s is told", (_, json, sentence) => {
    expect(readTransaction(json)).toEqual({
      kind: "problem",
      problem: expect.stringMatching(sentence),
    });
  });

  it.each<[string, (result: Result) => void, string]>([
    ["a fee over 2^53", ({ meta }) => Object.assign(meta, { fee: 2 ** 60 }), "meta.fee: must be"],
    [
      "too few balances",
      ({ meta }) => Object.assign(meta, { postBalances: [1] }),
      "meta.postBalances: 1",
    ],
    ["another version", (result) => Object.assign(result, { version: 7 }), "version: "],
    [
      "a wrong address",
      ({ meta }) => Object.assign(meta, { loadedAddresses: { writable: ["0"], readonly: [] } }),
      "is no base58 address",
    ],
    [
      "bytes of another encoding",
      (result) => Object.assign(result, { transaction: ["5", "base58"] }),
      '[bytes, "base64"]',
    ],
    [
      "bytes that end",
      (result) => Object.assign(result, { transaction: ["AQID", "base64"] }),
      "it ends within 3 bytes",
    ],
  ])("with %s is told", (_, change, sentence) => {
    expect(changed(change)).toEqual({
      kind: "problem",
      problem: expect.stringContaining(sentence),
    });
  });

  it("is the same in base64, legacy and v0", () => {
    const [payer, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(3)];
    // Bytes after the arguments are ignored: a length of two bytes.
    const transfer = [...(decodeBase58(systemTransfer(70n)) ?? []), ...new Uint8Array(256)];
    const message = (version: readonly number[], tables: readonly number[]) => [
      ...[...version, 1, 0, 1],
      ...[3, ...payer, ...other, ...new Uint8Array(32)],
      ...new Uint8Array(32).fill(8),
      ...[1, 2, 2, 0, 1, 0x80 | (transfer.length % 128), 2, ...transfer],
      ...tables,
    ];
    const meta = {
      ...{ err: null, fee: 5_000, preBalances: [9_000, 0, 1], postBalances: [3_930, 70, 1] },
      ...{ innerInstructions: [], loadedAddresses: { writable: [], readonly: [] } },
    };
    const wire = (content: readonly number[]) => {
      const signed = [1, ...new Uint8Array(64).fill(4), ...content];
      const encoded = Buffer.from(signed).toString("base64");
      return read({ slot: 5, transaction: [encoded, "base64"], meta });
    };
    for (const transaction of [wire(message([], [])), wire(message([0x80], [0]))]) {
      expect(transaction.signature).toBe(encodeBase58(new Uint8Array(64).fill(4)));
      expect(transaction.accountKeys).toEqual([WALLET, STRANGER, SYSTEM_PROGRAM]);
      expect(walletBalances(transaction, WALLET).otherTransfers).toEqual([
        { from: WALLET, to: STRANGER, lamports: 70n },
      ]);
      expect(fillOf(transaction).kind).toBe("direct-dex");
    }
    expect(() => wire([...message([], []), 0])).toThrow("1 bytes are left over");
    expect(() => wire(message([0x83], []))).toThrow("version 3 is not known");
  });
});
