/** Accounts in the encodings of a real node; token accounts and mints also parsed. */
import { zstdCompressSync } from "node:zlib";
import { encodeBase58 } from "../base58.ts";
import type { Account, Address } from "../chain.types.ts";
import { TOKEN_2022_PROGRAM } from "../programs.ts";
import { decimalText, readMint, readTokenAccount, type TokenAccount } from "../token-account.ts";
import { failure, RPC, type RpcFailure } from "./answers.ts";
import type { AccountOptions } from "./params.ts";

/** What nodes give for accounts that never pay rent: 2^64 - 1, as far as JSON numbers go. */
const RENT_EPOCH = 18_446_744_073_709_552_000;
const MAX_BASE58_BYTES = 128;

export type AccountReader = (address: Address) => Account | undefined;

/** Amount as nodes write it for a token account: 0 is a number here. */
export function tokenAmount(amount: bigint, decimals: number) {
  const text = decimalText(amount, decimals);
  return { amount: amount.toString(), decimals, uiAmount: Number(text), uiAmountString: text };
}

export function accountJson(
  account: Account,
  options: AccountOptions,
  read: AccountReader,
): object | RpcFailure {
  const data = dataJson(account, options, read);
  if (data === undefined) {
    const limit = `should be less than ${MAX_BASE58_BYTES} bytes, please use Base64 encoding.`;
    return failure(RPC.invalidRequest, `Encoded binary (base 58) data ${limit}`);
  }
  return {
    lamports: Number(account.lamports),
    data,
    owner: account.owner,
    executable: account.executable,
    rentEpoch: RENT_EPOCH,
    space: account.data.length,
  };
}

function dataJson(account: Account, options: AccountOptions, read: AccountReader): unknown {
  const encoding = options?.encoding ?? "binary";
  if (encoding === "jsonParsed") {
    const parsed = parsedData(account, read);
    if (parsed) return parsed;
  }
  const { offset = 0, length = account.data.length } = options?.dataSlice ?? {};
  const data = Buffer.from(account.data.subarray(offset, offset + length));
  switch (encoding) {
    case "base64":
    case "jsonParsed":
      return [data.toString("base64"), "base64"];
    case "base64+zstd":
      return [zstdCompressSync(data).toString("base64"), "base64+zstd"];
    default: {
      if (data.length > MAX_BASE58_BYTES) return undefined;
      const text = encodeBase58(data);
      // Without an encoding a node answers the bare text.
      return encoding === "base58" ? [text, "base58"] : text;
    }
  }
}

function parsedData(account: Account, read: AccountReader): object | undefined {
  const program = account.owner === TOKEN_2022_PROGRAM ? "spl-token-2022" : "spl-token";
  const space = account.data.length;
  const token = readTokenAccount(account);
  if (token) {
    return { program, parsed: { type: "account", info: tokenInfo(token, read) }, space };
  }
  const mint = readMint(account);
  if (!mint) return undefined;
  const { decimals, supply, mintAuthority, freezeAuthority } = mint;
  const info = { decimals, freezeAuthority, isInitialized: true, mintAuthority };
  return { program, parsed: { type: "mint", info: { ...info, supply: supply.toString() } }, space };
}

export const decimalsOf = (mint: Account | undefined): number =>
  (mint && readMint(mint)?.decimals) ?? 0;

function tokenInfo(token: TokenAccount, read: AccountReader): object {
  const decimals = decimalsOf(read(token.mint));
  const { nativeReserve, delegate, closeAuthority } = token;
  return {
    isNative: nativeReserve !== undefined,
    mint: token.mint,
    owner: token.owner,
    state: token.state,
    tokenAmount: tokenAmount(token.amount, decimals),
    ...(nativeReserve === undefined ? {} : { rentExemptReserve: tokenAmount(nativeReserve, 9) }),
    ...(delegate
      ? { delegate: delegate.address, delegatedAmount: tokenAmount(delegate.amount, decimals) }
      : {}),
    ...(closeAuthority === undefined ? {} : { closeAuthority }),
  };
}
