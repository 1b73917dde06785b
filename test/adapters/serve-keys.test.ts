/** Whose keys the signer is started with, and who is asked for a passphrase. */
import { chmodSync } from "node:fs";
import { resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type Config, loadConfig } from "../../adapters/config.ts";
import { keysOf, type PassphraseSource } from "../../adapters/serve/keystores.ts";
import { newSeed } from "../../adapters/signer/ed25519.ts";
import { createKeystore } from "../../adapters/signer/keystore.ts";
import { keystoreFileOf } from "../../adapters/signer/wallets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const GENESIS = "11111111111111111111111111111112";

let data = "";
beforeEach(() => {
  data = folder.file("data");
});

async function wallet(name: string): Promise<{ readonly address: string; readonly file: string }> {
  const file = keystoreFileOf(data, name);
  if (file.kind === "wrong") throw new Error(file.sentence);
  const made = await createKeystore(file.value, newSeed(), bytes("long enough"));
  if (made.kind === "wrong") throw new Error(made.sentence);
  return { address: made.value, file: file.value };
}

function configOf(accounts: readonly object[], signer: object = {}): Config {
  const values = {
    ...{ data, network: "custom", live: true, genesisHash: GENESIS, accounts, signer },
    ...{ rpc: { urls: ["http://127.0.0.1:1"] }, jupiter: { baseUrls: ["http://127.0.0.1:2"] } },
  };
  const loaded = loadConfig({ layers: [{ source: "test", values }] }, {});
  if (loaded.kind === "wrong") throw new Error(loaded.problems.join("\n"));
  return loaded.config;
}

function terminal(answers: readonly string[]) {
  const asked: string[] = [];
  const source: PassphraseSource = {
    ask: async (question) => bytes(answers[asked.push(question) - 1] ?? ""),
  };
  return { asked, source };
}

describe("keys", () => {
  it("are those of the accounts' wallets, each asked for by its file and address", async () => {
    const [one, two] = [await wallet("one"), await wallet("two")];
    await wallet("unused");
    const accounts = [
      { name: "a", wallet: two.address, owner: "eve" },
      { name: "b", wallet: one.address },
      { name: "c", wallet: one.address },
    ];
    const { asked, source } = terminal(["first", "second"]);
    const keys = await keysOf(configOf(accounts), source);
    expect(asked).toEqual([
      `Passphrase of ${one.file} (wallet ${one.address}): `,
      `Passphrase of ${two.file} (wallet ${two.address}): `,
    ]);
    expect(keys.keystores).toEqual([
      { file: one.file, passphrase: { kind: "given", passphrase: bytes("first") } },
      { file: two.file, passphrase: { kind: "given", passphrase: bytes("second") } },
    ]);
    expect(keys.secrets).toEqual([bytes("first"), bytes("second")]);
    expect(keys.accounts.get("a" as never)).toEqual({ wallet: two.address, owner: "eve" });
    expect(keys.accounts.size).toBe(3);
    expect(keys.localWallet).toBeUndefined();
  });

  it("take the file before the environment, and that before somebody at the terminal", async () => {
    const { address, file } = await wallet("one");
    const accounts = [{ name: "a", wallet: address }];
    const { asked, source } = terminal(["typed"]);
    const passphrase = bytes("of the environment");
    const given = { ...source, passphrase };
    const byFile = configOf(accounts, { passphraseFile: "desk.passphrase", keystores: [file] });
    expect((await keysOf(byFile, given)).keystores).toEqual([
      { file, passphrase: { kind: "file", file: resolve("desk.passphrase") } },
    ]);
    const keys = await keysOf(configOf(accounts), given);
    expect(keys.keystores).toEqual([{ file, passphrase: { kind: "given", passphrase } }]);
    expect(asked).toEqual([]);
  });

  it.skipIf(process.platform === "win32")(
    "of a file that others may read are not there: the mode is told",
    async () => {
      const { address, file } = await wallet("one");
      chmodSync(file, 0o644);
      const accounts = [{ name: "a", wallet: address }];
      const message = await keysOf(configOf(accounts), {}).catch(String);
      expect(message).toContain(
        `account a has no keystore for its wallet ${address} that can be read`,
      );
      expect(message).toContain(`${file} is open to other users of this machine (mode 0644)`);
      expect(message).toContain(`chmod 600 ${file}`);
      expect(message).not.toContain("wallet import");
    },
  );

  it("are not there without an answer", async () => {
    const { address } = await wallet("one");
    const accounts = [{ name: "a", wallet: address }];
    await expect(keysOf(configOf(accounts), terminal([""]).source)).rejects.toThrow(
      /no passphrase was given for .*one\.json/,
    );
  });
});
