/**
 * `npm run demo`: a tour in half a minute, on free ports and in a temporary folder. Each command is one that a person would type; each answer
 * is checked, and the tour fails loudly when one is off.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineProcess, LAUNCHER, startEngineProcess } from "../support/engine-process.ts";

type Outcome = { readonly code: number; readonly out: string };

const data = mkdtempSync(join(tmpdir(), "orderstream-demo-"));
const bold = (text: string): string => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);

function say(title: string): void {
  console.log(`\n${bold(title)}`);
}

function orderstream(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [LAUNCHER, ...args], (error, stdout, stderr) => {
      const code = error ? Number(error.code ?? 70) : 0;
      resolve({ code, out: (stdout + stderr).trimEnd() });
    });
  });
}

/** Runs a command as a person would, shows it with its answer, and insists on both. */
async function show(
  command: string,
  target: readonly string[],
  expected: { readonly code?: number; readonly says: RegExp },
): Promise<string> {
  const { code, out } = await orderstream([...command.split(" "), ...target]);
  console.log(`$ orderstream ${command}\n${out.replace(/^/gm, "  ")}`);
  if (code !== (expected.code ?? 0))
    throw new Error(`exit code ${code}, not ${expected.code ?? 0}`);
  if (!expected.says.test(out)) throw new Error(`the answer does not say ${expected.says}`);
  return out;
}

/** Makes the local market fail so many times. */
async function disturb(market: string, count: number): Promise<void> {
  const body = JSON.stringify({ fault: { status: 503, count } });
  const response = await fetch(new URL("/control", market), { method: "POST", body });
  if (!response.ok) throw new Error(`the market refused: ${await response.text()}`);
}

async function trades(target: readonly string[]): Promise<void> {
  say("Buy, sell and swap on a paper account of 100 SOL and 10,000 USDC");
  await show("trade buy 1.5 SOL --for USDC --request-id demo-buy", target, { says: /FILLED/ });
  await show("trade sell 0.5 SOL --for USDC", target, { says: /FILLED/ });
  await show("trade swap 2 SOL --to JUP", target, { says: /FILLED/ });
  say("The same request id again is the same order, not another one");
  await show("trade buy 1.5 SOL --for USDC --request-id demo-buy", target, { says: /FILLED/ });
  say("Too much is rejected, and the rejection is on record");
  const much = "trade sell 5000 SOL --for USDC --request-id demo-too-much";
  await show(much, target, { code: 1, says: /INSUFFICIENT_FUNDS/ });
}

async function retry(engine: EngineProcess, target: readonly string[]): Promise<void> {
  say("The market fails: the order retries, and its story says so");
  if (engine.market === undefined) throw new Error("there is no market");
  await disturb(engine.market, 2);
  await show("trade swap 1 SOL --to BONK --request-id demo-retry", target, { says: /FILLED/ });
  await show("explain demo-retry", target, { says: /retr/i });
}

async function crash(engine: EngineProcess, target: readonly string[]): Promise<EngineProcess> {
  say("kill -9 while an order waits for its next attempt");
  if (engine.market === undefined) throw new Error("there is no market");
  await disturb(engine.market, 1_000);
  const waiting = "trade swap 3 SOL --to WIF --wait accepted --request-id demo-crash";
  await show(waiting, target, { says: /PENDING/ });
  await engine.kill();
  console.log("  killed; starting again …");
  const next = await startEngineProcess(data);
  await show("watch demo-crash", ["--grpc", next.grpc], { says: /FILLED/ });
  return next;
}

async function tour(): Promise<void> {
  say("Starting the engine with a market of its own");
  let engine = await startEngineProcess(data, ["--set", "retry.baseDelayMs=400"]);
  try {
    const target = ["--grpc", engine.grpc];
    console.log(`  gRPC ${engine.grpc}, market ${engine.market}, log ${engine.store}`);
    await trades(target);
    await retry(engine, target);
    engine = await crash(engine, target);
    say("What is left, and whether the record holds");
    await show("positions", ["--grpc", engine.grpc], { says: /SOL/ });
    await show("verify", ["--data", data], { says: /./ });
    await show("replay --all", ["--data", data, "--http", engine.http], { says: /./ });
  } finally {
    await engine.stop();
  }
}

const started = performance.now();
try {
  await tour();
  console.log(
    `\n${bold("All as it should be")}, in ${((performance.now() - started) / 1_000).toFixed(1)} s.`,
  );
} catch (error) {
  console.error(`\nTHE DEMO FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(data, { recursive: true, force: true });
}
