/**
 * Addresses of the venue: real ones of mainnet where they exist (programs, Jupiter's authorities),
 * and ones made from a name for what is only here. Base58 text throughout.
 */
import { createHash } from "node:crypto";
import { PublicKey } from "@solana/web3.js";

export const JUPITER_PROGRAM = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";
export const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
export const TOKEN_2022_PROGRAM = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
export const ASSOCIATED_TOKEN_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";
export const LOOKUP_TABLE_PROGRAM = "AddressLookupTab1e1111111111111111111111111";
export const SYSTEM_PROGRAM = "11111111111111111111111111111111";
export const NATIVE_MINT = "So11111111111111111111111111111111111111112";
/** Raydium CP-Swap: the DEX that the pools pass for in route plans and events. */
export const AMM_PROGRAM = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C";

export const bytesOf = (address: string): Uint8Array => new PublicKey(address).toBytes();
export const addressOf = (bytes: Uint8Array): string => new PublicKey(bytes).toBase58();
/** True for base58 of 32 bytes. */
export function isAddress(text: string): boolean {
  try {
    return new PublicKey(text).toBytes().length === 32 && text.length >= 32;
  } catch {
    return false;
  }
}

export type Derived = { readonly address: string; readonly bump: number };

const derive = (seeds: readonly Uint8Array[], program: string): Derived => {
  const [key, bump] = PublicKey.findProgramAddressSync([...seeds], new PublicKey(program));
  return { address: key.toBase58(), bump };
};

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const EVENT_AUTHORITY_SEED = "__event_authority";
/** Signs the events that the program sends to itself: Anchor's rule. */
export const EVENT_AUTHORITY = derive([text(EVENT_AUTHORITY_SEED)], JUPITER_PROGRAM);

export const PROGRAM_AUTHORITY_SEED = "authority";
/** Owners of the shared token accounts, by the `id` in `shared_accounts_route`. */
export const PROGRAM_AUTHORITIES: readonly Derived[] = Array.from({ length: 8 }, (_, id) =>
  derive([text(PROGRAM_AUTHORITY_SEED), Uint8Array.of(id)], JUPITER_PROGRAM),
);

export const VAULT_AUTHORITY_SEED = "localnet_vault";
/** Owner of all vaults. */
export const VAULT_AUTHORITY = derive([text(VAULT_AUTHORITY_SEED)], JUPITER_PROGRAM);

/** The address of what only exists here, made from its name. */
export const namedAddress = (name: string): string =>
  addressOf(createHash("sha256").update(name).digest());

export const AMM_CONFIG = namedAddress("localnet amm config");

const associated = new Map<string, string>();
const MAX_ASSOCIATED = 20_000;

/** Address of the owner's token account for a mint. */
export function associatedTokenAddress(
  owner: string,
  mint: string,
  tokenProgram: string = TOKEN_PROGRAM,
): string {
  const key = `${owner}/${mint}/${tokenProgram}`;
  const known = associated.get(key);
  if (known !== undefined) return known;
  const { address } = derive(
    [bytesOf(owner), bytesOf(tokenProgram), bytesOf(mint)],
    ASSOCIATED_TOKEN_PROGRAM,
  );
  if (associated.size >= MAX_ASSOCIATED) associated.clear();
  associated.set(key, address);
  return address;
}
