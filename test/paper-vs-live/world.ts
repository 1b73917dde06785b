/**
 * Where the comparison takes place: an engine with a localnet behind it, as `orderstream start` brings it up, a live wallet and a paper
 * account that can pay for everything, other traders, and a second engine for paper trades by other figures.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TOKENS } from "../../localnet/tokens.ts";
import { type EngineProcess, startEngineProcess } from "../support/engine-process.ts";
import { known, unitsWorth } from "./orders.ts";
import { type OtherTraders, startOtherTraders } from "./other-traders.ts";

export type ComparisonOptions = {
  /** An empty folder. */
  readonly folder: string;
  readonly seed: number;
  readonly blockTimeMs: number;
  /** Other traders, each with a swap every `traderPauseMs` in the mean. */
  readonly traders: number;
  readonly traderPauseMs: number;
};

export type ComparisonWorld = {
  readonly engine: EngineProcess;
  readonly traders: OtherTraders;
  /** Paper trades on the same market by these figures; has its own log. */
  readonly paperEngine: (settings: readonly string[]) => Promise<EngineProcess>;
  readonly close: () => Promise<void>;
};

/** Whole US dollars of each token, more than all orders together can spend. */
const RICH_USD = 20_000_000;
/** Blocks until a block is final: so few that an order does not take the 13 s of a real chain. */
const FINAL_LAG = 4;
const SOL = known("SOL");

/** Rejects with a sentence when something does not come up. */
export async function openComparison(options: ComparisonOptions): Promise<ComparisonWorld> {
  const { folder, seed, blockTimeMs } = options;
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  const start = async (name: string, settings: readonly string[], market?: string) => {
    const args = ["--config", fundsFile(folder), ...settings.flatMap((one) => ["--set", one])];
    const data = join(folder, name);
    const engine = market
      ? await startEngineProcess(data, [...args, "--jupiter", market], { command: "serve" })
      : await startEngineProcess(data, args);
    closing.push(engine.stop);
    return engine;
  };
  try {
    const engine = await start("live", [
      ...[`market.seed=${seed}`, `localnet.blockTimeMs=${blockTimeMs}`],
      ...[`localnet.finalLag=${FINAL_LAG}`, "liveLimits.maxOrdersPerMinute=1000000"],
    ]);
    const { localnet, market, accounts } = engine;
    const [rpcUrl] = localnet?.rpcUrls ?? [];
    const [account] = accounts;
    if (!localnet || !market || !rpcUrl || !account) throw new Error("there is no localnet");
    const fund = (address: string): Promise<void> => makeRich(localnet.controlUrl, address);
    await fund(account.wallet);
    const traders = await startOtherTraders({
      ...{ seed: seed + 1, count: options.traders, pauseMs: options.traderPauseMs },
      ...{ swapUrl: market, rpcUrl, fund },
    });
    closing.push(traders.stop);
    const paperEngine = (settings: readonly string[]) => start("paper", settings, market);
    return { engine, traders, paperEngine, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Configuration of both engines: what the paper account begins with. */
function fundsFile(folder: string): string {
  const file = join(folder, "funds.json");
  const funds = Object.fromEntries(
    TOKENS.map((token) => [
      token.symbol,
      (unitsWorth(RICH_USD, token) / 10n ** BigInt(token.decimals)).toString(),
    ]),
  );
  writeFileSync(file, JSON.stringify({ firstAccount: { name: "paper", funds } }));
  return file;
}

async function makeRich(controlUrl: string, wallet: string): Promise<void> {
  const lamports = unitsWorth(RICH_USD, SOL).toString();
  await control(controlUrl, { airdrop: { address: wallet, lamports } });
  for (const token of TOKENS.filter((one) => one !== SOL)) {
    const tokens = { wallet, mint: token.mint, amount: unitsWorth(RICH_USD, token).toString() };
    await control(controlUrl, { tokens });
  }
}

async function control(url: string, command: object): Promise<void> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(command) });
  if (!response.ok) throw new Error(`the localnet refused: ${await response.text()}`);
}
