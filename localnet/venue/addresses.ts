/**
 * Addresses of the venue: real ones of mainnet where they exist (programs, Jupiter's authorities),
 * and ones made from a name for what is only here. Base58 text throughout.
 */
import { createHash } from "node:crypto";
import { encodeAddress } from "../chain/base58.ts";
import { type Derived, deriveAddress } from "../chain/derived-address.ts";

export const JUPITER_PROGRAM = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";
/** Raydium CP-Swap: the DEX that the pools pass for in route plans and events. */
export const AMM_PROGRAM = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const EVENT_AUTHORITY_SEED = "__event_authority";
/** Signs the events that the program sends to itself: Anchor's rule. */
export const EVENT_AUTHORITY = deriveAddress([text(EVENT_AUTHORITY_SEED)], JUPITER_PROGRAM);

export const PROGRAM_AUTHORITY_SEED = "authority";
/** Owners of the shared token accounts, by the `id` in `shared_accounts_route`. */
export const PROGRAM_AUTHORITIES: readonly Derived[] = Array.from({ length: 8 }, (_, id) =>
  deriveAddress([text(PROGRAM_AUTHORITY_SEED), Uint8Array.of(id)], JUPITER_PROGRAM),
);

export const VAULT_AUTHORITY_SEED = "localnet_vault";
/** Owner of all vaults. */
export const VAULT_AUTHORITY = deriveAddress([text(VAULT_AUTHORITY_SEED)], JUPITER_PROGRAM);

/** The address of what only exists here, made from its name. */
export const namedAddress = (name: string): string =>
  encodeAddress(createHash("sha256").update(name).digest());

export const AMM_CONFIG = namedAddress("localnet amm config");
