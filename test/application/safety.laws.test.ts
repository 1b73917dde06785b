/**
 * Laws of the brake over random commands, outcomes, moods of the store and restarts: nothing permits what a halt forbids, nothing
 * closes a breaker but its event, a restart forgets nothing that is durable.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { LiveOutcome } from "../../domain/safety/breaker.ts";
import type { SafetyScope } from "../../domain/safety/state.ts";
import { createCounter } from "../support/counter.ts";
import { settle } from "../support/manual-time.ts";
import {
  ALL,
  ask,
  askToSign,
  createSafetyWorld,
  from,
  OF_DESK,
  OF_USDC,
  orderOf,
  type SafetyWorld,
  type StoreMood,
} from "../support/safety-world.ts";

type Step =
  | { readonly kind: "halt" | "resume"; readonly scope: SafetyScope }
  | { readonly kind: "close-breaker" }
  | { readonly kind: "mood"; readonly mood: StoreMood }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "report"; readonly outcome: LiveOutcome }
  | { readonly kind: "restart" };

const scopes = fc.constantFrom<SafetyScope>(ALL, OF_DESK, OF_USDC);
const moods = fc.constantFrom<StoreMood>("sound", "sound", "lost", "written-and-lost", "refusing");
const outcomes = fc.constantFrom<LiveOutcome>("unknown", "unknown", "expired", "landed");
const kind = <Kind extends Step["kind"]>(name: Kind) => fc.constant(name);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: kind("halt"), scope: scopes }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("resume"), scope: scopes }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("mood"), mood: moods }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind("wait"), ms: fc.constantFrom(1, 100, 5_000) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: kind("report"), outcome: outcomes }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("close-breaker") }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("restart") }) },
);

const seen = createCounter();

/** The law's own memory: what the log says, read by the names of its events alone. */
function durable({ log }: SafetyWorld) {
  const halts = new Set<string>();
  let open = false;
  for (const { type, data } of log.events) {
    const { scope, target = "" } = JSON.parse(new TextDecoder().decode(data));
    if (type === "TradingHalted") halts.add(`${scope} ${target}`);
    if (type === "TradingResumed") halts.delete(`${scope} ${target}`);
    if (type.startsWith("Breaker")) open = type === "BreakerOpened";
  }
  return { halts, open };
}

const shown = ({ safety }: SafetyWorld): Set<string> =>
  new Set(safety.status().halts.map(({ scope, target = "" }) => `${scope} ${target}`));

const nameOf = (scope: SafetyScope): string => {
  if (scope.kind === "account") return `account ${scope.account}`;
  return scope.kind === "mint" ? `mint ${scope.mint}` : "all ";
};

type Life = {
  world: SafetyWorld;
  /** Halts that were asked for and are not answered. */
  commanded: Set<string>;
  wasOpen: boolean;
};

/** Written, and perhaps not known to be: a halt is in effect before that, a resumption after it. */
function checkHalts({ world, commanded }: Life): void {
  const { halts } = durable(world);
  const inEffect = shown(world);
  for (const name of [...halts, ...commanded]) expect(inEffect).toContain(name);
  const forbidden = inEffect.has("all ") || inEffect.has(nameOf(OF_USDC));
  expect(askToSign(world, "o").kind === "halted").toBe(forbidden);
  if (!forbidden) return;
  expect(ask(world)).toMatchObject({ refusal: { reason: "TRADING_HALTED" } });
  if (inEffect.size > halts.size) seen.add("halted, and not durable");
}

function checkBreaker(life: Life): void {
  const { open } = durable(life.world);
  const isOpen = life.world.safety.status().breaker.kind !== "closed";
  if (open) expect(isOpen, "the log has an open breaker").toBe(true);
  if (life.wasOpen && !isOpen) seen.add("closed again");
  if (isOpen && !open) seen.add("open, and not durable");
  life.wasOpen = isOpen;
}

async function restart(life: Life): Promise<void> {
  // The old life writes no more.
  life.world.mood = "lost";
  life.world = await life.world.restart();
  life.commanded = new Set();
  life.wasOpen = false;
  const { halts, open } = durable(life.world);
  expect(shown(life.world)).toEqual(halts);
  expect(life.world.safety.status().breaker.kind !== "closed").toBe(open);
  if (open) seen.add("restart of an open breaker");
}

async function take(life: Life, next: Step, id: string): Promise<void> {
  const { world } = life;
  const { safety } = world;
  switch (next.kind) {
    case "halt": {
      const name = nameOf(next.scope);
      life.commanded.add(name);
      const { commanded } = life;
      void safety.halt({ scope: next.scope, reason: id }, from(id)).then((answer) => {
        if (answer.kind === "done") commanded.delete(name);
      });
      return;
    }
    case "resume":
      void safety.resume({ scope: next.scope, reason: id }, from(id));
      return;
    case "close-breaker":
      void safety.resume({ scope: { kind: "breaker" }, reason: id }, from(id));
      return;
    case "mood":
      world.mood = next.mood;
      return;
    case "wait":
      return world.time.advanceMs(next.ms);
    case "report":
      return safety.report({ orderId: orderOf("o"), outcome: next.outcome });
    case "restart":
      return restart(life);
  }
}

async function law(plan: readonly Step[]): Promise<void> {
  const life: Life = { world: await createSafetyWorld(), commanded: new Set(), wasOpen: false };
  for (const [index, next] of plan.entries()) {
    await take(life, next, `c${index}`);
    for (const _ of ["at once", "later"]) {
      checkHalts(life);
      checkBreaker(life);
      await settle();
    }
  }
  life.world.mood = "sound";
  await life.world.time.advanceMs(20_000);
  // Each command under way takes its turns.
  for (const _ of plan) await settle();
  // All is durable now: memory, log and a new start say the same.
  expect((await life.world.restart()).safety.status()).toEqual(life.world.safety.status());
}

it("the laws hold", async () => {
  await fc.assert(fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 30 }), law), {
    numRuns: 200,
  });
  seen.expectAll([
    ...["halted, and not durable", "open, and not durable"],
    ...["closed again", "restart of an open breaker"],
  ]);
});
