/** What a life of the engine meets, drawn from a seed: its orders, what the chain does to them, and when it dies. */
import type { ControlInput } from "../../../localnet/chain/control.ts";
import {
  TradeAction,
  type TradeRequest,
  TradingMode,
  WaitFor,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Random } from "../../simulation/random.ts";
import { ACCOUNT, JUP, SOL, USDC } from "../../support/live-processes.ts";

export type Death =
  /** While it starts and takes up what its last life left. */
  | { readonly kind: "starting"; readonly afterMs: number }
  /** So long after the first order was sent. */
  | { readonly kind: "delay"; readonly afterMs: number }
  /** As soon as so many events of a type were seen. */
  | { readonly kind: "event"; readonly type: string; readonly count: number };

export type Life = {
  readonly death: Death;
  /** Absent: what they were in the last life, for the same transactions. */
  readonly sends: ControlInput["sends"];
  /** Of SOL in dollars: as the life begins, and while its orders are on their way. */
  readonly prices: readonly [string, { readonly price: string; readonly afterMs: number }];
  readonly fork: { readonly depth: number; readonly afterMs: number } | undefined;
  readonly requests: readonly Partial<TradeRequest>[];
  /** Of the requests that are cancelled once they are accepted. */
  readonly cancelled: ReadonlySet<string>;
};

/** An engine that does not see what it is to die of dies of this. */
export const LONGEST_LIFE_MS = 2_000;
const LONGEST_START_MS = 1_500;
const EVENTS = [
  ...["OrderRequested", "QuoteObtained", "FundsReserved", "SimulationPassed", "AttemptSigned"],
  ...["AttemptSigned", "AttemptSubmitted", "AttemptSubmitted", "AttemptConfirmed", "OrderFilled"],
  ...["FillFinalized", "AttemptExpired", "RetryScheduled", "AttemptFailed"],
];

export function planLife(random: Random, life: number): Life {
  const requests = Array.from({ length: random.between(2, 5) }, (_, index) =>
    planRequest(random, `kill-${life}-${index}`),
  );
  return {
    death: planDeath(random),
    sends: planSends(random, life),
    prices: [priceOf(random), { price: priceOf(random), afterMs: random.between(500, 3_000) }],
    // Never what is final, and never a transaction without its blockhash.
    fork: random.chance(0.15)
      ? { depth: random.between(1, 5), afterMs: random.between(100, 1_500) }
      : undefined,
    requests,
    cancelled: new Set(
      requests.flatMap(({ requestId = "" }) => (random.chance(0.1) ? [requestId] : [])),
    ),
  };
}

/** Within one percent of 150. */
const priceOf = (random: Random): string => (150 + random.between(-150, 150) / 100).toFixed(2);

function planDeath(random: Random): Death {
  if (random.chance(0.2)) {
    return { kind: "starting", afterMs: random.between(50, LONGEST_START_MS) };
  }
  if (random.chance(0.5)) {
    const longest = random.pick([20, 100, 400, LONGEST_LIFE_MS]);
    return { kind: "delay", afterMs: random.between(0, longest) };
  }
  return { kind: "event", type: random.pick(EVENTS), count: random.between(1, 4) };
}

/** One of these in most lives, in turn, so that a short run meets all of them; some let all through. */
function planSends(random: Random, life: number): Life["sends"] {
  const count = random.between(1, 3);
  const rules: NonNullable<Life["sends"]> = [
    { action: "hold", until: "last-valid", count },
    { action: "delay", blocks: random.between(2, 60), count },
    { action: "drop", count },
    { action: "duplicate", count },
    { action: "drop" },
  ];
  const [first = random.pick(rules)] = rules.slice(life % rules.length);
  if (random.chance(0.25)) return undefined;
  if (random.chance(0.1)) return [];
  return random.chance(0.5) ? [first] : [first, random.pick(rules)];
}

function planRequest(random: Random, requestId: string): Partial<TradeRequest> {
  const units = BigInt(random.between(1, 400));
  const trade = random.pick<Partial<TradeRequest>>([
    { action: TradeAction.TRADE_ACTION_SELL, baseMint: SOL, amount: units * 1_000_000n },
    { action: TradeAction.TRADE_ACTION_SELL, baseMint: SOL, amount: units * 1_000_000n },
    { action: TradeAction.TRADE_ACTION_BUY, baseMint: SOL, amount: units * 100_000n },
    { action: TradeAction.TRADE_ACTION_BUY, baseMint: SOL, amount: units * 100_000n },
    { action: TradeAction.TRADE_ACTION_BUY, baseMint: JUP, amount: units * 100_000n },
  ]);
  return {
    ...{ requestId, mode: TradingMode.TRADING_MODE_LIVE, account: ACCOUNT, quoteMint: USDC },
    ...trade,
    slippageToleranceBps: random.pick([10, 50, 500]),
    // Declined: the public route; else the protected one.
    ...(random.chance(0.5) ? { mev: { simulate: false, protect: false, tipLamports: 0n } } : {}),
    waitFor: WaitFor.WAIT_FOR_ACCEPTED,
  };
}
