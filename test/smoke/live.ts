/**
 * `npm run smoke:live`: one tiny swap of SOL for USDC with REAL MONEY on mainnet, through the engine as people run it. Refuses without
 * its SMOKE_ variables, asks nothing of any network without `--yes`, and keeps its log: what was signed can be followed up later.
 * Exit code 0 when it was filled or only shown, 1 when not, 2 when something is missing.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { readKeystore } from "../../adapters/signer/keystore.ts";
import { formatAmount } from "../../domain/primitives/amount.ts";
import { orderstream } from "../e2e/demo-tools.ts";
import { startEngineProcess } from "../support/engine-process.ts";
import { readSettings, type SmokeSettings } from "./settings.ts";

const WAIT_MS = 15 * 60_000;
/** Rent of two token accounts at the old price, and fees. */
const SPARE_LAMPORTS = 5_000_000n;
const WALLET = "smoke";

const sol = (lamports: bigint): string => formatAmount(lamports, 9);
const originOf = (url: string): string => new URL(url).origin;

function limitsOf({ lamports }: SmokeSettings) {
  const perTransaction = lamports + SPARE_LAMPORTS;
  return { transaction: sol(perTransaction), day: sol(3n * perTransaction) };
}

function planText(settings: SmokeSettings): string {
  const { network, rpcUrls, jupiterUrl, wallet, lamports, data } = settings;
  const { transaction, day } = limitsOf(settings);
  const money = network === "mainnet" ? "REAL MONEY on mainnet" : "a chain on this machine";
  return [
    `This sells ${sol(lamports)} SOL for USDC: ${money}`,
    `  wallet    ${wallet.file}`,
    `  nodes     ${rpcUrls.map(originOf).join(", ")}`,
    `  Jupiter   ${originOf(jupiterUrl)}`,
    `  signer    at most ${transaction} SOL a transaction and ${day} SOL a day, one attempt`,
    `  log       ${data} (kept)`,
  ].join("\n");
}

/** A sentence about the first node that is not on the chain, or does not answer. */
async function wrongNode({ rpcUrls, genesisHash }: SmokeSettings): Promise<string | undefined> {
  for (const url of rpcUrls) {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "getGenesisHash", params: [] });
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(url, { method: "POST", headers, body, signal })
      .then(async (response) => z.object({ result: z.string() }).parse(await response.json()))
      .catch(() => undefined);
    if (!answer) return `${originOf(url)} does not tell its genesis hash`;
    if (answer.result !== genesisHash) {
      return `${originOf(url)} is on another chain, ${answer.result}, not on ${genesisHash}`;
    }
  }
  return undefined;
}

type Keys = {
  readonly keystore: string;
  readonly passphraseFile: string;
  readonly address: string;
};

/** The wallet's keystore; of a key file one is made in the data folder, under a passphrase of its own beside it. */
async function keysOf({ wallet, data }: SmokeSettings): Promise<Keys> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const isOwn = wallet.kind === "keystore";
  const passphraseFile = isOwn ? wallet.passphraseFile : join(data, "smoke.passphrase");
  const keystore = isOwn ? wallet.file : join(data, "wallets", `${WALLET}.json`);
  if (!isOwn && !existsSync(keystore)) {
    writeFileSync(passphraseFile, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
    const where = ["--data", data, "--passphrase-file", passphraseFile];
    const made = await orderstream(["wallet", "import", WALLET, wallet.file, ...where]);
    if (made.code !== 0) throw new Error(made.out);
  }
  const read = readKeystore(keystore);
  if (read.kind === "wrong") throw new Error(read.sentence);
  return { keystore, passphraseFile, address: read.value.address };
}

/** Addresses may hold keys, so that they go through the environment and not over the command line. */
function environmentOf(settings: SmokeSettings, keys: Keys): Record<string, string> {
  const { transaction, day } = limitsOf(settings);
  const { network, genesisHash, rpcUrls, jupiterUrl, jupiterKeyFile } = settings;
  return {
    ORDERSTREAM_NETWORK: network,
    ORDERSTREAM_LIVE: "true",
    ORDERSTREAM_GENESIS_HASH: genesisHash,
    ORDERSTREAM_RPC_URLS: rpcUrls.join(","),
    ORDERSTREAM_JUPITER_BASE_URLS: jupiterUrl,
    ORDERSTREAM_JUPITER_API_KEY_FILE: jupiterKeyFile,
    ORDERSTREAM_SIGNER_KEYSTORES: keys.keystore,
    ORDERSTREAM_SIGNER_PASSPHRASE_FILE: keys.passphraseFile,
    ORDERSTREAM_SIGNER_MAX_SOL_PER_TRANSACTION: transaction,
    ORDERSTREAM_SIGNER_MAX_SOL_PER_DAY: day,
    ORDERSTREAM_RETRY_ATTEMPTS: "1",
  };
}

async function swap(settings: SmokeSettings): Promise<boolean> {
  const keys = await keysOf(settings);
  console.log(`  address   ${keys.address}\n`);
  const engine = await startEngineProcess(
    settings.data,
    ["--account", `${WALLET}=${keys.address}`],
    { command: "serve", environment: environmentOf(settings, keys) },
  );
  try {
    const run = async (...args: string[]): Promise<number> => {
      console.log(`$ orderstream ${args.join(" ")}`);
      const { code, out } = await orderstream([...args, "--grpc", engine.grpc], WAIT_MS);
      console.log(`${out}\n`);
      return code;
    };
    const id = `smoke-${new Date().toISOString()}`;
    const what = ["trade", "sell", sol(settings.lamports), "SOL", "--for", "USDC", "--live"];
    const how = ["--account", WALLET, "--max-slippage", "1%", "--timeout", "120"];
    const code = await run(...what, ...how, "--request-id", id);
    // 6: not final yet. The engine goes on, and so does this.
    const isFilled = code === 0 || (code === 6 && (await run("watch", id)) === 0);
    await run("explain", id);
    return isFilled;
  } finally {
    console.error(engine.said());
    await engine.stop();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { yes: { type: "boolean", default: false } } });
  const read = readSettings(process.env);
  if ("problems" in read) {
    for (const problem of read.problems) console.error(problem);
    return 2;
  }
  const { settings } = read;
  console.log(planText(settings));
  if (!values.yes) {
    console.log("Nothing was asked of any network. Add --yes to do it.");
    return 0;
  }
  const wrong = await wrongNode(settings);
  if (wrong !== undefined) {
    console.error(`${wrong}; nothing was signed`);
    return 1;
  }
  return (await swap(settings)) ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
