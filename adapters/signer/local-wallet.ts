/**
 * The wallet of a localnet: made on the first start, with a passphrase in a file beside it, because its money is worth nothing. Never
 * for another network.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readKeystore } from "./keystore.ts";
import { type Outcome, ok, wrong } from "./outcome.ts";
import type { Passphrase } from "./process.ts";
import { writeSecretFile } from "./secret-files.ts";
import { walletsFolder } from "./wallets.ts";

const MAIN = fileURLToPath(new URL("./make-wallet-main.ts", import.meta.url));
const PASSPHRASE_BYTES = 32;

export type LocalWallet = {
  readonly address: string;
  /** As `startSignerProcess` takes it. */
  readonly keystore: { readonly file: string; readonly passphrase: Passphrase };
};

/**
 * `<data>/wallets/local.json` and `local.passphrase`, both for the owner only. The key is made in a process of its own, so that this
 * one never holds it (about 0.5 s, on the first start only).
 */
export async function ensureLocalWallet(dataFolder: string): Promise<Outcome<LocalWallet>> {
  const file = join(walletsFolder(dataFolder), "local.json");
  const passphraseFile = join(walletsFolder(dataFolder), "local.passphrase");
  if (!existsSync(passphraseFile)) {
    if (existsSync(file)) {
      return wrong(`the localnet's wallet ${file} has lost its passphrase ${passphraseFile}`);
    }
    const passphrase = Buffer.from(`${randomBytes(PASSPHRASE_BYTES).toString("base64url")}\n`);
    const written = writeSecretFile(passphraseFile, "the passphrase file", passphrase);
    if (written.kind === "wrong") return written;
  }
  if (!existsSync(file)) {
    const made = await makeWallet(file, passphraseFile);
    if (made.kind === "wrong") return made;
  }
  const keystore = readKeystore(file);
  if (keystore.kind === "wrong") return keystore;
  const { address } = keystore.value;
  return ok({ address, keystore: { file, passphrase: { kind: "file", file: passphraseFile } } });
}

async function makeWallet(file: string, passphraseFile: string): Promise<Outcome<void>> {
  const child = spawn(process.execPath, [MAIN, file, passphraseFile], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {},
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (complaint.length < 2_000) complaint += chunk.toString();
  });
  const [code] = await once(child, "close");
  return code === 0
    ? ok(undefined)
    : wrong(`the localnet's wallet cannot be made: ${complaint.trim() || `exit code ${code}`}`);
}
