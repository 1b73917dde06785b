/**
 * Mints of SPL Token and Token-2022 as bytes: 82 of the mint; with extensions padded to 165, the type of account, then type u16,
 * length u16, value. Source: spl-token-2022 `ExtensionType`.
 */
import { TOKEN_2022_PROGRAM } from "./addresses.ts";
import { readUint } from "./bytes.ts";
import { type AccountState, isTokenProgram, optionalKey } from "./token-account.ts";

const MINT_BYTES = 82;
const TYPE_AT = 165;
const MINT_TYPE = 1;
const FROZEN = 2;

/** By their number; those of accounts are named as well, since they have no business on a mint. */
const EXTENSIONS = [
  ...["Uninitialized", "TransferFeeConfig", "TransferFeeAmount", "MintCloseAuthority"],
  ...["ConfidentialTransferMint", "ConfidentialTransferAccount", "DefaultAccountState"],
  ...["ImmutableOwner", "MemoTransfer", "NonTransferable", "InterestBearingConfig", "CpiGuard"],
  ...["PermanentDelegate", "NonTransferableAccount", "TransferHook", "TransferHookAccount"],
  ...["ConfidentialTransferFeeConfig", "ConfidentialTransferFeeAmount", "MetadataPointer"],
  ...["TokenMetadata", "GroupPointer", "TokenGroup", "GroupMemberPointer", "TokenGroupMember"],
  ...["ConfidentialMintBurn", "ScaledUiAmount", "Pausable", "PausableAccount", "PermissionedBurn"],
];
const DEFAULT_STATE = EXTENSIONS.indexOf("DefaultAccountState");

/**
 * Extensions that neither take from a holder nor keep him from selling: names, pictures, groups, how an amount is shown, and the right to
 * close a mint of which nothing exists any more.
 */
export const HARMLESS_EXTENSIONS: ReadonlySet<string> = new Set([
  ...["MintCloseAuthority", "InterestBearingConfig", "ScaledUiAmount", "MetadataPointer"],
  ...["TokenMetadata", "GroupPointer", "TokenGroup", "GroupMemberPointer", "TokenGroupMember"],
  ...["ConfidentialTransferMint", "DefaultAccountState"],
]);

export type TokenMint = {
  readonly tokenProgram: string;
  readonly supply: bigint;
  readonly decimals: number;
  readonly mintAuthority: string | undefined;
  readonly freezeAuthority: string | undefined;
  /**
   * Names of Token-2022 extensions in their order. `DefaultAccountStateFrozen` where new accounts begin frozen; `Unknown<number>` for what
   * is not known here; `Malformed` where the list cannot be read to its end.
   */
  readonly extensions: readonly string[];
};

/** Undefined for what is no initialized mint. Never throws. */
export function readTokenMint({ owner, data }: AccountState): TokenMint | undefined {
  if (!isTokenProgram(owner) || data.length < MINT_BYTES || data[45] !== 1) return undefined;
  const isExtended = data.length > TYPE_AT;
  if (
    isExtended
      ? owner !== TOKEN_2022_PROGRAM || data[TYPE_AT] !== MINT_TYPE
      : data.length !== MINT_BYTES
  ) {
    return undefined;
  }
  return {
    tokenProgram: owner,
    mintAuthority: optionalKey(data, 0),
    supply: readUint(data, 36, 8) ?? 0n,
    decimals: data[44] ?? 0,
    freezeAuthority: optionalKey(data, 46),
    extensions: isExtended ? extensionsOf(data) : [],
  };
}

/** Extensions of a mint that a policy has to allow by name. */
export const refusedExtensions = (
  { extensions }: TokenMint,
  allowed: ReadonlySet<string> = HARMLESS_EXTENSIONS,
): readonly string[] => extensions.filter((name) => !allowed.has(name));

function extensionsOf(data: Uint8Array): readonly string[] {
  const names: string[] = [];
  let at = TYPE_AT + 1;
  while (at < data.length) {
    const type = Number(readUint(data, at, 2) ?? -1n);
    // Zeros to the end are room that is not used.
    if (type === 0 || (type < 0 && data.subarray(at).every((byte) => byte === 0))) return names;
    const length = readUint(data, at + 2, 2);
    if (length === undefined || at + 4 + Number(length) > data.length)
      return [...names, "Malformed"];
    names.push(nameOf(type, data[at + 4]));
    at += 4 + Number(length);
  }
  return names;
}

function nameOf(type: number, first: number | undefined): string {
  const name = EXTENSIONS[type] ?? `Unknown${type}`;
  return type === DEFAULT_STATE && first === FROZEN ? `${name}Frozen` : name;
}
