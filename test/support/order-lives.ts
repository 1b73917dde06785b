/**
 * Random lives of an order, absurd ones among them: each is a request and a list of steps, of which most do what comes
 * next and some do anything at any time. A life is run through the real decider, codec and fold.
 */
import fc from "fast-check";
import type { OrderCommand, QuoteAnswer } from "../../domain/order/commands.ts";
import { decide } from "../../domain/order/decide.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { mayStillEnd, nextAction, type Step } from "../../domain/order/flow.ts";
import { fingerprintOf, resolveRequest, tradeCommandSchema } from "../../domain/order/request.ts";
import { evolve, type MaybeOrder } from "../../domain/order/state.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import type { QuoteFailureClass } from "../../domain/ports/quotes.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import { codec, hasher, LOG_ID, ORDER_ID, START_US, STREAM, stored } from "./given.ts";
import {
  BONK,
  DEFAULTS,
  POLICY,
  quoteOf,
  RAW_COMMAND,
  RETRY,
  request,
  SOL,
  TICKET,
  USDC,
} from "./order-samples.ts";

const UNKNOWN_MINT = "UnknownMint11111111111111111111111111111111";
/** One of these, the first far more often than the others: absurd values must not end every life at its beginning. */
const mostly = <T>(usual: T, ...rare: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 24, arbitrary: fc.constant(usual) },
    { weight: rare.length, arbitrary: fc.constantFrom(...rare) },
  );

const u64 = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt({ min: 1_000_000n, max: 10n ** 12n }) },
  { weight: 2, arbitrary: fc.constantFrom(1n, 2n, U64_MAX - 1n, U64_MAX) },
  { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: U64_MAX }) },
);

const PRICES = [
  "1",
  "150.25",
  "99999999999999999999.999999999999999999",
  "0.000000000000000001",
] as const;
type Mev = { simulate: boolean; protect: boolean; tipLamports: bigint };

/** Form-valid requests, sensible and absurd. */
export const requests: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    action: fc.constantFrom("BUY", "SELL", "SWAP"),
    mints: fc.shuffledSubarray([SOL, USDC, BONK, TICKET], { minLength: 2, maxLength: 2 }),
    unknownMint: mostly(false, true),
    amount: u64,
    isBaseInput: fc.option(fc.boolean(), { nil: undefined }),
    slippageToleranceBps: fc.oneof(
      { weight: 24, arbitrary: fc.constantFrom(undefined, 0, 50, 200, 4_999) },
      { weight: 1, arbitrary: fc.constant(5_000) },
    ),
    expectedPrice: fc.oneof(fc.constant(undefined), fc.constantFrom(...PRICES)),
    isSimulated: fc.boolean(),
    priorityFeeLamports: mostly<bigint | undefined>(undefined, 0n, 999_999n, 1_000_000n),
    mev: mostly<Mev | undefined>(
      undefined,
      { simulate: true, protect: true, tipLamports: 5n },
      { simulate: false, protect: false, tipLamports: 1n },
    ),
    maxPriceImpactBps: mostly<number | undefined>(undefined, 0, 100, 100, 100),
    expiresAtUs: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(undefined, START_US + 5_000_000) },
      { weight: 1, arbitrary: fc.constant(START_US) },
    ),
    slippageModel: mostly<string | undefined>(undefined, "unknown"),
  })
  .map(({ mints, unknownMint, ...raw }) => ({
    ...raw,
    baseMint: unknownMint ? UNKNOWN_MINT : mints[0],
    quoteMint: mints[1],
    isBaseInput: raw.action === "SWAP" ? undefined : raw.isBaseInput,
    isSimulated: raw.isSimulated && raw.expectedPrice !== undefined,
  }));

const KINDS = [
  "Request",
  "Validate",
  "RecordQuote",
  "UseExpectedPrice",
  "Reserve",
  "Simulate",
  "Settle",
  "Cancel",
  "Expire",
] as const satisfies readonly OrderCommand["type"][];

/** What the world has in store at one step, whatever is done at it. */
export type Fate = {
  /** Do what comes next; else `kind`. */
  readonly follow: boolean;
  readonly kind: OrderCommand["type"];
  readonly passUs: number;
  readonly quoteFails: QuoteFailureClass | undefined;
  readonly inAmount: bigint;
  readonly outAmount: bigint;
  readonly reversed: boolean;
  readonly quoteAgeUs: number;
  readonly priceImpact: string;
  readonly available: bigint;
  readonly slippagePpm: bigint;
  readonly delayMs: number;
  readonly accountOpen: boolean;
};

export const fates: fc.Arbitrary<Fate> = fc.record({
  follow: fc.nat(9).map((n) => n > 0),
  kind: fc.constantFrom(...KINDS),
  passUs: mostly(0, 1, 1_000, 250_000, 2_000_000, 6_000_000),
  quoteFails: mostly<QuoteFailureClass | undefined>(
    undefined,
    "timeout",
    "timeout",
    "timeout",
    "malformed",
    "no-route",
  ),
  inAmount: u64,
  outAmount: fc.oneof({ weight: 20, arbitrary: u64 }, { weight: 1, arbitrary: fc.constant(0n) }),
  reversed: fc.boolean(),
  quoteAgeUs: mostly(0, 1_000, 10_000_000, 10_000_001, -5),
  priceImpact: mostly("0.001", "0.01", "0.0100001", "-1", "1E-7", "none"),
  available: mostly(10n ** 40n, 0n, 10n ** 12n),
  slippagePpm: mostly(5_000n, 0n, 0n, 20_000n, 499_999n, 999_999n),
  delayMs: fc.constantFrom(0, 0, 1, 2_000),
  accountOpen: mostly(true, false),
});

export const lives = fc.record({
  raw: requests,
  fates: fc.array(fates, { minLength: 1, maxLength: 20, size: "max" }),
});

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
  return { kind: "quoted", basis: fate.reversed ? "pair" : "route", quote, cacheHit: true };
}

const COMMAND_OF_STEP: Readonly<Record<Step, OrderCommand["type"]>> = {
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
  const { expiresAtUs, isSimulated } = order.request;
  if (expiresAtUs !== undefined && nowUs >= expiresAtUs && mayStillEnd(order)) {
    return { kind: "Expire", atUs: nowUs };
  }
  if (action.kind === "Done") return { kind: "Cancel", atUs: nowUs };
  const waits = action.kind === "WaitUntil";
  const step = waits ? action.next : action.kind;
  return {
    kind: step === "Quote" && isSimulated ? "UseExpectedPrice" : COMMAND_OF_STEP[step],
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
      return { type: kind, available: () => fate.available, baseFeeLamports: 5_000n };
    case "Simulate": {
      const model = { name: "random", slippagePpm: () => fate.slippagePpm };
      return { type: kind, model, delayMs: fate.delayMs };
    }
    case "Settle":
    case "Expire":
      return { type: kind, nowUs };
    case "Cancel":
      return { type: kind, by: "local", message: "" };
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

export function run(life: { raw: Record<string, unknown>; fates: readonly Fate[] }): Life {
  const moments: Moment[] = [];
  const log: StoredEvent[] = [];
  let order: MaybeOrder;
  let nowUs = START_US;
  for (const fate of life.fates) {
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
