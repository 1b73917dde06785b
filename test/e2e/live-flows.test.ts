/** Live orders over real processes as people and services meet them: prices that move, cancels and halts that come late, doubt and its end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TradeAction, WaitFor } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { run } from "../cli/harness.ts";
import { readBalances } from "../support/chain-book.ts";
import { type LiveDesk, openLiveDesk } from "../support/live-desk.ts";
import { type LiveProcessesOptions, SOL, USDC } from "../support/live-processes.ts";

let folder = "";
let desk: LiveDesk;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "orderstream-flows-"));
});
afterEach(async () => {
  await desk.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(options: Omit<LiveProcessesOptions, "folder"> = {}): Promise<LiveDesk> {
  desk = await openLiveDesk({ folder, ...options });
  await desk.start();
  return desk;
}

/** `npx orderstream …` against the engine that runs. */
const orderstream = (...args: string[]) => run([...args, "--grpc", desk.engine().grpc]);
const movePrice = (price: string) => desk.processes.market({ price: { token: "SOL", price } });
const delayed = (blocks: number) =>
  desk.processes.control({ sends: [{ action: "delay", blocks, count: 1 }] });
const SUBMITTED = { waitFor: WaitFor.WAIT_FOR_SUBMITTED };

it("sells SOL for USDC and buys it back: the balances are the chain's, to the last unit", async () => {
  await open();
  const sold = await orderstream(
    "trade",
    "sell",
    "1.5",
    "SOL",
    "--for",
    "USDC",
    "--live",
    "--account",
    "desk",
    "--json",
  );
  const bought = await desk.sell("back", {
    action: TradeAction.TRADE_ACTION_BUY,
    amount: 150_000_000n,
  });
  const [first] = sold.json() as { amountIn: string; amountOut: string; status: string }[];
  expect(first).toMatchObject({ status: "FILLED", amountIn: "1500000000" });
  const balances = await readBalances(desk.processes);
  const openingUsdc = desk.opening.get(USDC) ?? 0n;
  expect(balances.get(USDC)).toBe(openingUsdc + BigInt(first?.amountOut ?? 0) - bought.amountIn);
  expect([...balances.keys()].toSorted()).toEqual([SOL, USDC].toSorted());
  // Lamports: with every fee, by the books that are compared with the chain.
  expect(await desk.disagreements()).toEqual([]);
}, 60_000);

it("pays for a swap that fails on chain, asks again and gives up above the order's own floor", async () => {
  await open();
  await movePrice("150");
  await delayed(60);
  // On the public way: the protected one takes care that what fails never lands.
  const mev = { simulate: false, protect: false, tipLamports: undefined };
  const submitted = await desk.sell("slips", { ...SUBMITTED, mev, slippageToleranceBps: 20 });
  await movePrice("148");
  expect(await desk.ended(submitted.orderId)).toBe("FAILED");
  const told = await orderstream("explain", "slips");
  expect(told.out).toContain("0x1771");
  expect(told.out).toContain("SLIPPAGE_EXCEEDED");
  const again = await orderstream(
    "trade",
    "sell",
    "0.1",
    "SOL",
    "--for",
    "USDC",
    "--live",
    "--account",
    "desk",
    "--request-id",
    "other",
  );
  expect(again.out).toMatch(/^FILLED/);
  expect(await desk.disagreements()).toEqual([]);
}, 60_000);

it("cannot cancel what is signed, and says so; a restart in the middle changes nothing", async () => {
  await open();
  await delayed(100);
  const { orderId } = await desk.sell("signed", SUBMITTED);
  const late = await orderstream("cancel", orderId);
  expect(late.code).not.toBe(0);
  expect(`${late.out}${late.err}`).toMatch(/signed|too late/i);
  await desk.restart();
  expect(await desk.ended(orderId)).toBe("FILLED");
  expect(await desk.disagreements()).toEqual([]);
}, 60_000);

it("halts: what is signed is followed to its end, and nothing else is signed before it is lifted", async () => {
  await open();
  await delayed(100);
  const { orderId } = await desk.sell("signed", SUBMITTED);
  expect((await orderstream("halt", "--reason", "a drill")).code).toBe(0);
  expect(await desk.refusal("halted")).toContain("a drill");
  await desk.restart();
  expect(await desk.refusal("halted-still")).toContain("a drill");
  expect(await desk.ended(orderId)).toBe("FILLED");
  expect((await orderstream("resume", "--reason", "over")).code).toBe(0);
  expect((await desk.sell("lifted")).txSignature).not.toBe("");
  expect(await desk.disagreements()).toEqual([]);
}, 60_000);

it("stays in doubt with one node, also when it is killed, until somebody shows what two nodes say", async () => {
  await open({ nodes: 1, settings: ["liveLimits.graceMs=200"] });
  await desk.processes.control({ sends: [{ action: "drop" }] });
  const { orderId } = await desk.sell("doubt", SUBMITTED);
  const inDoubt = () =>
    vi.waitFor(async () => expect(await desk.status(orderId)).toBe("OUTCOME_UNKNOWN"), {
      ...{ timeout: 25_000, interval: 100 },
    });
  await inDoubt();
  await desk.engine().kill();
  await desk.start();
  await inDoubt();
  await desk.processes.control({ sends: [] });
  const asked = desk.processes.addresses.nodes.flatMap(({ url }) => ["--rpc", url]);
  expect(await orderstream("resolve", orderId, ...asked)).toMatchObject({ code: 0, err: "" });
  expect(await desk.ended(orderId)).toBe("FAILED");
  expect(await desk.disagreements()).toEqual([]);
}, 90_000);
