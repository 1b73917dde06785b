/** The local market as a child process: it lives as long as the engine that started it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

export type MarketProcess = {
  /** Base URL of its Jupiter-compatible API. */
  readonly swapUrl: string;
  readonly stop: () => Promise<void>;
};

export type MarketOptions = {
  readonly port: number;
  readonly seed: number;
  readonly speed: number;
  readonly symbol: string;
  /** Recorded one-minute candles; the seeded generator without it. */
  readonly file?: string | undefined;
  /** The market ended without being asked to. */
  readonly onExit: (sentence: string) => void;
};

const MAIN = fileURLToPath(new URL("../localnet/market/main.ts", import.meta.url));
const readySchema = z.object({ swapUrl: z.url() });
const READY_TIMEOUT_MS = 10_000;

/** Rejects with a sentence when the market does not come up. */
export async function startMarketProcess(options: MarketOptions): Promise<MarketProcess> {
  const { port, seed, speed, symbol, file } = options;
  const child = spawn(
    process.execPath,
    [
      MAIN,
      ...["--port", String(port), "--seed", String(seed), "--speed", String(speed)],
      ...["--symbol", symbol],
      ...(file === undefined ? [] : ["--market", file]),
    ],
    // Its stdin is ours: when this process dies, however it dies, the market sees the end of it and ends too.
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const complaint: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => {
    if (complaint.length < 20) complaint.push(chunk.toString());
  });
  const swapUrl = await readyLine(child, complaint);
  let stopping = false;
  child.once("exit", (code, signal) => {
    if (!stopping) options.onExit(`the local market ended (${signal ?? code}); quotes will fail`);
  });
  return {
    swapUrl,
    stop: async () => {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function readyLine(child: ChildProcess, complaint: readonly string[]): Promise<string> {
  if (!child.stdout) throw new Error("the local market has no output");
  const lines = createInterface({ input: child.stdout });
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), READY_TIMEOUT_MS);
  try {
    const first = await Promise.race([
      once(lines, "line", { signal: abort.signal }).then(([line]) => String(line)),
      once(child, "exit", { signal: abort.signal }).then(() => undefined),
    ]);
    if (first !== undefined) return readySchema.parse(JSON.parse(first)).swapUrl;
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`the local market did not start: ${String(error)}`);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  throw new Error(`the local market did not start: ${complaint.join("").trim()}`);
}
