/** One transaction as different nodes write it: parsed by the node, without what old nodes left out, and with parts that fit nothing. */
import { describe, expect, it } from "vitest";
import {
  COMPUTE_BUDGET_PROGRAM,
  JUPITER_PROGRAM,
  SYSTEM_PROGRAM,
} from "../../domain/chain/addresses.ts";
import { walletBalances } from "../../domain/chain/balances.ts";
import { fillOf } from "../../domain/chain/fill.ts";
import { computeBudgetOf } from "../../domain/chain/instruction-data.ts";
import { type ChainTransaction, readTransaction } from "../../domain/chain/transaction.ts";
import { STRANGER, swapAnswer, uint, WALLET } from "../support/chain-answers.ts";

const MEMO_PROGRAM = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";

const answer = swapAnswer({
  quoted: { amountIn: 2_000_000n, amountOut: 1_000_000n },
  paid: { amountIn: 2_000_000n, amountOut: 999_000n },
  sent: 777n,
});
type Result = (typeof answer)["result"];

function read(json: unknown): ChainTransaction {
  const found = readTransaction(json);
  if (found.kind === "problem") throw new Error(found.problem);
  return found.transaction;
}

const problemOf = (json: unknown): string => {
  const found = readTransaction(json);
  return found.kind === "problem" ? found.problem : "none";
};

/** The encoding jsonParsed: keys as objects, the loaded ones among them; programs by address; what the node knows is parsed. */
function nodeParsed({ transaction, meta, ...rest }: Result) {
  const { message, signatures } = transaction;
  const keys = [
    ...message.accountKeys,
    ...meta.loadedAddresses.writable,
    ...meta.loadedAddresses.readonly,
  ];
  const key = (at: number): string => keys[at] ?? "";
  const byAddress = (raw: { programIdIndex: number; accounts: number[]; data: string }) => ({
    programId: key(raw.programIdIndex),
    accounts: raw.accounts.map(key),
    data: raw.data,
  });
  const [budget, route] = message.instructions;
  if (!budget || !route) throw new Error("no instructions");
  const info = { source: WALLET, destination: STRANGER, lamports: 777 };
  const instructions = [
    byAddress(budget),
    { ...byAddress(route), stackHeight: null },
    { programId: SYSTEM_PROGRAM, program: "system", parsed: { type: "transfer", info } },
    { programId: MEMO_PROGRAM, program: "spl-memo", parsed: "a text, as the node parses a memo" },
  ];
  const innerInstructions = meta.innerInstructions.map(({ index, instructions: inner }) => ({
    index,
    instructions: inner.map((raw) => ({ ...byAddress(raw), stackHeight: raw.stackHeight })),
  }));
  const accountKeys = keys.map((pubkey) => ({ pubkey, signer: pubkey === WALLET }));
  return {
    ...rest,
    transaction: { signatures, message: { accountKeys, instructions } },
    meta: { ...meta, innerInstructions },
  };
}

describe("an answer that the node parsed", () => {
  const parsed = read(nodeParsed(answer.result));

  it("is the same fill as one that it left as it was", () => {
    expect(fillOf(parsed)).toEqual(fillOf(read(answer)));
    expect(fillOf(parsed).kind).toBe("swap");
    expect(computeBudgetOf(parsed.instructions)).toEqual({
      unitLimit: undefined,
      unitPrice: 25_000n,
    });
  });

  it("keeps what the node made of an instruction only where it has a type", () => {
    const [, , , transfer, memo] = parsed.instructions;
    expect(transfer).toMatchObject({ programId: SYSTEM_PROGRAM, parsed: { type: "transfer" } });
    expect(memo).toEqual({ outer: 3, depth: 1, programId: MEMO_PROGRAM, accounts: [], data: "" });
  });
});

describe("an answer of an old node", () => {
  it("may lack heights, token balances, owners, loaded addresses, units, time and version", () => {
    const result = structuredClone(answer.result);
    const { meta, transaction } = result;
    const keys = [
      ...transaction.message.accountKeys,
      ...meta.loadedAddresses.writable,
      ...meta.loadedAddresses.readonly,
    ];
    const [group] = meta.innerInstructions;
    const inner = group?.instructions.map(({ stackHeight: _, ...raw }) => raw);
    const old = read({
      slot: result.slot,
      transaction: {
        signatures: transaction.signatures,
        message: { accountKeys: keys, instructions: transaction.message.instructions },
      },
      meta: {
        ...{ err: null, fee: meta.fee, preBalances: meta.preBalances },
        postBalances: meta.postBalances,
        preTokenBalances: meta.preTokenBalances.map(({ owner: _, ...rest }) => rest),
        innerInstructions: [{ index: 1, instructions: inner }],
      },
    });
    expect(old).toMatchObject({ version: "legacy", lookupTables: 0, postTokenBalances: [] });
    expect(old.blockTimeSeconds).toBeUndefined();
    expect(old.computeUnits).toBeUndefined();
    expect(old.instructions.map(({ depth }) => depth)).toEqual([1, 1, 2, 1]);
    // Without owners nobody can say which token accounts are the wallet's.
    expect(walletBalances(old, WALLET).tokens).toEqual(new Map());
    expect(fillOf(old).kind).toBe("complex");
  });

  it("may not tell what programs called: then the route has no hops", () => {
    const result = structuredClone(answer.result);
    const bare = { ...result, meta: { ...result.meta, innerInstructions: null } };
    expect(read(bare).instructions.map(({ programId }) => programId)).toEqual([
      COMPUTE_BUDGET_PROGRAM,
      JUPITER_PROGRAM,
      SYSTEM_PROGRAM,
    ]);
    expect(fillOf(read(bare)).calls).toMatchObject([{ hops: [], amountIn: 0n, amountOut: 0n }]);
  });
});

describe("an answer whose parts do not fit", () => {
  const withMessage = (change: object): unknown => {
    const { result } = structuredClone(answer);
    Object.assign(result.transaction.message, change);
    return result;
  };
  const wire = (bytes: readonly number[]): unknown => ({
    ...answer.result,
    transaction: [Buffer.from(Uint8Array.from(bytes)).toString("base64"), "base64"],
  });

  it.each<[string, unknown, string]>([
    [
      "an account that is not there",
      withMessage({ instructions: [{ programIdIndex: 200, accounts: [], data: "" }] }),
      "account 200 of 11 is named",
    ],
    [
      "an address that is none",
      withMessage({ accountKeys: ["0OIl"] }),
      "transaction.message.accountKeys.0: is no base58 address",
    ],
    ["no transaction at all", { ...answer.result, transaction: {} }, "transaction.signatures: "],
    [
      "a text that is not base64",
      { ...answer.result, transaction: ["!!!!", "base64"] },
      "transaction: is not base64",
    ],
    [
      "more bytes than a packet has",
      wire(new Array<number>(1_300).fill(0)),
      "it has more than 1232 bytes",
    ],
    [
      "a length of more than three bytes",
      wire([0x80, 0x80, 0x80, 0x80, 0, 0]),
      "a length in it has more than three bytes",
    ],
  ])("with %s is told", (_, json, sentence) => {
    expect(problemOf(json)).toContain(sentence);
  });

  it("counts a signature for each that the message asks for", () => {
    const key = [...new Uint8Array(32).fill(1)];
    const signed = [2, ...new Uint8Array(128).fill(4), 2, 0, 0, 2, ...key, ...new Uint8Array(32)];
    const meta = { err: null, fee: 10_000, preBalances: [1, 1], postBalances: [1, 1] };
    const json = {
      slot: 1,
      transaction: [
        Buffer.from(Uint8Array.from([...signed, ...uint(0, 32), 0])).toString("base64"),
        "base64",
      ],
      meta,
    };
    expect(read(json)).toMatchObject({ signatureCount: 2, instructions: [] });
  });
});
