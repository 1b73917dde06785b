/** The steps of a paper order: it is quoted at the market, paid from the ledger, and executed against the models. */
import type { QuoteAnswer } from "../../order/commands.ts";
import { decide } from "../../order/decide.ts";
import type { OrderEvent } from "../../order/events.ts";
import type { Policy } from "../../order/policy.ts";
import type { RetryPolicy } from "../../order/retry-policy.ts";
import type { OrderState } from "../../order/state.ts";
import { totalsOf } from "../../order/trade.ts";
import type { Clock } from "../../ports/clock.ts";
import type { MevModel } from "../../pricing/mev.ts";
import type { OutcomeKnobs } from "../../pricing/outcomes.ts";
import { NOTHING_KNOWN, type SlippageModel } from "../../pricing/slippage/model.ts";
import type { Mint } from "../../primitives/ids.ts";
import type { Ledger } from "../ledger.ts";
import type { DriveEnd, Perform, StepTools } from "./driver.types.ts";
import type { OrderFacts } from "./market-facts.ts";
import type { OrderEntry } from "./order-entry.ts";
import type { OrderQuotes } from "./pair-quotes.ts";
import type { Unconfirmed } from "./unconfirmed.ts";

export type PaperConfig = {
  readonly policy: Policy;
  readonly retry: RetryPolicy;
  readonly baseFeeLamports: bigint;
  /** By name; the policy refuses every other name. */
  readonly slippageModels: ReadonlyMap<string, SlippageModel>;
  readonly mev: MevModel;
  /** Outcomes drawn instead of modelled; undefined: none. */
  readonly outcomes: OutcomeKnobs | undefined;
  /** Mints that count as one US dollar a token. */
  readonly usdMints: readonly Mint[];
  /** Artificial delay of paper fills, milliseconds. */
  readonly paperDelayMs: number;
};

export type PaperPorts = {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly quotes: OrderQuotes;
  readonly facts: OrderFacts;
  readonly unconfirmed: Unconfirmed;
};

/** Under constant load there is always somebody unconfirmed: after so many looks an order is judged as it stands. */
const MOST_DOUBTS = 8;

const isShortOfFunds = (events: readonly OrderEvent[]): boolean =>
  events.some(({ type, data }) => type === "OrderRejected" && data.reason === "INSUFFICIENT_FUNDS");

export function createPaperSteps(
  { clock, ledger, quotes, facts, unconfirmed }: PaperPorts,
  config: PaperConfig,
  { record, stage, flush, until }: StepTools,
): Perform {
  async function reserve(entry: OrderEntry, order: OrderState): Promise<DriveEnd | undefined> {
    const { account } = order.request;
    const events = decide(order, {
      type: "Reserve",
      baseFeeLamports: config.baseFeeLamports,
      tokens: config.policy.tokens,
      available: (mint) => ledger.available(account, mint),
    });
    // What is missing may be held by a request that turns out to be a repeated one.
    const inDoubt = isShortOfFunds(events) ? unconfirmed.answered(account) : undefined;
    if (inDoubt && entry.doubts < MOST_DOUBTS) {
      entry.doubts += 1;
      const ended = await flush(entry);
      if (!ended) await until(entry, order, inDoubt);
      return ended;
    }
    stage(entry, events);
    const reservation = entry.draft?.reservation;
    if (reservation && !ledger.hold(account, entry.orderId, totalsOf(reservation))) {
      throw new Error(`${entry.orderId}: reserved more than its account has available`);
    }
    if (reservation && !entry.committed) unconfirmed.add(account, entry.orderId);
    return undefined;
  }

  /** Asks the market; undefined when the order is woken before the answer is there. */
  async function ask(entry: OrderEntry, order: OrderState): Promise<QuoteAnswer | undefined> {
    if (entry.cancels.length > 0) return undefined;
    const asked = quotes.ask(order.request);
    return (await until(entry, order, asked)) ? asked : undefined;
  }

  async function quote(entry: OrderEntry, order: OrderState): Promise<DriveEnd | undefined> {
    if (order.request.isSimulated) {
      record(entry, { type: "UseExpectedPrice" });
      return undefined;
    }
    let answer = quotes.cached(order.request);
    if (!answer) {
      const ended = await flush(entry);
      if (ended) return ended;
      answer = await ask(entry, order);
      // A cancel or the end of the order's time came first: the answer is of no use any more.
      if (!answer) return undefined;
    }
    const { policy, retry } = config;
    record(entry, { type: "RecordQuote", answer, policy, retry, nowUs: clock.nowUs() });
    return undefined;
  }

  /** Asks the market for what the models cannot do without; what it does not say stays unknown. */
  async function simulate(entry: OrderEntry, order: OrderState): Promise<DriveEnd | undefined> {
    const { isSimulated, mev, slippageModel } = order.request;
    const model = config.slippageModels.get(slippageModel);
    if (!model) throw new Error(`no slippage model ${slippageModel}`);
    let market = isSimulated ? NOTHING_KNOWN : facts.atHand(order);
    const isMissing = market.usdMicros === undefined && (model.needsUsd || mev.simulate);
    if (isMissing && !isSimulated) {
      const ended = await flush(entry);
      if (ended) return ended;
      const asked = facts.ask(order);
      if (!(await until(entry, order, asked))) return undefined;
      market = await asked;
    }
    const { mev: mevModel, outcomes, paperDelayMs: delayMs } = config;
    record(entry, { type: "Simulate", model, mev: mevModel, outcomes, market, delayMs });
    return undefined;
  }

  return async (entry, order, step) => {
    switch (step) {
      case "Validate":
        record(entry, {
          type: "Validate",
          policy: config.policy,
          nowUs: clock.nowUs(),
          accountOpen: ledger.isOpen(order.request.account),
        });
        return undefined;
      case "Quote":
        return quote(entry, order);
      case "Reserve":
        return reserve(entry, order);
      case "Simulate":
        return simulate(entry, order);
      case "Settle":
        record(entry, { type: "Settle", nowUs: clock.nowUs() });
        return undefined;
      default:
        throw new Error(`${order.orderId}: ${step} is no step of a paper order`);
    }
  };
}
