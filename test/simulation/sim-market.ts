/**
 * The market behind the quotes port: prices that move by the seed, answers that are slow, wrong in size, old or missing. The cache
 * before it is the engine's own.
 */
import { createCachedQuotes } from "../../adapters/quotes/cached.ts";
import type {
  Quote,
  QuoteFailureClass,
  QuoteOutcome,
  QuoteRequest,
  Quotes,
} from "../../domain/ports/quotes.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import { BONK, type Plan, SOL, TICKET, USDC } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Millionths of a dollar per whole token, and decimals. */
type Listed = { price: bigint; readonly decimals: number };

export type Market = {
  /** The quotes port of one life of the process; its cache dies with it. */
  readonly quotes: (wallUs: () => number) => Quotes & { readonly underWay: () => number };
  /** Whole quote tokens per whole base token now, in millionths. */
  readonly priceMicros: (base: Mint, quote: Mint) => bigint;
};

const FAILURES: readonly QuoteFailureClass[] = [
  ...(["rate-limited", "timeout", "unreachable", "malformed", "upstream-error"] as const),
  ...(["rate-limited", "timeout", "unreachable", "malformed", "upstream-error"] as const),
  ...(["no-route", "refused"] as const),
];

export function createMarket(options: {
  readonly plan: Plan;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly faulty: () => boolean;
}): Market {
  const { plan, random, scheduler, faulty } = options;
  const { market: faults } = plan;
  const listed = new Map<Mint, Listed>([
    [SOL, { price: 150_000_000n, decimals: 9 }],
    [USDC, { price: 1_000_000n, decimals: 6 }],
    [BONK, { price: 20n, decimals: 5 }],
    [TICKET, { price: 5_000_000n, decimals: 0 }],
  ]);

  function move(): void {
    if (faults.moveBps === 0) return;
    const token = listed.get(random.pick([SOL, BONK, TICKET]));
    if (!token) return;
    const by = BigInt(10_000 + random.between(-faults.moveBps, faults.moveBps));
    const moved = (token.price * by) / 10_000n;
    token.price = moved > 1n ? moved : 2n;
  }

  function outOf({ inputMint, outputMint, amount }: QuoteRequest): bigint {
    const from = listed.get(inputMint);
    const to = listed.get(outputMint);
    if (!from || !to) return 0n;
    const out =
      (amount * from.price * 10n ** BigInt(to.decimals)) /
      (to.price * 10n ** BigInt(from.decimals));
    return out > U64_MAX ? U64_MAX : out;
  }

  function quoteOf(request: QuoteRequest, wallUs: number): Quote {
    move();
    const absurd = faulty() && random.chance(faults.absurd);
    const outAmount = absurd
      ? random.pick([0n, 1n, U64_MAX, U64_MAX / 3n, outOf(request) * 1_000n + 7n])
      : outOf(request);
    const { inputMint, outputMint, amount: inAmount } = request;
    const old = faulty() && random.chance(faults.stale) ? random.between(1, 20_000_000) : 0;
    return {
      source: absurd ? "http://127.0.0.1/absurd" : "http://127.0.0.1/market",
      ...{ inputMint, outputMint, inAmount },
      outAmount: outAmount > U64_MAX ? U64_MAX : outAmount,
      priceImpact: random.pick(["0", "0.0001", "0.004", "1e-7", "-0.0002", "0.3"]),
      route: [],
      contextSlot: random.chance(0.5) ? String(scheduler.nowUs()) : undefined,
      obtainedAtUs: wallUs - old,
    };
  }

  function failure(): QuoteOutcome {
    const retryAfterMs = random.pick([undefined, undefined, 0, 37.5, 2_000, 60_000]);
    const kind = random.pick(FAILURES);
    return { kind: "failed", class: kind, message: `simulated: ${kind}`, retryAfterMs };
  }

  const isAway = (): boolean =>
    faulty() &&
    faults.away.some(({ fromUs, toUs }) => scheduler.nowUs() >= fromUs && scheduler.nowUs() < toUs);

  const latencyUs = (): number =>
    faulty() && random.chance(faults.slow)
      ? random.between(500_000, 12_000_000)
      : random.between(200, 60_000);

  return {
    quotes: (wallUs) => {
      let underWay = 0;
      const source: Pick<Quotes, "quote"> = {
        quote: async (request) => {
          const label = `quote ${request.amount} ${request.inputMint.slice(0, 4)}`;
          underWay += 1;
          await scheduler.park(`before ${label}`, latencyUs());
          let outcome: QuoteOutcome;
          if (faulty() && random.chance(faults.hangs)) {
            await scheduler.park(`${label} hangs`, random.between(5_000_000, 40_000_000));
            const message = "simulated: no answer in time";
            outcome = { kind: "failed", class: "timeout", message, retryAfterMs: undefined };
          } else if (isAway()) {
            const message = "simulated: nobody is there";
            outcome = { kind: "failed", class: "unreachable", message, retryAfterMs: undefined };
          } else if (faulty() && random.chance(faults.fails)) {
            outcome = failure();
          } else {
            const quote = quoteOf(request, wallUs());
            outcome = { kind: "quoted", quote, cacheHit: false, stale: false };
          }
          await scheduler.park(`after ${label}`, latencyUs());
          underWay -= 1;
          return outcome;
        },
      };
      const { cached, quote } = createCachedQuotes({
        source,
        clock: { nowUs: wallUs, monotonicUs: scheduler.nowUs },
        ttlMs: faults.cacheMs,
        staleMs: faults.staleMs,
        whenStale: faults.whenStale,
      });
      return { cached, quote, underWay: () => underWay };
    },
    priceMicros: (base, quote) => {
      const from = listed.get(base);
      const to = listed.get(quote);
      return from && to ? (from.price * 1_000_000n) / to.price : 1n;
    },
  };
}
