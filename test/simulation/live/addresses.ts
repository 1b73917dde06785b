/** Wallets, mints and venue accounts of the simulated chain. Derived addresses are kept: one costs a third of a millisecond. */
import { createHash } from "node:crypto";
import { TOKEN_PROGRAM } from "../../../domain/chain/addresses.ts";
import { decodeBase58, encodeBase58 } from "../../../domain/chain/bytes.ts";
import { createTokenAccounts } from "../../../domain/chain/program-address.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import { BONK, SOL, USDC } from "../plan.ts";

const sha256 = (bytes: Uint8Array | string): Uint8Array =>
  new Uint8Array(createHash("sha256").update(bytes).digest());

/** The address of what only exists here, made from its name. */
export const addressNamed = (name: string): string => encodeBase58(sha256(name));

const keys = new Map<string, Uint8Array>();
export function keyBytes(address: string): Uint8Array {
  const known = keys.get(address) ?? decodeBase58(address);
  if (known?.length !== 32) throw new Error(`no address: ${address}`);
  keys.set(address, known);
  return known;
}

export const tokenAccountOf = createTokenAccounts(sha256);

export const GENESIS = addressNamed("simulated genesis");
export const ACCOUNTS = ["alpha", "beta", "gamma"] as const;
export const walletOf = (account: string): string => addressNamed(`wallet ${account}`);
export const MINTS: readonly { readonly mint: Mint; readonly decimals: number }[] = [
  { mint: SOL, decimals: 9 },
  { mint: USDC, decimals: 6 },
  { mint: BONK, decimals: 5 },
];

export type OwnAccount = { readonly wallet: string; readonly mint: Mint };
/** Token accounts of all wallets, by address. */
export const OWN_ACCOUNTS: ReadonlyMap<string, OwnAccount> = new Map(
  ACCOUNTS.flatMap((account) =>
    MINTS.map(({ mint }): [string, OwnAccount] => [
      tokenAccountOf(walletOf(account), mint, TOKEN_PROGRAM),
      { wallet: walletOf(account), mint },
    ]),
  ),
);
export const WALLETS: ReadonlySet<string> = new Set(ACCOUNTS.map(walletOf));
