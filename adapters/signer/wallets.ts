/** The wallets of a data folder: one keystore each, `<data>/wallets/<name>.json`. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { publicKeyOf, SEED_BYTES } from "./ed25519.ts";
import { readKeystore } from "./keystore.ts";
import { type Outcome, ok, wrong } from "./outcome.ts";
import { readBoundedFile, reasonOf } from "./secret-files.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const ENDING = ".json";
const MAX_WALLETS = 1_000;
const MAX_KEY_FILE_BYTES = 4_096;
const KEY_FILE_NUMBERS = 64;

export const walletsFolder = (dataFolder: string): string => join(dataFolder, "wallets");

/** The keystore of a name; wrong where it could not be a file's name everywhere. */
export const keystoreFileOf = (dataFolder: string, name: string): Outcome<string> =>
  NAME.test(name)
    ? ok(join(walletsFolder(dataFolder), name + ENDING))
    : wrong(
        "a wallet's name must be 1 to 64 characters of A-Z a-z 0-9 _ - and begin with a letter or a digit",
      );

export type WalletEntry = {
  readonly name: string;
  readonly file: string;
  /** What its keystore says in clear, or what is wrong with it. */
  readonly address: Outcome<string>;
};

/** By name; at most 1,000. No folder is no wallet. */
export function listWallets(dataFolder: string): Outcome<WalletEntry[]> {
  const folder = walletsFolder(dataFolder);
  let files: string[];
  try {
    files = readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return ok([]);
    return wrong(`the folder ${folder} cannot be read: ${reasonOf(error)}`);
  }
  const names = files
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .filter((name) => NAME.test(name))
    .sort();
  if (names.length > MAX_WALLETS) {
    return wrong(`the folder ${folder} has more than ${MAX_WALLETS} wallets`);
  }
  return ok(
    names.map((name) => {
      const file = join(folder, name + ENDING);
      const read = readKeystore(file);
      return { name, file, address: read.kind === "ok" ? ok(read.value.address) : read };
    }),
  );
}

/**
 * The seed of a key file as Solana's tools write it: a JSON array of 64 numbers, the seed and then the public key, which must belong
 * to it. The caller zeroes the seed. Sentences never show what the file has.
 */
export function readKeyFile(file: string): Outcome<Buffer> {
  const read = readBoundedFile(file, "the key file", MAX_KEY_FILE_BYTES);
  if (read.kind === "wrong") return read;
  const bytes = read.value;
  const numbers = numbersOf(bytes);
  bytes.fill(0);
  if (numbers?.length !== KEY_FILE_NUMBERS) {
    return wrong(
      `the key file ${file} must be a JSON array of ${KEY_FILE_NUMBERS} numbers from 0 to 255, ` +
        "as solana-keygen writes it",
    );
  }
  const seed = Buffer.from(numbers.slice(0, SEED_BYTES));
  const fits = Buffer.from(numbers.slice(SEED_BYTES)).equals(publicKeyOf(seed));
  numbers.fill(0);
  if (fits) return ok(seed);
  seed.fill(0);
  return wrong(
    `the key file ${file} is damaged: its public half does not belong to its secret half`,
  );
}

function numbersOf(bytes: Buffer): number[] | undefined {
  try {
    const parsed: unknown = JSON.parse(bytes.toString("utf8"));
    const isByte = (value: unknown): value is number =>
      typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
    return Array.isArray(parsed) && parsed.every(isByte) ? parsed : undefined;
  } catch {
    // The parser's message would quote the file.
    return undefined;
  }
}
