/**
 * Jupiter's swap instructions of version 1 as bytes and account lists: `route` and
 * `shared_accounts_route`. Source: the program's published IDL, checked against recorded
 * transactions. An account that is optional and absent is the program's own address, read-only.
 */
import {
  AMM_CONFIG,
  AMM_PROGRAM,
  EVENT_AUTHORITY,
  JUPITER_PROGRAM,
  VAULT_AUTHORITY,
} from "./addresses.ts";

/** First eight bytes of sha256("global:<name>"), read as a little-endian number. */
export const ROUTE = 0x2aade37a97cb17e5n;
export const SHARED_ACCOUNTS_ROUTE = 0x819cd641339b20c1n;
/** Anchor's tag of an event by call, and sha256("event:<name>")[0..8]. */
export const EVENT_TAG = 0x1d9acb512ea545e4n;
export const SWAP_EVENT = 0xe2710826e8cdc640n;
export const FEE_EVENT = 0xdc0dd5b87f4e4f49n;

/** `Swap::RaydiumCP` of the route plan: no arguments. */
export const RAYDIUM_CP = 46;
export const STEP_BYTES = 4;
/** in_amount u64, quoted_out_amount u64, slippage_bps u16, platform_fee_bps u8. */
export const TAIL_BYTES = 19;

export type AccountMeta = {
  readonly pubkey: string;
  readonly isSigner: boolean;
  readonly isWritable: boolean;
};

export const readonly = (pubkey: string): AccountMeta => ({
  pubkey,
  isSigner: false,
  isWritable: false,
});
export const writable = (pubkey: string): AccountMeta => ({
  pubkey,
  isSigner: false,
  isWritable: true,
});
export const signer = (pubkey: string): AccountMeta => ({
  pubkey,
  isSigner: true,
  isWritable: false,
});
const ABSENT = readonly(JUPITER_PROGRAM);
const optional = (pubkey: string | undefined): AccountMeta =>
  pubkey === undefined ? ABSENT : writable(pubkey);

export type RouteArguments = {
  readonly inAmount: bigint;
  readonly quotedOutAmount: bigint;
  readonly slippageBps: number;
  readonly platformFeeBps: number;
};

export type RouteAccounts = {
  /** Token program of the destination mint. */
  readonly tokenProgram: string;
  readonly user: string;
  readonly source: string;
  readonly userDestination: string;
  /** Where the output goes on to, if not to the user. */
  readonly destination?: string | undefined;
  readonly destinationMint: string;
  readonly platformFee?: string | undefined;
};

/** In the program's order; those of the hops follow. */
export const routeAccounts = (accounts: RouteAccounts): AccountMeta[] => [
  readonly(accounts.tokenProgram),
  signer(accounts.user),
  writable(accounts.source),
  writable(accounts.userDestination),
  optional(accounts.destination),
  readonly(accounts.destinationMint),
  optional(accounts.platformFee),
  readonly(EVENT_AUTHORITY.address),
  readonly(JUPITER_PROGRAM),
];

export type SharedRouteAccounts = {
  readonly tokenProgram: string;
  readonly programAuthority: string;
  readonly user: string;
  readonly source: string;
  readonly programSource: string;
  readonly programDestination: string;
  readonly destination: string;
  readonly sourceMint: string;
  readonly destinationMint: string;
  readonly platformFee?: string | undefined;
  readonly token2022Program?: string | undefined;
};

/** In the program's order; those of the hops follow. */
export const sharedRouteAccounts = (accounts: SharedRouteAccounts): AccountMeta[] => [
  readonly(accounts.tokenProgram),
  readonly(accounts.programAuthority),
  signer(accounts.user),
  writable(accounts.source),
  writable(accounts.programSource),
  writable(accounts.programDestination),
  writable(accounts.destination),
  readonly(accounts.sourceMint),
  readonly(accounts.destinationMint),
  optional(accounts.platformFee),
  accounts.token2022Program === undefined ? ABSENT : readonly(accounts.token2022Program),
  readonly(EVENT_AUTHORITY.address),
  readonly(JUPITER_PROGRAM),
];

export type HopAccounts = {
  /** Owner of the input and output accounts: the user, or a shared authority. */
  readonly payer: AccountMeta;
  readonly pool: string;
  readonly input: string;
  readonly output: string;
  readonly inputVault: string;
  readonly outputVault: string;
  readonly inputTokenProgram: string;
  readonly outputTokenProgram: string;
  readonly inputMint: string;
  readonly outputMint: string;
  readonly observation: string;
};

/** The order of Raydium CP-Swap's `swap_base_input`, behind the address of the DEX. */
export const hopAccounts = (hop: HopAccounts): AccountMeta[] => [
  readonly(AMM_PROGRAM),
  hop.payer,
  readonly(VAULT_AUTHORITY.address),
  readonly(AMM_CONFIG),
  writable(hop.pool),
  writable(hop.input),
  writable(hop.output),
  writable(hop.inputVault),
  writable(hop.outputVault),
  readonly(hop.inputTokenProgram),
  readonly(hop.outputTokenProgram),
  readonly(hop.inputMint),
  readonly(hop.outputMint),
  writable(hop.observation),
];
export const HOP_ACCOUNTS = 14;

/** Data of `route` over so many hops, one after the other. */
export const routeData = (hops: number, values: RouteArguments): Uint8Array =>
  data(ROUTE, [], hops, values);

/** Data of `shared_accounts_route` with the accounts of authority `id`. */
export const sharedRouteData = (id: number, hops: number, values: RouteArguments): Uint8Array =>
  data(SHARED_ACCOUNTS_ROUTE, [id], hops, values);

function data(
  discriminator: bigint,
  before: readonly number[],
  hops: number,
  values: RouteArguments,
): Uint8Array {
  const planAt = 8 + before.length;
  const bytes = new Uint8Array(planAt + 4 + STEP_BYTES * hops + TAIL_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, discriminator, true);
  bytes.set(before, 8);
  view.setUint32(planAt, hops, true);
  for (let hop = 0; hop < hops; hop += 1) {
    bytes.set([RAYDIUM_CP, 100, hop, hop + 1], planAt + 4 + STEP_BYTES * hop);
  }
  const tail = bytes.length - TAIL_BYTES;
  view.setBigUint64(tail, values.inAmount, true);
  view.setBigUint64(tail + 8, values.quotedOutAmount, true);
  view.setUint16(tail + 16, values.slippageBps, true);
  view.setUint8(tail + 18, values.platformFeeBps);
  return bytes;
}
