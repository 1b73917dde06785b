/** Keystores and limits for tests of the signer's process. */
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createKeystore } from "../../adapters/signer/keystore.ts";
import type { SignerLimits } from "../../adapters/signer/limits.ts";
import type { SignerOptions } from "../../adapters/signer/process.ts";

export const PASSPHRASE = "correct horse battery";
export const passphraseBytes = (text = PASSPHRASE): Uint8Array => new TextEncoder().encode(text);

const MANY = 10n ** 18n;
export const WIDE: SignerLimits = {
  lamports: { perTransaction: MANY, perDay: MANY },
  maxFeeAndTipLamports: 100_000n,
  tokens: [],
  otherMints: "allow",
  ...{ programs: undefined, platformFee: undefined },
};

/** A keystore of the seed in the folder; the file. */
export async function keystoreIn(folder: string, name: string, seed: Uint8Array): Promise<string> {
  const file = join(folder, `${name}.json`);
  const created = await createKeystore(file, seed, passphraseBytes());
  if (created.kind === "wrong") throw new Error(created.sentence);
  return file;
}

export function passphraseFileIn(folder: string, text = PASSPHRASE): string {
  const file = join(folder, "passphrase");
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
}

/** Options of a signer over these keystores, with the day's counters beside the first one. */
export const signerOptions = (
  files: readonly string[],
  changes: Partial<SignerOptions> = {},
): SignerOptions => ({
  keystores: files.map((file) => ({
    file,
    passphrase: { kind: "given", passphrase: passphraseBytes() },
  })),
  limits: WIDE,
  stateFile: `${files[0]}.day`,
  onExit: () => undefined,
  ...changes,
});

/** Whether a process runs; one that nobody has waited for yet is gone all the same. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat !== undefined) return !/^\d+ \(.*\) [ZX]/s.test(stat);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
