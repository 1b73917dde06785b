/** What a node knows at one time, as the ports' values: accounts, statuses, transactions; pure reading of the chain model. */
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "../../../domain/chain/addresses.ts";
import type { ChainInstruction, ChainTransaction } from "../../../domain/chain/transaction.ts";
import type { AccountInfo, SignatureStatus } from "../../../domain/ports/chain.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import { SOL } from "../plan.ts";
import { keyBytes, MINTS, OWN_ACCOUNTS, tokenAccountOf, WALLETS } from "./addresses.ts";
import type { ChainModel, Placement, View } from "./chain-model.types.ts";
import { rentOf, type State, type WalletState } from "./execute.ts";

const MINT_OWNERS = new Map<string, number>(MINTS.map(({ mint, decimals }) => [mint, decimals]));
const NOTHING = new Uint8Array();

function mintAccount(decimals: number): AccountInfo {
  const data = new Uint8Array(82);
  data[44] = decimals;
  data[45] = 1;
  return { lamports: rentOf(82), owner: TOKEN_PROGRAM, data };
}

function tokenAccount(wallet: string, mint: string, amount: bigint, rent: bigint): AccountInfo {
  const data = new Uint8Array(165);
  data.set(keyBytes(mint), 0);
  data.set(keyBytes(wallet), 32);
  new DataView(data.buffer).setBigUint64(64, amount, true);
  data[108] = 1;
  return { lamports: rent, owner: TOKEN_PROGRAM, data };
}

/** An account as the state has it; those of the venue do not exist for who asks. */
export function accountIn(state: State, address: string): AccountInfo | undefined {
  const decimals = MINT_OWNERS.get(address);
  if (decimals !== undefined) return mintAccount(decimals);
  if (WALLETS.has(address)) {
    const lamports = state.get(address)?.lamports ?? 0n;
    return lamports === 0n ? undefined : { lamports, owner: SYSTEM_PROGRAM, data: NOTHING };
  }
  const own = OWN_ACCOUNTS.get(address);
  const held = own && state.get(own.wallet)?.tokens.get(own.mint);
  return held && tokenAccount(own.wallet, own.mint, held.amount, held.rent);
}

/** Newest slots that a node remembers without its history: 300 rooted ones. */
const CACHE_BLOCKS = 300;

export function statusIn(
  chain: ChainModel,
  view: View,
  asked: {
    readonly signature: string;
    readonly searchHistory: boolean;
    /** Oldest slot that it has. */
    readonly firstSlot: number;
  },
): SignatureStatus | undefined {
  const placement = chain.placementAt(view, asked.signature);
  if (!placement) return undefined;
  const { block, error } = placement;
  const isCached = view.root.height - block.height < CACHE_BLOCKS;
  if (!isCached && !(asked.searchHistory && block.slot >= asked.firstSlot)) return undefined;
  return { slot: block.slot, commitment: chain.commitmentOf(view, block), error };
}

/** As `getTransaction` tells it, read into the domain's form. */
export function transactionOf({
  block,
  transaction,
  before,
  ...placed
}: Placement): ChainTransaction {
  const { wire, wallet, signature, tipAccount, tip } = transaction;
  const keys = wire.accountKeys;
  const was = before.get(wallet);
  const is: WalletState = placed.after;
  const held = (state: WalletState | undefined, key: string): bigint => {
    if (key === wallet) return state?.lamports ?? 0n;
    const own = OWN_ACCOUNTS.get(key);
    if (own?.wallet === wallet) return state?.tokens.get(own.mint)?.rent ?? 0n;
    return 1_000_000n;
  };
  const tipped = placed.error === undefined ? tip : 0n;
  return {
    ...{ signature, signatureCount: 1, slot: BigInt(block.slot), blockTimeSeconds: undefined },
    ...{ version: 0, accountKeys: keys, lookupTables: 0, error: placed.error },
    instructions: wire.instructions.map(
      ({ programIdIndex, accounts, data }, outer): ChainInstruction => ({
        ...{ outer, depth: 1, data, programId: keys[programIdIndex] ?? "" },
        accounts: accounts.map((index) => keys[index] ?? ""),
      }),
    ),
    feeLamports: placed.fee,
    preBalances: keys.map((key) => held(was, key)),
    postBalances: keys.map((key) => held(is, key) + (key === tipAccount ? tipped : 0n)),
    preTokenBalances: tokenBalances(keys, wallet, was),
    postTokenBalances: tokenBalances(keys, wallet, is),
    computeUnits: 50_000n,
  };
}

function tokenBalances(keys: readonly string[], wallet: string, state: WalletState | undefined) {
  return [...(state?.tokens ?? [])].flatMap(([mint, { amount }]) => {
    const accountIndex = keys.indexOf(tokenAccountOf(wallet, mint, TOKEN_PROGRAM));
    return accountIndex < 0 ? [] : [{ accountIndex, mint: mint as string, owner: wallet, amount }];
  });
}

/** What a wallet has of a mint, smallest units. */
export const balanceIn = (state: State, wallet: string, mint: Mint): bigint => {
  const own = state.get(wallet);
  return mint === SOL ? (own?.lamports ?? 0n) : (own?.tokens.get(mint)?.amount ?? 0n);
};
