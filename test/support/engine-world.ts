/** An engine on the memory store with a scripted market and a clock that stands still. */
import {
  createMemoryEventStore,
  createMemoryLog,
  type MemoryLog,
  type MemoryStoreOptions,
} from "../../adapters/event-store/memory.ts";
import { createEngine, type EngineConfig } from "../../domain/application/engine.ts";
import type { Engine, SubmitResult } from "../../domain/application/engine.types.ts";
import { createLedger, type Ledger } from "../../domain/application/ledger.ts";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import { isOrderEvent } from "../../domain/codec/registry.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { type TradeCommand, tradeCommandSchema } from "../../domain/order/request.ts";
import { evolve, isTerminal, type OrderState } from "../../domain/order/state.ts";
import type { Quote, QuoteOutcome, QuoteRequest, Quotes } from "../../domain/ports/quotes.ts";
import { mevModel } from "../../domain/pricing/mev.ts";
import { DEFAULT_MEV } from "../../domain/pricing/mev-options.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import type {
  AccountId,
  LogId,
  Mint,
  OrderId,
  Principal,
  RequestId,
} from "../../domain/primitives/ids.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import { codec, hasher } from "./given.ts";
import { createManualTime, type ManualTime } from "./manual-time.ts";

export const USDC_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
export const LOCAL = "local" as Principal;
export const ACCOUNT = "paper" as AccountId;
const LOG_ID = "engine-world" as LogId;

export type Market = {
  /** What the next asked quotes answer; empty: 150 USDC per SOL. */
  readonly script: (QuoteOutcome | Promise<QuoteOutcome>)[];
  /** Whether a quote is at hand without asking. */
  warm: boolean;
  readonly asked: QuoteRequest[];
};

export type World = {
  readonly engine: Engine;
  readonly time: ManualTime;
  readonly market: Market;
  readonly log: MemoryLog;
  readonly ledger: Ledger;
  readonly faults: unknown[];
  /** The process dies; a new one starts on the same log. */
  readonly restart: (config?: Partial<EngineConfig>) => Promise<World>;
};

export const token = (mint: Mint, symbol: string, decimals: number) =>
  [mint, { mint, symbol, decimals, minAmount: 1n, maxAmount: 10n ** 18n }] as const;

export const CONFIG: EngineConfig = {
  policy: {
    tokens: new Map([token(SOL_MINT, "SOL", 9), token(USDC_MINT, "USDC", 6)]),
    blockedPairs: new Set(),
    slippageModels: new Set(["fixed"]),
    slippageToleranceBelowBps: 5_000,
    priorityFeeBelowLamports: 1_000_000n,
    maxQuoteAgeMs: 5_000,
    maxStaleQuoteAgeMs: 60_000,
  },
  retry: { attempts: 3, baseDelayMs: 100, maxDelayMs: 30_000 },
  baseFeeLamports: 5_000n,
  slippageModels: new Map([["fixed", fixedSlippage(50)]]),
  mev: mevModel(DEFAULT_MEV),
  outcomes: undefined,
  usdMints: [USDC_MINT],
  paperDelayMs: 0,
  defaults: {
    slippageToleranceBps: 200,
    slippageModel: "fixed",
    priorityFeeLamports: { LOW: 1_000n, NORMAL: 2_500n, HIGH: 5_000n, CRITICAL: 10_000n },
  },
  limits: { maxOpenOrders: 1_000, maxOpenPerAccount: 1_000 },
  paperSlotsPerAccount: undefined,
};

/** 150 USDC per SOL in either direction. */
export function quoteFor(request: QuoteRequest, obtainedAtUs: number): Quote {
  const sells = request.inputMint === SOL_MINT;
  return {
    ...request,
    source: "scripted",
    inAmount: request.amount,
    outAmount: sells ? (request.amount * 150n) / 1_000n : (request.amount * 1_000n) / 150n,
    priceImpact: "0",
    route: [],
    contextSlot: undefined,
    obtainedAtUs,
  };
}

function scriptedQuotes(market: Market, time: ManualTime): Quotes {
  return {
    cached: (request) => (market.warm ? quoteFor(request, time.clock.nowUs()) : undefined),
    quote: async (request) => {
      market.asked.push(request);
      const scripted = await market.script.shift();
      return (
        scripted ?? {
          kind: "quoted",
          quote: quoteFor(request, time.clock.nowUs()),
          cacheHit: false,
          stale: false,
        }
      );
    },
  };
}

/** What a start finds in the log: the slow and obvious way. */
export function recover(log: MemoryLog) {
  const ledger = createLedger();
  const orders = new Map<OrderId, OrderState>();
  let clockUs = 0;
  for (const stored of log.events) {
    const recorded = codec.decode(stored);
    clockUs = Math.max(clockUs, recorded.metadata.recordedAtUs);
    let order: OrderState | undefined;
    if (isOrderEvent(recorded.event)) {
      const id = stored.stream.slice("order-".length) as OrderId;
      order = evolve(orders.get(id), recorded as RecordedEvent as RecordedEvent<OrderEvent>);
      orders.set(id, order);
    }
    ledger.apply(recorded, order);
  }
  const openOrders = [...orders].filter(([, order]) => !isTerminal(order)).map(([id]) => id);
  const position = log.events.at(-1)?.position;
  return { logId: LOG_ID, ledger, openOrders, clockUs, position };
}

export async function createWorld(
  options: {
    readonly config?: Partial<EngineConfig>;
    readonly store?: MemoryStoreOptions;
    readonly log?: MemoryLog;
    readonly time?: ManualTime;
  } = {},
): Promise<World> {
  const { config = {}, log = createMemoryLog(), time = createManualTime() } = options;
  const market: Market = { script: [], warm: true, asked: [] };
  const faults: unknown[] = [];
  const recovered = recover(log);
  const engine = await createEngine(
    {
      store: createMemoryEventStore({ ...options.store, log }),
      quotes: scriptedQuotes(market, time),
      codec,
      hasher,
      clock: time.clock,
      timers: time.timers,
      onFault: (_, error) => faults.push(error),
    },
    { ...CONFIG, ...config },
    recovered,
  );
  return {
    engine,
    time,
    market,
    log,
    ledger: recovered.ledger,
    faults,
    restart: (changed = {}) => createWorld({ config: { ...config, ...changed }, log, time }),
  };
}

/** An account with 100 SOL and 10,000 USDC. */
export async function withFunds(world: World): Promise<World> {
  const opened = await world.engine.account(
    ACCOUNT,
    {
      type: "Open",
      initialFunds: [
        { mint: SOL_MINT, amount: 100_000_000_000n },
        { mint: USDC_MINT, amount: 10_000_000_000n },
      ],
    },
    { principal: LOCAL, requestId: "open" as RequestId },
  );
  if (opened.kind !== "account") throw new Error(JSON.stringify(opened));
  return world;
}

/** BUY SOL with 150 USDC unless told otherwise. */
export const trade = (requestId: string, changes: Partial<TradeCommand> = {}): TradeCommand =>
  tradeCommandSchema.parse({
    requestId,
    mode: "PAPER",
    account: ACCOUNT,
    sourceService: "test",
    action: "BUY",
    baseMint: SOL_MINT,
    quoteMint: USDC_MINT,
    amount: 150_000_000n,
    isSimulated: false,
    metadata: {},
    ...changes,
  });

export const submit = (
  world: World,
  command: TradeCommand,
  waitFor: "ACCEPTED" | "SUBMITTED" | "CONFIRMED" | "FINALIZED" = "FINALIZED",
): Promise<SubmitResult> =>
  world.engine.submit(command, { principal: LOCAL, waitFor, waitMs: 10_000 });

/** Types of the events in an order's stream. */
export const storyOf = (world: World, result: SubmitResult): string[] =>
  result.kind === "order"
    ? (world.log.streams.get(`order-${result.order.orderId}` as never) ?? []).map(
        ({ type }) => type,
      )
    : [];
