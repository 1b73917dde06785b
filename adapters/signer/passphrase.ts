/** Passphrases as bytes that can be zeroed: their limits, and how they are read from a file. */
import { type Outcome, ok, wrong } from "./outcome.ts";
import { readSecretFile } from "./secret-files.ts";

/** Of new keystores; NIST SP 800-63B asks for 8 characters at least. */
export const MIN_PASSPHRASE_BYTES = 8;
export const MAX_PASSPHRASE_BYTES = 1_024;
/** Where a passphrase is taken from when no file is named and nobody can be asked. */
export const PASSPHRASE_VARIABLE = "ORDERSTREAM_WALLET_PASSPHRASE";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The file's bytes without the line end behind them. The caller zeroes them. */
export function readPassphraseFile(file: string): Outcome<Buffer> {
  const read = readSecretFile(file, "the passphrase file", MAX_PASSPHRASE_BYTES + 2);
  if (read.kind === "wrong") return read;
  const bytes = read.value;
  let end = bytes.length;
  if (bytes[end - 1] === LINE_FEED) end -= 1;
  if (bytes[end - 1] === CARRIAGE_RETURN) end -= 1;
  const passphrase = bytes.subarray(0, end);
  if (passphrase.includes(LINE_FEED)) {
    bytes.fill(0);
    return wrong(`the passphrase file ${file} must hold one line`);
  }
  return passphrase.length > 0 ? ok(passphrase) : wrong(`the passphrase file ${file} is empty`);
}

/** What is wrong with the passphrase of a new keystore. */
export function passphraseProblem(passphrase: Uint8Array): string | undefined {
  if (passphrase.length < MIN_PASSPHRASE_BYTES) {
    return `a passphrase must have at least ${MIN_PASSPHRASE_BYTES} characters`;
  }
  if (passphrase.length > MAX_PASSPHRASE_BYTES) {
    return `a passphrase must have at most ${MAX_PASSPHRASE_BYTES} bytes`;
  }
  return undefined;
}
