/**
 * From a swap order to its instructions, as Jupiter's server puts them together: set-up, the swap
 * in one of its two forms, clean-up, tip, and the lookup tables that hold the accounts.
 */

import { requireAddress } from "../chain/base58.ts";
import { associatedTokenAddress } from "../chain/derived-address.ts";
import { NATIVE_MINT, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../chain/programs.ts";
import type { Token } from "../tokens.ts";
import { JUPITER_PROGRAM, PROGRAM_AUTHORITIES } from "../venue/addresses.ts";
import {
  type AccountMeta,
  hopAccounts,
  type RouteArguments,
  readonly,
  routeAccounts,
  routeData,
  sharedRouteAccounts,
  sharedRouteData,
} from "../venue/route-layout.ts";
import { tokenProgramOf } from "../venue/token-bytes.ts";
import {
  LOOKUP_TABLES,
  observationAddress,
  sharedAccountAddress,
  vaultAddress,
} from "../venue/world.ts";
import {
  closeAccount,
  createTokenAccount,
  type Instruction,
  syncNative,
  transferLamports,
} from "./plain-instructions.ts";
import type { SwapOrder } from "./swap-request.ts";

export type SwapPlan = {
  readonly setup: readonly Instruction[];
  readonly swap: Instruction;
  readonly cleanup: Instruction | undefined;
  /** A tip, last. */
  readonly other: readonly Instruction[];
  readonly tables: readonly string[];
  /** Micro-lamports for each unit, in place of what the request makes it. */
  readonly unitPrice?: bigint;
};

export const userAccount = (user: string, token: Token): string =>
  associatedTokenAddress(user, token.mint, tokenProgramOf(token));

const isNative = ({ mint }: Token): boolean => mint === NATIVE_MINT;
const takesFee = ({ token2022 }: Token): boolean => (token2022?.transferFeeBps ?? 0) > 0;

/**
 * The router's choice where nobody asked: shared accounts where the user would need accounts for
 * tokens in between, or where the output goes to somebody else; never for a token that takes a fee
 * from each of the transfers more.
 */
export function usesSharedAccounts({ request, hops }: SwapOrder): boolean {
  if (hops.some(({ input, output }) => takesFee(input) || takesFee(output))) return false;
  return request.useSharedAccounts ?? (hops.length > 1 || Boolean(request.destinationTokenAccount));
}

/** A sentence where this cannot be built. */
export function refusedPlan({ request, input, output, hops }: SwapOrder): string | undefined {
  if (request.useSharedAccounts && [input, output].some(takesFee)) {
    return "useSharedAccounts is not supported for tokens with a transfer fee";
  }
  if (request.useSharedAccounts && hops.length === 0) return "an empty route is not supported";
  return undefined;
}

/** `exists`: whether an account is on the chain, so that it need not be created. */
export function planSwap(order: SwapOrder, exists: (address: string) => boolean): SwapPlan {
  const { request } = order;
  const shared = usesSharedAccounts(order);
  const tables = request.asLegacyTransaction
    ? []
    : [LOOKUP_TABLES.pools, ...(shared ? [LOOKUP_TABLES.shared] : [])];
  const swap = shared ? sharedSwap(order) : directSwap(order);
  const tracking = request.trackingAccount ? [readonly(request.trackingAccount)] : [];
  return {
    setup: setupOf(order, shared, exists),
    swap: { ...swap, accounts: [...swap.accounts, ...tracking] },
    cleanup: cleanupOf(order),
    other: [],
    tables,
  };
}

function setupOf(
  { request, input, output, hops }: SwapOrder,
  shared: boolean,
  exists: (address: string) => boolean,
): Instruction[] {
  const user = request.userPublicKey;
  const from = request.payer ?? user;
  const wraps = request.wrapAndUnwrapSol ?? true;
  const create = (token: Token): Instruction[] =>
    !request.skipUserAccountsRpcCalls && exists(userAccount(user, token))
      ? []
      : [createTokenAccount(from, user, token)];
  const setup: Instruction[] = [];
  if (isNative(input) && wraps) {
    const account = userAccount(user, input);
    setup.push(...create(input));
    setup.push(transferLamports(user, account, request.quoteResponse.inAmount));
    setup.push(syncNative(input, account));
  }
  // The accounts of a direct route are the user's, those in between as well.
  if (!shared) for (const { output: between } of hops.slice(0, -1)) setup.push(...create(between));
  if (!shared || !request.destinationTokenAccount) setup.push(...create(output));
  return setup;
}

/** Closing returns the whole wrapped balance, what was there before included. */
function cleanupOf({ request, input, output }: SwapOrder): Instruction | undefined {
  if (!(request.wrapAndUnwrapSol ?? true)) return undefined;
  const user = request.userPublicKey;
  const unwraps = isNative(output) && !request.destinationTokenAccount;
  const token = isNative(input) ? input : unwraps ? output : undefined;
  if (!token) return undefined;
  return closeAccount({ token, account: userAccount(user, token), receiver: user, owner: user });
}

function argumentsOf({ request }: SwapOrder): RouteArguments {
  const { inAmount, outAmount, slippageBps, platformFee } = request.quoteResponse;
  return {
    inAmount,
    quotedOutAmount: outAmount,
    slippageBps,
    platformFeeBps: request.feeAccount ? (platformFee?.feeBps ?? 0) : 0,
  };
}

function directSwap(order: SwapOrder): Instruction {
  const { request, input, output, hops } = order;
  const user = request.userPublicKey;
  const accounts = routeAccounts({
    tokenProgram: tokenProgramOf(output),
    user,
    source: userAccount(user, input),
    userDestination: userAccount(user, output),
    destination: request.destinationTokenAccount ?? undefined,
    destinationMint: output.mint,
    platformFee: request.feeAccount ?? undefined,
  });
  return {
    programId: JUPITER_PROGRAM,
    accounts: [...accounts, ...hopsOf(order, user, (token) => userAccount(user, token))],
    data: routeData(hops.length, argumentsOf(order)),
  };
}

function sharedSwap(order: SwapOrder): Instruction {
  const { request, input, output, hops } = order;
  const user = request.userPublicKey;
  const id = (requireAddress(user)[0] ?? 0) % PROGRAM_AUTHORITIES.length;
  const authority = PROGRAM_AUTHORITIES[id]?.address ?? "";
  const program2022 = [input, output].some((token) => token.token2022);
  const accounts = sharedRouteAccounts({
    tokenProgram: TOKEN_PROGRAM,
    programAuthority: authority,
    user,
    source: userAccount(user, input),
    programSource: sharedAccountAddress(authority, input),
    programDestination: sharedAccountAddress(authority, output),
    destination: request.destinationTokenAccount ?? userAccount(user, output),
    sourceMint: input.mint,
    destinationMint: output.mint,
    platformFee: request.feeAccount ?? undefined,
    token2022Program: program2022 ? TOKEN_2022_PROGRAM : undefined,
  });
  const accountOf = (token: Token) => sharedAccountAddress(authority, token);
  return {
    programId: JUPITER_PROGRAM,
    accounts: [...accounts, ...hopsOf(order, authority, accountOf)],
    data: sharedRouteData(id, hops.length, argumentsOf(order)),
  };
}

const hopsOf = (
  { hops }: SwapOrder,
  owner: string,
  accountOf: (token: Token) => string,
): AccountMeta[] =>
  hops.flatMap(({ pool, input, output }) =>
    hopAccounts({
      payer: readonly(owner),
      pool: pool.address,
      input: accountOf(input),
      output: accountOf(output),
      inputVault: vaultAddress(pool, input),
      outputVault: vaultAddress(pool, output),
      inputTokenProgram: tokenProgramOf(input),
      outputTokenProgram: tokenProgramOf(output),
      inputMint: input.mint,
      outputMint: output.mint,
      observation: observationAddress(pool),
    }),
  );
