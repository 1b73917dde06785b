/**
 * The local world as a child process: chain with RPC nodes, Jupiter-compatible market, Jito
 * stand-in. It lives as long as whoever started it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const addressesSchema = z.object({
  genesisHash: z.string(),
  /** True if the chain goes on from its state file. */
  restored: z.boolean(),
  nodes: z.array(z.object({ url: z.url(), wsUrl: z.url() })).min(1),
  /** Base URL of the Jupiter-compatible API. */
  swapUrl: z.url(),
  marketUrl: z.url(),
  jitoUrl: z.url(),
  controlUrl: z.url(),
  marketControlUrl: z.url(),
});
export type LocalnetAddresses = Readonly<z.infer<typeof addressesSchema>>;

export type LocalnetProcess = {
  readonly addresses: LocalnetAddresses;
  readonly pid: number | undefined;
  /** Resolves when it has saved its state and ended. */
  readonly stop: () => Promise<void>;
};

/** What is left out is as `node localnet/main.ts` has it: free ports, two nodes, no state file. */
export type LocalnetProcessOptions = {
  /** Of the first RPC node; its WebSocket is on the next port too, further nodes on those after. */
  readonly port?: number | undefined;
  readonly controlPort?: number | undefined;
  readonly marketPort?: number | undefined;
  readonly jitoPort?: number | undefined;
  readonly nodes?: number | undefined;
  readonly blockTimeMs?: number | undefined;
  readonly confirmLag?: number | undefined;
  readonly finalLag?: number | undefined;
  /** Lamports per byte. */
  readonly rent?: number | undefined;
  readonly stateFile?: string | undefined;
  readonly seed?: number | undefined;
  readonly speed?: number | undefined;
  /** Recorded one-minute candles, and the symbol that they drive; generated prices without. */
  readonly file?: string | undefined;
  readonly symbol?: string | undefined;
  /** It ended without being asked to. */
  readonly onExit: (sentence: string) => void;
  /** A line that it wrote to stderr after its start. */
  readonly onComplaint?: ((line: string) => void) | undefined;
};

const MAIN = fileURLToPath(new URL("../localnet/main.ts", import.meta.url));
const READY_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 10_000;
const MAX_COMPLAINTS = 20;

/** Rejects with a sentence when it does not come up. */
export async function startLocalnetProcess(
  options: LocalnetProcessOptions,
): Promise<LocalnetProcess> {
  const child = spawn(process.execPath, [MAIN, ...argumentsOf(options)], {
    // Its stdin is ours: when this process dies, however it dies, the child sees the end of it and
    // ends too. In a group of its own it is not hit by a Ctrl-C that is meant for this process,
    // which may have use for it until its own end.
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: withoutOwnSettings(process.env),
  });
  // Written to by nobody, but it breaks when the child ends.
  child.stdin.on("error", () => undefined);
  const complaints: string[] = [];
  let isReady = false;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (isReady) options.onComplaint?.(line);
    else if (complaints.length < MAX_COMPLAINTS) complaints.push(line);
  });
  const addresses = await readyLine(child, complaints);
  isReady = true;
  let stopping = false;
  child.once("exit", (code, signal) => {
    if (!stopping) options.onExit(`the localnet ended (${signal ?? code})`);
  });
  return {
    addresses,
    pid: child.pid,
    stop: async () => {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      child.kill("SIGTERM");
      await ended.finally(() => clearTimeout(timer));
    },
  };
}

function argumentsOf(options: LocalnetProcessOptions): string[] {
  const given = [
    ["--port", options.port],
    ["--control-port", options.controlPort],
    ["--market-port", options.marketPort],
    ["--jito-port", options.jitoPort],
    ["--nodes", options.nodes],
    ["--block-time-ms", options.blockTimeMs],
    ["--confirm-lag", options.confirmLag],
    ["--final-lag", options.finalLag],
    ["--rent", options.rent],
    ["--state", options.stateFile],
    ["--seed", options.seed],
    ["--speed", options.speed],
    ["--market", options.file],
    ["--symbol", options.symbol],
  ] as const;
  return given.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

/** The engine's own settings may hold what is nobody else's business. */
const withoutOwnSettings = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith("ORDERSTREAM_")),
  );

async function readyLine(
  child: ChildProcess,
  complaints: readonly string[],
): Promise<LocalnetAddresses> {
  if (!child.stdout) throw new Error("the localnet has no output");
  const lines = createInterface({ input: child.stdout });
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), READY_TIMEOUT_MS);
  try {
    const first = await Promise.race([
      once(lines, "line", { signal: abort.signal }).then(([line]) => String(line)),
      // `close`, not `exit`: only then is all of stderr here.
      once(child, "close", { signal: abort.signal }).then(() => undefined),
    ]);
    if (first !== undefined) return addressesSchema.parse(JSON.parse(first));
  } catch (error) {
    child.kill("SIGKILL");
    const reason = abort.signal.aborted ? `not ready after ${READY_TIMEOUT_MS} ms` : String(error);
    throw new Error(`the localnet did not start: ${reason}`);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  const said = complaints.join("\n").replace(/^localnet: /, "");
  throw new Error(`the localnet did not start: ${said}`);
}
