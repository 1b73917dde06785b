/** Base58 as Bitcoin and Solana write it, and addresses as bytes. */
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const VALUES = new Map([...ALPHABET].map((letter, index) => [letter, index]));
const ADDRESS_BYTES = 32;
/** Remembered conversions; the same few hundred addresses come again and again. */
const MAX_KNOWN = 20_000;

const known = new Map<string, Uint8Array>();
const written = new Map<string, string>();

export function encodeBase58(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros += 1;
  const digits: number[] = [];
  for (let index = zeros; index < bytes.length; index += 1) {
    let carry = bytes[index] ?? 0;
    for (let at = 0; at < digits.length; at += 1) {
      carry += (digits[at] ?? 0) << 8;
      digits[at] = carry % 58;
      carry = (carry / 58) | 0;
    }
    while (carry > 0) {
      digits.push(carry % 58);
      carry = (carry / 58) | 0;
    }
  }
  let text = "1".repeat(zeros);
  for (let at = digits.length - 1; at >= 0; at -= 1) text += ALPHABET[digits[at] ?? 0];
  return text;
}

/** Undefined if the text has a character that is none of base58. */
export function decodeBase58(text: string): Uint8Array | undefined {
  let zeros = 0;
  while (zeros < text.length && text[zeros] === "1") zeros += 1;
  const bytes: number[] = [];
  for (let index = zeros; index < text.length; index += 1) {
    const value = VALUES.get(text[index] ?? "");
    if (value === undefined) return undefined;
    let carry = value;
    for (let at = 0; at < bytes.length; at += 1) {
      carry += (bytes[at] ?? 0) * 58;
      bytes[at] = carry & 0xff;
      carry >>= 8;
    }
    while (carry > 0) {
      bytes.push(carry & 0xff);
      carry >>= 8;
    }
  }
  const out = new Uint8Array(zeros + bytes.length);
  for (let at = 0; at < bytes.length; at += 1) out[out.length - 1 - at] = bytes[at] ?? 0;
  return out;
}

/** The 32 bytes of an address; undefined if the text is none. Not to be written to. */
export function addressBytes(address: string): Uint8Array | undefined {
  const found = known.get(address);
  if (found) return found;
  // 44 characters hold 32 bytes; longer text is not worth the quadratic decoding.
  const bytes = address.length > 44 ? undefined : decodeBase58(address);
  if (bytes?.length !== ADDRESS_BYTES) return undefined;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(address, bytes);
  return bytes;
}

/** True for base58 of 32 bytes. */
export const isAddress = (text: string): boolean => addressBytes(text) !== undefined;

/** As `encodeBase58`, for addresses: remembered, since the same ones come again and again. */
export function encodeAddress(bytes: Uint8Array): string {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const found = written.get(key);
  if (found !== undefined) return found;
  const address = encodeBase58(bytes);
  if (written.size >= MAX_KNOWN) written.clear();
  written.set(key, address);
  return address;
}

/** As `addressBytes`; throws on text that is no address. */
export function requireAddress(address: string): Uint8Array {
  const bytes = addressBytes(address);
  if (!bytes) throw new Error(`not an address: ${address.slice(0, 60)}`);
  return bytes;
}
