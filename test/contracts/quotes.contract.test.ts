/** Every adapter behind the quotes port, against one contract. */
import { createCachedQuotes } from "../../adapters/quotes/cached.ts";
import { createJupiterQuotes } from "../../adapters/quotes/jupiter.ts";
import { quotesContract } from "./quotes.contract.ts";

quotesContract("jupiter", (options) => {
  const quotes = createJupiterQuotes({ ...options, retryDelayMs: 1 });
  return { quotes, close: quotes.close };
});

quotesContract("cached over jupiter", (options) => {
  const source = createJupiterQuotes({ ...options, retryDelayMs: 1 });
  return { quotes: createCachedQuotes({ source, clock: options.clock }), close: source.close };
});

quotesContract("cached over jupiter, marking what is stale", ({ clock, ...options }) => {
  const source = createJupiterQuotes({ ...options, clock, retryDelayMs: 1 });
  const quotes = createCachedQuotes({ source, clock, staleMs: 30_000, whenStale: "mark" });
  return { quotes, close: source.close };
});
