/** Wallets for one run: keystores with one passphrase, and the live accounts that trade from them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addressOf, newSeed } from "../../../adapters/signer/ed25519.ts";
import { createKeystore } from "../../../adapters/signer/keystore.ts";

export type LiveWallets = {
  readonly addresses: readonly string[];
  readonly accounts: readonly { readonly name: string; readonly wallet: string }[];
  readonly keystores: readonly string[];
  readonly passphraseFile: string;
};

const PASSPHRASE = "worth nothing";

/** About half a second of processor time each, and as much again when the signer opens it. */
export async function makeWallets(folder: string, count: number): Promise<LiveWallets> {
  mkdirSync(folder);
  const passphraseFile = join(folder, "passphrase");
  writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
  const made = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const seed = newSeed();
      const file = join(folder, `${index}.json`);
      const created = await createKeystore(file, seed, Buffer.from(PASSPHRASE));
      if (created.kind === "wrong") throw new Error(created.sentence);
      return { name: `live-${index}`, wallet: addressOf(seed), file };
    }),
  );
  return {
    addresses: made.map(({ wallet }) => wallet),
    accounts: made.map(({ name, wallet }) => ({ name, wallet })),
    keystores: made.map(({ file }) => file),
    passphraseFile,
  };
}
