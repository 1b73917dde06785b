/** Live trading as `npm start` brings it up: chain, wallet, signer and engine, what outlives them, and that they end together. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { parseMetrics, valueIn } from "../../adapters/cli/top/metrics-text.ts";
import { startMarket } from "../../localnet/market/server.ts";
import {
  OrderStatus,
  TradeAction,
  type TradeRequest,
  TradingMode,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { run } from "../cli/harness.ts";
import {
  type EngineProcess,
  type EngineStart,
  execute,
  startEngineProcess,
} from "../support/engine-process.ts";

const SOL = "So11111111111111111111111111111111111111112";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
/** Final within a second. */
const FAST = ["--set", "localnet.blockTimeMs=20", "--set", "localnet.finalLag=8"];

const scratch = mkdtempSync(join(tmpdir(), "orderstream-live-start-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let engine: EngineProcess | undefined;
afterEach(async () => {
  await engine?.stop();
  engine = undefined;
});

async function start(data: string, args: readonly string[] = FAST, how?: EngineStart) {
  engine = await startEngineProcess(data, args, how);
  return engine;
}

const sell = (requestId: string, changes: Partial<TradeRequest> = {}): Partial<TradeRequest> => ({
  ...{ requestId, mode: TradingMode.TRADING_MODE_LIVE, account: "live", amount: 500_000_000n },
  ...{ action: TradeAction.TRADE_ACTION_SELL, baseMint: SOL, quoteMint: USDC },
  ...{ waitFor: WaitFor.WAIT_FOR_FINALIZED, ...changes },
});

async function resultOf(running: EngineProcess, request: Partial<TradeRequest>) {
  const answer = await execute(running.client, request);
  if (answer.kind === "error") throw answer.error;
  return answer.result;
}

/** Processes that this one started; empty once they are gone. */
const childrenOf = (pid: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        return fields[1] === String(pid) && fields[0] !== "Z" ? [Number(name)] : [];
      } catch {
        return [];
      }
    });

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe("start", () => {
  it("trades live at once, tells how it stands, and goes on after a restart", async () => {
    const data = join(scratch, "restart");
    const first = await start(data);
    const [account] = first.accounts;
    expect(first).toMatchObject({ network: "localnet", accounts: [{ name: "live" }] });
    const sold = await resultOf(first, sell("one"));
    expect(sold.status).toBe(OrderStatus.ORDER_STATUS_FILLED);
    expect(sold.wallet).toBe(account?.wallet);
    expect(sold.mevProtected).toBe(true);
    expect(await (await fetch(`http://${first.http}/readyz`)).text()).toBe(
      "ok\nlive: signer available, cluster confirmed, 0 attempts followed, 0 outcomes unknown\n",
    );
    const metrics = parseMetrics(await (await fetch(`http://${first.http}/metrics`)).text());
    if (!metrics) throw new Error("the metrics cannot be read");
    expect(valueIn(metrics, "orderstream_live_signer_available")).toBe(1);
    expect(valueIn(metrics, "orderstream_live_cluster_confirmed")).toBe(1);
    expect(valueIn(metrics, "orderstream_live_followed_attempts")).toBe(0);
    const lamports = await lamportsOf(first);
    await first.stop();

    const second = await start(data);
    expect(second.accounts).toEqual(first.accounts);
    // The chain's money is what it was: nothing is given twice.
    expect(await lamportsOf(second)).toBe(lamports);
    expect((await resultOf(second, sell("one"))).txSignature).toBe(sold.txSignature);
    expect(await lamportsOf(second)).toBe(lamports);
    expect((await resultOf(second, sell("two"))).status).toBe(OrderStatus.ORDER_STATUS_FILLED);
  });

  it.skipIf(process.platform !== "linux")("takes its processes along, also killed", async () => {
    const running = await start(join(scratch, "killed"));
    const children = childrenOf(running.pid);
    // Localnet and signer.
    expect(children).toHaveLength(2);
    await running.kill();
    engine = undefined;
    await vi.waitFor(() => expect(children.filter(isAlive)).toEqual([]), { timeout: 10_000 });
    const again = await start(join(scratch, "killed"));
    expect(again.accounts).toEqual(running.accounts);
    const more = childrenOf(again.pid);
    await again.stop();
    engine = undefined;
    expect(more.filter(isAlive)).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")(
    "goes on with paper when its signer dies, and says so",
    async () => {
      const running = await start(join(scratch, "no-signer"), [
        ...FAST,
        "--set",
        "retry.attempts=1",
      ]);
      const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const signer = childrenOf(running.pid).find((pid) => commandOf(pid).includes("signer-main"));
      if (signer === undefined) throw new Error("there is no signer");
      process.kill(signer, "SIGKILL");
      const readyz = async () => await (await fetch(`http://${running.http}/readyz`)).text();
      await vi.waitFor(async () => expect(await readyz()).toContain("signer not available"));
      expect(running.said()).toContain("the signer ended (SIGKILL): live orders fail until this");
      const answer = await execute(running.client, sell("unsigned"));
      expect(answer.kind === "error" && answer.error.details).toContain("the signer ended");
      const paper = { mode: TradingMode.TRADING_MODE_PAPER, account: "paper" };
      const filled = await resultOf(running, sell("paper", paper));
      expect(filled.status).toBe(OrderStatus.ORDER_STATUS_FILLED);
    },
  );

  it("is paper alone with live=false, and then no signer is started", async () => {
    const running = await start(join(scratch, "paper"), ["--set", "live=false"]);
    expect(running.accounts).toEqual([]);
    expect(childrenOf(running.pid)).toHaveLength(1);
    expect(existsSync(join(scratch, "paper", "wallets"))).toBe(false);
    const answer = await execute(running.client, sell("refused"));
    expect(answer.kind === "error" && answer.error.details).toContain("live execution is not");
  });

  it("tells people where all is, and a live trade to try", async () => {
    const data = join(scratch, "people");
    const running = await start(data);
    const args = ["trade", "buy", "SOL", "--with", "20", "USDC", "--live", "--grpc", running.grpc];
    const traded = await run(args);
    expect(traded.out).toMatch(/^FILLED: bought 0\.\d+ SOL for 20 USDC/);
    const wrong = await run(["trade", "buy", "0.1", "SOL", "--for", "USDC", "--live"]);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toContain("write `trade buy SOL --with 20 USDC --live`");
  });
});

describe("another network", () => {
  it("none refuses live orders and starts nothing beside the engine", async () => {
    const market = await startMarket();
    const args = ["--jupiter", market.swapUrl];
    const running = await start(join(scratch, "none"), args, { command: "serve" });
    expect(running).toMatchObject({ network: "none", accounts: [] });
    expect(running.localnet).toBeUndefined();
    expect(childrenOf(running.pid)).toEqual([]);
    const answer = await execute(running.client, sell("refused"));
    expect(answer.kind === "error" && answer.error.details).toContain("live execution is not");
    const paper = { mode: TradingMode.TRADING_MODE_PAPER, account: "paper" };
    const filled = await resultOf(running, sell("paper", paper));
    expect(filled.status).toBe(OrderStatus.ORDER_STATUS_FILLED);
    await market.close();
  });
});

async function lamportsOf({ accounts, localnet }: EngineProcess): Promise<number> {
  const params = [accounts[0]?.wallet, { commitment: "processed" }];
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "getBalance", params });
  const headers = { "content-type": "application/json" };
  const response = await fetch(localnet?.rpcUrls[0] ?? "", { method: "POST", headers, body });
  return JSON.parse(await response.text()).result.value;
}
