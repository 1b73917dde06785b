/**
 * A local chain for one test: blocks come by hand, the faucet's wallet has SOL, and web3.js's own
 * `Connection` speaks to it, unmodified.
 */
import {
  Connection,
  type ConnectionConfig,
  Keypair,
  LAMPORTS_PER_SOL,
  PublicKey,
  SystemProgram,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { afterEach } from "vitest";
import { encodeBase58 } from "../../localnet/chain/base58.ts";
import {
  type Localnet,
  type LocalnetOptions,
  startLocalnet,
} from "../../localnet/chain/localnet.ts";

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

export type ChainWorld = {
  readonly localnet: Localnet;
  readonly payer: Keypair;
  connect(node?: number, config?: ConnectionConfig): Connection;
  advance(blocks: number): void;
};

/** A wallet with 100 SOL, final from the start. */
export async function openChain(options: LocalnetOptions = {}): Promise<ChainWorld> {
  const localnet = await startLocalnet({ blockTimeMs: 0, ...options });
  const connections: Connection[] = [];
  closing.push(async () => {
    // Or web3.js tries for ever to reach the node that is gone.
    for (const connection of connections) Reflect.get(connection, "_rpcWebSocket")?.close();
    await localnet.close();
  });
  const payer = Keypair.generate();
  localnet.chain.airdrop(payer.publicKey.toBase58(), 100n * BigInt(LAMPORTS_PER_SOL));
  const advance = (blocks: number) => localnet.producer.advance(blocks);
  advance(localnet.chain.settings.finalLag);
  const connect = (node = 0, config: ConnectionConfig = {}) => {
    const connection = new Connection(localnet.nodes[node]?.url ?? "", {
      commitment: "processed",
      disableRetryOnRateLimit: true,
      ...config,
    });
    connections.push(connection);
    return connection;
  };
  return { localnet, payer, connect, advance };
}

/** For tests that close by themselves. */
export const closeLater = (close: () => Promise<void>): number => closing.push(close);

export const newAddress = (): PublicKey => Keypair.generate().publicKey;

export const transferTo = (payer: Keypair, to: PublicKey, lamports: number) =>
  SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports });

/** A signed version 0 transaction. */
export function signed(
  payer: Keypair,
  blockhash: string,
  instructions: TransactionInstruction[],
): VersionedTransaction {
  const transaction = new VersionedTransaction(
    new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: blockhash,
      instructions,
    }).compileToV0Message(),
  );
  transaction.sign([payer]);
  return transaction;
}

export const signatureOf = (transaction: VersionedTransaction): string =>
  encodeBase58(transaction.signatures[0] ?? new Uint8Array());

/** A transfer of a million lamports to somebody new, on the newest blockhash. */
export function freshTransfer({ localnet, payer }: ChainWorld, to = newAddress()) {
  const { blockhash } = localnet.chain.latestBlockhash();
  const transaction = signed(payer, blockhash, [transferTo(payer, to, 1_000_000)]);
  return { transaction, to, raw: transaction.serialize(), signature: signatureOf(transaction) };
}

export const key = (address: string): PublicKey => new PublicKey(address);
