/** Makes a keystore with a new key: `make-wallet-main.ts KEYSTORE PASSPHRASE-FILE`. It ends with 1 and a sentence where it cannot. */
import { newSeed } from "./ed25519.ts";
import { silenceReports } from "./hardening.ts";
import { createKeystore } from "./keystore.ts";
import { readPassphraseFile } from "./passphrase.ts";

async function make(file: string, passphraseFile: string): Promise<string | undefined> {
  const passphrase = readPassphraseFile(passphraseFile);
  if (passphrase.kind === "wrong") return passphrase.sentence;
  const seed = newSeed();
  const created = await createKeystore(file, seed, passphrase.value);
  seed.fill(0);
  passphrase.value.fill(0);
  return created.kind === "wrong" ? created.sentence : undefined;
}

silenceReports();
const [file = "", passphraseFile = ""] = process.argv.slice(2);
const problem = await make(file, passphraseFile);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
