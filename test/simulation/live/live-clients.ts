/** Strategies and operators: they send, repeat, cancel, halt, resume, and hand in evidence; what they are told is held against the log. */
import type { WaitFor } from "../../../domain/application/engine.types.ts";
import { FAILURES } from "../../../domain/order/failures.ts";
import { orderIdOf, type TradeCommand } from "../../../domain/order/request.ts";
import type { AccountId, OrderId, RequestId } from "../../../domain/primitives/ids.ts";
import type { Random } from "../random.ts";
import { hasher } from "../world.ts";
import { evidenceOf } from "./archive.ts";
import type { LiveAnswers } from "./live-answers.ts";
import { drawLiveCommand, otherBody } from "./live-commands.ts";
import { OWNER } from "./live-plan.ts";
import type { LiveWorld } from "./live-world.ts";

export type LiveClient = {
  readonly world: LiveWorld;
  readonly answers: LiveAnswers;
  readonly random: Random;
};

const WAITS: readonly WaitFor[] = ["ACCEPTED", "SUBMITTED", "CONFIRMED", "FINALIZED", "FINALIZED"];
const TRIES = 4;

/** All that clients do about one order; each part goes on by itself. */
export function beginLiveOrder(client: LiveClient, index: number): void {
  const { world, random } = client;
  const { plan } = world;
  const requestId = `r-${index}`;
  const orderId = orderIdOf(OWNER, requestId as RequestId, hasher);
  const lastUs = plan.crowded ? Math.min(plan.horizonUs, 3_000_000) : plan.horizonUs;
  const startUs = plan.twins ? 20_000 : random.between(0, lastUs);
  const own = (): LiveClient => ({ ...client, random: random.fork() });
  const draws = random.fork();
  let command: TradeCommand | undefined;
  const first = (): TradeCommand => {
    const { prices } = world.chain.now().tip;
    command ??= drawLiveCommand(draws, { plan, requestId, wallUs: world.wallUs(), prices });
    return command;
  };
  void submitLive(own(), { orderId, afterUs: startUs, body: first });
  if (random.chance(0.3)) {
    const change = random.chance(0.4) ? otherBody : (same: TradeCommand) => same;
    const afterUs = startUs + random.between(0, random.pick([1_000, 5_000_000]));
    void submitLive(own(), { orderId, afterUs, body: () => change(first()) });
  }
  if (random.chance(0.3)) {
    const afterUs = startUs + random.between(0, random.pick([50_000, 500_000, 30_000_000]));
    void cancelLive(own(), { orderId, afterUs });
  }
}

type When = { readonly orderId: OrderId; readonly afterUs: number };

export async function submitLive(
  { world, answers, random }: LiveClient,
  { orderId, afterUs, body }: When & { readonly body: () => TradeCommand },
): Promise<void> {
  const { scheduler } = world;
  await scheduler.sleep(`client submits ${orderId}`, afterUs);
  const command = body();
  for (let tries = 0; tries < TRIES; tries++) {
    const waitMs = random.pick([0, 500, 30_000, 60_000]);
    const waitFor = random.pick(WAITS);
    const result = await world
      .call((engine) => engine.submit(command, { principal: OWNER, waitFor, waitMs }))
      .catch((error) => world.report("submit never throws", String(error)));
    if (!result) return;
    answers.onSubmit({ orderId, command }, result);
    if (result !== "lost" && random.chance(result.kind === "order" ? 0.8 : 0.25)) return;
    await scheduler.sleep(`client tries again ${orderId}`, random.between(500, 3_000_000));
  }
}

async function cancelLive({ world, answers }: LiveClient, { orderId, afterUs }: When) {
  await world.scheduler.sleep(`client cancels ${orderId}`, afterUs);
  const result = await world
    .call((engine) => engine.cancel(orderId, { principal: OWNER, message: "simulated" }))
    .catch((error) => world.report("cancel never throws", String(error)));
  if (result) answers.onCancel(orderId, result);
}

/** Halts, one after the other: a resumption ends all of the same scope. */
export async function haltNowAndThen(client: LiveClient): Promise<void> {
  for (let i = 0; i < client.world.plan.halts; i++) await haltForAWhile(client, i);
}

/** A halt of all or of one account, and its end some time later. */
async function haltForAWhile({ world, random }: LiveClient, index: number): Promise<void> {
  const { scheduler, plan, halts } = world;
  await scheduler.sleep("an operator halts", random.between(0, plan.horizonUs / 4));
  // Often just while the signer is at work.
  const looks = random.chance(0.7) ? random.between(1, MOST_LOOKS) : 0;
  for (let i = 0; i < looks && scheduler.nowUs() - halts.askedUs() > LOOK_US; i++) {
    await scheduler.sleep("an operator lies in wait", LOOK_US);
  }
  const account = random.chance(0.5) ? random.pick(plan.accounts) : undefined;
  const scope =
    account === undefined
      ? ({ kind: "all" } as const)
      : ({ kind: "account", account: account as AccountId } as const);
  const context = (name: string) => ({ principal: OWNER, requestId: name as RequestId });
  for (let tries = 0; ; tries++) {
    const result = await world.call((engine) =>
      engine.safety.halt({ scope, reason: "simulated" }, context(`halt-${index}`)),
    );
    // Told that it is in effect, though not yet durable: that holds for the life of the process.
    if (result !== "lost" && result.kind === "done") break;
    if (tries > TRIES) return;
    await scheduler.sleep("an operator tries again", 200_000);
  }
  halts.halted(account);
  await scheduler.sleep("an operator resumes", random.pick([100_000, 2_000_000, 40_000_000]));
  halts.resuming(account);
  for (let tries = 0; tries < 200; tries++) {
    const result = await world.call((engine) =>
      engine.safety.resume({ scope, reason: "simulated" }, context(`resume-${index}`)),
    );
    if (result !== "lost" && result.kind !== "unknown") {
      const isAway =
        result.kind === "refused" && FAILURES[result.refusal.reason].status === "UNAVAILABLE";
      if (!isAway) return;
    }
    await scheduler.sleep("an operator resumes again", 1_000_000);
  }
}

const MOST_LOOKS = 400;
const LOOK_US = 5_000;

const RESOLVE_LOOK_US = 20_000_000;
const RESOLVE_AFTER_US = 90_000_000;

/** Once all is healed somebody looks after the orders that the engine cannot prove, with answers of nodes that forget nothing. */
export async function resolveWhatIsLeft({ world }: LiveClient): Promise<void> {
  const { scheduler, model, chain } = world;
  await scheduler.sleep("somebody looks for unknown outcomes", RESOLVE_AFTER_US);
  for (;;) {
    const open = [...model.orders()].filter(
      (order) => order.last().type === "OutcomeUnknown" && order.attempts.length > 0,
    );
    for (const order of open) {
      const attempt = order.attempts.at(-1);
      if (!attempt) continue;
      const evidence = evidenceOf(chain, attempt);
      const result = await world
        .call((engine) => engine.resolve(order.orderId as OrderId, evidence, { principal: OWNER }))
        .catch((error) => world.report("resolve never throws", String(error)));
      if (result && result !== "lost" && result.kind === "refused") {
        const { reason, message } = result.refusal;
        if (reason === "EVIDENCE_NOT_ENOUGH" && chain.isDead(attempt)) {
          world.report("healed evidence ends a doubt", `${order.orderId}: ${message}`);
        }
      }
    }
    const isOver = open.length === 0 && (world.engine()?.status().openOrders ?? 1) === 0;
    if (isOver) return;
    await scheduler.sleep("somebody looks again", RESOLVE_LOOK_US);
  }
}
