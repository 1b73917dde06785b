/** What must hold when all has come to rest: every order has ended, the books are the chain's balances, and a start finds nothing to do. */

import { orderIdOf } from "../../../domain/order/request.ts";
import { foldOrder } from "../../../domain/order/state.ts";
import {
  type Mint,
  type OrderId,
  orderStream,
  type RequestId,
} from "../../../domain/primitives/ids.ts";
import { SOL, USDC } from "../plan.ts";
import { codec, hasher } from "../world.ts";
import { MINTS, walletOf } from "./addresses.ts";
import type { LiveAnswers } from "./live-answers.ts";
import { probeCommand } from "./live-commands.ts";
import { OWNER } from "./live-plan.ts";
import type { LiveWorld } from "./live-world.ts";
import { balanceIn } from "./node-view.ts";
import { isLiveEnding } from "./order-life.ts";

export type Running = {
  readonly runUntilQuiet: () => Promise<void>;
  readonly failed: () => boolean;
};

export async function finalLiveChecks(
  world: LiveWorld,
  answers: LiveAnswers,
  { runUntilQuiet, failed }: Running,
): Promise<void> {
  const { report, model, log, scheduler } = world;
  answers.atEnd();
  for (const { orderId, last } of model.orders()) {
    if (!isLiveEnding(last().type)) report("every order ends", `${orderId} at ${last().type}`);
  }
  const engine = world.engine();
  if (!engine) return report("the engine runs in the end", "it does not");
  const { openOrders, queueLength } = engine.status();
  if (openOrders + queueLength > 0) report("nothing is left behind", `${openOrders} open orders`);
  const waiting = scheduler.ofEngine("timer");
  if (waiting.length > 0) report("nothing is left behind", waiting.join(", "));
  if (failed()) return;
  await probe(world, runUntilQuiet);
  if (failed()) return;
  checkExecutions(world);
  checkBooks(world);
  for (const stored of log.events) {
    if (!codec.decodeAndVerify(stored).isIntact) {
      report("hash chain", `${stored.stream}@${stored.revision}`);
    }
  }
  if (failed()) return;
  const before = log.events.length;
  world.forgetSnapshots();
  world.crash(0);
  await runUntilQuiet();
  model.absorb();
  const found = world.engine()?.status().openOrders ?? -1;
  if (found !== 0) report("every order ends", `a start finds ${found} open orders`);
  if (log.events.length !== before) report("nothing happens to ended orders", "new events");
}

/** All that a wallet has: an order for it passes only where nothing is held any more. */
async function probe(world: LiveWorld, runUntilQuiet: () => Promise<void>): Promise<void> {
  const { plan, chain, model, report } = world;
  const account = plan.accounts[0] ?? "";
  chain.calm();
  const { state } = chain.now().tip;
  const amount = balanceIn(state, walletOf(account), USDC);
  if (amount < 1_000n || balanceIn(state, walletOf(account), SOL) < 10_000_000n) return;
  const command = probeCommand(account, { requestId: "probe", amount });
  const context = { principal: OWNER, waitFor: "FINALIZED", waitMs: 60_000 } as const;
  const result = world.call((engine) => engine.submit(command, context));
  await runUntilQuiet();
  const answer = await Promise.race([result, Promise.resolve("nothing" as const)]);
  const orderId = orderIdOf(OWNER, "probe" as RequestId, hasher);
  const rejected = model.order(orderId)?.events.find(({ type }) => type === "OrderRejected");
  if (rejected?.type === "OrderRejected" && rejected.data.reason === "INSUFFICIENT_FUNDS") {
    report("ended orders hold nothing", `${account}: ${rejected.data.message}`);
  }
  if (answer === "nothing" || answer === "lost") report("every call is answered", "probe");
}

/** On the chain as it is now: each filled order once, every other one never. */
function checkExecutions({ model, chain, report }: LiveWorld): void {
  const now = chain.now();
  for (const { orderId, attempts, last } of model.orders()) {
    const executed = attempts.filter(({ signature }) => {
      const placement = chain.placementAt(now, signature);
      return placement !== undefined && placement.error === undefined;
    }).length;
    const wanted = last().type === "FillFinalized" ? 1 : 0;
    if (executed !== wanted) {
      report("an order is executed as its end says", `${orderId}: ${executed}, not ${wanted}`);
    }
  }
}

/** opening + fills − fees = what the chain has, for each wallet and mint. */
function checkBooks({ plan, opening, model, chain, log, report }: LiveWorld): void {
  const books = new Map<string, bigint>();
  const add = (wallet: string, mint: Mint, by: bigint): void => {
    const key = `${wallet} ${mint}`;
    books.set(key, (books.get(key) ?? 0n) + by);
  };
  for (const { orderId, wallet, inputMint, outputMint, fill, last } of model.orders()) {
    const stored = log.streams.get(orderStream(orderId as OrderId)) ?? [];
    const order = foldOrder(stored.map((one) => codec.decode(one)));
    add(wallet, SOL, -BigInt(order?.feesOfFailedAttempts ?? "0"));
    if (!fill || last().type !== "FillFinalized") continue;
    add(wallet, inputMint, -BigInt(fill.amountIn));
    add(wallet, outputMint, BigInt(fill.amountOut));
    const { baseFeeLamports, priorityFeeLamports, tipLamports, rentLamports } = fill.fees;
    for (const fee of [baseFeeLamports, priorityFeeLamports, tipLamports, rentLamports]) {
      add(wallet, SOL, -BigInt(fee));
    }
  }
  const { state } = chain.now().tip;
  for (const wallet of plan.accounts.map(walletOf)) {
    for (const { mint } of MINTS) {
      const expected = balanceIn(opening, wallet, mint) + (books.get(`${wallet} ${mint}`) ?? 0n);
      const has = balanceIn(state, wallet, mint);
      if (has !== expected) {
        report("the books are the chain's balances", `${wallet} ${mint}: ${has}, book ${expected}`);
      }
    }
  }
}
