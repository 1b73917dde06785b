/**
 * A keystore: one wallet's secret, encrypted with a passphrase (scrypt, then AES-256-GCM), with its address in clear. Everything that
 * stands beside the ciphertext is authenticated with it, so that no part of a file can be exchanged.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { addressOf, SEED_BYTES } from "./ed25519.ts";
import { type Outcome, ok, wrong } from "./outcome.ts";
import { readSecretFile, writeSecretFile } from "./secret-files.ts";

const FORMAT = "orderstream-keystore";
const VERSION = 1;
/** N = 2^17, r = 8, p = 1: OWASP's password storage cheat sheet. 128 MiB and about 0.4 s. */
const COST = { n: 2 ** 17, r: 8, p: 1 } as const;
/** More than this would be a way to stop the signer, not to protect the key. */
const MOST = { n: 2 ** 20, r: 16, p: 4 } as const;
const SALT_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_FILE_BYTES = 4_096;

type Kdf = { readonly n: number; readonly r: number; readonly p: number; readonly salt: Buffer };
export type Keystore = {
  /** In clear in the file; proven to be the key's own only by `unlock`. */
  readonly address: string;
  readonly kdf: Kdf;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
};

/** The header as it is authenticated: built from its values, so that white space and the order of keys do not matter. */
const headerOf = ({ address, kdf, nonce }: Omit<Keystore, "ciphertext" | "tag">): object => ({
  format: FORMAT,
  version: VERSION,
  address,
  kdf: { name: "scrypt", n: kdf.n, r: kdf.r, p: kdf.p, salt: kdf.salt.toString("base64") },
  cipher: { name: "aes-256-gcm", nonce: nonce.toString("base64") },
});

const contentOf = (keystore: Keystore): object => ({
  ...headerOf(keystore),
  ciphertext: keystore.ciphertext.toString("base64"),
  tag: keystore.tag.toString("base64"),
});

/** The caller zeroes the key. */
function keyOf(passphrase: Uint8Array, { n, r, p, salt }: Kdf): Promise<Buffer> {
  // It takes 128 × N × r bytes and a little more; Node's default limit is 32 MiB.
  const maxmem = 256 * n * r;
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, { N: n, r, p, maxmem }, (error, key) =>
      error ? reject(new Error("the key derivation failed")) : resolve(key),
    );
  });
}

/** Encrypts a seed and writes it as a new file of mode 0600; the address. Wrong where the file is there already. */
export async function createKeystore(
  file: string,
  seed: Uint8Array,
  passphrase: Uint8Array,
): Promise<Outcome<string>> {
  const kdf = { ...COST, salt: randomBytes(SALT_BYTES) };
  const header = { address: addressOf(seed), kdf, nonce: randomBytes(NONCE_BYTES) };
  const key = await keyOf(passphrase, kdf);
  try {
    const cipher = createCipheriv("aes-256-gcm", key, header.nonce);
    cipher.setAAD(Buffer.from(JSON.stringify(headerOf(header))));
    const ciphertext = Buffer.concat([cipher.update(seed), cipher.final()]);
    const content = contentOf({ ...header, ciphertext, tag: cipher.getAuthTag() });
    const bytes = Buffer.from(`${JSON.stringify(content, undefined, 2)}\n`);
    const written = writeSecretFile(file, "the keystore", bytes);
    return written.kind === "wrong" ? written : ok(header.address);
  } finally {
    key.fill(0);
  }
}

/** Reads and checks a keystore without decrypting it. */
export function readKeystore(file: string): Outcome<Keystore> {
  const read = readSecretFile(file, "the keystore", MAX_FILE_BYTES);
  if (read.kind === "wrong") return read;
  let content: unknown;
  try {
    content = JSON.parse(read.value.toString("utf8"));
  } catch {
    return wrong(`${file} is not a keystore: it is not valid JSON`);
  }
  const parsed = keystoreOf(content);
  return parsed.kind === "ok" ? parsed : wrong(`${file} ${parsed.sentence}`);
}

/** The seed, which the caller zeroes. `name` begins the sentence of every problem. */
export async function unlock(
  keystore: Keystore,
  passphrase: Uint8Array,
  name: string,
): Promise<Outcome<Buffer>> {
  const key = await keyOf(passphrase, keystore.kdf);
  let seed: Buffer | undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, keystore.nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(JSON.stringify(headerOf(keystore))));
    decipher.setAuthTag(keystore.tag);
    seed = decipher.update(keystore.ciphertext);
    decipher.final();
  } catch {
    seed?.fill(0);
    return wrong(`${name}: the passphrase is wrong, or the file was changed`);
  } finally {
    key.fill(0);
  }
  if (addressOf(seed) === keystore.address) return ok(seed);
  seed.fill(0);
  return wrong(`${name}: the address in it is not its key's`);
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? { ...value } : {};

/** Sentences go on after the file's name. */
function keystoreOf(content: unknown): Outcome<Keystore> {
  const { format, version, address, kdf, cipher, ciphertext, tag } = fieldsOf(content);
  if (Array.isArray(content) && content.length === 64) {
    return wrong("is a plain key file: make a keystore of it with `orderstream wallet import`");
  }
  if (format !== FORMAT) return wrong(`is not a keystore: its format is not "${FORMAT}"`);
  if (version !== VERSION) {
    return wrong(`is a keystore of another version; this program reads version ${VERSION}`);
  }
  if (typeof address !== "string" || !/^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(address)) {
    return wrong("is damaged: `address` is none");
  }
  const derivation = kdfOf(fieldsOf(kdf));
  if (derivation.kind === "wrong") return derivation;
  const { name, nonce } = fieldsOf(cipher);
  if (name !== "aes-256-gcm") return wrong('is refused: `cipher.name` must be "aes-256-gcm"');
  const bytes = {
    nonce: bytesOf(nonce, NONCE_BYTES),
    ciphertext: bytesOf(ciphertext, SEED_BYTES),
    tag: bytesOf(tag, TAG_BYTES),
  };
  if (!bytes.nonce) return wrong(`is damaged: \`cipher.nonce\` is not ${NONCE_BYTES} bytes`);
  if (!bytes.ciphertext) return wrong(`is damaged: \`ciphertext\` is not ${SEED_BYTES} bytes`);
  if (!bytes.tag) return wrong(`is damaged: \`tag\` is not ${TAG_BYTES} bytes`);
  const keystore: Keystore = {
    ...{ address, kdf: derivation.value, nonce: bytes.nonce },
    ...{ ciphertext: bytes.ciphertext, tag: bytes.tag },
  };
  return isDeepStrictEqual(content, contentOf(keystore))
    ? ok(keystore)
    : wrong("is damaged: it has fields that no keystore has");
}

function kdfOf({ name, n, r, p, salt }: Fields): Outcome<Kdf> {
  if (name !== "scrypt") return wrong('is refused: `kdf.name` must be "scrypt"');
  const isPower =
    typeof n === "number" && Number.isSafeInteger(n) && Number.isInteger(Math.log2(n));
  const isWithin = (value: unknown, least: number, most: number): value is number =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
  if (!isPower || !isWithin(n, COST.n, MOST.n)) {
    return wrong(`is refused: \`kdf.n\` must be a power of two from ${COST.n} to ${MOST.n}`);
  }
  if (!isWithin(r, COST.r, MOST.r)) {
    return wrong(`is refused: \`kdf.r\` must be from ${COST.r} to ${MOST.r}`);
  }
  if (!isWithin(p, COST.p, MOST.p)) {
    return wrong(`is refused: \`kdf.p\` must be from ${COST.p} to ${MOST.p}`);
  }
  const bytes = bytesOf(salt, SALT_BYTES);
  if (!bytes) return wrong(`is damaged: \`kdf.salt\` is not ${SALT_BYTES} bytes`);
  return ok({ n, r, p, salt: bytes });
}

/** Standard base64 of exactly `size` bytes. */
function bytesOf(value: unknown, size: number): Buffer | undefined {
  if (typeof value !== "string" || value.length > 200) return undefined;
  const bytes = Buffer.from(value, "base64");
  return bytes.length === size && bytes.toString("base64") === value ? bytes : undefined;
}
