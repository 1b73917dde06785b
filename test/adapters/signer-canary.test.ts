/** A known key is in no output, error and file, encrypted in its keystore apart, whatever goes wrong. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { launchSigner } from "../../adapters/signer/launch.ts";
import { startSignerProcess } from "../../adapters/signer/process.ts";
import { encodeRequest, encodeStart } from "../../adapters/signer/wire.ts";
import { hexOf } from "../../domain/chain/bytes.ts";
import { run } from "../cli/harness.ts";
import { createCanary } from "../support/canary.ts";
import { LAUNCHER } from "../support/engine-process.ts";
import {
  passphraseBytes,
  passphraseFileIn,
  signerOptions,
  WIDE,
} from "../support/signer-folder.ts";
import { drain, swapRequest } from "../support/swap-message.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const PASSPHRASE = "canary passphrase 5f3a";
const canary = createCanary(
  Uint8Array.from({ length: 32 }, (_, index) => 200 - index * 5 + (index % 3)),
);
const SECRET = [...canary.keypair.secretKey];
const WALLET = canary.keypair.publicKey.toBase58();
const folder = temporaryFolder();

let data = "";
let passphraseFile = "";
let keyFile = "";
let heard: string[] = [];
beforeEach(() => {
  data = folder.file("data");
  passphraseFile = passphraseFileIn(folder.file("."), PASSPHRASE);
  keyFile = keyFileOf("id.json", JSON.stringify(SECRET));
  heard = [];
});

function keyFileOf(name: string, content: string): string {
  const file = folder.file(name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

async function command(...args: string[]): Promise<number> {
  const ran = await run(["wallet", ...args, "--data", data]);
  heard.push(ran.out, ran.err);
  return ran.code;
}

function expectSilence(except: readonly string[]): void {
  const said = heard.join("\n");
  expect(canary.foundIn(said)).toEqual([]);
  expect(said).not.toContain(PASSPHRASE);
  expect(canary.foundBelow(folder.file("."), except)).toEqual([]);
}

/** A signer's process with all that it prints. */
async function rawSigner(lines: readonly string[], passphrase = PASSPHRASE): Promise<string[]> {
  const file = join(data, "wallets", "desk.json");
  const stateFile = folder.file("state");
  const launched = launchSigner({ reads: [file], stateFile }, [passphraseBytes(passphrase)]);
  const { child, input, output, errors } = launched;
  const said: string[] = [];
  for (const stream of [output, errors]) {
    stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  }
  const keystores = [{ file, passphraseFile: undefined }];
  input.write(encodeStart({ keystores, limits: WIDE, stateFile }));
  for (const line of lines) input.write(line);
  if (process.platform === "linux") {
    heard.push(readFileSync(`/proc/${child.pid}/cmdline`, "utf8"));
    heard.push(readFileSync(`/proc/${child.pid}/environ`, "utf8"));
  }
  input.end();
  await once(child, "close");
  heard.push(...said);
  return said;
}

describe("the canary", () => {
  it("would be found in every form", () => {
    const { seed, foundIn } = canary;
    const { secretKey } = canary.keypair;
    const texts = [
      seed,
      secretKey,
      hexOf(seed).toUpperCase(),
      Buffer.from(secretKey).toString("base64"),
      JSON.stringify([...seed]),
      JSON.stringify(SECRET, undefined, 2),
    ];
    for (const text of texts) expect(foundIn(text)).not.toEqual([]);
    expect(foundIn(WALLET)).toEqual([]);
  });

  it("slips out of no wallet command, the failing ones included", async () => {
    const given = ["--passphrase-file", passphraseFile];
    const broken = [
      JSON.stringify(SECRET).slice(0, -4),
      JSON.stringify(SECRET.slice(0, 63)),
      JSON.stringify([...SECRET.slice(0, 63), 0]),
      `${JSON.stringify(SECRET)}garbage`,
      JSON.stringify({ secret: SECRET }),
      Buffer.from(SECRET).toString("base64"),
    ].map((content, index) => keyFileOf(`broken-${index}.json`, content));
    for (const file of broken) expect(await command("import", "desk", file, ...given)).toBe(7);
    // The key as a passphrase: unwise, and still nobody sees it.
    const [unwise = ""] = broken;
    expect(await command("import", "other", keyFile, "--passphrase-file", unwise)).toBe(0);
    expect(await command("import", "desk", keyFile)).toBe(2);
    expect(await command("import", "de/sk", keyFile, ...given)).toBe(2);
    expect(await command("import", "desk", keyFile, ...given)).toBe(0);
    expect(await command("import", "desk", keyFile, ...given, "--json")).toBe(7);
    expect(await command("list", "--json")).toBe(0);
    copyFileSync(keyFile, join(data, "wallets", "plain.json"));
    expect(await command("list")).toBe(0);
    expect(await command("address", "plain")).toBe(7);
    expect(await command("address", "desk")).toBe(0);
    expect(heard.join()).toContain(WALLET);
    expectSilence([keyFile, ...broken, join(data, "wallets", "plain.json")]);
  });

  it("slips out of no signer, also where it is fed with the key itself", async () => {
    await command("import", "desk", keyFile, "--passphrase-file", passphraseFile);
    const request = swapRequest(WALLET);
    const numbered = { ...request, id: 1, untilMs: Date.now() + 60_000 };
    const refused = swapRequest(WALLET, { extra: [drain(WALLET)], memo: "order#2" });
    const texts = JSON.stringify(SECRET);
    const said = await rawSigner([
      encodeRequest(numbered),
      encodeRequest({ ...numbered, ...refused, id: 2 }),
      `${JSON.stringify({ id: 3, untilMs: 0, wallet: texts })}\n`,
      `{"id":4,"wallet":${texts}\n`,
    ]);
    expect(said.join("")).toMatch(/"id":1,"kind":"signed".*"id":2,"kind":"refused".*"id":3/s);
    expect(said.join("")).toMatch(/the signer met a fault \(SyntaxError\) and ends/);
    expect((await rawSigner([], "not this one")).join("")).toMatch(/the passphrase is wrong/);
    const file = join(data, "wallets", "desk.json");
    writeFileSync(file, readFileSync(file, "utf8").replace(/"n": \d+/, '"n": 1024'));
    expect((await rawSigner([])).join("")).toMatch(/`kdf.n` must be a power of two/);
    writeFileSync(file, texts);
    expect((await rawSigner([])).join("")).toMatch(/is a plain key file/);
    expectSilence([keyFile, file]);
  });

  it("slips out of no error of the engine's side, and of no killed process", async () => {
    await command("import", "desk", keyFile, "--passphrase-file", passphraseFile);
    const file = join(data, "wallets", "desk.json");
    const keystores = [{ file, passphrase: { kind: "file" as const, file: passphraseFile } }];
    const options = { ...signerOptions([file]), stateFile: folder.file("state"), keystores };
    const onExit = (sentence: string): number => heard.push(sentence);
    const signer = await startSignerProcess({ ...options, onExit });
    heard.push(JSON.stringify(await signer.sign(swapRequest(WALLET)), (_, value) => value));
    process.kill(signer.pid, "SIGABRT");
    heard.push(JSON.stringify(await signer.sign(swapRequest(WALLET))));
    await signer.close();
    const wrong = [{ file, passphrase: { kind: "file" as const, file: keyFile } }];
    await startSignerProcess({ ...options, keystores: wrong }).catch((error) =>
      heard.push(String(error), String(error.stack), JSON.stringify(error)),
    );
    expect(heard.join()).toContain("the passphrase is wrong");
    expectSilence([keyFile]);
  });

  it("slips out of no process that is run as people run it", async () => {
    const args = ["wallet", "import", "desk", keyFile, "--data", data];
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ORDERSTREAM_WALLET_PASSPHRASE: PASSPHRASE },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
    }
    expect(await once(child, "close")).toEqual([0, null]);
    expect(heard.join()).toContain(WALLET);
    expectSilence([keyFile]);
  });
});
