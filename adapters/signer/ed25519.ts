/**
 * Ed25519 through node:crypto. A secret is the 32-byte seed of RFC 8032; PKCS#8 and SPKI are the fixed prefixes of RFC 8410 with the
 * seed or the public key behind them.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  verify,
  type webcrypto,
} from "node:crypto";
import { decodeBase58, encodeBase58 } from "../../domain/chain/bytes.ts";

export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;
const PUBLIC_BYTES = 32;

const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export const newSeed = (): Buffer => randomBytes(SEED_BYTES);

/** Runs `use` with the PKCS#8 form of a seed, which is zeroed afterwards. */
function withPkcs8<T>(seed: Uint8Array, use: (der: Buffer) => T): T {
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  try {
    return use(der);
  } finally {
    der.fill(0);
  }
}

/** The public half of a seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const key = withPkcs8(seed, (der) =>
    createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })),
  );
  return new Uint8Array(key.export({ format: "der", type: "spki" }).subarray(-PUBLIC_BYTES));
}

/** The wallet's address: its public key in base58. */
export const addressOf = (seed: Uint8Array): string => encodeBase58(publicKeyOf(seed));

/** A key that this process can sign with and nobody can read out of it again. The seed may be zeroed once it resolves. */
export async function signingKeyOf(seed: Uint8Array): Promise<webcrypto.CryptoKey> {
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  try {
    return await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
  } finally {
    der.fill(0);
  }
}

/** 64 bytes. */
export const signWith = async (
  key: webcrypto.CryptoKey,
  message: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> => new Uint8Array(await crypto.subtle.sign("Ed25519", key, message));

/** Undefined where the text is no address of 32 bytes. */
export function verifyingKeyOf(address: string): KeyObject | undefined {
  const bytes = decodeBase58(address);
  if (bytes?.length !== PUBLIC_BYTES) return undefined;
  return createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, bytes]),
    format: "der",
    type: "spki",
  });
}

/** Whether the signature is the key's over exactly these bytes. */
export const isSignedBy = (key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean =>
  signature.length === SIGNATURE_BYTES && verify(null, message, key, signature);
