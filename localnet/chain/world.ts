/**
 * What the local world begins with, and helpers to add to it: mints at the real addresses with an
 * authority of our own, wallets, token accounts, lookup tables.
 */
import { createHash } from "node:crypto";
import { Keypair } from "@solana/web3.js";
import { TOKENS } from "../tokens.ts";
import type { Address, Chain } from "./chain.types.ts";
import { associatedTokenAddress } from "./derived-address.ts";
import { encodeLookupTable } from "./lookup-table.ts";
import {
  LOOKUP_TABLE_PROGRAM,
  NATIVE_MINT,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "./programs.ts";
import { readMint, readTokenAccount } from "./token-account.ts";
import {
  encodeMint,
  encodeTokenAccount,
  type MintExtension,
  mintExtensionKinds,
  withSupply,
} from "./token-encoding.ts";

const U64_MAX = 2n ** 64n - 1n;

/** Signs for all mints of the local world; the same everywhere, and worth nothing. */
export const MINT_AUTHORITY = Keypair.fromSeed(
  createHash("sha256").update("orderstream-localnet-mint-authority").digest(),
);

/** The mints of `localnet/tokens.ts`; wrapped SOL is there already. */
export function setUpWorld(chain: Chain): void {
  for (const { mint, decimals } of TOKENS) {
    if (mint !== NATIVE_MINT) addMint(chain, { address: mint, decimals });
  }
}

export type MintOptions = {
  /** Default a new one. */
  readonly address?: Address;
  readonly decimals?: number;
  /** Any makes it a Token-2022 mint. */
  readonly extensions?: readonly MintExtension[];
  /** Default SPL Token, or Token-2022 with extensions. */
  readonly program?: Address;
  readonly mintAuthority?: Address;
};

export function addMint(chain: Chain, options: MintOptions = {}): Address {
  const { decimals = 6, extensions = [] } = options;
  const address = options.address ?? newAddress();
  const owner = options.program ?? (extensions.length > 0 ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM);
  const mintAuthority = options.mintAuthority ?? MINT_AUTHORITY.publicKey.toBase58();
  const data = encodeMint({ decimals, supply: 0n, mintAuthority, extensions });
  const lamports = chain.rentExempt(data.length);
  chain.setAccount(address, { lamports, owner, data, executable: false });
  return address;
}

export type TokensOptions = {
  readonly owner: Address;
  readonly mint: Address;
  /** Smallest units, added to what is there. */
  readonly amount: bigint;
  /** Default the owner's associated token account. */
  readonly account?: Address;
};

/** Makes tokens out of nothing, with their account if need be; answers the account's address. */
export function addTokens(chain: Chain, { owner, mint, amount, account }: TokensOptions): Address {
  const mintAccount = chain.getAccount(mint);
  const fields = mintAccount && readMint(mintAccount);
  if (!mintAccount || !fields) throw new Error(`there is no mint ${mint}`);
  const program = mintAccount.owner;
  const address = account ?? associatedTokenAddress(owner, mint, program);
  const present = chain.getAccount(address);
  const held = (present && readTokenAccount(present)?.amount) ?? 0n;
  const isNative = mint === NATIVE_MINT;
  const extended = program === TOKEN_2022_PROGRAM;
  const extensions = mintExtensionKinds(mintAccount.data);
  const draft = { mint, owner, amount: held + amount, nativeReserve: undefined };
  const bytes = encodeTokenAccount({ ...draft, extended, extensions }).length;
  const rent = chain.rentExempt(bytes);
  const nativeReserve = isNative ? rent : undefined;
  chain.setAccount(address, {
    lamports: rent + (isNative ? held + amount : 0n),
    owner: program,
    data: encodeTokenAccount({ ...draft, nativeReserve, extended, extensions }),
    executable: false,
  });
  if (!isNative) {
    const supply = fields.supply + amount;
    const data = withSupply(mintAccount.data, supply > U64_MAX ? U64_MAX : supply);
    chain.setAccount(mint, { ...mintAccount, data });
  }
  return address;
}

/** Makes lamports out of nothing; `airdrop` is the same as a transaction. */
export function addLamports(chain: Chain, wallet: Address, lamports: bigint): void {
  const present = chain.getAccount(wallet);
  const empty = { owner: SYSTEM_PROGRAM, data: new Uint8Array(), executable: false };
  const { lamports: held, ...rest } = present ?? { lamports: 0n, ...empty };
  chain.setAccount(wallet, { ...rest, lamports: held + lamports });
}

/** A table that is active at once; answers its address. */
export function addLookupTable(
  chain: Chain,
  addresses: readonly Address[],
  address: Address = newAddress(),
): Address {
  const authority = MINT_AUTHORITY.publicKey.toBase58();
  // Extended in an earlier slot, or nobody could use it yet.
  const data = encodeLookupTable({ addresses, extendedSlot: chain.slot() - 1, authority });
  const lamports = chain.rentExempt(data.length);
  chain.setAccount(address, { lamports, owner: LOOKUP_TABLE_PROGRAM, data, executable: false });
  return address;
}

const newAddress = (): Address => Keypair.generate().publicKey.toBase58();
