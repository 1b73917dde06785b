/** Keystores: what is written, and every way in which a file is refused. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Keypair } from "@solana/web3.js";
import { beforeAll, describe, expect, it } from "vitest";
import {
  addressOf,
  isSignedBy,
  signingKeyOf,
  signWith,
  verifyingKeyOf,
} from "../../adapters/signer/ed25519.ts";
import { createKeystore, readKeystore, unlock } from "../../adapters/signer/keystore.ts";
import { ensureLocalWallet } from "../../adapters/signer/local-wallet.ts";
import type { Outcome } from "../../adapters/signer/outcome.ts";
import { passphraseProblem, readPassphraseFile } from "../../adapters/signer/passphrase.ts";
import { startSignerProcess } from "../../adapters/signer/process.ts";
import { keystoreFileOf, listWallets, readKeyFile } from "../../adapters/signer/wallets.ts";
import { passphraseBytes, signerOptions } from "../support/signer-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();
const SEED = new Uint8Array(32).fill(31);
const PAIR = Keypair.fromSeed(SEED);
const sentenceOf = (outcome: Outcome<unknown>): string =>
  outcome.kind === "wrong" ? outcome.sentence : "ok";

describe("ed25519", () => {
  it("is that of web3.js, and its key cannot be read out again", async () => {
    expect(addressOf(SEED)).toBe(PAIR.publicKey.toBase58());
    const key = await signingKeyOf(SEED);
    const message = new TextEncoder().encode("message");
    const signature = await signWith(key, message);
    const verifying = verifyingKeyOf(addressOf(SEED));
    expect(verifying && isSignedBy(verifying, message, signature)).toBe(true);
    expect(verifying && isSignedBy(verifying, message.slice(1), signature)).toBe(false);
    expect(verifyingKeyOf("111")).toBeUndefined();
    await expect(crypto.subtle.exportKey("pkcs8", key)).rejects.toThrow(/not extractable/);
    await expect(crypto.subtle.exportKey("jwk", key)).rejects.toThrow(/not extractable/);
  });
});

describe("a keystore", () => {
  let text = "";
  beforeAll(async () => {
    const made = mkdtempSync(join(tmpdir(), "orderstream-"));
    await createKeystore(join(made, "made.json"), SEED, passphraseBytes());
    text = readFileSync(join(made, "made.json"), "utf8");
    rmSync(made, { recursive: true });
  });

  const written = (content: string, mode = 0o600): string => {
    const file = folder.file("some.json");
    writeFileSync(file, content, { mode });
    chmodSync(file, mode);
    return file;
  };

  it("is a file for its owner alone, written once, that gives the seed back", async () => {
    const file = join(folder.file("data"), "wallets", "desk.json");
    const created = await createKeystore(file, SEED, passphraseBytes());
    expect(created).toEqual({ kind: "ok", value: addressOf(SEED) });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder.file("data"), "wallets")).mode & 0o777).toBe(0o700);
    const before = readFileSync(file);
    const again = await createKeystore(
      file,
      SEED.map(() => 9),
      passphraseBytes(),
    );
    expect(sentenceOf(again)).toBe(`the keystore ${file} cannot be written: it exists already`);
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(join(folder.file("data"), "wallets"))).toEqual(["desk.json"]);
    const read = readKeystore(file);
    if (read.kind === "wrong") throw new Error(read.sentence);
    const seed = await unlock(read.value, passphraseBytes(), "it");
    expect(seed.kind === "ok" && Buffer.from(SEED).equals(seed.value)).toBe(true);
  });

  it("differs each time: salt, nonce and what is encrypted", async () => {
    const file = folder.file("second.json");
    await createKeystore(file, SEED, passphraseBytes());
    const [first, second] = [text, readFileSync(file, "utf8")].map((each) => JSON.parse(each));
    expect(first.address).toBe(second.address);
    for (const part of ["ciphertext", "tag"]) expect(first[part]).not.toBe(second[part]);
    expect(first.kdf).toMatchObject({ name: "scrypt", n: 131_072, r: 8, p: 1 });
    expect(first.kdf.salt).not.toBe(second.kdf.salt);
    expect(first.cipher.nonce).not.toBe(second.cipher.nonce);
  });

  it.each([
    ["others can read", 0o644, /is open to other users of this machine \(mode 0644\); .*chmod 600/],
    ["the group can write", 0o620, /mode 0620/],
    ["nobody else can use", 0o400, /^ok$/],
  ])("that %s (%o)", (_, mode, sentence) => {
    expect(sentenceOf(readKeystore(written(text, mode)))).toMatch(sentence);
  });

  type Fields = { [name: string]: unknown };
  const changed = (change: (fields: Fields & { kdf: Fields; cipher: Fields }) => void): string => {
    const fields = JSON.parse(text);
    change(fields);
    return JSON.stringify(fields);
  };
  const bytes = (size: number): string => Buffer.alloc(size, 1).toString("base64");

  it.each([
    ["no JSON", () => text.slice(0, -10), /is not a keystore: it is not valid JSON$/],
    ["empty", () => "", /is not valid JSON$/],
    ["too long", () => " ".repeat(5_000), /is larger than 4096 bytes/],
    ["null", () => "null", /is not a keystore: its format/],
    [
      "a plain key file",
      () => JSON.stringify([...PAIR.secretKey]),
      /is a plain key file: .*wallet import/,
    ],
    [
      "another format",
      () =>
        changed((fields) => {
          fields.format = "x";
        }),
      /its format is not "orderstream-keystore"/,
    ],
    [
      "another version",
      () =>
        changed((fields) => {
          fields.version = 2;
        }),
      /another version; this program reads version 1/,
    ],
    [
      "no address",
      () =>
        changed((fields) => {
          fields.address = 5;
        }),
      /`address` is none/,
    ],
    [
      "another kdf",
      () =>
        changed(({ kdf }) => {
          kdf.name = "pbkdf2";
        }),
      /`kdf.name` must be "scrypt"/,
    ],
    [
      "a weak n",
      () =>
        changed(({ kdf }) => {
          kdf.n = 65_536;
        }),
      /`kdf.n` must be a power of two from 131072 to 1048576/,
    ],
    [
      "an n that is no power",
      () =>
        changed(({ kdf }) => {
          kdf.n = 131_073;
        }),
      /`kdf.n` must be a power of two/,
    ],
    [
      "an n as text",
      () =>
        changed(({ kdf }) => {
          kdf.n = "131072";
        }),
      /`kdf.n` must be/,
    ],
    [
      "an n beyond reason",
      () =>
        changed(({ kdf }) => {
          kdf.n = 2 ** 40;
        }),
      /`kdf.n` must be/,
    ],
    [
      "a weak r",
      () =>
        changed(({ kdf }) => {
          kdf.r = 1;
        }),
      /`kdf.r` must be from 8/,
    ],
    [
      "no p",
      () =>
        changed(({ kdf }) => {
          kdf.p = 0;
        }),
      /`kdf.p` must be from 1/,
    ],
    [
      "a short salt",
      () =>
        changed(({ kdf }) => {
          kdf.salt = bytes(8);
        }),
      /`kdf.salt` is not 32 bytes/,
    ],
    [
      "another cipher",
      () =>
        changed(({ cipher }) => {
          cipher.name = "aes-256-ctr";
        }),
      /`cipher.name` must be "aes-256-gcm"/,
    ],
    [
      "a short nonce",
      () =>
        changed(({ cipher }) => {
          cipher.nonce = bytes(8);
        }),
      /`cipher.nonce` is not 12 bytes/,
    ],
    [
      "a short tag",
      () =>
        changed((fields) => {
          fields.tag = bytes(4);
        }),
      /`tag` is not 16 bytes/,
    ],
    [
      "a long secret",
      () =>
        changed((fields) => {
          fields.ciphertext = bytes(64);
        }),
      /`ciphertext` is not 32 bytes/,
    ],
    [
      "more than belongs to it",
      () =>
        changed((fields) => {
          fields.note = "x";
        }),
      /has fields that no keystore has/,
    ],
  ])("is refused with a sentence: %s", (_, content, sentence) => {
    expect(sentenceOf(readKeystore(written(content())))).toMatch(sentence);
  });

  const other = addressOf(new Uint8Array(32).fill(32));
  it.each([
    ["the passphrase", () => text, "correct horse batterz"],
    [
      "the address",
      () =>
        changed((fields) => {
          fields.address = other;
        }),
      undefined,
    ],
    [
      "the salt",
      () =>
        changed(({ kdf }) => {
          kdf.salt = bytes(32);
        }),
      undefined,
    ],
    [
      "the cost",
      () =>
        changed(({ kdf }) => {
          kdf.p = 2;
        }),
      undefined,
    ],
    [
      "the secret",
      () =>
        changed((fields) => {
          fields.ciphertext = bytes(32);
        }),
      undefined,
    ],
    [
      "the tag",
      () =>
        changed((fields) => {
          fields.tag = bytes(16);
        }),
      undefined,
    ],
  ])("does not open with another one of %s", async (_, content, passphrase) => {
    const read = readKeystore(written(content()));
    if (read.kind === "wrong") throw new Error(read.sentence);
    const seed = await unlock(read.value, passphraseBytes(passphrase), "desk");
    expect(sentenceOf(seed)).toBe("desk: the passphrase is wrong, or the file was changed");
  });

  it("that is not there, or a folder, is a sentence", () => {
    expect(sentenceOf(readKeystore(folder.file("none")))).toMatch(
      /cannot be read: there is no such file/,
    );
    expect(sentenceOf(readKeystore(folder.file(".")))).toMatch(/cannot be read: it is a folder/);
  });
});

describe("passphrases", () => {
  it.each([
    ["secret word\n", "secret word"],
    ["secret word\r\n", "secret word"],
    [" spaces stay ", " spaces stay "],
  ])("of a file: %j", (content, expected) => {
    const file = folder.file("passphrase");
    writeFileSync(file, content, { mode: 0o600 });
    const read = readPassphraseFile(file);
    expect(read.kind === "ok" && Buffer.from(read.value).toString()).toBe(expected);
  });

  it.each([
    ["", /is empty/],
    ["\n", /is empty/],
    ["two\nlines\n", /must hold one line/],
    ["x".repeat(2_000), /is larger than 1026 bytes/],
  ])("of a file are refused: %#", (content, sentence) => {
    const file = folder.file("passphrase");
    writeFileSync(file, content, { mode: 0o600 });
    expect(sentenceOf(readPassphraseFile(file))).toMatch(sentence);
    chmodSync(file, 0o604);
    expect(sentenceOf(readPassphraseFile(file))).toMatch(/is open to other users/);
  });

  it("have limits", () => {
    expect(passphraseProblem(passphraseBytes("7 bytes"))).toMatch(/at least 8/);
    expect(passphraseProblem(passphraseBytes("8 bytes!"))).toBeUndefined();
    expect(passphraseProblem(new Uint8Array(1_025))).toMatch(/at most 1024/);
  });
});

describe("key files", () => {
  const numbers = [...PAIR.secretKey];
  const keyFile = (content: unknown): string => {
    const file = folder.file("id.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  };

  it("give their seed", () => {
    const read = readKeyFile(keyFile(numbers));
    expect(read.kind === "ok" && Buffer.from(SEED).equals(read.value)).toBe(true);
  });

  it.each([
    ["cut off", JSON.stringify(numbers).slice(0, -3), /must be a JSON array of 64 numbers/],
    ["32 numbers", numbers.slice(0, 32), /64 numbers/],
    ["65 numbers", [...numbers, 1], /64 numbers/],
    ["a number too large", [256, ...numbers.slice(1)], /64 numbers/],
    ["texts", numbers.map(String), /64 numbers/],
    [
      "halves that do not fit",
      [numbers[0] === 1 ? 2 : 1, ...numbers.slice(1)],
      /its public half does not belong/,
    ],
  ])("are refused: %s", (_, content, sentence) => {
    expect(sentenceOf(readKeyFile(keyFile(content)))).toMatch(sentence);
  });
});

describe("the wallets of a data folder", () => {
  it("have names that are names everywhere", () => {
    for (const name of ["", ".", "../x", "a/b", "a b", "-x", "a.json", "x".repeat(65)]) {
      expect(sentenceOf(keystoreFileOf("/d", name))).toMatch(/1 to 64 characters/);
    }
    expect(keystoreFileOf("/d", "Desk_1-a")).toEqual({
      kind: "ok",
      value: join("/d/wallets/Desk_1-a.json"),
    });
  });

  it("are listed with what is wrong with them; no folder is no wallet", () => {
    expect(listWallets(folder.file("none"))).toEqual({ kind: "ok", value: [] });
  });

  it("begin with one for a localnet, made once, that the signer opens", async () => {
    const data = folder.file("data");
    const first = await ensureLocalWallet(data);
    const second = await ensureLocalWallet(data);
    if (first.kind === "wrong") throw new Error(first.sentence);
    expect(second).toEqual(first);
    for (const name of ["local.json", "local.passphrase"]) {
      expect(statSync(join(data, "wallets", name)).mode & 0o777).toBe(0o600);
    }
    const { address, keystore } = first.value;
    const stateFile = join(data, "signer.json");
    const options = { ...signerOptions([keystore.file], { stateFile }), keystores: [keystore] };
    const signer = await startSignerProcess(options);
    expect(signer.wallets).toEqual([address]);
    await signer.close();
    rmSync(join(data, "wallets", "local.passphrase"));
    expect(sentenceOf(await ensureLocalWallet(data))).toMatch(/has lost its passphrase/);
    expect(existsSync(join(data, "wallets", "local.passphrase"))).toBe(false);
  });
});
