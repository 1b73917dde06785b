/**
 * The tour's live part: a chain of its own that outlives the engine, a wallet, a swap, a swap that fails on the chain and its retry, and
 * an engine that dies between sending and confirming.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { type EngineProcess, LAUNCHER, startEngineProcess } from "../support/engine-process.ts";
import { insist, mustEnd, say, show } from "./demo-tools.ts";

const addressesSchema = z.object({
  genesisHash: z.string(),
  nodes: z.array(z.object({ url: z.url(), wsUrl: z.url() })),
  ...{ swapUrl: z.url(), controlUrl: z.url(), marketControlUrl: z.url() },
  pid: z.int(),
});
type Addresses = z.output<typeof addressesSchema>;

const stateSchema = z.object({ height: z.int() });

/** A quarter of the time that blocks take on mainnet, and final after 8 instead of 31: a trade is final in about a second. */
const FAST = ["--block-time-ms", "100", "--final-lag", "8"];
const FREE_PORTS = ["--port", "0", "--control-port", "0", "--market-port", "0", "--jito-port", "0"];
const SOL_PRICE = "150";
const MOVED_PRICE = "147";

async function localnet() {
  const child = spawn(process.execPath, [LAUNCHER, "localnet", "--json", ...FAST, ...FREE_PORTS], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(() => ["{}"]),
  ]);
  const addresses = addressesSchema.parse(JSON.parse(String(line)));
  mustEnd({ pid: addresses.pid, child });
  return { child, addresses };
}

async function post(url: string, command: object): Promise<unknown> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(command) });
  if (!response.ok) throw new Error(`the localnet refused: ${await response.text()}`);
  return response.json();
}

/** Waits until so many more blocks stand. */
async function blocks(controlUrl: string, count: number): Promise<void> {
  const height = async (): Promise<number> =>
    stateSchema.parse(await (await fetch(controlUrl)).json()).height;
  const until = (await height()) + count;
  while ((await height()) < until);
}

const holdNext = { sends: [{ action: "hold", until: "last-valid", count: 1 }] };

/** `data`: a folder that does not exist yet. */
export async function tourLive(data: string): Promise<void> {
  say("Live, on a local chain that really executes transactions: a wallet, and an engine for it");
  mkdirSync(data);
  const passphraseFile = join(data, "passphrase");
  writeFileSync(passphraseFile, "play money only\n", { mode: 0o600 });
  const chain = await localnet();
  let engine: EngineProcess | undefined;
  try {
    const wallet = ["--data", data, "--passphrase-file", passphraseFile];
    const made = await show("wallet new live", wallet, { says: /address \S+/ });
    const address = /address (\S+)/.exec(made)?.[1] ?? "none";
    const { addresses } = chain;
    await show(
      `faucet ${address} --sol 10 --token USDC=1000`,
      ["--control", addresses.controlUrl],
      {
        says: /1000 USDC/,
      },
    );
    const start = async (): Promise<EngineProcess> =>
      mustEnd(
        await startEngineProcess(data, serveArgs(addresses, address, passphraseFile), {
          command: "serve",
        }),
      );
    engine = await start();
    await swaps(addresses, engine);
    engine = await crash(addresses, engine, start);
    await show("verify", ["--data", data], { says: /all hashes fit/ });
  } catch (error) {
    console.error(engine?.said() ?? "");
    throw error;
  } finally {
    await engine?.stop();
    chain.child.kill("SIGTERM");
  }
}

const serveArgs = (addresses: Addresses, address: string, passphraseFile: string): string[] => [
  ...["--network", "custom", "--live", "--genesis-hash", addresses.genesisHash],
  ...addresses.nodes.flatMap(({ url, wsUrl }) => ["--rpc", url, "--ws", wsUrl]),
  // Without a block engine: that would keep a swap that fails off the chain.
  ...["--jupiter", addresses.swapUrl],
  ...["--account", `live=${address}`, "--passphrase-file", passphraseFile],
  ...["--set", "signer.maxSolPerTransaction=2", "--set", "signer.maxSolPerDay=20"],
];

async function swaps(
  { controlUrl, marketControlUrl }: Addresses,
  { grpc }: EngineProcess,
): Promise<void> {
  const target = ["--grpc", grpc];
  const price = (usd: string) => post(marketControlUrl, { price: { token: "SOL", price: usd } });
  await price(SOL_PRICE);
  await show("trade sell 0.5 SOL --for USDC --live --max-slippage 0.5%", target, {
    says: /FILLED: sold 0\.5 SOL/,
  });
  say(
    "The leader holds the next transaction back; the price falls by 2 %; then it lands, and fails",
  );
  await post(controlUrl, holdNext);
  const slips = "trade sell 1 SOL --for USDC --live --max-slippage 0.5% --request-id demo-slips";
  await show(`${slips} --wait submitted`, target, { says: /SUBMITTED|CONFIRMING/ });
  await price(MOVED_PRICE);
  await post(controlUrl, { sends: [], releaseWithheld: "land" });
  await blocks(controlUrl, 2);
  await price(SOL_PRICE);
  await show("watch demo-slips", target, { says: /SLIPPAGE_EXCEEDED[\s\S]*FILLED/ });
}

async function crash(
  { controlUrl }: Addresses,
  engine: EngineProcess,
  start: () => Promise<EngineProcess>,
): Promise<EngineProcess> {
  say("kill -9 between sending and confirming; the transaction lands while the engine is dead");
  await post(controlUrl, holdNext);
  const dies = "trade sell 0.25 SOL --for USDC --live --request-id demo-dies --wait submitted";
  await show(dies, ["--grpc", engine.grpc], { says: /SUBMITTED|CONFIRMING/ });
  await engine.kill();
  await post(controlUrl, { sends: [], releaseWithheld: "land" });
  await blocks(controlUrl, 2);
  console.log("  killed; landed; starting again …");
  const next = await start();
  const target = ["--grpc", next.grpc];
  await show("watch demo-dies", target, { says: /FILLED/ });
  const story = await show("explain demo-dies", target, { says: /FILLED/ });
  insist(!/attempt 2/i.test(story), "the order that survived a crash was signed twice");
  return next;
}
