/** Whether a node's answer is the transaction that was signed, and whether its amounts can be true. */
import { describe, expect, it } from "vitest";
import { encodeBase58, encodeBase64 } from "../../domain/chain/bytes.ts";
import { parseTransaction } from "../../domain/chain/message.ts";
import { differencesOf, type LandedAmounts } from "../../domain/chain/own-swap.ts";
import { isOwn } from "../../domain/chain/own-transaction.ts";
import { quoteRefusal } from "../../domain/chain/simulated-balances.ts";
import { type ChainTransaction, readTransaction } from "../../domain/chain/transaction.ts";
import { MINTS, WALLETS } from "../simulation/live/addresses.ts";
import { compiler, swapInstructions } from "../simulation/live/wire.ts";

const [wallet = ""] = WALLETS.keys();
const [input, output] = MINTS;
if (!input || !output) throw new Error("two mints are needed");
const { setup, swap } = swapInstructions({
  ...{ wallet, inputMint: input.mint, outputMint: output.mint },
  ...{ amount: 100n, quotedOut: 90n, slippageBps: 100 },
});
const compiled = compiler.compile({
  ...{ payer: wallet, blockhash: wallet, instructions: [...setup, swap], lookupTables: [] },
});
if (compiled.kind === "problem") throw new Error(compiled.message);
const SIGNED = Uint8Array.from([1, ...new Uint8Array(64).fill(7), ...compiled.bytes]);

function told(): ChainTransaction {
  const parsed = parseTransaction(SIGNED);
  if (parsed.kind === "problem") throw new Error(parsed.problem);
  const balances = parsed.message.staticKeys.map(() => 0);
  const read = readTransaction({
    ...{ slot: 5, version: 0, transaction: [encodeBase64(SIGNED), "base64"] },
    meta: { err: null, fee: 5_000, preBalances: balances, postBalances: balances },
  });
  if (read.kind === "problem") throw new Error(read.problem);
  return read.transaction;
}

const OWN = told();
const withFirst = (changes: object): ChainTransaction => ({
  ...OWN,
  instructions: OWN.instructions.map((one, index) => (index === 0 ? { ...one, ...changes } : one)),
});

describe("isOwn", () => {
  it("knows the signed transaction, in both forms of its data", () => {
    expect(isOwn(OWN, SIGNED)).toBe(true);
    const instructions = OWN.instructions.map((one) => ({
      ...one,
      data: typeof one.data === "string" ? one.data : encodeBase58(one.data),
    }));
    expect(isOwn({ ...OWN, instructions }, SIGNED)).toBe(true);
  });

  it.each<[string, ChainTransaction]>([
    ["signature", { ...OWN, signature: "1" }],
    ["count of signatures", { ...OWN, signatureCount: 2 }],
    ["version", { ...OWN, version: "legacy" }],
    ["lookup tables", { ...OWN, lookupTables: 1 }],
    ["key", { ...OWN, accountKeys: OWN.accountKeys.toReversed() }],
    ["further key", { ...OWN, accountKeys: [...OWN.accountKeys, wallet] }],
    ["instruction less", { ...OWN, instructions: OWN.instructions.slice(1) }],
    ["program", withFirst({ programId: wallet })],
    ["data", withFirst({ data: Uint8Array.of(9, 9) })],
    ["account", withFirst({ accounts: OWN.instructions[0]?.accounts.toReversed() })],
    ["account less", withFirst({ accounts: OWN.instructions[0]?.accounts.slice(1) })],
    ["parsed form", withFirst({ parsed: { type: "create", info: {} } })],
  ])("refuses another %s", (_, transaction) => {
    expect(isOwn(transaction, SIGNED)).toBe(false);
  });

  it("refuses where the signed bytes are none", () => {
    expect(isOwn(OWN, SIGNED.subarray(1))).toBe(false);
  });
});

it("differencesOf names every amount that differs", () => {
  const one: LandedAmounts = {
    ...{ amountIn: "5", amountOut: "6", baseFeeLamports: "1", priorityFeeLamports: "0" },
    ...{ tipLamports: "0", rentLockedLamports: "0", rentRecoveredLamports: "0" },
    ...{ unwrappedLamports: "0", otherTransfersLamports: "0", platformFee: "0" },
    walletLamportsChange: "-6",
  };
  expect(differencesOf(one, { ...one, amountIn: 5n })).toBe("");
  expect(differencesOf(one, { ...one, amountOut: 7n, walletLamportsChange: -5n })).toBe(
    "amountOut 6 and 7, walletLamportsChange -6 and -5",
  );
});

it("quoteRefusal lets exactly the band pass", () => {
  const quoted = { output: { quotedAmount: 1_000n } } as Parameters<typeof quoteRefusal>[1];
  expect(quoteRefusal(1_100n, quoted, 1_000)).toBeUndefined();
  expect(quoteRefusal(1_101n, quoted, 1_000)).toMatchObject({ rule: "quote-far-from-simulation" });
  expect(quoteRefusal(1n, quoted, 0)).toBeUndefined();
});
