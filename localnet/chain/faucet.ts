/**
 * The local chain's source of SOL: a wallet of its own that sends real transfers, each with a
 * memo of its own, so that two equal airdrops are two transactions.
 */
import { createHash } from "node:crypto";
import {
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { requireAddress } from "./base58.ts";
import type { Account, Address, SendOutcome } from "./chain.types.ts";
import { MEMO_PROGRAM, SYSTEM_PROGRAM } from "./programs.ts";

/** 9 million SOL: as much as a number of JavaScript holds exactly in lamports. */
const FAUCET_LAMPORTS = 9_000_000_000_000_000n;
const MAX_AIRDROP_LAMPORTS = 1_000_000_000_000_000n;

export type Airdrop = {
  readonly to: Address;
  readonly lamports: bigint;
  readonly blockhash: string;
};

export type FaucetOptions = {
  readonly genesisHash: string;
  /** Airdrops made before, by the chain that is restored. */
  readonly done: number;
  getAccount(address: Address): Account | undefined;
  setAccount(address: Address, account: Account): void;
  land(raw: Uint8Array): SendOutcome;
};

export type Faucet = {
  /** Answers the signature; throws a sentence if the amount is refused or does not land. */
  airdrop(airdrop: Airdrop): string;
  done(): number;
};

/** The wallet follows from the chain's genesis hash; it holds nothing of worth. */
export function createFaucet(options: FaucetOptions): Faucet {
  const { getAccount, setAccount, land } = options;
  const seed = `orderstream-localnet-faucet ${options.genesisHash}`;
  const wallet = Keypair.fromSeed(createHash("sha256").update(seed).digest());
  const address = wallet.publicKey.toBase58();
  let done = options.done;

  return {
    airdrop(wanted) {
      const { lamports, to } = wanted;
      if (lamports <= 0n || lamports > MAX_AIRDROP_LAMPORTS) {
        throw new Error(`an airdrop is from 1 to ${MAX_AIRDROP_LAMPORTS} lamports`);
      }
      requireAddress(to);
      if ((getAccount(address)?.lamports ?? 0n) < 2n * MAX_AIRDROP_LAMPORTS) {
        const empty = { owner: SYSTEM_PROGRAM, data: new Uint8Array(), executable: false };
        setAccount(address, { ...empty, lamports: FAUCET_LAMPORTS });
      }
      done += 1;
      const outcome = land(transferOf(wallet, wanted, done));
      const err = outcome.kind === "landed" ? outcome.transaction.err : outcome.kind;
      if (outcome.kind !== "landed" || err !== null) {
        throw new Error(`airdrop of ${lamports} lamports failed: ${JSON.stringify(err)}`);
      }
      return outcome.transaction.signature;
    },
    done: () => done,
  };
}

function transferOf(wallet: Keypair, { to, lamports, blockhash }: Airdrop, number: number) {
  const message = new TransactionMessage({
    payerKey: wallet.publicKey,
    recentBlockhash: blockhash,
    instructions: [
      SystemProgram.transfer({
        fromPubkey: wallet.publicKey,
        toPubkey: new PublicKey(to),
        lamports,
      }),
      new TransactionInstruction({
        keys: [],
        programId: new PublicKey(MEMO_PROGRAM),
        data: Buffer.from(`airdrop ${number}`),
      }),
    ],
  }).compileToLegacyMessage();
  const transaction = new VersionedTransaction(message);
  transaction.sign([wallet]);
  return transaction.serialize();
}
