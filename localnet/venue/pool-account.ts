/**
 * The account of a pool on the chain: our own layout, as no real DEX's is needed. Reserves are what
 * the price is made of; the vaults hold the tokens.
 */
import { encodeAddress, requireAddress } from "../chain/base58.ts";

/** "LOCLPOOL" as a little-endian number. */
export const POOL_MAGIC = 0x4c4f4f504c434f4cn;
/** Offsets: u64 magic, fee, two reserves; then mints and vaults. */
export const POOL = {
  ...{ magic: 0, feeBps: 8, reserveA: 16, reserveB: 24 },
  ...{ mintA: 32, mintB: 64, vaultA: 96, vaultB: 128, bytes: 160 },
} as const;

export type PoolState = {
  /** Taken from the input, basis points. */
  readonly feeBps: bigint;
  /** Smallest units, u64. */
  readonly reserveA: bigint;
  readonly reserveB: bigint;
  readonly mintA: string;
  readonly mintB: string;
  readonly vaultA: string;
  readonly vaultB: string;
};

const KEYS = ["mintA", "mintB", "vaultA", "vaultB"] as const;
const NUMBERS = ["feeBps", "reserveA", "reserveB"] as const;

export function encodePool(state: PoolState): Uint8Array {
  const bytes = new Uint8Array(POOL.bytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(POOL.magic, POOL_MAGIC, true);
  for (const name of NUMBERS) view.setBigUint64(POOL[name], state[name], true);
  for (const name of KEYS) bytes.set(requireAddress(state[name]), POOL[name]);
  return bytes;
}

/** Undefined for anything but a pool. */
export function decodePool(bytes: Uint8Array): PoolState | undefined {
  if (bytes.length !== POOL.bytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getBigUint64(POOL.magic, true) !== POOL_MAGIC) return undefined;
  const numberAt = (name: (typeof NUMBERS)[number]) => view.getBigUint64(POOL[name], true);
  const keyAt = (name: (typeof KEYS)[number]) =>
    encodeAddress(bytes.subarray(POOL[name], POOL[name] + 32));
  return {
    feeBps: numberAt("feeBps"),
    reserveA: numberAt("reserveA"),
    reserveB: numberAt("reserveB"),
    mintA: keyAt("mintA"),
    mintB: keyAt("mintB"),
    vaultA: keyAt("vaultA"),
    vaultB: keyAt("vaultB"),
  };
}
