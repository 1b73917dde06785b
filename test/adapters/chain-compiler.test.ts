/** Messages put together by the engine, held to web3.js's and read back by it: what is static, what is looked up, and what does not fit. */
import {
  AddressLookupTableAccount,
  Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTransactionCompiler } from "../../adapters/chain/compiler.ts";
import { readLookupTable } from "../../adapters/chain/lookup-tables.ts";
import type { AccountMeta, Instruction, LookupTable } from "../../domain/chain/instruction.ts";
import { LOOKUP_TABLE_PROGRAM, lookupTableData } from "../support/lookup-table-account.ts";

const keyOf = (byte: number): string => new PublicKey(new Uint8Array(32).fill(byte)).toBase58();
const PAYER = keyOf(1);
const PROGRAM = keyOf(2);
const HASH = keyOf(3);
const compiler = createTransactionCompiler();

type Parts = Parameters<typeof compiler.compile>[0];

const meta = (address: string, isWritable = false): AccountMeta => ({
  ...{ address, isWritable, isSigner: false },
});
const instruction = (accounts: readonly AccountMeta[], bytes = 3): Instruction => ({
  ...{ programId: PROGRAM, accounts, data: new Uint8Array(bytes).fill(9) },
});
const parts = (changes: Partial<Parts>): Parts => ({
  ...{ payer: PAYER, blockhash: HASH, instructions: [], lookupTables: [], ...changes },
});

function compile(changes: Partial<Parts>): Uint8Array {
  const outcome = compiler.compile(parts(changes));
  if (outcome.kind === "problem") throw new Error(outcome.message);
  return outcome.bytes;
}
function read(bytes: Uint8Array) {
  const message = VersionedMessage.deserialize(bytes);
  if (message.version !== 0) throw new Error("not v0");
  return {
    keys: message.staticAccountKeys.map((key) => key.toBase58()),
    lookups: message.addressTableLookups.map((lookup) => ({
      ...lookup,
      accountKey: lookup.accountKey.toBase58(),
    })),
  };
}

/** As web3.js does it with the tables as they are. */
function plain({ payer, blockhash, instructions, lookupTables }: Parts): Uint8Array {
  const state = {
    deactivationSlot: 2n ** 64n - 1n,
    lastExtendedSlot: 0,
    lastExtendedSlotStartIndex: 0,
  };
  return new TransactionMessage({
    payerKey: new PublicKey(payer),
    recentBlockhash: blockhash,
    instructions: instructions.map(
      ({ programId, accounts, data }) =>
        new TransactionInstruction({
          programId: new PublicKey(programId),
          keys: accounts.map(({ address, ...rest }) => ({
            pubkey: new PublicKey(address),
            ...rest,
          })),
          data: Buffer.from(data),
        }),
    ),
  })
    .compileToV0Message(
      lookupTables.map(
        ({ address, addresses }) =>
          new AddressLookupTableAccount({
            key: new PublicKey(address),
            state: { ...state, addresses: addresses.map((one) => new PublicKey(one)) },
          }),
      ),
    )
    .serialize();
}

describe("a message", () => {
  test("names what no table holds, and looks the rest up by its place", () => {
    const table = { address: keyOf(10), addresses: [keyOf(90), keyOf(91), keyOf(92), keyOf(91)] };
    const accounts = [meta(keyOf(91), true), meta(keyOf(92)), meta(keyOf(93))];
    const { keys, lookups } = read(
      compile({ instructions: [instruction(accounts)], lookupTables: [table] }),
    );
    expect(keys).toEqual([PAYER, PROGRAM, keyOf(93)]);
    expect(lookups).toEqual([
      { accountKey: keyOf(10), writableIndexes: [1], readonlyIndexes: [2] },
    ]);
  });

  test("keeps static keys though a table holds them; their places stay", () => {
    const addresses = [keyOf(90), keyOf(91), keyOf(90), keyOf(92)];
    const accounts = [meta(keyOf(90), true), meta(keyOf(91), true), meta(keyOf(92))];
    const { keys, lookups } = read(
      compile({
        instructions: [instruction(accounts)],
        lookupTables: [{ address: keyOf(10), addresses }],
        staticKeys: [keyOf(90), PAYER, keyOf(77)],
      }),
    );
    expect(keys).toEqual([PAYER, keyOf(90), PROGRAM]);
    expect(lookups).toEqual([
      { accountKey: keyOf(10), writableIndexes: [1], readonlyIndexes: [3] },
    ]);
  });

  test("the address of all zeros is looked up where it stands, not where another is left out", () => {
    const zeros = keyOf(0);
    const addresses = [keyOf(90), keyOf(50), zeros];
    const accounts = [meta(keyOf(90), true), meta(zeros)];
    const lookupTables = [{ address: keyOf(10), addresses }];
    const instructions = [instruction(accounts)];
    const { lookups } = read(compile({ instructions, lookupTables, staticKeys: [keyOf(90)] }));
    expect(lookups).toEqual([{ accountKey: keyOf(10), writableIndexes: [], readonlyIndexes: [2] }]);
  });

  test("signers and programs are never looked up", () => {
    const addresses = [PAYER, PROGRAM, keyOf(90)];
    const signer = { ...meta(keyOf(90)), isSigner: true };
    const lookupTables = [{ address: keyOf(10), addresses }];
    const { keys, lookups } = read(
      compile({ instructions: [instruction([signer])], lookupTables }),
    );
    expect(keys).toEqual([PAYER, keyOf(90), PROGRAM]);
    expect(lookups).toEqual([]);
  });
});

describe("laws", () => {
  const key = fc.integer({ min: 20, max: 60 }).map(keyOf);
  const account = fc.record({
    address: key,
    isSigner: fc.constant(false),
    isWritable: fc.boolean(),
  });
  const table: fc.Arbitrary<LookupTable> = fc.record({
    address: fc.integer({ min: 100, max: 120 }).map(keyOf),
    addresses: fc.array(key, { maxLength: 12 }),
  });
  const some = fc.record({
    instructions: fc.array(
      fc.array(account, { maxLength: 6 }).map((all) => instruction(all)),
      {
        maxLength: 4,
      },
    ),
    lookupTables: fc.uniqueArray(table, { maxLength: 3, selector: ({ address }) => address }),
  });

  test("without static keys it is byte for byte what web3.js makes of the whole tables", () => {
    fc.assert(
      fc.property(some, (changes) => {
        expect(compile(changes)).toEqual(plain(parts(changes)));
      }),
    );
  });

  /** Signers, the payer and programs among the accounts, lengths of more than one byte. */
  const anyMeta = fc.record({
    address: fc.oneof(key, fc.constantFrom(PAYER, PROGRAM)),
    isSigner: fc.boolean(),
    isWritable: fc.boolean(),
  });
  const anyInstruction: fc.Arbitrary<Instruction> = fc.record({
    programId: fc.oneof(key, fc.constantFrom(PROGRAM)),
    accounts: fc.array(anyMeta, { maxLength: 8 }),
    data: fc.uint8Array({ maxLength: 200 }),
  });

  test("of any instructions it is byte for byte what web3.js makes, or too large for both", () => {
    const any = fc.record({
      instructions: fc.array(anyInstruction, { maxLength: 5 }),
      lookupTables: fc.uniqueArray(table, { maxLength: 3, selector: ({ address }) => address }),
    });
    fc.assert(
      fc.property(any, (changes) => {
        const outcome = compiler.compile(parts(changes));
        if (outcome.kind === "message") expect(outcome.bytes).toEqual(plain(parts(changes)));
        else expect(outcome.message).toContain("bytes with its signature");
      }),
      { numRuns: 300 },
    );
  });

  test("static keys are static, and every instruction still names what it named", () => {
    fc.assert(
      fc.property(some, fc.uniqueArray(key, { maxLength: 6 }), (changes, staticKeys) => {
        const bytes = compile({ ...changes, staticKeys });
        const { keys } = read(bytes);
        const used = changes.instructions.flatMap(({ accounts }) =>
          accounts.map(({ address }) => address),
        );
        for (const address of staticKeys.filter((one) => used.includes(one))) {
          expect(keys).toContain(address);
        }
        const tables = changes.lookupTables.map((one) => {
          const state = AddressLookupTableAccount.deserialize(lookupTableData(one.addresses));
          return new AddressLookupTableAccount({ key: new PublicKey(one.address), state });
        });
        const message = TransactionMessage.decompile(VersionedMessage.deserialize(bytes), {
          addressLookupTableAccounts: tables,
        });
        const named = message.instructions.map(({ keys: all }) =>
          all.map(({ pubkey }) => pubkey.toBase58()),
        );
        expect(named).toEqual(
          changes.instructions.map(({ accounts }) => accounts.map(({ address }) => address)),
        );
      }),
    );
  });
});

describe("what does not fit", () => {
  const size = (bytes: number) =>
    compiler.compile(parts({ instructions: [instruction([], bytes)] }));

  test("1,232 bytes with the signature, and not one more", () => {
    const spare = size(500);
    if (spare.kind === "problem") throw new Error(spare.message);
    const fits = 500 + 1_232 - 65 - spare.bytes.length;
    const last = size(fits);
    if (last.kind === "problem") throw new Error(last.message);
    const message = VersionedMessage.deserialize(last.bytes);
    expect(new VersionedTransaction(message).serialize()).toHaveLength(1_232);
    expect(size(fits + 1)).toEqual({
      kind: "problem",
      message: "the transaction has 1233 bytes with its signature, at most 1232 fit",
    });
  });

  test.each<[string, Partial<Parts>]>([
    ["far too much data", { instructions: [instruction([], 5_000)] }],
    [
      "too many accounts",
      {
        instructions: [
          instruction(
            Array.from({ length: 300 }, () => meta(Keypair.generate().publicKey.toBase58())),
          ),
        ],
      },
    ],
    ["an address that is none", { instructions: [instruction([meta("me")])] }],
    ["a payer that is none", { payer: "" }],
    ["a blockhash that is none", { blockhash: "0OIl" }],
    ["a table of nonsense", { lookupTables: [{ address: "x", addresses: [] }] }],
  ])("%s is a problem, not an exception", (_, changes) => {
    expect(compiler.compile(parts(changes))).toMatchObject({
      ...{ kind: "problem", message: expect.stringContaining("transaction") },
    });
  });
});

describe("lookup tables in accounts", () => {
  const owner = LOOKUP_TABLE_PROGRAM;
  test("are read as web3.js reads them", () => {
    const keys = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 256 });
    fc.assert(
      fc.property(keys, (bytes) => {
        const data = lookupTableData(bytes.map((one) => new PublicKey(one).toBase58()));
        const { addresses } = AddressLookupTableAccount.deserialize(data);
        expect(readLookupTable("t", { owner, lamports: 1n, data })).toEqual({
          ...{ address: "t", addresses: addresses.map((one) => one.toBase58()) },
        });
      }),
      { numRuns: 20 },
    );
  });

  test.each<[string, Partial<{ owner: string; data: Uint8Array }>]>([
    ["another owner", { owner: PROGRAM }],
    ["not initialised", { data: new Uint8Array(56) }],
    ["half an address", { data: lookupTableData([PAYER]).subarray(0, 80) }],
    ["half a header", { data: lookupTableData([]).subarray(0, 55) }],
    ["257 addresses", { data: Buffer.concat([lookupTableData([]), Buffer.alloc(257 * 32)]) }],
  ])("%s is none", (_, changes) => {
    const account = { owner, lamports: 1n, data: lookupTableData([PAYER]), ...changes };
    expect(readLookupTable("t", account)).toBeUndefined();
  });
});
