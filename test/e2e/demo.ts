/**
 * `npm run demo`: a tour in less than a minute, on free ports and in a temporary folder. Each command is one that a person would type; each
 * answer is checked, and the tour fails loudly when one is off.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ExecutionStatus,
  StreamExecutionStatusRequest,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { type EngineProcess, LAUNCHER, startEngineProcess } from "../support/engine-process.ts";
import { tourLive } from "./demo-live.ts";
import {
  bold,
  insist,
  killAll,
  mustEnd,
  orderIdIn,
  say,
  show,
  TOUR_LIMIT_MS,
} from "./demo-tools.ts";

const data = mkdtempSync(join(tmpdir(), "orderstream-demo-"));

/** Makes the local market fail so many times. */
async function disturb(market: string, count: number): Promise<void> {
  const body = JSON.stringify({ fault: { status: 503, count } });
  const response = await fetch(new URL("/control", market), { method: "POST", body });
  if (!response.ok) throw new Error(`the market refused: ${await response.text()}`);
}

async function trades(target: readonly string[]): Promise<void> {
  say("Buy, sell and swap on a paper account of 100 SOL and 10,000 USDC");
  const buy = "trade buy 1.5 SOL --for USDC --request-id demo-buy";
  const first = await show(buy, target, { says: /FILLED: bought 1\.5 SOL/ });
  await show("trade sell 0.5 SOL --for USDC", target, { says: /FILLED/ });
  await show("trade swap 2 SOL --to JUP", target, { says: /FILLED/ });
  say("The same request id again is the same order, not another one");
  const again = await show(buy, target, { says: /FILLED/ });
  const isSame = orderIdIn(first) !== "none" && orderIdIn(first) === orderIdIn(again);
  insist(isSame, "the same request id gave another order");
  say("Too much is rejected, and the rejection is on record");
  const much = "trade sell 5000 SOL --for USDC --request-id demo-too-much";
  await show(much, target, { code: 1, says: /INSUFFICIENT_FUNDS/ });
}

async function retry(engine: EngineProcess, target: readonly string[]): Promise<void> {
  say("The market fails: the order retries; its story says so, and where its time went");
  if (engine.market === undefined) throw new Error("there is no market");
  await disturb(engine.market, 2);
  await show("trade swap 1 SOL --to BONK --request-id demo-retry", target, { says: /FILLED/ });
  await show("explain demo-retry", target, { says: /Timeline: [\s\S]* wait +\d/ });
}

/** `watch` in another terminal. Ends it as Ctrl-C does and shows what it saw. */
async function showWatched(watch: ChildProcess, lines: () => string): Promise<void> {
  say("What `orderstream watch` showed of it all in another terminal");
  watch.kill("SIGINT");
  const [code] = await once(watch, "exit");
  const seen = lines().trimEnd();
  const shown = seen.split("\n").filter((line) => / (FILLED|REJECTED|RetryScheduled)/.test(line));
  console.log(`$ orderstream watch\n${shown.join("\n").replace(/^/gm, "  ")}`);
  insist(code === 0, `watch: exit code ${code}, not 0`);
  const ends = shown.filter((line) => / (FILLED|REJECTED) /.test(line)).length;
  insist(ends === 5, `watch showed ${ends} orders end, not 5`);
}

/** Resolves when the order waits for its next attempt. */
async function waitsForRetry({ client }: EngineProcess, requestId: string): Promise<void> {
  const order = { $case: "requestId", value: requestId } as const;
  const call = client.streamExecutionStatus({
    ...StreamExecutionStatusRequest.fromPartial({}),
    order,
  });
  call.on("error", () => undefined);
  for await (const { eventType } of call as AsyncIterable<ExecutionStatus>) {
    if (eventType === "RetryScheduled") break;
  }
  call.cancel();
}

async function crash(engine: EngineProcess, target: readonly string[]): Promise<EngineProcess> {
  say("kill -9 while an order waits for its next attempt");
  if (engine.market === undefined) throw new Error("there is no market");
  await disturb(engine.market, 1_000);
  const waiting = "trade swap 3 SOL --to WIF --wait accepted --request-id demo-crash";
  await show(waiting, target, { says: /PENDING/ });
  await waitsForRetry(engine, "demo-crash");
  await engine.kill();
  console.log("  killed; starting again …");
  const next = await start();
  await show("watch demo-crash", ["--grpc", next.grpc], { says: /attempt 2 follows[\s\S]*FILLED/ });
  return next;
}

async function record(engine: EngineProcess): Promise<void> {
  say("What is left, and whether the record holds");
  const compare = ["--data", data, "--http", engine.http];
  await show("positions", ["--grpc", engine.grpc], {
    says: /VALUE USDC[\s\S]*\bBONK [\s\S]*\bSOL [\s\S]*\bvalue +\d+\.\d+ USDC/,
  });
  await show("top --once --interval 0.2", ["--http", engine.http], { says: /filled 1, / });
  await show("verify", ["--data", data], { says: /events in .*: all hashes fit/ });
  await show("replay --all", compare, {
    says: /6 orders[\s\S]*compared with the engine .*: no difference/,
  });
}

const start = async (args: readonly string[] = []): Promise<EngineProcess> =>
  mustEnd(await startEngineProcess(data, args));

async function tour(): Promise<void> {
  say("Starting the engine with a market of its own");
  let engine = await start(["--set", "retry.baseDelayMs=400"]);
  let watch: ChildProcess | undefined;
  try {
    const target = ["--grpc", engine.grpc];
    let watched = "";
    watch = spawn(process.execPath, [LAUNCHER, "watch", ...target], { stdio: "pipe" });
    watch.stdout?.on("data", (chunk: Buffer) => {
      watched += chunk.toString();
    });
    // It says so when it sees whatever happens from then on.
    await once(watch.stderr ?? watch, "data");
    console.log(`  gRPC ${engine.grpc}, market ${engine.market}, log ${engine.store}`);
    await trades(target);
    await retry(engine, target);
    await showWatched(watch, () => watched);
    engine = await crash(engine, target);
    await record(engine);
  } finally {
    watch?.kill("SIGKILL");
    await engine.stop();
  }
  await tourLive(join(data, "live"));
}

const started = performance.now();
// What hangs is off too.
const limit = setTimeout(() => {
  killAll();
  fail(`it is not done after ${TOUR_LIMIT_MS / 1_000} s`);
  process.exit();
}, TOUR_LIMIT_MS);

function fail(reason: string): void {
  console.error(`\n${bold("THE DEMO FAILED")}: ${reason}`);
  rmSync(data, { recursive: true, force: true });
  process.exitCode = 1;
}

try {
  await tour();
  rmSync(data, { recursive: true, force: true });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`\n${bold("All as it should be")}, in ${seconds} s.`);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
} finally {
  clearTimeout(limit);
}
