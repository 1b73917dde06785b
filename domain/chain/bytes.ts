/** Bytes of the chain: base58 (Bitcoin's alphabet) and base64 texts, and little-endian numbers. */

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const DIGITS: ReadonlyMap<string, number> = new Map(
  [...ALPHABET].map((character, digit) => [character, digit]),
);

/** The cost grows with the square of the length: longer texts are refused. */
export const MAX_BASE58_LENGTH = 4_000;

/** Undefined where a character is none of base58's, or the text is over MAX_BASE58_LENGTH. */
export function decodeBase58(text: string): Uint8Array | undefined {
  if (text.length > MAX_BASE58_LENGTH) return undefined;
  const zeros = /^1*/.exec(text)?.[0].length ?? 0;
  // Least significant byte first.
  const bytes: number[] = [];
  for (const character of text.slice(zeros)) {
    let carry = DIGITS.get(character);
    if (carry === undefined) return undefined;
    for (let index = 0; index < bytes.length; index += 1) {
      carry += (bytes[index] ?? 0) * 58;
      bytes[index] = carry & 0xff;
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 0xff);
  }
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes.reverse()]);
}

/** For keys and signatures; at most 200 bytes, as the cost grows with the square. */
export function encodeBase58(bytes: Uint8Array): string {
  if (bytes.length > 200) throw new Error(`${bytes.length} bytes are no key or signature`);
  const zeros = bytes.findIndex((byte) => byte !== 0);
  const leading = zeros < 0 ? bytes.length : zeros;
  const digits: number[] = [];
  for (const byte of bytes.subarray(leading)) {
    let carry = byte;
    for (let index = 0; index < digits.length; index += 1) {
      carry += (digits[index] ?? 0) << 8;
      digits[index] = carry % 58;
      carry = Math.floor(carry / 58);
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58);
  }
  return (
    "1".repeat(leading) +
    digits
      .reverse()
      .map((digit) => ALPHABET[digit])
      .join("")
  );
}

/** Standard base64 with padding; undefined for anything else. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

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
