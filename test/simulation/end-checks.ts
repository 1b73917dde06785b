/** What must hold at any moment of the running engine, and when all has come to rest. */
import { z } from "zod";
import type { Engine } from "../../domain/application/engine.types.ts";
import type { AccountId } from "../../domain/primitives/ids.ts";
import type { Checks } from "./checks.ts";
import { ACCOUNTS } from "./clients.ts";
import type { Report } from "./log-model.ts";
import { NO_STORE_FAULTS } from "./plan.ts";
import { codec, type World } from "./world.ts";

/** More than a step of the clock. */
const AHEAD_US = 1_000_000;

/** Cheap ones, every few picks. */
export function stepChecks(world: World): void {
  const { report, coverage, model, plan, scheduler } = world;
  const engine = world.life()?.engine;
  if (!engine) return;
  const { queueLength, openOrders } = engine.status();
  const idle = openOrders === 0 && world.callsUnderWay() === 0;
  for (const account of ACCOUNTS) checkBalances(engine, account as AccountId, { idle, report });
  const timers = idle ? scheduler.ofEngine("timer") : [];
  if (timers.length > 0) report("nothing is left behind", timers.join(", "));
  if (queueLength > 0) {
    coverage.mark("order: a slot was waited for");
    // With a store that never fails, whoever has the slot is at work: a port call is under way.
    if (plan.store === NO_STORE_FAULTS && scheduler.ofEngine("port").length === 0) {
      report("who waits for time holds no slot", `${queueLength} wait and nothing is under way`);
    }
  }
  if (model.clockUs() > world.wallUs() + AHEAD_US) {
    coverage.mark("clock: recorded times run ahead of the wall clock");
  }
}

function checkBalances(
  engine: Engine,
  account: AccountId,
  { idle, report }: { readonly idle: boolean; readonly report: Report },
): void {
  for (const { mint, available, reserved } of engine.balances(account) ?? []) {
    if (idle && reserved > 0n) report("ended orders hold nothing", `${account} ${mint}`);
    if (available < 0n || reserved < 0n) {
      report("never overdrawn", `live: ${account} ${available} ${reserved} ${mint}`);
    }
  }
}

/** Starts the process once more at the end: what it folds must be what was live. */
export async function finalChecks(
  world: World,
  checks: Checks,
  {
    runUntilQuiet,
    failed,
  }: { readonly runUntilQuiet: () => Promise<void>; readonly failed: () => boolean },
): Promise<void> {
  const { report, model, log } = world;
  checks.atEnd();
  for (const stored of log.events) {
    if (!codec.decodeAndVerify(stored).isIntact) {
      report("hash chain", `${stored.stream}@${stored.revision}`);
    }
  }
  const last = world.life();
  if (!last) return report("the engine runs in the end", "it does not");
  const { openOrders, queueLength } = last.engine.status();
  if (openOrders > 0 || queueLength > 0) {
    report("nothing is left behind", `${openOrders} open orders, ${queueLength} wait for a slot`);
  }
  const live = last.recovered.ledger.snapshot();
  compareLedger(world, live);
  if (failed()) return;
  const eventsBefore = log.events.length;
  world.forgetSnapshots();
  world.crash(0);
  await runUntilQuiet();
  const folded = world.life()?.recovered;
  if (folded?.ledger.snapshot() !== live) report("live equals replay", "the ledger");
  if (folded && folded.openOrders.length > 0) {
    report("every order ends", `recovery opens ${folded.openOrders.join()}`);
  }
  model.absorb();
  if (log.events.length !== eventsBefore) report("nothing happens to ended orders", "new events");
}

const snapshotSchema = z.array(
  z.object({
    account: z.string(),
    owner: z.string(),
    open: z.boolean(),
    balances: z.array(z.tuple([z.string(), z.string()])),
    holds: z.array(z.unknown()),
  }),
);

/** The engine's ledger against the model's: deposits − withdrawals + fills − fees. */
function compareLedger({ report, model }: World, snapshot: string): void {
  const books = snapshotSchema.parse(JSON.parse(snapshot));
  const names = books.map(({ account }) => account);
  if ([...model.money.names()].sort().join() !== names.join()) {
    report("money is conserved", `accounts ${names.join()}`);
  }
  for (const { account, owner, open, balances, holds } of books) {
    const own = model.money.account(account);
    if (holds.length > 0) {
      report("ended orders hold nothing", `${account}: ${JSON.stringify(holds)}`);
    }
    const expected = [...(own?.funds ?? [])]
      .filter(([, amount]) => amount !== 0n)
      .map(([mint, amount]) => `${mint} ${amount}`)
      .sort()
      .join();
    const found = balances.map(([mint, amount]) => `${mint} ${amount}`).sort();
    if (found.join() !== expected || own?.open !== open || own.owner !== owner) {
      report("money is conserved", `${account}: live ${found.join()}, events ${expected}`);
    }
  }
}
