/** The v0 codec against web3.js 1.99.0, on random messages and on all recorded ones; and what it refuses. */
import { readFileSync } from "node:fs";
import {
  AddressLookupTableAccount,
  type MessageAccountKeys,
  MessageV0,
  PublicKey,
  VersionedTransaction,
} from "@solana/web3.js";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { z } from "zod";
import type { Instruction, LookupTable } from "../../domain/chain/instruction.ts";
import { parseMessage, parseTransaction, resolveMessage } from "../../domain/chain/message.ts";
import {
  sameButBudget,
  signatureOf,
  signedTransaction,
  withBlockhash,
  withComputeBudget,
} from "../../domain/chain/message-edit.ts";
import { encodeBase58 as localBase58 } from "../../localnet/chain/base58.ts";
import { unitLimit, unitPrice } from "../../localnet/market/plain-instructions.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";
import { recordedMessages, transactionFiles } from "../support/recorded-messages.ts";
import { addressNamed, bytesOf, compiled, partsOf, STRANGER } from "../support/swap-parts.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const parsed = (bytes: Uint8Array) => {
  const read = parseMessage(bytes);
  if (read.kind === "problem") throw new Error(read.problem);
  return read.message;
};

/** What web3.js reads out of the same bytes, in our words. */
function byWeb3(bytes: Uint8Array) {
  const message = MessageV0.deserialize(bytes);
  return {
    requiredSignatures: message.header.numRequiredSignatures,
    readonlySigned: message.header.numReadonlySignedAccounts,
    readonlyUnsigned: message.header.numReadonlyUnsignedAccounts,
    staticKeys: message.staticAccountKeys.map((key) => key.toBase58()),
    blockhash: message.recentBlockhash,
    instructions: message.compiledInstructions.map((each) => ({
      programIdIndex: each.programIdIndex,
      accounts: [...each.accountKeyIndexes],
      data: hex(each.data),
    })),
    lookups: message.addressTableLookups.map((each) => ({
      table: each.accountKey.toBase58(),
      writable: [...each.writableIndexes],
      readonly: [...each.readonlyIndexes],
    })),
  };
}

function byUs(bytes: Uint8Array) {
  const { instructions, lookups, blockhashAt: _, ...rest } = parsed(bytes);
  return {
    ...rest,
    instructions: instructions.map(({ programIdIndex, accounts, data }) => ({
      ...{ programIdIndex, accounts: [...accounts], data: hex(data) },
    })),
    lookups: lookups.map(({ table, writable, readonly }) => ({
      ...{ table, writable: [...writable], readonly: [...readonly] },
    })),
  };
}

function metasByWeb3(bytes: Uint8Array, tables: readonly LookupTable[]) {
  const message = MessageV0.deserialize(bytes);
  const accounts = tables.map(({ address, addresses }) => {
    const state = { deactivationSlot: 0n, lastExtendedSlot: 0, lastExtendedSlotStartIndex: 0 };
    return new AddressLookupTableAccount({
      key: new PublicKey(address),
      state: { ...state, addresses: addresses.map((each) => new PublicKey(each)) },
    });
  });
  const keys: MessageAccountKeys = message.getAccountKeys({ addressLookupTableAccounts: accounts });
  return message.compiledInstructions.map((each) => ({
    programId: keys.get(each.programIdIndex)?.toBase58(),
    accounts: each.accountKeyIndexes.map((at) => ({
      address: keys.get(at)?.toBase58(),
      isSigner: message.isAccountSigner(at),
      isWritable: message.isAccountWritable(at),
    })),
    data: hex(each.data),
  }));
}

function metasByUs(bytes: Uint8Array, tables: readonly LookupTable[]) {
  const resolved = resolveMessage(parsed(bytes), tables);
  if (resolved.kind === "problem") throw new Error(resolved.problem);
  return resolved.instructions.map((each) => ({ ...each, data: hex(each.data) }));
}

const POOL = Array.from({ length: 40 }, (_, at) => addressNamed(`key ${at}`));
const PROGRAMS = Array.from({ length: 5 }, (_, at) => addressNamed(`program ${at}`));
const TABLES: LookupTable[] = [
  { address: addressNamed("table 0"), addresses: POOL.slice(10, 26) },
  { address: addressNamed("table 1"), addresses: POOL.slice(26) },
];
const anInstruction: fc.Arbitrary<Instruction> = fc.record({
  programId: fc.constantFrom(...PROGRAMS),
  accounts: fc.array(
    fc.record({
      address: fc.constantFrom(...POOL),
      // Few signers: each takes 64 bytes.
      isSigner: fc.integer({ min: 0, max: 30 }).map((chance) => chance === 0),
      isWritable: fc.boolean(),
    }),
    { maxLength: 14 },
  ),
  data: fc.uint8Array({ maxLength: 150 }),
});
const aMessage = fc
  .record({
    instructions: fc.array(anInstruction, { minLength: 1, maxLength: 6 }),
    tables: fc.subarray(TABLES),
  })
  .map(({ instructions, tables }) => {
    try {
      const bytes = compiled(instructions, { payer: STRANGER, tables });
      return { tables, bytes };
    } catch {
      // web3.js cannot write what is far too long.
      return { tables, bytes: new Uint8Array(2_000) };
    }
  })
  .filter(({ bytes }) => bytes.length + 1 + 64 * (bytes[1] ?? 0) <= 1_232);

describe("against web3.js", () => {
  it("reads random messages with lookup tables as it does", () => {
    let looked = 0;
    fc.assert(
      fc.property(aMessage, ({ bytes, tables }) => {
        expect(byUs(bytes)).toEqual(byWeb3(bytes));
        expect(metasByUs(bytes, tables)).toEqual(metasByWeb3(bytes, tables));
        looked += parsed(bytes).lookups.length;
      }),
      { numRuns: 400 },
    );
    expect(looked).toBeGreaterThan(100);
  });

  describe.skipIf(!hasRealData("transactions"))("recorded", () => {
    test("messages of the encoding json", () => {
      const all = recordedMessages();
      for (const { bytes, tables, file } of all) {
        expect(byUs(bytes), file).toEqual(byWeb3(bytes));
        expect(metasByUs(bytes, tables), file).toEqual(metasByWeb3(bytes, tables));
      }
      console.info(`${all.length} recorded messages of the encoding json`);
      expect(all.length).toBeGreaterThanOrEqual(40);
    });

    test("transactions of the encoding base64", () => {
      const form = z.object({ result: z.object({ transaction: z.array(z.string()) }) });
      let [v0, legacy] = [0, 0];
      for (const file of transactionFiles()) {
        const path = realDataPath(`transactions/base64/${file}`);
        if (!hasFile(path)) continue;
        const { result } = form.parse(JSON.parse(readFileSync(path, "utf8")));
        const bytes = Uint8Array.from(Buffer.from(result.transaction[0] ?? "", "base64"));
        const theirs = VersionedTransaction.deserialize(bytes);
        const ours = parseTransaction(bytes);
        if (theirs.version === "legacy") {
          expect(ours.kind, file).toBe("problem");
          legacy += 1;
          continue;
        }
        if (ours.kind === "problem") throw new Error(`${file}: ${ours.problem}`);
        v0 += 1;
        expect(byUs(ours.bytes), file).toEqual(byWeb3(ours.bytes));
        expect(ours.signatures, file).toHaveLength(theirs.signatures.length);
        expect(signatureOf(bytes), file).toBe(ours.signatures[0]);
      }
      console.info(`${v0} v0 transactions of the encoding base64, ${legacy} legacy ones refused`);
      expect(v0).toBeGreaterThanOrEqual(30);
    });
  });
});

function hasFile(path: string): boolean {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}

const SWAP = bytesOf(partsOf({ path: ["SOL", "USDC"], usesTable: true }));
const changed = (bytes: Uint8Array, at: number, ...values: number[]): Uint8Array => {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
};
const spliced = (bytes: Uint8Array, at: number, remove: number, ...values: number[]) =>
  Uint8Array.from([...bytes.subarray(0, at), ...values, ...bytes.subarray(at + remove)]);
const problemOf = (bytes: Uint8Array): string => {
  const read = parseMessage(bytes);
  return read.kind === "problem" ? read.problem : "read";
};

describe("strictness", () => {
  const { blockhashAt, staticKeys, instructions } = parsed(SWAP);
  const firstInstruction = blockhashAt + 33;

  test.each<[string, Uint8Array, RegExp]>([
    ["a legacy message", SWAP.subarray(1), /version 0/],
    ["version 1", changed(SWAP, 0, 0x81), /version 0/],
    ["a byte too many", Uint8Array.from([...SWAP, 0]), /left over/],
    ["no signer", changed(SWAP, 1, 0), /fee payer/],
    ["a read-only fee payer", changed(SWAP, 2, 1), /fee payer/],
    ["more read-only keys than keys", changed(SWAP, 3, staticKeys.length), /header counts/],
    ["a key twice", changed(SWAP, 37, ...SWAP.subarray(5, 37)), /named twice/],
    [
      "a length in two bytes that needs one",
      spliced(SWAP, 4, 1, staticKeys.length | 0x80, 0),
      /shortest/,
    ],
    [
      "a length in three bytes that needs two",
      spliced(SWAP, 4, 1, 0x80 | 1, 0x80, 0),
      /shortest|ends/,
    ],
    ["a length over 65,535", spliced(SWAP, 4, 1, 0xff, 0xff, 0x7f), /65,535/],
    ["a length in four bytes", spliced(SWAP, 4, 1, 0xff, 0xff, 0xff, 0x01), /65,535/],
    ["the fee payer as program", changed(SWAP, firstInstruction, 0), /cannot be a program/],
    [
      "a program out of a table",
      changed(SWAP, firstInstruction, staticKeys.length),
      /cannot be a program/,
    ],
    [
      "an account that is not there",
      changed(SWAP, (instructions[2]?.dataAt ?? 0) - 2, 200),
      /account 200/,
    ],
  ])("refuses %s", (_, bytes, reason) => {
    expect(problemOf(bytes)).toMatch(reason);
  });

  /** A message of so many bytes: the memo fills it. */
  function sized(length: number): Uint8Array {
    const parts = partsOf({ path: ["SOL", "USDC"] });
    const withMemo = (bytes: number): Uint8Array =>
      bytesOf({
        ...parts,
        memo: parts.memo.map((each) => ({ ...each, data: new Uint8Array(bytes) })),
      });
    return withMemo(200 + length - withMemo(200).length);
  }

  test("a message may have 1,167 bytes: 1,232 with its signature", () => {
    expect(sized(1_167)).toHaveLength(1_167);
    expect(problemOf(sized(1_167))).toBe("read");
    expect(problemOf(sized(1_168))).toMatch(/1233 bytes with signatures/);
  });

  test("refuses every shorter message", () => {
    for (let length = 0; length < SWAP.length; length += 1) {
      expect(problemOf(SWAP.subarray(0, length)), `${length}`).not.toBe("read");
    }
  });

  test("a table that is named for nothing", () => {
    const without = bytesOf(partsOf({ path: ["SOL", "USDC"] }));
    const at = without.length - 1;
    expect(without[at]).toBe(0);
    const named = [1, ...new Uint8Array(32).fill(7), 0, 0];
    expect(problemOf(spliced(without, at, 1, ...named))).toMatch(/for nothing/);
  });

  test("as many signatures as the message requires", () => {
    const whole = signedTransaction(SWAP, new Uint8Array(64));
    expect(parseTransaction(whole).kind).toBe("transaction");
    const two = Uint8Array.from([2, ...new Uint8Array(128), ...SWAP]);
    expect(parseTransaction(two)).toMatchObject({ kind: "problem" });
    expect(parseTransaction(Uint8Array.from([0, ...SWAP]))).toMatchObject({ kind: "problem" });
  });
});

describe("resolving", () => {
  const parts = partsOf({ path: ["SOL", "USDC"], usesTable: true });
  const problem = (tables: readonly LookupTable[]): string => {
    const resolved = resolveMessage(parsed(SWAP), tables);
    return resolved.kind === "problem" ? resolved.problem : "resolved";
  };
  const [table] = parts.tables;

  test("needs the table, its places, and each account once", () => {
    expect(problem(parts.tables)).toBe("resolved");
    expect(problem([])).toMatch(/not known/);
    if (!table) throw new Error("no table");
    expect(problem([{ ...table, addresses: table.addresses.slice(0, 3) }])).toMatch(/no place/);
    const same = table.addresses.map(() => table.addresses[0] ?? "");
    expect(problem([{ ...table, addresses: same }])).toMatch(/loaded twice/);
  });
});

describe("edits", () => {
  const budget = { unitLimit: 123_456, unitPriceMicroLamports: 2n ** 64n - 1n };
  const other = addressNamed("another blockhash");

  test("change the budget as web3.js would have written it", () => {
    const parts = partsOf({ path: ["SOL", "USDC"], usesTable: true });
    const made = [unitLimit(budget.unitLimit), unitPrice(budget.unitPriceMicroLamports)];
    const expected = bytesOf({
      ...parts,
      budget: made.map(({ programId, data }) => ({ programId, data, accounts: [] })),
    });
    expect(hex(withComputeBudget(SWAP, budget))).toBe(hex(expected));
  });

  test("change the blockhash alone", () => {
    const bytes = withBlockhash(SWAP, other);
    expect(byWeb3(bytes)).toEqual({ ...byWeb3(SWAP), blockhash: other });
  });

  test("leave the bytes that they were given", () => {
    const before = hex(SWAP);
    withComputeBudget(SWAP, budget);
    withBlockhash(SWAP, other);
    expect(hex(SWAP)).toBe(before);
  });

  test.each([
    ["a limit that is no u32", { ...budget, unitLimit: 2 ** 32 }],
    ["half a unit", { ...budget, unitLimit: 0.5 }],
    ["a price that is no u64", { ...budget, unitPriceMicroLamports: 2n ** 64n }],
    ["a negative price", { ...budget, unitPriceMicroLamports: -1n }],
  ])("refuse %s", (_, bad) => {
    expect(() => withComputeBudget(SWAP, bad)).toThrow(/no u/);
  });

  test("refuse a message with two limits, or none", () => {
    const parts = partsOf({ path: ["SOL", "USDC"] });
    const twice = bytesOf({ ...parts, budget: [...parts.budget, ...parts.budget] });
    expect(() => withComputeBudget(twice, budget)).toThrow(/2 instructions/);
    expect(() => withComputeBudget(bytesOf({ ...parts, budget: [] }), budget)).toThrow(/0 instr/);
    expect(sameButBudget(twice, twice)).toBe(false);
  });

  test("refuse a blockhash or a signature of another length", () => {
    expect(() => withBlockhash(SWAP, "abc")).toThrow(/no blockhash/);
    expect(() => signedTransaction(SWAP, new Uint8Array(63))).toThrow(/63 bytes/);
    expect(() => signatureOf(SWAP)).toThrow(/no transaction/);
  });

  test("a signed transaction is web3.js's", () => {
    const signature = Uint8Array.from({ length: 64 }, (_, at) => at + 1);
    const whole = signedTransaction(SWAP, signature);
    const theirs = new VersionedTransaction(MessageV0.deserialize(SWAP), [signature]);
    expect(hex(whole)).toBe(hex(theirs.serialize()));
    expect(signatureOf(whole)).toBe(localBase58(signature));
  });

  test("sameButBudget: nothing else may differ, not one byte", () => {
    const final = withBlockhash(withComputeBudget(SWAP, budget), other);
    expect(sameButBudget(SWAP, final)).toBe(true);
    const { blockhashAt, instructions } = parsed(SWAP);
    const [limit, price] = instructions;
    const free = new Set<number>();
    const freely = (at: number, length: number) => {
      for (let index = at; index < at + length; index += 1) free.add(index);
    };
    freely(blockhashAt, 32);
    freely((limit?.dataAt ?? 0) + 1, 4);
    freely((price?.dataAt ?? 0) + 1, 8);
    for (let at = 0; at < final.length; at += 1) {
      const bad = changed(final, at, (final[at] ?? 0) ^ 1);
      expect(sameButBudget(SWAP, bad), `byte ${at}`).toBe(free.has(at));
    }
    expect(sameButBudget(SWAP, Uint8Array.from([...SWAP, 0]))).toBe(false);
  });
});
