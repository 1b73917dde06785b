/** The reader of transactions and the writer of base58 against web3.js's own, which know more. */
import { readdirSync, readFileSync } from "node:fs";
import {
  AddressLookupTableAccount,
  Keypair,
  MessageV0,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { addressBytes, decodeBase58, encodeBase58 } from "../../localnet/chain/base58.ts";
import { createHistory } from "../../localnet/chain/history.ts";
import { isWritable, parseTransaction } from "../../localnet/chain/message.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";
import { freshTransfer, openChain } from "./chain-world.ts";

/** What web3.js reads in the bytes, in our words. */
function asWeb3(raw: Uint8Array) {
  const { message, signatures, version } = VersionedTransaction.deserialize(raw);
  return {
    version,
    signatures: signatures.map(encodeBase58),
    header: message.header,
    staticKeys: message.staticAccountKeys.map((key) => key.toBase58()),
    recentBlockhash: message.recentBlockhash,
    instructions: message.compiledInstructions.map((one) => ({
      programIdIndex: one.programIdIndex,
      accounts: [...one.accountKeyIndexes],
      data: Buffer.from(one.data).toString("hex"),
    })),
    lookups: message.addressTableLookups.map((one) => ({
      accountKey: one.accountKey.toBase58(),
      writableIndexes: [...one.writableIndexes],
      readonlyIndexes: [...one.readonlyIndexes],
    })),
    writable: message.staticAccountKeys.map((_key, index) => message.isAccountWritable(index)),
  };
}

function asOurs(raw: Uint8Array) {
  const result = parseTransaction(raw);
  if (!result.ok) throw new Error(result.reason);
  const { raw: _raw, ...parsed } = result.transaction;
  return {
    ...parsed,
    instructions: parsed.instructions.map((one) => ({
      ...one,
      data: Buffer.from(one.data).toString("hex"),
    })),
    writable: parsed.staticKeys.map((_key, index) => isWritable(result.transaction, index)),
  };
}

const KEYS = Array.from({ length: 12 }, () => Keypair.generate().publicKey);
const keyIndex = fc.integer({ min: 0, max: KEYS.length - 1 });
const keyAt = (index: number): PublicKey => KEYS[index] ?? PublicKey.default;

const instruction = fc
  .record({
    program: keyIndex,
    keys: fc.array(fc.record({ at: keyIndex, isWritable: fc.boolean() }), { maxLength: 6 }),
    data: fc.uint8Array({ maxLength: 60 }),
  })
  .map(
    ({ program, keys, data }) =>
      new TransactionInstruction({
        programId: keyAt(program),
        keys: keys.map(({ at, isWritable }) => ({
          pubkey: keyAt(at),
          isSigner: false,
          isWritable,
        })),
        data: Buffer.from(data),
      }),
  );

describe("transactions", () => {
  test("random messages are read as web3.js reads them", () => {
    const payer = Keypair.generate();
    const tables = [KEYS.slice(0, 3), KEYS.slice(3, 8)].map(
      (addresses) =>
        new AddressLookupTableAccount({
          key: Keypair.generate().publicKey,
          state: {
            ...{ addresses, authority: payer.publicKey, deactivationSlot: 2n ** 64n - 1n },
            ...{ lastExtendedSlot: 0, lastExtendedSlotStartIndex: 0 },
          },
        }),
    );
    fc.assert(
      fc.property(
        fc.array(instruction, { minLength: 1, maxLength: 6 }),
        fc.constantFrom("legacy", "v0", "tables"),
        (instructions, kind) => {
          const message = new TransactionMessage({
            payerKey: payer.publicKey,
            recentBlockhash: keyAt(0).toBase58(),
            instructions,
          });
          const transaction = new VersionedTransaction(
            kind === "legacy"
              ? message.compileToLegacyMessage()
              : message.compileToV0Message(kind === "tables" ? tables : []),
          );
          transaction.sign([payer]);
          const raw = transaction.serialize();
          if (raw.length > 1_232) return;
          expect(asOurs(raw)).toEqual(asWeb3(raw));
          expect(parseTransaction(raw.subarray(0, -1)).ok).toBe(false);
        },
      ),
    );
  });

  test("random bytes are refused with a reason, never an exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const result = parseTransaction(bytes);
        expect(result.ok || result.reason.length > 0).toBe(true);
      }),
    );
  });

  test("a message that names no signer of its own is refused", () => {
    const message = new MessageV0({
      header: {
        numRequiredSignatures: 1,
        numReadonlySignedAccounts: 1,
        numReadonlyUnsignedAccounts: 0,
      },
      staticAccountKeys: KEYS.slice(0, 2),
      recentBlockhash: keyAt(0).toBase58(),
      compiledInstructions: [],
      addressTableLookups: [],
    });
    expect(parseTransaction(new VersionedTransaction(message).serialize())).toEqual({
      ok: false,
      reason: "the header does not fit the number of accounts",
    });
  });

  const folder = "transactions/base64";
  test.skipIf(!hasRealData(folder))("recorded transactions are read as web3.js reads them", () => {
    const schema = z.object({
      result: z.object({ transaction: z.tuple([z.string(), z.literal("base64")]) }),
    });
    const files = readdirSync(realDataPath(folder)).filter((name) => name.endsWith(".json"));
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) {
      const text = readFileSync(realDataPath(`${folder}/${name}`), "utf8");
      const [encoded] = schema.parse(JSON.parse(text)).result.transaction;
      const raw = new Uint8Array(Buffer.from(encoded, "base64"));
      expect(asOurs(raw)).toEqual(asWeb3(raw));
    }
  });
});

describe("base58", () => {
  test("there and back, and as web3.js writes addresses", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(decodeBase58(encodeBase58(bytes))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(encodeBase58(bytes)).toBe(new PublicKey(bytes).toBase58());
      }),
    );
    expect([decodeBase58("0"), addressBytes("1"), addressBytes("1".repeat(33))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test("the history gives up whole blocks, oldest first, and says from which slot it is whole", async () => {
  const world = await openChain();
  const { chain } = world.localnet;
  const history = createHistory({ limit: 10 });
  for (let block = 0; block < 6; block += 1) {
    for (let count = 0; count < 2; count += 1) {
      const { raw } = freshTransfer(world);
      const outcome = chain.sendTransaction(raw);
      if (outcome.kind === "landed") history.add(outcome.transaction);
    }
    chain.produceBlock();
  }
  const entries = history.entries();
  expect(entries).toHaveLength(10);
  const first = entries[0];
  expect(history.prunedBelow()).toBe(first?.slot ?? 0);
  const payer = world.payer.publicKey.toBase58();
  expect(history.ofAddress(payer)).toEqual(entries.toReversed());
  expect(history.inBlock(first?.height ?? 0)).toHaveLength(2);
});
