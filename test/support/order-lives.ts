import type { OrderCommand, QuoteAnswer } from "../../domain/order/commands.ts";
import { decide } from "../../domain/order/decide.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { isExpiryDue, nextAction, type Step } from "../../domain/order/flow.ts";
import { fingerprintOf, resolveRequest, tradeCommandSchema } from "../../domain/order/request.ts";
import { evolve, type MaybeOrder } from "../../domain/order/state.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import { mevModel } from "../../domain/pricing/mev.ts";
import { DEFAULT_MEV } from "../../domain/pricing/mev-options.ts";
import { codec, hasher, LOG_ID, ORDER_ID, START_US, STREAM, stored } from "./given.ts";
import type { Fate } from "./order-fates.ts";
import {
  DEFAULTS,
  POLICY,
  quoteOf,
  RAW_COMMAND,
  RETRY,
  request,
  SOL,
  USDC,
} from "./order-samples.ts";

function answerOf(fate: Fate, order: MaybeOrder, nowUs: number): QuoteAnswer {
  if (fate.quoteFails) {
    return { kind: "failed", class: fate.quoteFails, message: "m", retryAfterMs: undefined };
  }
  const { baseMint = SOL, quoteMint = USDC } = order?.request ?? {};
  const quote = quoteOf({
    inputMint: fate.reversed ? quoteMint : baseMint,
    outputMint: fate.reversed ? baseMint : quoteMint,
    inAmount: fate.inAmount,
    outAmount: fate.outAmount,
    priceImpact: fate.priceImpact,
    obtainedAtUs: nowUs - fate.quoteAgeUs,
  });
  return {
    kind: "quoted",
    basis: fate.reversed ? "pair" : "route",
    quote,
    cacheHit: true,
    stale: fate.stale,
  };
}

/** Every trade is attacked that is not well protected. */
const risky = { probabilityPpm: 1_000_000, impactPpm: 900_000, wantedProtectionPpm: 900_000 };
const EAGER = mevModel({
  ...DEFAULT_MEV,
  classes: {
    LOW: { fromUsd: 0, ...risky },
    MEDIUM: { fromUsd: 1_000, ...risky },
    HIGH: { fromUsd: 10_000, ...risky },
    CRITICAL: { fromUsd: 100_000, ...risky },
  },
});

/** Of paper orders: only they are lived here. */
const COMMAND_OF_STEP: { readonly [S in Step]?: OrderCommand["type"] } = {
  Validate: "Validate",
  Quote: "RecordQuote",
  Reserve: "Reserve",
  Simulate: "Simulate",
  Settle: "Settle",
};

/** What comes next, and the time at which it does. */
function nextOf(order: MaybeOrder, nowUs: number): { kind: OrderCommand["type"]; atUs: number } {
  if (!order) return { kind: "Request", atUs: nowUs };
  const action = nextAction(order);
  const { isSimulated } = order.request;
  if (isExpiryDue(order, nowUs)) return { kind: "Expire", atUs: nowUs };
  if (action.kind === "Done") return { kind: "Cancel", atUs: nowUs };
  const waits = action.kind === "WaitUntil";
  const step = waits ? action.next : action.kind;
  const command = COMMAND_OF_STEP[step];
  if (!command) throw new Error(`${step} is no step of a paper order`);
  return {
    kind: step === "Quote" && isSimulated ? "UseExpectedPrice" : command,
    atUs: waits ? Math.max(nowUs, action.untilUs) : nowUs,
  };
}

/** Request, principal and fingerprint of a life. */
export function requestCommand(raw: Record<string, unknown>): ReturnType<typeof request> {
  const parsed = tradeCommandSchema.parse({ ...RAW_COMMAND, expiresAtUs: undefined, ...raw });
  const resolved = resolveRequest(parsed, DEFAULTS);
  return { ...request(), ...resolved, fingerprint: fingerprintOf(resolved.request, hasher) };
}

export function commandOf(
  kind: OrderCommand["type"],
  fate: Fate,
  world: {
    readonly raw: Record<string, unknown>;
    readonly order: MaybeOrder;
    readonly nowUs: number;
  },
): OrderCommand {
  const { nowUs, order } = world;
  switch (kind) {
    case "Request":
      return requestCommand(world.raw);
    case "Validate":
      return { type: kind, policy: POLICY, nowUs, accountOpen: fate.accountOpen };
    case "RecordQuote": {
      const answer = answerOf(fate, order, nowUs);
      return { type: kind, answer, policy: POLICY, retry: RETRY, nowUs };
    }
    case "UseExpectedPrice":
      return { type: kind };
    case "Reserve":
      return {
        ...{ type: kind, available: () => fate.available },
        ...{ baseFeeLamports: 5_000n, tokens: POLICY.tokens },
      };
    case "Simulate": {
      const model = { name: "random", slippage: () => ({ ppm: fate.slippagePpm, terms: {} }) };
      const market = { usdMicros: fate.usdMicros, volatilityPpm: 150n };
      const { delayMs, outcomes } = fate;
      return { type: kind, model, mev: EAGER, market, outcomes, delayMs };
    }
    case "Settle":
    case "Expire":
      return { type: kind, nowUs };
    case "Cancel":
      return { type: kind, by: "local", message: "" };
    default:
      throw new Error(`${kind} is no command of a paper order`);
  }
}

/** One decision of a life. */
export type Moment = {
  readonly before: MaybeOrder;
  readonly command: OrderCommand;
  readonly events: readonly OrderEvent[];
  readonly after: MaybeOrder;
};

export type Life = {
  readonly moments: readonly Moment[];
  readonly stored: readonly StoredEvent[];
  /** The state as the engine holds it: folded from what was decided, never decoded. */
  readonly live: MaybeOrder;
};

export function run(life: {
  readonly raw: Record<string, unknown>;
  readonly fates: readonly Fate[];
  readonly marketDown?: boolean;
}): Life {
  const moments: Moment[] = [];
  const log: StoredEvent[] = [];
  let order: MaybeOrder;
  let nowUs = START_US;
  for (const drawn of life.fates) {
    const fate: Fate = life.marketDown ? { ...drawn, quoteFails: "timeout" } : drawn;
    nowUs += fate.passUs;
    const next = fate.follow ? nextOf(order, nowUs) : { kind: fate.kind, atUs: nowUs };
    // Simulated orders have their expected price for a quote, and only they.
    const wrongSource = order?.request.isSimulated ? "RecordQuote" : "UseExpectedPrice";
    if (next.kind === wrongSource) continue;
    nowUs = next.atUs;
    const before: MaybeOrder = order;
    const command = commandOf(next.kind, fate, { raw: life.raw, order, nowUs });
    const events = decide(order, command);
    for (const event of events) {
      const revision: number = order ? order.revision + 1 : 0;
      const { encoded, recorded } = codec.encode(STREAM, revision, {
        event,
        metadata: {
          actor: "engine",
          correlationId: ORDER_ID,
          causationId: ORDER_ID,
          recordedAtUs: Math.max(nowUs, (order?.updatedAtUs ?? 0) + 1),
          prevHash: order?.hash ?? codec.rootHash(LOG_ID, STREAM),
        },
      });
      log.push(stored(encoded, { stream: STREAM, revision }));
      order = evolve(order, recorded);
    }
    moments.push({ before, command, events, after: order });
  }
  return { moments, stored: log, live: order };
}
