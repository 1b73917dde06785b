/**
 * The signer: a process of its own that holds the keys. Its stdin is the engine's: start message, then requests; when that ends, it
 * ends. Passphrases come over a pipe of their own (3), as bytes. It says nothing that it was not asked for, and nothing secret.
 */
import type { webcrypto } from "node:crypto";
import { closeSync } from "node:fs";
import { openDayCounters } from "./day-counters.ts";
import { signingKeyOf } from "./ed25519.ts";
import { coreDumps, hardeningProblem, silenceReports, surroundings } from "./hardening.ts";
import { readKeystore, unlock } from "./keystore.ts";
import { createLineSplitter } from "./lines.ts";
import { type Outcome, ok, wrong } from "./outcome.ts";
import { MAX_PASSPHRASE_BYTES, readPassphraseFile } from "./passphrase.ts";
import { readBounded } from "./secret-files.ts";
import { answerRequest, type SigningDesk } from "./sign-request.ts";
import {
  encodeAnswer,
  encodeReady,
  type KeystoreSource,
  MAX_KEYSTORES,
  MAX_LINE_BYTES,
  parseStart,
  type StartMessage,
} from "./wire.ts";

const PASSPHRASES_FD = 3;
/** 32 of them at once would take 4 GiB. */
const UNLOCKS_AT_ONCE = 2;
const FAULT = 70;

function say(text: string): void {
  process.stdout.write(text);
}

function fail(sentence: string): never {
  say(encodeReady({ kind: "failed", sentence }));
  process.exit(1);
}

/** Where it happened, and not what it says: a message may quote a value. */
function fault(error: unknown): never {
  const name = error instanceof Error ? error.name : "value";
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const places = stack.split("\n").filter((line) => /^\s+at .*[\w.-]+:\d+:\d+\)?$/.test(line));
  process.stderr.write(
    `the signer met a fault (${name}) and ends\n${places.slice(0, 5).join("\n")}\n`,
  );
  process.exit(FAULT);
}

/** Passphrases of the pipe: each two bytes of length (little-endian), then its bytes. */
function readPassphrases(): Buffer[] {
  const all = readBounded(PASSPHRASES_FD, MAX_KEYSTORES * (MAX_PASSPHRASE_BYTES + 2));
  closeSync(PASSPHRASES_FD);
  const found: Buffer[] = [];
  for (let at = 0; all && at + 2 <= all.length; ) {
    const end = at + 2 + all.readUInt16LE(at);
    found.push(all.subarray(at + 2, end));
    at = end;
  }
  return found;
}

async function openWallet(
  { file, passphraseFile }: KeystoreSource,
  given: Buffer | undefined,
): Promise<Outcome<readonly [string, webcrypto.CryptoKey]>> {
  const keystore = readKeystore(file);
  if (keystore.kind === "wrong") return keystore;
  const passphrase = passphraseFile === undefined ? undefined : readPassphraseFile(passphraseFile);
  if (passphrase?.kind === "wrong") return passphrase;
  const bytes = passphrase?.value ?? given;
  if (!bytes || bytes.length === 0) return wrong(`${file}: no passphrase was given`);
  const seed = await unlock(keystore.value, bytes, file);
  bytes.fill(0);
  if (seed.kind === "wrong") return seed;
  const key = await signingKeyOf(seed.value);
  seed.value.fill(0);
  return ok([keystore.value.address, key]);
}

async function openWallets(
  keystores: readonly KeystoreSource[],
): Promise<Outcome<Map<string, webcrypto.CryptoKey>>> {
  const passphrases = readPassphrases();
  const waiting = keystores.map((source) => {
    const given = source.passphraseFile === undefined ? passphrases.shift() : undefined;
    return { source, given };
  });
  const keys = new Map<string, webcrypto.CryptoKey>();
  while (waiting.length > 0) {
    const some = waiting.splice(0, UNLOCKS_AT_ONCE);
    for (const opened of await Promise.all(some.map((one) => openWallet(one.source, one.given)))) {
      if (opened.kind === "wrong") return opened;
      const [address, key] = opened.value;
      if (keys.has(address)) return wrong(`two keystores hold the same wallet ${address}`);
      keys.set(address, key);
    }
  }
  return ok(keys);
}

function startOf(value: unknown): StartMessage {
  try {
    return parseStart(value);
  } catch (error) {
    return fail(`the signer cannot start: ${error instanceof Error ? error.message : "no start"}`);
  }
}

async function openDesk({ keystores, limits, stateFile }: StartMessage): Promise<SigningDesk> {
  const keys = await openWallets(keystores);
  if (keys.kind === "wrong") return fail(keys.sentence);
  const counters = openDayCounters(stateFile, Date.now());
  if (counters.kind === "wrong") return fail(counters.sentence);
  say(encodeReady({ kind: "ready", wallets: [...keys.value.keys()], coreDumps: coreDumps() }));
  return { keys: keys.value, limits, counters: counters.value, nowMs: () => Date.now() };
}

async function run(): Promise<void> {
  const split = createLineSplitter(MAX_LINE_BYTES);
  let desk: SigningDesk | undefined;
  for await (const chunk of process.stdin) {
    const lines = split(chunk);
    if (!lines) throw new Error("a line is too long");
    for (const line of lines) {
      const value: unknown = JSON.parse(line);
      if (desk) say(encodeAnswer(await answerRequest(desk, value)));
      else desk = await openDesk(startOf(value));
    }
  }
}

process.on("uncaughtException", fault);
process.on("unhandledRejection", fault);
process.on("SIGTERM", () => process.exit(0));
// Ctrl-C reaches the whole group: the engine still needs signatures refused or given while it ends.
for (const signal of ["SIGINT", "SIGHUP", "SIGUSR1"] as const) process.on(signal, () => undefined);
process.stdout.on("error", () => process.exit(0));
silenceReports();
const problem = hardeningProblem(surroundings());
if (problem !== undefined) fail(problem);
run().then(() => process.exit(0), fault);
