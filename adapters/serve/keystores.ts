/** Which keystores the signer opens and with what, and the live accounts that they are for. */

import type { LiveAccount } from "../../domain/application/live/live.types.ts";
import type { AccountId, Principal } from "../../domain/primitives/ids.ts";
import { LOCAL_ACCOUNT } from "../config/check-live.ts";
import type { Config } from "../config.ts";
import { readKeystore } from "../signer/keystore.ts";
import { ensureLocalWallet } from "../signer/local-wallet.ts";
import type { Outcome } from "../signer/outcome.ts";
import { PASSPHRASE_VARIABLE } from "../signer/passphrase.ts";
import type { Passphrase, SignerOptions } from "../signer/process.ts";
import { listWallets, walletsFolder } from "../signer/wallets.ts";

export type PassphraseSource = {
  /** Of the environment; zeroed when the signer has it. */
  readonly passphrase?: Uint8Array | undefined;
  /** Asks at the terminal; undefined answer: no answer. Undefined where nobody can be asked. */
  readonly ask?: ((question: string) => Promise<Uint8Array | undefined>) | undefined;
};

export type Keys = {
  readonly accounts: ReadonlyMap<AccountId, LiveAccount>;
  readonly keystores: SignerOptions["keystores"];
  /** The wallet that a localnet funds. */
  readonly localWallet: string | undefined;
  /** Passphrases in memory; to be zeroed when the signer has them. */
  readonly secrets: readonly Uint8Array[];
};

type Keystore = { readonly file: string; readonly address: string };

/** Rejects with a sentence where a wallet of an account has no keystore, or a keystore no passphrase. */
export async function keysOf(config: Config, source: PassphraseSource): Promise<Keys> {
  const local =
    config.network === "localnet" ? valueOrThrow(await ensureLocalWallet(config.data)) : undefined;
  const accounts = accountsOf(config, local?.address);
  const wallets = new Set([...accounts.values()].map(({ wallet }) => wallet));
  const others = keystoresOf(config, wallets).filter(({ address }) => address !== local?.address);
  const usesLocal = local !== undefined && wallets.has(local.address);
  const found = new Set([
    ...others.map(({ address }) => address),
    ...(usesLocal ? [local.address] : []),
  ]);
  for (const [name, { wallet }] of accounts) {
    if (!found.has(wallet)) throw new Error(noKeystore(config, name, wallet));
  }
  const secrets: Uint8Array[] = [];
  const opened: Keys["keystores"][number][] = usesLocal ? [local.keystore] : [];
  for (const { file, address } of others) {
    const passphrase = await passphraseOf(config, source, { file, address });
    if (passphrase.kind === "given") secrets.push(passphrase.passphrase);
    opened.push({ file, passphrase });
  }
  return {
    accounts,
    keystores: opened,
    localWallet: usesLocal ? local.address : undefined,
    secrets,
  };
}

function accountsOf({ accounts }: Config, local: string | undefined): Keys["accounts"] {
  if (accounts)
    return new Map(accounts.map(({ name, wallet, owner }) => [name, { wallet, owner }]));
  if (local === undefined) throw new Error("no live account is configured");
  return new Map([[LOCAL_ACCOUNT, { wallet: local, owner: "local" as Principal }]]);
}

/** Those that are named, or those of the data folder that belong to an account. */
function keystoresOf({ signer, data }: Config, wallets: ReadonlySet<string>): Keystore[] {
  if (signer.keystores) {
    return signer.keystores.map((file) => ({
      file,
      address: valueOrThrow(readKeystore(file)).address,
    }));
  }
  return valueOrThrow(listWallets(data)).flatMap(({ file, address }) =>
    address.kind === "ok" && wallets.has(address.value) ? [{ file, address: address.value }] : [],
  );
}

function noKeystore({ signer, data }: Config, name: string, wallet: string): string {
  const missing = `the live account ${name} has no keystore for its wallet ${wallet}`;
  if (signer.keystores) return `${missing} among signer.keystores, ${signer.keystores.join(", ")}`;
  // It may be one of those that cannot be read: their address is not known then.
  const problems = valueOrThrow(listWallets(data)).flatMap(({ address }) =>
    address.kind === "wrong" ? [address.sentence] : [],
  );
  const [problem] = problems;
  if (problem !== undefined) {
    const others = problems.length === 1 ? "" : ` (and ${problems.length - 1} more like it)`;
    return `${missing} that can be read in ${walletsFolder(data)}: ${problem}${others}`;
  }
  return `${missing} in ${walletsFolder(data)}; make one with \`orderstream wallet import\`, or name its file as signer.keystores`;
}

async function passphraseOf(
  { signer }: Config,
  { passphrase, ask }: PassphraseSource,
  { file, address }: Keystore,
): Promise<Passphrase> {
  const { passphraseFile } = signer;
  if (passphraseFile !== undefined) return { kind: "file", file: passphraseFile };
  if (passphrase) return { kind: "given", passphrase: Uint8Array.from(passphrase) };
  const answer = await ask?.(`Passphrase of ${file} (wallet ${address}): `);
  if (answer && answer.length > 0) return { kind: "given", passphrase: answer };
  throw new Error(
    `no passphrase was given for ${file}: use signer.passphraseFile, ${PASSPHRASE_VARIABLE} or a terminal`,
  );
}

function valueOrThrow<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "ok") return outcome.value;
  throw new Error(outcome.sentence);
}
