/** Messages of recorded transactions as their bytes, with the table contents that their answers tell; made by web3.js. */
import { readdirSync, readFileSync } from "node:fs";
import {
  type MessageAddressTableLookup,
  type MessageCompiledInstruction,
  MessageV0,
  PublicKey,
} from "@solana/web3.js";
import { z } from "zod";
import { decodeBase58 } from "../../domain/chain/bytes.ts";
import type { LookupTable } from "../../domain/chain/instruction.ts";
import { type ChainTransaction, readTransaction } from "../../domain/chain/transaction.ts";
import { realDataPath } from "./real-data.ts";
import { addressNamed } from "./swap-parts.ts";

const index = z.array(z.number());
const answer = z.object({
  result: z.object({
    version: z.literal(0),
    meta: z.object({
      loadedAddresses: z.object({
        writable: z.array(z.string()),
        readonly: z.array(z.string()),
      }),
    }),
    transaction: z.object({
      signatures: z.array(z.string()),
      message: z.object({
        header: z.object({
          numRequiredSignatures: z.number(),
          numReadonlySignedAccounts: z.number(),
          numReadonlyUnsignedAccounts: z.number(),
        }),
        accountKeys: z.array(z.string()),
        recentBlockhash: z.string(),
        instructions: z.array(
          z.object({ programIdIndex: z.number(), accounts: index, data: z.string() }),
        ),
        addressTableLookups: z.array(
          z.object({ accountKey: z.string(), writableIndexes: index, readonlyIndexes: index }),
        ),
      }),
    }),
  }),
});

export type RecordedMessage = {
  readonly file: string;
  readonly signatures: readonly string[];
  readonly web3: MessageV0;
  readonly bytes: Uint8Array;
  /** Only the places that the transaction used; the others hold addresses of nobody. */
  readonly tables: readonly LookupTable[];
  readonly transaction: ChainTransaction;
};

export const transactionFiles = (): string[] =>
  readdirSync(realDataPath("transactions")).filter((file) => file.endsWith(".json"));

/** All v0 ones in the encoding json; the others tell no bytes. */
export function recordedMessages(): RecordedMessage[] {
  return transactionFiles().flatMap((file) => {
    const json: unknown = JSON.parse(readFileSync(realDataPath(`transactions/${file}`), "utf8"));
    const parsed = answer.safeParse(json);
    const read = readTransaction(json);
    if (!parsed.success || read.kind === "problem") return [];
    const { transaction, meta } = parsed.data.result;
    const { message, signatures } = transaction;
    const web3 = new MessageV0({
      header: message.header,
      staticAccountKeys: message.accountKeys.map((key) => new PublicKey(key)),
      recentBlockhash: message.recentBlockhash,
      compiledInstructions: message.instructions.map(
        ({ programIdIndex, accounts, data }): MessageCompiledInstruction => ({
          ...{ programIdIndex, accountKeyIndexes: accounts },
          data: decodeBase58(data) ?? new Uint8Array(),
        }),
      ),
      addressTableLookups: message.addressTableLookups.map(
        ({ accountKey, ...indexes }): MessageAddressTableLookup => ({
          ...indexes,
          accountKey: new PublicKey(accountKey),
        }),
      ),
    });
    const tables = tablesOf(message.addressTableLookups, meta.loadedAddresses);
    return [
      { file, signatures, web3, bytes: web3.serialize(), tables, transaction: read.transaction },
    ];
  });
}

type Lookup = {
  readonly accountKey: string;
  readonly writableIndexes: readonly number[];
  readonly readonlyIndexes: readonly number[];
};

function tablesOf(
  lookups: readonly Lookup[],
  loaded: { readonly writable: readonly string[]; readonly readonly: readonly string[] },
): LookupTable[] {
  const writable = loaded.writable.values();
  const readonly = loaded.readonly.values();
  return lookups.map(({ accountKey, writableIndexes, readonlyIndexes }) => {
    const places = new Map<number, string>();
    for (const at of writableIndexes) places.set(at, writable.next().value ?? "");
    for (const at of readonlyIndexes) places.set(at, readonly.next().value ?? "");
    const length = Math.max(...places.keys()) + 1;
    return {
      address: accountKey,
      addresses: Array.from(
        { length },
        (_, at) => places.get(at) ?? addressNamed(`${accountKey}/${at}`),
      ),
    };
  });
}
