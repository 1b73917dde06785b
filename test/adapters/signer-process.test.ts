/** The signer as a process: limits, counters, what it does when it or its engine is gone, and what it must not start with. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { addressOf } from "../../adapters/signer/ed25519.ts";
import { hardeningProblem, NODE_FLAGS } from "../../adapters/signer/hardening.ts";
import {
  type SignerOptions,
  type SignerProcess,
  startSignerProcess,
} from "../../adapters/signer/process.ts";
import { signOverPipes } from "../../adapters/signer/process-client.ts";
import type { SignAnswer } from "../../domain/ports/signer.ts";
import {
  isRunning,
  keystoreIn,
  passphraseBytes,
  passphraseFileIn,
  signerOptions,
  WIDE,
} from "../support/signer-folder.ts";
import { drain, swapRequest, tokenAccountOf, USDC_MINT } from "../support/swap-message.ts";

const SEED = new Uint8Array(32).fill(21);
const WALLET = addressOf(SEED);
/** Lamports that a swap of 1,000,000 lamports counts: with base fee 5,000, priority fee 2,000, rent cap 5,000,000. */
const ONE = 6_007_000n;
const ROOT = resolve(import.meta.dirname, "../..");
const SIGNER_MAIN = join(ROOT, "adapters/signer/signer-main.ts");
const PATIENT_MS = 20_000;

let folder = "";
let keystore = "";
const open: SignerProcess[] = [];
/** Scrypt is slow on purpose: one keystore, and one signer where a test does not need its own. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "orderstream-"));
  keystore = await keystoreIn(folder, "desk", SEED);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((signer) => signer.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let states = 0;
async function start(changes: Partial<SignerOptions> = {}): Promise<SignerProcess> {
  states += 1;
  const own = { stateFile: join(folder, `state-${states}`), timeoutMs: PATIENT_MS };
  const signer = await startSignerProcess(signerOptions([keystore], { ...own, ...changes }));
  open.push(signer);
  return signer;
}

const startProblem = (changes: Partial<SignerOptions>): Promise<string> =>
  start(changes).then(
    () => "started",
    (error) => String(error.message),
  );

const outcome = (answer: SignAnswer): string =>
  answer.kind === "refused" ? answer.rule : answer.kind;

describe("the signer's own limits", () => {
  it("hold for one transaction", async () => {
    const signer = await start({
      limits: {
        lamports: { perTransaction: ONE, perDay: 100n * ONE },
        maxFeeAndTipLamports: 2_000n,
        tokens: [{ mint: USDC_MINT, perTransaction: 500n, perDay: 1_000n }],
        otherMints: "refuse",
        ...{ programs: undefined, platformFee: undefined },
      },
    });
    const ask = async (options: Parameters<typeof swapRequest>[1]): Promise<string> =>
      outcome(await signer.sign(swapRequest(WALLET, options)));
    expect(await ask({})).toBe("signed");
    expect(await ask({ amount: 1_000_001n })).toBe("signer-lamports-per-transaction");
    expect(await ask({ rentCapLamports: 5_000_001n })).toBe("signer-lamports-per-transaction");
    expect(await ask({ priorityFeeLamports: 2_001 })).toBe("signer-fee-and-tip");
    expect(await ask({ from: "USDC", amount: 501n })).toBe("signer-token-per-transaction");
    expect(await ask({ from: "USDC", amount: 500n })).toBe("signed");
    expect(await ask({ from: "USDC", amount: 500n })).toBe("signed");
    expect(await ask({ from: "USDC", amount: 1n })).toBe("signer-token-per-day");
    const feeAccount = tokenAccountOf(addressOf(SEED.map(() => 5)), USDC_MINT, WALLET);
    expect(await ask({ platformFee: { bps: 1, feeAccount } })).toBe("signer-platform-fee");
    expect(await ask({ extra: [drain(WALLET)] })).toBe("token-instruction");
  });

  it("refuse mints and programs that they do not name, and know a platform fee that they do", async () => {
    const feeAccount = tokenAccountOf(addressOf(SEED.map(() => 5)), USDC_MINT, WALLET);
    const programs = ["11111111111111111111111111111111"];
    const strict = await start({ limits: { ...WIDE, otherMints: "refuse" } });
    expect(outcome(await strict.sign(swapRequest(WALLET)))).toBe("signer-mint");
    const few = await start({ limits: { ...WIDE, programs } });
    expect(outcome(await few.sign(swapRequest(WALLET)))).toBe("signer-program");
    const paid = await start({
      limits: { ...WIDE, platformFee: { maxBps: 20, accounts: [feeAccount] } },
    });
    const withFee = (bps: number) => swapRequest(WALLET, { platformFee: { bps, feeAccount } });
    expect(outcome(await paid.sign(withFee(20)))).toBe("signed");
    expect(outcome(await paid.sign(withFee(21)))).toBe("signer-platform-fee");
  });

  it("hold for a day, also over a restart, a kill and a clock that says an earlier day", async () => {
    const stateFile = join(folder, "day");
    const limits = { ...WIDE, lamports: { perTransaction: ONE, perDay: 3n * ONE } };
    const ask = async (signer: SignerProcess): Promise<SignAnswer> =>
      signer.sign(swapRequest(WALLET));
    const first = await start({ limits, stateFile });
    expect(outcome(await ask(first))).toBe("signed");
    await first.close();
    const second = await start({ limits, stateFile });
    expect(outcome(await ask(second))).toBe("signed");
    expect(outcome(await ask(second))).toBe("signed");
    process.kill(second.pid, "SIGKILL");
    const third = await start({ limits, stateFile });
    expect(await ask(third)).toEqual({
      kind: "refused",
      rule: "signer-lamports-per-day",
      message: expect.stringMatching(
        /18021000 of 18021000 already signed on \d{4}-\d\d-\d\d \(UTC\)/,
      ),
    });
    await third.close();
    const later = readFileSync(stateFile, "utf8").replace(/\d{4}-\d\d-\d\d/, "2999-01-01");
    writeFileSync(stateFile, later);
    expect(outcome(await ask(await start({ limits, stateFile })))).toBe("signer-lamports-per-day");
    await open.pop()?.close();
    writeFileSync(stateFile, later.replace("2999-01-01", "2001-01-01"));
    expect(outcome(await ask(await start({ limits, stateFile })))).toBe("signed");
  });

  it("count nothing that was refused, and sign nothing that cannot be counted", async () => {
    const limits = { ...WIDE, lamports: { perTransaction: ONE, perDay: ONE } };
    const own = mkdtempSync(join(folder, "own-"));
    const signer = await start({ limits, stateFile: join(own, "state") });
    for (const extra of [[drain(WALLET)], [drain(WALLET)]]) {
      await signer.sign(swapRequest(WALLET, { extra }));
    }
    rmSync(own, { recursive: true });
    expect(await signer.sign(swapRequest(WALLET))).toEqual({
      kind: "unavailable",
      message: expect.stringMatching(/day counters .* cannot be written/),
    });
  });
});

describe("the signer does not start", () => {
  it("with a wrong passphrase, a file that others can read, or counters that are damaged", async () => {
    const given = (text: string) => ({
      kind: "given" as const,
      passphrase: passphraseBytes(text),
    });
    const wrong = { file: keystore, passphrase: given("correct horse batterz") };
    expect(await startProblem({ keystores: [wrong] })).toBe(
      `${keystore}: the passphrase is wrong, or the file was changed`,
    );
    expect(await startProblem({ keystores: [{ file: keystore, passphrase: given("") }] })).toBe(
      `${keystore}: no passphrase was given`,
    );
    const open = join(folder, "open.json");
    copyFileSync(keystore, open);
    chmodSync(open, 0o644);
    expect(await startProblem({ keystores: [{ file: open, passphrase: given("x") }] })).toMatch(
      /is open to other users of this machine \(mode 0644\); make it yours alone: chmod 600/,
    );
    const stateFile = join(folder, "damaged");
    writeFileSync(stateFile, '{"version":1,"day":"2025-01-01","wallets":{"x":{"lamports":"-1"}}}');
    expect(await startProblem({ stateFile })).toMatch(/day counters .* are damaged/);
    const twice = signerOptions([keystore, keystore]).keystores;
    expect(await startProblem({ keystores: twice })).toMatch(/two keystores hold the same wallet/);
    expect(await startProblem({ keystores: [] })).toMatch(/needs 1 to 64 keystores/);
  });

  it("with a debugger, options from outside, or without its own", async () => {
    const flags = [...NODE_FLAGS, "--allow-fs-read=/x"];
    const fine = { flags, environment: {}, debuggerUrl: undefined };
    expect(hardeningProblem(fine)).toBeUndefined();
    const problems = [
      { ...fine, debuggerUrl: "ws://127.0.0.1:9229" },
      { ...fine, environment: { NODE_OPTIONS: "--inspect" } },
      { ...fine, flags: [...flags, "--inspect=0"] },
      { ...fine, flags: [...flags, "--allow-child-process"] },
      ...NODE_FLAGS.map((missing) => ({
        ...fine,
        flags: flags.filter((flag) => flag !== missing),
      })),
    ].map(hardeningProblem);
    for (const problem of problems) expect(problem).toMatch(/^the signer does not/);
    expect(new Set(problems).size).toBe(problems.length);
    for (const args of [["--inspect=127.0.0.1:0"], []]) {
      const child = spawn(process.execPath, [...args, SIGNER_MAIN], { env: {} });
      const [line] = await once(createInterface({ input: child.stdout }), "line");
      expect(JSON.parse(line)).toEqual({
        kind: "failed",
        sentence: expect.stringMatching(
          /^the signer does not (run under a debugger|start without)/,
        ),
      });
    }
  });
});

describe("the signer's process", () => {
  it("takes its passphrase from a file, leaves no core, has no environment, and no debugger on request", async () => {
    const file = passphraseFileIn(folder);
    const signer = await start({
      keystores: [{ file: keystore, passphrase: { kind: "file", file } }],
    });
    expect(signer.wallets).toEqual([WALLET]);
    for (const signal of ["SIGUSR1", "SIGINT", "SIGHUP"] as const) process.kill(signer.pid, signal);
    expect(outcome(await signer.sign(swapRequest(WALLET)))).toBe("signed");
    if (process.platform !== "linux") return;
    expect(signer.coreDumps).toBe("off");
    // The shell that sets the limit of cores says where it is.
    const environment = readFileSync(`/proc/${signer.pid}/environ`, "utf8");
    expect(environment.replace(/^PWD=[^\0]*\0/, "")).toBe("");
  });

  it("ends with its engine, however that dies", async () => {
    const parent = spawn(process.execPath, [join(ROOT, "test/support/signer-parent.ts"), keystore]);
    const [line] = await once(createInterface({ input: parent.stdout }), "line");
    const pid = Number(line);
    expect(await isRunning(pid)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(async () => expect(await isRunning(pid)).toBe(false), PATIENT_MS);
  });

  it("ends at SIGTERM, is unavailable then with a sentence, and says it once", async () => {
    const sentences: string[] = [];
    const signer = await start({ onExit: (sentence) => sentences.push(sentence) });
    process.kill(signer.pid, "SIGTERM");
    await vi.waitFor(() => expect(sentences).toEqual(["the signer ended (0)"]), PATIENT_MS);
    expect(await signer.sign(swapRequest(WALLET))).toEqual({
      kind: "unavailable",
      message: "the signer ended (0)",
    });
    await signer.close();
    expect(sentences).toHaveLength(1);
  });

  it("is unavailable in time while it hangs, takes no more than its queue, and signs nothing late", async () => {
    const limits = { ...WIDE, lamports: { perTransaction: ONE, perDay: ONE } };
    const signer = await start({ limits, timeoutMs: 1_500, maxWaiting: 2 });
    process.kill(signer.pid, "SIGSTOP");
    const answers = await Promise.all(
      ["a", "b", "c"].map((memo) => signer.sign(swapRequest(WALLET, { memo }))),
    );
    const message = (text: string) => ({ kind: "unavailable", message: text });
    const silent = message("the signer did not answer within 1500 ms");
    expect(answers).toEqual([silent, silent, message("the signer has 2 unanswered requests")]);
    process.kill(signer.pid, "SIGCONT");
    // The late ones took nothing of the day, which is enough for one.
    const later = async () => outcome(await signer.sign(swapRequest(WALLET)));
    await vi.waitFor(async () => expect(await later()).toBe("signed"), PATIENT_MS);
    process.kill(signer.pid, "SIGSTOP");
    await signer.close();
    expect(await isRunning(signer.pid)).toBe(false);
  });

  it.each([
    ["wrong-signature", "the signer gave a wrong signature; it is not trusted any more"],
    ["garbage", "the signer's answer cannot be read; it is not trusted any more"],
    ["flood", "the signer's answer cannot be read; it is not trusted any more"],
  ])("that lies (%s) is never believed, and never asked again", async (lie, sentence) => {
    const child = spawn(process.execPath, [join(ROOT, "test/support/lying-signer.ts"), lie]);
    const { stdin: input, stdout: output, stderr: errors } = child;
    const sentences: string[] = [];
    const signer = signOverPipes(
      { child, input, output, errors },
      {
        ...{ wallets: [WALLET], timeoutMs: PATIENT_MS, maxWaiting: 8 },
        onExit: (text) => sentences.push(text),
      },
    );
    const unavailable = { kind: "unavailable", message: sentence };
    const both = [signer.sign(swapRequest(WALLET)), signer.sign(swapRequest(WALLET))];
    expect(await Promise.all(both)).toEqual([unavailable, unavailable]);
    expect(await signer.sign(swapRequest(WALLET))).toEqual(unavailable);
    expect(sentences).toEqual([sentence]);
    await signer.close();
  });
});
