/** The world's mints and token accounts as bytes, put on the chain without a transaction. */
import { NATIVE_MINT, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../chain/programs.ts";
import { encodeMint, encodeTokenAccount, type MintExtension } from "../chain/token-encoding.ts";
import type { Token } from "../tokens.ts";

const U64_MAX = 2n ** 64n - 1n;
/** Supply of every mint: it only has to be more than anybody holds. */
const SUPPLY = 10n ** 19n;

export const tokenProgramOf = (token: Token): string =>
  token.token2022 ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM;

function extensionsOf({ token2022 }: Token): MintExtension[] {
  const bps = token2022?.transferFeeBps ?? 0;
  return bps === 0 ? [] : [{ kind: "transfer-fee", bps, maximumFee: U64_MAX }];
}

export const mintBytes = (token: Token): Uint8Array =>
  encodeMint({
    decimals: token.decimals,
    supply: SUPPLY,
    mintAuthority: null,
    extensions: extensionsOf(token),
  });

export type TokenHolding = {
  readonly token: Token;
  readonly owner: string;
  readonly amount: bigint;
  /** Lamports that a native account keeps for rent. */
  readonly rent: bigint;
};

/** As the associated token program would make the account. */
export const tokenAccountBytes = ({ token, owner, amount, rent }: TokenHolding): Uint8Array =>
  encodeTokenAccount({
    ...{ mint: token.mint, owner, amount },
    nativeReserve: token.mint === NATIVE_MINT ? rent : undefined,
    extended: token.token2022 !== undefined,
    extensions: extensionsOf(token),
  });

/** Of an associated token account. */
export const tokenAccountLength = (token: Token): number =>
  tokenAccountBytes({ token, owner: token.mint, amount: 0n, rent: 0n }).length;
