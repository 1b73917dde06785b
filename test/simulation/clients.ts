/**
 * The strategies: they send orders, the same ones again, other ones under used ids, cancel, read, and lose patience. Each is a
 * plain async function in virtual time; what it is told goes to the checks.
 */
import type { WaitFor } from "../../domain/application/engine.types.ts";
import { orderIdOf, type TradeCommand } from "../../domain/order/request.ts";
import {
  type OrderId,
  orderStream,
  type Principal,
  type RequestId,
} from "../../domain/primitives/ids.ts";
import type { Client } from "./client.types.ts";
import { drawCommand, otherBody, sameBody } from "./commands.ts";
import { followOrder } from "./watcher.ts";
import { hasher } from "./world.ts";

export const OWNER = "local" as Principal;
export const STRANGER = "stranger" as Principal;
export const ACCOUNTS = ["rich", "poor", "third"] as const;

type When = { readonly orderId: OrderId; readonly afterUs: number };

const WAITS: readonly WaitFor[] = ["ACCEPTED", "SUBMITTED", "CONFIRMED", "FINALIZED", "FINALIZED"];
const TRIES = 5;

/** All that clients do about one order; each part goes on by itself. */
export function beginOrder(client: Client, index: number): void {
  const { world, random } = client;
  const requestId = `r-${index}`;
  const orderId = orderIdOf(OWNER, requestId as RequestId, hasher);
  const startUs = random.between(0, world.plan.horizonUs);
  const after = (spreadUs: number): number => startUs + random.between(0, spreadUs);
  const own = (): Client => ({ ...client, random: random.fork() });
  const draws = random.fork();
  let command: TradeCommand | undefined;
  // Drawn when it is first sent: prices and times are those of then.
  const first = (): TradeCommand => {
    const { market, plan } = world;
    const { crowded, narrow } = plan;
    const accounts = crowded ? (["rich"] as const) : ACCOUNTS;
    const context = { requestId, accounts, market, wallUs: world.wallUs(), crowded, narrow };
    command ??= drawCommand(draws, context);
    return command;
  };
  void submitUntilAnswered(own(), { orderId, afterUs: startUs, body: first });
  const spreadUs = random.pick([0, 3_000, 100_000, world.plan.horizonUs]);
  const copies = random.chance(0.35) ? random.between(1, 4) : 0;
  for (let copy = 0; copy < copies; copy++) {
    const change = random.chance(0.25) ? otherBody : sameBody;
    const body = (): TradeCommand => change(first());
    void submitUntilAnswered(own(), { orderId, afterUs: after(spreadUs), body });
  }
  if (random.chance(0.4)) {
    const afterUs = after(random.pick([1_000, 100_000, 5_000_000]));
    const callers = random.chance(0.25) ? 2 : 1;
    for (let i = 0; i < callers; i++) void cancelOrder(own(), { orderId, afterUs });
  }
  if (random.chance(0.4)) {
    void followOrder(own(), { orderId, afterUs: Math.max(0, after(20_000) - 10_000) });
  }
  if (random.chance(0.3)) void readOrder(own(), { orderId, afterUs: after(3_000_000) });
}

async function submitUntilAnswered(
  { world, checks, marks, random }: Client,
  { orderId, afterUs, body }: When & { readonly body: () => TradeCommand },
): Promise<void> {
  const { scheduler } = world;
  await scheduler.sleep(`client submits ${orderId}`, afterUs);
  const command = body();
  let lostBefore = false;
  for (let tries = 0; tries < TRIES; tries++) {
    const waitMs = random.pick([0, 1, 20, 500, 30_000, 30_000]);
    const waitFor = random.pick(WAITS);
    const atUs = scheduler.nowUs();
    const mark = marks.submitting(orderId, command, lostBefore);
    const result = await world
      .call((engine) => engine.submit(command, { principal: OWNER, waitFor, waitMs }))
      .catch((error) => world.report("submit never throws", String(error)));
    if (!result) return;
    checks.onSubmit({ orderId, command, waitFor, waitMs, atUs }, result);
    mark(result);
    if (result === "lost") lostBefore = true;
    else if (random.chance(result.kind === "order" ? 0.8 : 0.25)) return;
    await scheduler.sleep(`client tries again ${orderId}`, random.between(500, 3_000_000));
  }
}

async function cancelOrder(
  { world, checks, marks, random }: Client,
  { orderId, afterUs }: When,
): Promise<void> {
  const { scheduler, model, coverage } = world;
  await scheduler.sleep(`client cancels ${orderId}`, afterUs);
  const principal = random.chance(0.1) ? STRANGER : OWNER;
  const existed = model.order(orderStream(orderId)) !== undefined;
  const mark = marks.cancelling(orderId);
  const result = await world
    .call((engine) => engine.cancel(orderId, { principal, message: "simulated" }))
    .catch((error) => world.report("cancel never throws", String(error)));
  if (!result) return;
  checks.onCancel(orderId, { principal, existed }, result);
  mark(result);
  if (result === "lost" || result.kind !== "refused") return;
  if (principal === STRANGER && existed) coverage.mark("cancel: of somebody else's order");
  if (!existed) coverage.mark("cancel: of an order that does not exist");
}

async function readOrder(
  { world, checks, random }: Client,
  { orderId, afterUs }: When,
): Promise<void> {
  await world.scheduler.sleep(`client reads ${orderId}`, afterUs);
  const events = world.model.order(orderStream(orderId))?.events.length ?? 0;
  const revision = random.chance(0.3) && events > 0 ? random.between(0, events - 1) : undefined;
  const order = await world
    .call((engine) => engine.get(orderId, revision === undefined ? undefined : { revision }))
    .catch((error) => world.report("get never throws", String(error)));
  if (order === "lost" || typeof order !== "object") return;
  checks.onGet(order, revision === undefined ? events : revision + 1);
}
