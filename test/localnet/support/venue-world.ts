/**
 * The venue on Solana's runtime without a chain around it: the world of the local market, a user
 * with tokens, and transactions that run at once.
 */
import { randomBytes } from "node:crypto";
import {
  AddressLookupTableAccount,
  Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { encodeBase58 } from "../../../localnet/chain/base58.ts";
import type { Account } from "../../../localnet/chain/chain.types.ts";
import { associatedTokenAddress } from "../../../localnet/chain/derived-address.ts";
import { loadNative } from "../../../localnet/chain/native.ts";
import { createVm, type Run } from "../../../localnet/chain/vm.ts";
import type { MarketChain } from "../../../localnet/market/chain-pools.ts";
import { reservesBy } from "../../../localnet/market/pools.ts";
import { createPrices } from "../../../localnet/market/prices.ts";
import { type Token, tokenBySymbol } from "../../../localnet/tokens.ts";
import type { AccountMeta } from "../../../localnet/venue/route-layout.ts";
import { tokenProgramOf } from "../../../localnet/venue/token-bytes.ts";
import { createWorld, holding } from "../../../localnet/venue/world.ts";

const native = loadNative();
const SOL = 1_000_000_000n;

/** As the API sends them and as the layouts make them. */
export type PlainInstruction = {
  readonly programId: string;
  readonly accounts: readonly AccountMeta[];
  readonly data: Uint8Array;
};

/** With the keys that its indexes are for, and the size of the transaction. */
export type Ran = Run & { readonly keys: readonly string[]; readonly bytes: number };

export type VenueWorld = {
  readonly chain: MarketChain;
  readonly user: Keypair;
  readonly wallet: string;
  /** Gives an account of the wallet's this balance; creates it. */
  give(token: Token, amount: bigint, owner?: string): string;
  /** Address of the token account. */
  accountOf(token: Token, owner?: string): string;
  /** Smallest units; 0 where there is no account. */
  balance(address: string): bigint;
  lamports(address: string): bigint;
  run(
    instructions: readonly PlainInstruction[],
    tables?: readonly AddressLookupTableAccount[],
  ): Ran;
  runBytes(raw: Uint8Array): Run;
  /** As a client reads it. */
  table(address: string): AddressLookupTableAccount;
  keyBytes(address: string): Uint8Array;
};

export function token(symbol: string): Token {
  const found = tokenBySymbol(symbol);
  if (!found) throw new Error(`no token ${symbol}`);
  return found;
}

export function venueWorld(): VenueWorld {
  const vm = createVm(native);
  vm.enterSlot(400_000_000, 1_780_000_000);
  const user = Keypair.generate();
  const wallet = user.publicKey.toBase58();
  const chain: MarketChain = {
    getAccount: vm.getAccount,
    setAccount: vm.setAccount,
    addProgram: vm.addProgram,
    rentExempt: vm.rentExempt,
    slot: () => 400_000_000,
    latestBlockhash: () => ({
      blockhash: encodeBase58(randomBytes(32)),
      lastValidBlockHeight: 150,
    }),
    simulate: (raw) => vm.simulate(raw, false),
  };
  const prices = createPrices({ seed: 1, speed: 1, nowMs: () => 0 });
  createWorld(chain, reservesBy(prices.now()));
  vm.setAccount(wallet, system(100n * SOL));
  const accountOf = (held: Token, owner = wallet) =>
    associatedTokenAddress(owner, held.mint, tokenProgramOf(held));

  return {
    chain,
    user,
    wallet,
    accountOf,
    give(held, amount, owner = wallet) {
      const address = accountOf(held, owner);
      vm.setAccount(address, holding(chain, held, owner, amount));
      return address;
    },
    balance: (address) => amountOf(vm.getAccount(address)),
    lamports: (address) => vm.getAccount(address)?.lamports ?? 0n,
    runBytes: vm.execute,
    keyBytes: (address) => new PublicKey(address).toBytes(),
    table(address) {
      const account = vm.getAccount(address);
      if (!account) throw new Error(`no table ${address}`);
      const state = AddressLookupTableAccount.deserialize(account.data);
      return new AddressLookupTableAccount({ key: new PublicKey(address), state });
    },
    run(instructions, tables = []) {
      const message = new TransactionMessage({
        payerKey: user.publicKey,
        recentBlockhash: chain.latestBlockhash().blockhash,
        instructions: instructions.map(webInstruction),
      }).compileToV0Message([...tables]);
      const transaction = new VersionedTransaction(message);
      transaction.sign([user]);
      const keys = message.getAccountKeys({ addressLookupTableAccounts: [...tables] });
      const raw = transaction.serialize();
      return {
        ...vm.execute(raw),
        ...{ keys: keys.keySegments().flat().map(String), bytes: raw.length },
      };
    },
  };
}

export const webInstruction = ({ programId, accounts, data }: PlainInstruction) =>
  new TransactionInstruction({
    programId: new PublicKey(programId),
    keys: accounts.map(({ pubkey, ...flags }) => ({ ...flags, pubkey: new PublicKey(pubkey) })),
    data: Buffer.from(data),
  });

export const system = (lamports: bigint): Account => ({
  lamports,
  owner: "11111111111111111111111111111111",
  data: new Uint8Array(),
  executable: false,
});

function amountOf(account: Account | undefined): bigint {
  if (!account || account.data.length < 165) return 0n;
  const { data } = account;
  return new DataView(data.buffer, data.byteOffset).getBigUint64(64, true);
}
