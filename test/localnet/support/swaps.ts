/**
 * Swaps as a client makes them that knows nothing of the local world: by the libraries of Jupiter
 * and Solana.
 */
import { Configuration, SwapApi, type SwapInstructionsResponse } from "@jup-ag/api";
import {
  type AddressLookupTableAccount,
  Connection,
  type Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { expect, vi } from "vitest";
import { associatedTokenAddress } from "../../../localnet/chain/derived-address.ts";
import type { Token } from "../../../localnet/tokens.ts";
import { tokenProgramOf } from "../../../localnet/venue/token-bytes.ts";

export const connectionTo = (url: string): Connection =>
  new Connection(url, { commitment: "confirmed", disableRetryOnRateLimit: true });

/** Every call is asked again until it holds, for as long as a slow machine may take. */
export const eventually = <T>(check: () => Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 20_000, interval: 20 });

export type Trade = {
  readonly wallet: Keypair;
  readonly input: Token;
  readonly output: Token;
  readonly amount: number;
  readonly slippageBps?: number;
};

/** A signed swap by Jupiter's instructions, on a recent blockhash, with what was quoted. */
export async function signedSwap(connection: Connection, swapUrl: string, trade: Trade) {
  const api = new SwapApi(new Configuration({ basePath: swapUrl }));
  const { wallet, input, output, amount, slippageBps = 300 } = trade;
  const quote = await api.quoteGet({
    ...{ inputMint: input.mint, outputMint: output.mint, amount, slippageBps },
  });
  const userPublicKey = wallet.publicKey.toBase58();
  const read = await api.swapInstructionsPost({
    swapRequest: { userPublicKey, quoteResponse: quote },
  });
  const { blockhash } = await connection.getLatestBlockhash();
  const message = new TransactionMessage({
    payerKey: wallet.publicKey,
    recentBlockhash: blockhash,
    instructions: instructionsOf(read),
  }).compileToV0Message(await tablesOf(connection, read.addressLookupTableAddresses));
  const transaction = new VersionedTransaction(message);
  transaction.sign([wallet]);
  return { quote, raw: transaction.serialize() };
}

/** Sends it and waits until it is confirmed; fails if it landed with an error. */
export async function land(connection: Connection, raw: Uint8Array): Promise<string> {
  const signature = await connection.sendRawTransaction(raw, { maxRetries: 0 });
  await confirmed(connection, signature);
  return signature;
}

export const confirmed = (connection: Connection, signature: string): Promise<void> =>
  eventually(async () => {
    const { value } = await connection.getSignatureStatus(signature);
    const confirmationStatus = expect.stringMatching(/^(confirmed|finalized)$/);
    expect(value).toMatchObject({ err: null, confirmationStatus });
  });

/** Smallest units; 0 without an account. */
export async function tokensOf(
  connection: Connection,
  owner: PublicKey,
  token: Token,
): Promise<bigint> {
  const address = associatedTokenAddress(owner.toBase58(), token.mint, tokenProgramOf(token));
  const account = await connection.getAccountInfo(new PublicKey(address));
  return account ? account.data.readBigUInt64LE(64) : 0n;
}

type ApiInstruction = SwapInstructionsResponse["swapInstruction"];

const instructionsOf = (read: SwapInstructionsResponse): TransactionInstruction[] =>
  [
    ...read.computeBudgetInstructions,
    ...read.setupInstructions,
    read.swapInstruction,
    ...(read.cleanupInstruction ? [read.cleanupInstruction] : []),
    ...read.otherInstructions,
  ].map(
    ({ programId, accounts, data }: ApiInstruction) =>
      new TransactionInstruction({
        programId: new PublicKey(programId),
        keys: accounts.map((meta) => ({ ...meta, pubkey: new PublicKey(meta.pubkey) })),
        data: Buffer.from(data, "base64"),
      }),
  );

async function tablesOf(connection: Connection, addresses: readonly string[]) {
  const tables: AddressLookupTableAccount[] = [];
  for (const address of addresses) {
    const { value } = await connection.getAddressLookupTable(new PublicKey(address));
    if (!value) throw new Error(`no lookup table ${address}`);
    tables.push(value);
  }
  return tables;
}
