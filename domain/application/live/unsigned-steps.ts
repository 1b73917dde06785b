/**
 * The steps of a live order up to its signature. Nothing has happened that anybody outside could see: whatever stands in the way, the
 * attempt ends and a later one may begin.
 */

import { HARMLESS_EXTENSIONS, refusedExtensions } from "../../chain/token-mint.ts";
import { decide } from "../../order/decide.ts";
import type { LiveFacts } from "../../order/live-policy.ts";
import type { OrderState } from "../../order/state.ts";
import { inputMintOf, totalsOf } from "../../order/trade.ts";
import type { Mint } from "../../primitives/ids.ts";
import type { DriveEnd, StepTools } from "../orders/driver.types.ts";
import type { OrderEntry } from "../orders/order-entry.ts";
import { createAttemptEnds, LOST } from "./attempt-ends.ts";
import { feesOf, routeOf, wishOf } from "./attempt-fees.ts";
import { planOf } from "./plan.ts";
import { type Simulated, simulateOf } from "./simulate.ts";
import { aboveFloor, quoteOf } from "./swap-quote.ts";
import type { Venue } from "./venue.types.ts";

type Ended = Promise<DriveEnd | undefined>;

export type UnsignedSteps = Readonly<
  Record<
    "Validate" | "Quote" | "Reserve" | "Simulate",
    (entry: OrderEntry, order: OrderState) => Ended
  >
>;

/** How often mints that no node tells are asked for before the order is rejected, and the pause between. */
const MINT_READINGS = 3;
const MINT_PAUSE_MS = 300;

export function createUnsignedSteps(venue: Venue, tools: StepTools): UnsignedSteps {
  const { ports, config, policy, retry, clock, facts, evidence, funds, materials } = venue;
  const { broadcaster, timers } = venue;
  const { record, flush, until, stage } = tools;
  const { obstructed, abandon } = createAttemptEnds(venue, tools);

  function walletOf({ request: { account } }: OrderState): string {
    const found = config.accounts.get(account);
    // Only of an order that an earlier start of the engine has validated.
    if (!found) throw new Error(`its account ${account} is not among the configured live accounts`);
    return found.wallet;
  }

  /** Asks again where no node answered, as a rejection is for good. Undefined: the order was woken before. */
  async function readMints(entry: OrderEntry, order: OrderState, mints: readonly Mint[]) {
    for (let reading = 1; ; reading += 1) {
      const asked = Promise.all(mints.map((mint) => facts.mint(mint)));
      if (!(await until(entry, order, asked))) return undefined;
      const answers = await asked;
      const isRead = answers.every(({ kind }) => kind === "ok");
      if (isRead || reading === MINT_READINGS) return answers;
      if (!(await pausedFor(entry, order, MINT_PAUSE_MS))) return undefined;
    }
  }

  /** False: the order was woken before. */
  async function pausedFor(entry: OrderEntry, order: OrderState, ms: number): Promise<boolean> {
    let stopTimer = (): void => {};
    const over = new Promise<void>((resolve) => {
      stopTimer = timers.schedule(ms, resolve);
    });
    return until(entry, order, over).finally(stopTimer);
  }

  async function validate(entry: OrderEntry, order: OrderState): Ended {
    const { account, baseMint, quoteMint } = order.request;
    const mints = [baseMint, quoteMint] as const;
    const answers = await readMints(entry, order, mints);
    if (!answers) return undefined;
    const extensions = new Map<Mint, readonly string[]>();
    for (const [index, mint] of mints.entries()) {
      const answer = answers[index];
      if (answer?.kind !== "ok" || !answer.value) continue;
      const allowed = new Set([
        ...HARMLESS_EXTENSIONS,
        ...(config.allowedExtensions.get(mint) ?? []),
      ]);
      extensions.set(mint, refusedExtensions(answer.value, allowed));
    }
    const wallet = config.accounts.get(account)?.wallet;
    const input = inputMintOf(order.request);
    const live: LiveFacts = {
      wallet: wallet !== undefined && ports.signer.wallets.includes(wallet) ? wallet : undefined,
      genesisHash: ports.chain.genesisHash,
      isClusterKnown: ports.isClusterKnown(),
      hasProtectedRoute: broadcaster.hasProtected,
      fee: wishOf(order, routeOf(order, broadcaster), config),
      feeCapLamports: config.priorityFee.capLamports,
      slippageToleranceBps: config.slippageToleranceBps,
      platformFeeBps: config.platformFeeBps,
      exposure: wallet === undefined ? 0n : funds.held(wallet, input),
      maxExposure: config.maxExposure.get(input),
      ordersInMinute: venue.countOrder(account),
      maxOrdersPerMinute: config.maxOrdersPerMinute,
      extensions,
    };
    record(entry, { type: "Validate", policy, nowUs: clock.nowUs(), accountOpen: true, live });
    return undefined;
  }

  async function quote(entry: OrderEntry, order: OrderState): Ended {
    // Asking the market leaves no trace there: it goes on while the request becomes durable.
    const asked = quoteOf(venue, order, routeOf(order, broadcaster) === "protected");
    const ended = await flush(entry);
    if (ended) return ended;
    if (!(await until(entry, order, asked))) return undefined;
    const answer = await asked;
    const nowUs = clock.nowUs();
    if (answer.kind === "failed") {
      record(entry, { type: "RecordQuote", answer, policy, retry, nowUs });
      return undefined;
    }
    const { quote: swap } = answer;
    const item = { kind: "quote", source: swap.quote.source, text: swap.answer };
    const kept = evidence.keep(entry.orderId, [item]);
    entry.cites = kept;
    materials.set(entry.orderId, { quote: swap, quotedUs: clock.monotonicUs(), kept });
    record(entry, {
      ...{ type: "RecordQuote", policy, retry, nowUs },
      answer: {
        ...{ kind: "quoted", basis: "route", quote: swap.quote, cacheHit: false, stale: false },
        live: {
          minimumOut: swap.minimumOut,
          slippageBps: swap.slippageBps,
          evidence: evidence.hashOf(swap.answer),
        },
      },
    });
    const low = entry.draft?.phase === "quoted" ? aboveFloor(order, swap) : undefined;
    if (low) obstructed(entry, low);
    return undefined;
  }

  async function reserve(entry: OrderEntry, order: OrderState): Ended {
    const material = materials.get(entry.orderId);
    if (!material) return abandon(entry, LOST);
    const wallet = walletOf(order);
    const route = routeOf(order, broadcaster);
    const planned = planOf(venue, {
      ...{ order, wallet, quote: material.quote, route },
      ...feesOf(order, route, config),
      minContextSlot: funds.minContextSlot(wallet),
    });
    if (!(await until(entry, order, planned))) return undefined;
    const outcome = await planned;
    if (outcome.kind === "obstacle") return obstructed(entry, outcome);
    const { plan } = outcome;
    // Another order has landed since, and may hold nothing any more: these balances are from before.
    if (plan.slot < funds.minContextSlot(wallet)) {
      return abandon(entry, "the balances that were read are older than the wallet's last landing");
    }
    material.plan = plan;
    const { answer } = plan.parts.instructions;
    const item = { kind: "swap-instructions", source: material.quote.quote.source, text: answer };
    material.kept = Promise.all([material.kept, evidence.keep(entry.orderId, [item])]).then(
      () => undefined,
    );
    entry.cites = material.kept;
    const at = { slot: plan.slot, except: entry.orderId };
    const events = decide(order, {
      type: "ReserveLive",
      lines: plan.lines,
      contextSlot: plan.slot,
      tokens: policy.tokens,
      available: (mint) => (plan.balances.get(mint) ?? 0n) - funds.heldAt(wallet, mint, at),
    });
    stage(entry, events);
    // Held from this moment on, before anything is durable.
    const reservation = entry.draft?.reservation;
    if (reservation) funds.hold(wallet, entry.orderId, totalsOf(reservation));
    return undefined;
  }

  async function simulate(entry: OrderEntry, order: OrderState): Ended {
    const material = materials.get(entry.orderId);
    const plan = material?.plan;
    if (!material || !plan) return abandon(entry, LOST);
    const { explicitLamports } = feesOf(order, plan.intent.route, config);
    const simulating = simulateOf(venue, plan, explicitLamports);
    if (!(await until(entry, order, simulating))) return undefined;
    const outcome = await simulating;
    const nowUs = clock.nowUs();
    switch (outcome.kind) {
      case "obstacle":
        return obstructed(entry, outcome);
      case "refused": {
        const { kind: _, ...refused } = outcome;
        record(entry, { type: "RecordGateRefusal", refused });
        return undefined;
      }
      case "failed": {
        const { error, slot, unitsConsumed, logs } = outcome.simulation;
        const chain = { error: JSON.stringify(error), slot, unitsConsumed, logs: tail(logs) };
        const { failure } = outcome;
        record(entry, { type: "RecordSimulationFailure", chain, failure, retry, nowUs });
        return undefined;
      }
      case "simulated":
        material.simulated = outcome.simulated;
        record(entry, {
          type: "RecordSimulation",
          passed: passedOf(outcome.simulated, evidence.hashOf(plan.parts.instructions.answer)),
        });
        return undefined;
    }
  }

  return { Validate: validate, Quote: quote, Reserve: reserve, Simulate: simulate };
}

/** The end of the logs tells why. */
const tail = (logs: readonly string[]): string[] =>
  logs.slice(-10).map((line) => line.slice(0, 300).toWellFormed());

/** `evidence`: hash under which the instructions are kept. */
function passedOf({ simulation, changes, gate, fee }: Simulated, evidence: string) {
  return {
    slot: simulation.slot,
    unitsConsumed: simulation.unitsConsumed,
    balanceChanges: changes.map(({ account, mint, change }) => ({
      ...{ account, mint, change: change.toString() },
    })),
    programs: [...gate.programs],
    fee: {
      source: fee.source,
      unitLimit: fee.unitLimit,
      unitPriceMicroLamports: fee.unitPriceMicroLamports.toString(),
      priorityFeeLamports: fee.priorityFeeLamports.toString(),
      tipLamports: gate.tipLamports.toString(),
      samples: fee.samples,
    },
    evidence,
  };
}
