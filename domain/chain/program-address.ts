/**
 * Addresses that programs derive: sha256(seeds, bump, program, "ProgramDerivedAddress") for the highest bump whose hash is no point of
 * ed25519, so that nobody has a key for it. Source: solana.com/docs/core/pda.
 */
import { ASSOCIATED_TOKEN_PROGRAM } from "./addresses.ts";
import { decodeBase58, encodeBase58 } from "./bytes.ts";

/** sha256 over bytes. */
export type Digest = (bytes: Uint8Array) => Uint8Array;

/** Address of the associated token account of an owner, a mint and a token program. Throws where one of them is no address. */
export type TokenAccountOf = (owner: string, mint: string, tokenProgram: string) => string;

const MARKER = Uint8Array.from("ProgramDerivedAddress", (character) => character.charCodeAt(0));
const KEY_BYTES = 32;
const MAX_REMEMBERED = 10_000;

/** A derivation that remembers up to 10,000 addresses: each takes about a third of a millisecond. */
export function createTokenAccounts(digest: Digest): TokenAccountOf {
  const known = new Map<string, string>();
  return (owner, mint, tokenProgram) => {
    const name = `${owner}/${mint}/${tokenProgram}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    const seeds = [keyBytes(owner), keyBytes(tokenProgram), keyBytes(mint)];
    const { address } = programAddress(digest, seeds, ASSOCIATED_TOKEN_PROGRAM);
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(name, address);
    return address;
  };
}

/** `find_program_address`. Each seed has at most 32 bytes. */
export function programAddress(
  digest: Digest,
  seeds: readonly Uint8Array[],
  programId: string,
): { readonly address: string; readonly bump: number } {
  const program = keyBytes(programId);
  const before = seeds.reduce((sum, seed) => sum + seed.length, 0);
  const bytes = new Uint8Array(before + 1 + KEY_BYTES + MARKER.length);
  let at = 0;
  for (const seed of seeds) {
    if (seed.length > KEY_BYTES) throw new Error(`a seed of ${seed.length} bytes`);
    bytes.set(seed, at);
    at += seed.length;
  }
  bytes.set(program, before + 1);
  bytes.set(MARKER, before + 1 + KEY_BYTES);
  for (let bump = 255; bump >= 0; bump -= 1) {
    bytes[before] = bump;
    const hash = digest(bytes);
    if (!isOnCurve(hash)) return { address: encodeBase58(hash), bump };
  }
  throw new Error("no bump leads off the curve");
}

function keyBytes(address: string): Uint8Array {
  const bytes = decodeBase58(address);
  if (bytes?.length !== KEY_BYTES) throw new Error(`not an address: ${JSON.stringify(address)}`);
  return bytes;
}

/** 2^255 - 19, and the curve's d = -121665/121666 (RFC 8032, section 5.1). */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const MASK = 2n ** 255n - 1n;

/**
 * Whether 32 bytes are the compressed form of a point of ed25519, by the runtime's own rule: the sign bit is ignored, y is taken modulo p,
 * and x² = (y² - 1) / (dy² + 1) must have a root. u/v is a square where u·v is one.
 */
export function isOnCurve(bytes: Uint8Array): boolean {
  let text = "0x";
  for (let index = KEY_BYTES - 1; index >= 0; index -= 1) {
    text += (bytes[index] ?? 0).toString(16).padStart(2, "0");
  }
  const y = (BigInt(text) & MASK) % P;
  const square = (y * y) % P;
  const product = ((square + P - 1n) * (D * square + 1n)) % P;
  return product === 0n || eulerPower(product) === 1n;
}

/** x^((p-1)/2) = x^(2^254 - 10): 1 for squares, by a chain of 254 squarings and 11 products. */
function eulerPower(x: bigint): bigint {
  /** x^(2^n - 1) of a + b from those of a and b. */
  const joined = (left: bigint, right: bigint, rightBits: number): bigint =>
    (squared(left, rightBits) * right) % P;
  const b2 = joined(x, x, 1);
  const b4 = joined(b2, b2, 2);
  const b5 = joined(b4, x, 1);
  const b10 = joined(b5, b5, 5);
  const b20 = joined(b10, b10, 10);
  const b40 = joined(b20, b20, 20);
  const b50 = joined(b40, b10, 10);
  const b100 = joined(b50, b50, 50);
  const b200 = joined(b100, b100, 100);
  const b250 = joined(b200, b50, 50);
  // 2^254 - 10 = (2^250 - 1) · 2^4 + 6.
  const x6 = squared((squared(x, 1) * x) % P, 1);
  return (squared(b250, 4) * x6) % P;
}

function squared(value: bigint, times: number): bigint {
  let result = value;
  for (let index = 0; index < times; index += 1) result = (result * result) % P;
  return result;
}
