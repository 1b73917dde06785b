/** Bytes of the chain: base58 (Bitcoin's alphabet) and base64 texts, and little-endian numbers. */

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const NO_DIGIT = 255;
/** By character code. */
const DIGITS = new Uint8Array(128).fill(NO_DIGIT);
for (let digit = 0; digit < 58; digit += 1) DIGITS[ALPHABET.charCodeAt(digit)] = digit;
/** Both digits of every number below 58². */
const PAIRS: readonly string[] = [...ALPHABET].flatMap((high) =>
  [...ALPHABET].map((low) => high + low),
);

/** The cost grows with the square of the length: longer texts are refused. */
export const MAX_BASE58_LENGTH = 4_000;

/** Four digits of base58 at once over three bytes: their product stays a safe integer. */
const GROUP = 4;
const GROUP_VALUE = 58 ** GROUP;
const LIMB_BITS = 24;
const LIMB = 2 ** LIMB_BITS;

/** Undefined where a character is none of base58's, or the text is over MAX_BASE58_LENGTH. */
export function decodeBase58(text: string): Uint8Array | undefined {
  if (text.length > MAX_BASE58_LENGTH) return undefined;
  let zeros = 0;
  while (zeros < text.length && text[zeros] === "1") zeros += 1;
  // Least significant first, three bytes each.
  const limbs: number[] = [];
  let end = zeros + ((text.length - zeros) % GROUP);
  for (let at = zeros; at < text.length; end += GROUP) {
    let carry = 0;
    let factor = 1;
    for (; at < end; at += 1) {
      const digit = DIGITS[text.charCodeAt(at)] ?? NO_DIGIT;
      if (digit === NO_DIGIT) return undefined;
      carry = carry * 58 + digit;
      factor *= 58;
    }
    for (let index = 0; index < limbs.length; index += 1) {
      carry += (limbs[index] ?? 0) * factor;
      limbs[index] = carry % LIMB;
      carry = Math.floor(carry / LIMB);
    }
    if (carry > 0) limbs.push(carry);
  }
  return bytesOfLimbs(limbs, zeros);
}

function bytesOfLimbs(limbs: readonly number[], zeros: number): Uint8Array {
  const highest = limbs.at(-1) ?? 0;
  const ofHighest = highest > 0xffff ? 3 : highest > 0xff ? 2 : highest > 0 ? 1 : 0;
  const bytes = new Uint8Array(zeros + Math.max(0, limbs.length - 1) * 3 + ofHighest);
  let at = bytes.length;
  for (let limb of limbs) {
    for (let byte = 0; byte < 3 && at > zeros; byte += 1, limb >>= 8) {
      at -= 1;
      bytes[at] = limb & 0xff;
    }
  }
  return bytes;
}

/** For keys and signatures; at most 200 bytes, as the cost grows with the square. */
export function encodeBase58(bytes: Uint8Array): string {
  if (bytes.length > 200) throw new Error(`${bytes.length} bytes are no key or signature`);
  let leading = 0;
  while (leading < bytes.length && bytes[leading] === 0) leading += 1;
  // Least significant first, four digits each.
  const limbs: number[] = [];
  for (let at = leading - ((3 - ((bytes.length - leading) % 3)) % 3); at < bytes.length; at += 3) {
    // What stands before the first byte counts as nothing: it is a leading zero, or none of the bytes.
    let carry = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let index = 0; index < limbs.length; index += 1) {
      carry += (limbs[index] ?? 0) * LIMB;
      limbs[index] = carry % GROUP_VALUE;
      carry = Math.floor(carry / GROUP_VALUE);
    }
    for (; carry > 0; carry = Math.floor(carry / GROUP_VALUE)) limbs.push(carry % GROUP_VALUE);
  }
  let text = "";
  for (const limb of limbs) text = digitsOf(limb) + text;
  let first = 0;
  while (text[first] === "1") first += 1;
  return "1".repeat(leading) + text.slice(first);
}

function digitsOf(limb: number): string {
  const low = limb % 3_364;
  const high = (limb - low) / 3_364;
  return (PAIRS[high] ?? "") + (PAIRS[low] ?? "");
}

/** Standard base64 with padding; undefined for anything else. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export const encodeBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/** Little-endian unsigned number of `size` bytes at `at`; undefined where the bytes end before. */
export function readUint(bytes: Uint8Array, at: number, size: number): bigint | undefined {
  if (at < 0 || at + size > bytes.length) return undefined;
  let value = 0n;
  for (let index = at + size - 1; index >= at; index -= 1) {
    value = value * 256n + BigInt(bytes[index] ?? 0);
  }
  return value;
}

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
