/** Addresses that follow from seeds and a program: nobody has a key for them. */
import { PublicKey } from "@solana/web3.js";
import { requireAddress } from "./base58.ts";
import type { Address } from "./chain.types.ts";
import { ASSOCIATED_TOKEN_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";

/** Remembered; a search costs some milliseconds. */
const MAX_ASSOCIATED = 20_000;
const associated = new Map<string, Address>();

export type Derived = { readonly address: Address; readonly bump: number };

/** The first address off the curve, counting the bump down from 255: Solana's rule. */
export function deriveAddress(seeds: readonly Uint8Array[], program: Address): Derived {
  const [key, bump] = PublicKey.findProgramAddressSync([...seeds], new PublicKey(program));
  return { address: key.toBase58(), bump };
}

/** Where a wallet's tokens of a mint are. */
export function associatedTokenAddress(
  owner: Address,
  mint: Address,
  tokenProgram: Address = TOKEN_PROGRAM,
): Address {
  const key = `${owner}/${mint}/${tokenProgram}`;
  const known = associated.get(key);
  if (known !== undefined) return known;
  const seeds = [owner, tokenProgram, mint].map(requireAddress);
  const { address } = deriveAddress(seeds, ASSOCIATED_TOKEN_PROGRAM);
  if (associated.size >= MAX_ASSOCIATED) associated.clear();
  associated.set(key, address);
  return address;
}
