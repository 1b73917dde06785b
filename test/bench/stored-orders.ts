/**
 * Makes stored orders by the engine itself, without gRPC, market and disk in its way: varied
 * accounts, pairs, sides, amounts and prices, spread evenly over the last thirty days. Of a hundred
 * orders one is rejected (an unknown slippage model) and one fails (a tolerance below the slippage).
 */
import { createSystemTimers } from "../../adapters/clock/system.ts";
import { loadConfig } from "../../adapters/config.ts";
import { createEngine } from "../../domain/application/engine.ts";
import type { Engine } from "../../domain/application/engine.types.ts";
import { createLedger } from "../../domain/application/ledger.ts";
import type { TradeCommand } from "../../domain/order/request.ts";
import { tradeCommandSchema } from "../../domain/order/request.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import type { Quote, QuoteRequest, Quotes } from "../../domain/ports/quotes.ts";
import {
  type AccountId,
  type LogId,
  type Mint,
  type Principal,
  type RequestId,
  SOL_MINT,
} from "../../domain/primitives/ids.ts";
import { CONFIG } from "../support/engine-world.ts";
import { codec, hasher } from "../support/given.ts";

export type StoredOrdersOptions = {
  readonly store: EventStore;
  readonly logId: LogId;
  /** Names accounts and request ids: no two makers of one log may have the same. */
  readonly maker: number;
  /** Orders that it will be asked for; their times are spread by it. */
  readonly orders: number;
};

export type OrderMaker = {
  /** Makes so many orders, each to its end. Rejects when one ends as it should not. */
  readonly finished: (count: number) => Promise<void>;
  /** Orders that are executed and wait a week for their settlement: open after every restart. */
  readonly open: (count: number) => Promise<void>;
};

/** The account of the load, beside those of the stored orders. */
export const LOAD_ACCOUNT = "paper";
export const ACCOUNTS_PER_MAKER = 20;
export const accountOf = (maker: number, index: number): string =>
  `strategy-${maker}-${index % ACCOUNTS_PER_MAKER}`;

const SPAN_US = 30 * 86_400 * 1_000_000;
const WEEK_MS = 7 * 86_400_000;
const IN_FLIGHT = 64;
const WAIT_MS = 60_000;
const PRINCIPAL = "local" as Principal;
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
const JUP = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN" as Mint;
const WIF = "EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm" as Mint;
/** What a million smallest units are worth, in millionths of a US dollar. */
const WORTH = new Map<Mint, bigint>([
  [SOL_MINT, 150_000n],
  [USDC, 1_000_000n],
  [JUP, 800_000n],
  [WIF, 1_500_000n],
]);
const BASES = [SOL_MINT, SOL_MINT, JUP, WIF] as const;
const FUNDS = 10n ** 16n;

export async function createOrderMaker(options: StoredOrdersOptions): Promise<OrderMaker> {
  const { maker } = options;
  const clock = createSpreadClock(options.orders);
  const ledger = createLedger();
  const engineOf = (paperDelayMs: number): Promise<Engine> =>
    startEngine({ ...options, clock, ledger, paperDelayMs });
  const engine = await engineOf(0);
  const names = Array.from({ length: ACCOUNTS_PER_MAKER }, (_, index) => accountOf(maker, index));
  for (const name of maker === 0 ? [LOAD_ACCOUNT, ...names] : names)
    await openAccount(engine, name);
  let next = 0;

  return {
    finished: (count) =>
      atOnce(count, async () => {
        const index = next++;
        clock.moveTo(index);
        const { kind, command } = tradeOf(maker, index);
        const result = await engine.submit(command, {
          ...{ principal: PRINCIPAL, waitFor: "FINALIZED", waitMs: WAIT_MS },
        });
        if (result.kind !== "order" || result.order.phase !== kind) {
          throw new Error(`stored order ${index} should have been ${kind}: ${textOf(result)}`);
        }
      }),
    open: async (count) => {
      const slow = await engineOf(WEEK_MS);
      await atOnce(count, async () => {
        const index = next++;
        const { command } = tradeOf(maker, index - (index % 100) + 2);
        const requestId = `open-${maker}-${index}` as RequestId;
        const result = await slow.submit(
          { ...command, requestId },
          { principal: PRINCIPAL, waitFor: "SUBMITTED", waitMs: WAIT_MS },
        );
        if (result.kind === "order" && result.order.phase === "executed") return;
        throw new Error(`stored order ${index} should be open: ${textOf(result)}`);
      });
    },
  };
}

type SpreadClock = {
  readonly nowUs: () => number;
  readonly monotonicUs: () => number;
  readonly moveTo: (index: number) => void;
};

/** Ends now. Every look at it takes a microsecond. */
function createSpreadClock(orders: number): SpreadClock {
  const startUs = Date.now() * 1_000 - SPAN_US;
  let nowUs = startUs;
  return {
    nowUs: () => ++nowUs,
    monotonicUs: () => nowUs,
    moveTo: (index) => {
      nowUs = Math.max(nowUs, startUs + Math.floor((SPAN_US / (orders + 1)) * (index + 1)));
    },
  };
}

type EngineOptions = StoredOrdersOptions & {
  readonly clock: SpreadClock;
  readonly ledger: ReturnType<typeof createLedger>;
  readonly paperDelayMs: number;
};

function startEngine(options: EngineOptions): Promise<Engine> {
  const { store, logId, clock, ledger, paperDelayMs } = options;
  const configured = loadConfig({}, {});
  if (configured.kind === "wrong") throw new Error(configured.problems.join("\n"));
  const tokens = new Map(configured.config.tokens.map((token) => [token.mint, token]));
  return createEngine(
    {
      ...{ store, codec, hasher, clock, quotes: quotesAt(clock), timers: createSystemTimers() },
      // Its caller is told as well, and ends.
      onFault: (orderId, error) => console.error(`stored order ${orderId}:`, error),
    },
    {
      ...CONFIG,
      policy: { ...CONFIG.policy, tokens },
      limits: { ...CONFIG.limits, maxOpenOrders: 100_000, maxOpenPerAccount: 100_000 },
      paperDelayMs,
    },
    { logId, ledger, openOrders: [], clockUs: clock.nowUs(), position: undefined },
  );
}

async function openAccount(engine: Engine, name: string): Promise<void> {
  const initialFunds = [...WORTH.keys()].map((mint) => ({ mint, amount: FUNDS }));
  const result = await engine.account(
    name as AccountId,
    { type: "Open", initialFunds },
    { principal: PRINCIPAL, requestId: `open-${name}` as RequestId },
  );
  if (result.kind !== "account") throw new Error(`account ${name}: ${textOf(result)}`);
}

/** A price per pair that moves by up to two percent; always at hand, as nearly always in a live engine. */
function quotesAt(clock: SpreadClock): Quotes {
  const quoteOf = ({ inputMint, outputMint, amount }: QuoteRequest): Quote => {
    const nowUs = clock.nowUs();
    const worth = (WORTH.get(inputMint) ?? 1n) * BigInt(1_000_000 + (nowUs % 40_001) - 20_000);
    const outAmount = (amount * worth) / ((WORTH.get(outputMint) ?? 1n) * 1_000_000n);
    const legs = { inputMint, outputMint, inAmount: amount, outAmount };
    return {
      ...legs,
      source: "http://127.0.0.1:8181/swap/v1",
      priceImpact: "0.0001",
      route: [
        { ...legs, ammKey: "Poo1111111111111111111111111111111111111111", label: "Localnet" },
      ],
      contextSlot: String(Math.floor(nowUs / 400_000)),
      obtainedAtUs: nowUs - 250_000,
    };
  };
  return {
    cached: quoteOf,
    quote: async (request) => ({
      kind: "quoted",
      quote: quoteOf(request),
      cacheHit: true,
      stale: false,
    }),
  };
}

type Ending = "filled" | "rejected" | "failed";

function tradeOf(maker: number, index: number): { kind: Ending; command: TradeCommand } {
  const kind: Ending = index % 100 === 0 ? "rejected" : index % 100 === 1 ? "failed" : "filled";
  const baseMint = BASES[index % BASES.length] ?? SOL_MINT;
  const buys = index % 3 === 0;
  const command = tradeCommandSchema.parse({
    requestId: `stored-${maker}-${index}`,
    mode: "PAPER",
    account: accountOf(maker, index),
    sourceService: "bench",
    action: buys ? "BUY" : "SELL",
    baseMint,
    quoteMint: USDC,
    amount: BigInt(10_000_000 + ((index * 7_919) % 90_000_000)),
    slippageToleranceBps: kind === "failed" ? 10 : 200,
    slippageModel: kind === "rejected" ? "none-such" : "fixed",
    isSimulated: false,
    metadata: { strategy: "ma-cross", signal: String(index) },
  });
  return { kind, command };
}

async function atOnce(count: number, work: () => Promise<void>): Promise<void> {
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? String(part) : part));
