/** An order's events in plain words, with the numbers that they recorded. */
import {
  isLiveEvent,
  type OrderEvent,
  type OrderEventData,
  type OrderRequest,
} from "../../../domain/order/events.ts";
import { formatCentiBps } from "../../../domain/pricing/paper-fill.ts";
import { formatAmount } from "../../../domain/primitives/amount.ts";
import { priceFromRatio } from "../../../domain/primitives/ratio.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import { showBps, showLamports } from "../tokens.ts";
import { fillFacts, simulationLines, tellLive } from "./live-story.ts";
import { modelLines, type StoryContext } from "./story-context.ts";

type Teller = (event: OrderEvent, context: StoryContext) => readonly string[];

/** Sentences, the first one the gist. */
export const tell: Teller = (event, context) => {
  if (isLiveEvent(event)) return tellLive(event, context);
  const { tokens } = context;
  switch (event.type) {
    case "OrderRequested":
      return asked(event.data, context);
    case "OrderValidated":
      return [`It passed ${event.data.checks.length} checks.`, ...checkLines(event.data.checks)];
    case "OrderRejected":
      return [
        `It was rejected at ${event.data.stage}: ${event.data.message} (${event.data.reason}).`,
        ...checkLines(event.data.checks.slice(-1)),
      ];
    case "QuoteObtained":
      return quoted(event.data, context);
    case "QuoteFailed":
      return [
        `Attempt ${event.data.attempt}: no quote (${event.data.class}): ${event.data.message}.`,
        event.data.retryable ? "Trying again can help." : "Trying again cannot help.",
      ];
    case "FundsReserved":
      return [
        `It reserved ${event.data.lines
          .map(({ mint, amount, purpose }) => `${tokens.show(mint, BigInt(amount))} (${purpose})`)
          .join(", ")}.`,
        `Free before: ${event.data.available
          .map(({ mint, amount }) => tokens.show(mint, BigInt(amount)))
          .join(", ")}${readAt(event.data.contextSlot)}.`,
      ];
    case "PaperExecutionSimulated":
      return executed(event.data, context);
    case "SimulationFailed":
      return [
        `Attempt ${event.data.attempt} failed (${event.data.class}): ${event.data.message}.`,
        ...simulationLines(event.data),
      ];
    case "RetryScheduled":
      return [
        `Attempt ${event.data.nextAttempt} comes not before ` +
          `${formatTimestamp(event.data.notBeforeUs)}: ${why(event.data)}.`,
      ];
    case "OrderFilled":
      return filled(event.data, context);
    case "OrderFailed":
      return [`It failed after ${attempts(event.data.attempts)}: ${why(event.data)}.`];
    case "OrderCancelRequested":
      return [`${event.data.by} asked to cancel it${because(event.data.message)}.`];
    case "OrderCancelled":
      return [`It was cancelled by ${event.data.by}${because(event.data.message)}.`];
    case "OrderExpired":
      return [`Its time was over at ${formatTimestamp(event.data.expiresAtUs)}.`];
  }
};

const readAt = (slot: number | undefined): string =>
  slot === undefined ? "" : ` (read at slot ${slot})`;
const attempts = (count: number): string => `${count} attempt${count === 1 ? "" : "s"}`;
const because = (message: string): string => (message === "" ? "" : `: ${message}`);
const why = ({ reason, message }: { readonly reason: string; readonly message: string }): string =>
  `${message} (${reason})`;

const checkLines = (checks: OrderEventData<"OrderValidated">["checks"]): readonly string[] =>
  checks.map(({ check, limit, value }) => `${check}: ${value} (limit: ${limit})`);

/** `buy 1.5 SOL with USDC`. */
export function wishText({ request, tokens }: StoryContext): string {
  const base = tokens.symbol(request.baseMint);
  const quote = tokens.symbol(request.quoteMint);
  const counted = request.isBaseInput ? request.baseMint : request.quoteMint;
  const amount = tokens.show(counted, BigInt(request.amount));
  switch (request.action) {
    case "BUY":
      return request.isBaseInput ? `buy ${amount} with ${quote}` : `buy ${base} with ${amount}`;
    case "SELL":
      return request.isBaseInput ? `sell ${amount} for ${quote}` : `sell ${base} for ${amount}`;
    case "SWAP":
      return `swap ${amount} to ${quote}`;
  }
}

function asked(data: OrderEventData<"OrderRequested">, context: StoryContext): readonly string[] {
  const { request, defaulted, principal } = data;
  const source = request.sourceService === "" ? "" : ` through ${request.sourceService}`;
  const origin = (field: string): string => (defaulted.includes(field) ? " (configured)" : "");
  return [
    `${principal} asked${source} to ${wishText(context)} ` +
      `on ${request.mode.toLowerCase()} account ${request.account}.`,
    ...(data.wallet === undefined ? [] : [`It trades from wallet ${data.wallet}.`]),
    `Slippage up to ${showBps(request.slippageToleranceBps)}${origin("slippageToleranceBps")}, ` +
      `urgency ${request.urgency}, priority fee ` +
      `${showLamports(BigInt(request.priorityFeeLamports))}${origin("priorityFeeLamports")}.`,
    ...(request.expectedPrice === undefined ? [] : [`Expected price: ${request.expectedPrice}.`]),
    ...(request.expiresAtUs === undefined
      ? []
      : [`Not to be executed after ${formatTimestamp(request.expiresAtUs)}.`]),
  ];
}

const BASIS = {
  pair: "a reference quote for the pair",
  route: "the route's quote for this amount",
  expected: "the caller's own expected price",
} as const;

function quoted(data: OrderEventData<"QuoteObtained">, context: StoryContext): readonly string[] {
  const { tokens } = context;
  const given = tokens.show(data.inputMint, BigInt(data.inAmount));
  const got = tokens.show(data.outputMint, BigInt(data.outAmount));
  const route = data.route.map(({ label }) => label).join(" > ");
  const stale = data.stale ? ", stale: the market could not be asked" : "";
  const cache = data.cacheHit ? `, from the cache${stale}` : "";
  return [
    `Attempt ${data.attempt}: the price was ${priceText(data.price, context)}: ` +
      `${given} gives ${got}.`,
    `Basis: ${BASIS[data.basis]} from ${data.source}, ${data.ageUs / 1_000} ms old${cache}.`,
    `Price impact ${data.priceImpact || "not given"}${route === "" ? "" : `, route ${route}`}.`,
    ...guarantee(data, context),
    ...checkLines(data.checks),
  ];
}

/** What the swap instruction of a live order will insist on. */
function guarantee(
  { minimumOut, slippageBps, outputMint, contextSlot }: OrderEventData<"QuoteObtained">,
  { tokens }: StoryContext,
): readonly string[] {
  if (minimumOut === undefined) return [];
  const least = tokens.show(outputMint, BigInt(minimumOut));
  const tolerance = slippageBps === undefined ? "" : ` (${showBps(slippageBps)} of slippage)`;
  const slot = contextSlot === undefined ? "" : `, by slot ${contextSlot}`;
  return [`The swap will insist on at least ${least}${tolerance}${slot}.`];
}

/** Whole quote tokens per whole base token. */
function priceText(
  price: { readonly numerator: string; readonly denominator: string },
  { request, tokens, decimals }: StoryContext,
): string {
  const ratio = { numerator: BigInt(price.numerator), denominator: BigInt(price.denominator) };
  if (decimals === undefined) return `${price.numerator}/${price.denominator} smallest units`;
  const text = priceFromRatio(ratio, decimals, 12);
  return `${text} ${tokens.symbol(request.quoteMint)} per ${tokens.symbol(request.baseMint)}`;
}

const mintsOf = ({ action, baseMint, quoteMint }: OrderRequest) =>
  action === "BUY"
    ? { spent: quoteMint, received: baseMint }
    : { spent: baseMint, received: quoteMint };

function executed(
  data: OrderEventData<"PaperExecutionSimulated">,
  { request, tokens }: StoryContext,
): readonly string[] {
  const { spent, received } = mintsOf(request);
  const pair = (paid: string, got: string): string =>
    `${tokens.show(spent, BigInt(paid))} for ${tokens.show(received, BigInt(got))}`;
  const percent = formatAmount(BigInt(data.slippagePpm), 4);
  const { usdMicros } = data.market;
  return [
    `The paper venue (model ${data.model}) made it ${percent} % worse than quoted: ` +
      `${pair(data.amountIn, data.amountOut)}.`,
    `Quoted: ${pair(data.quotedIn, data.quotedOut)}. ` +
      `Worst that the order allows: ${pair(data.limitIn, data.limitOut)}.`,
    ...modelLines(data.model, data.terms),
    ...(usdMicros === undefined ? [] : [`Worth ${formatAmount(BigInt(usdMicros), 6)} US dollars.`]),
    ...mevLines(data),
    ...(data.delayMs > 0 ? [`The fill is held back for ${data.delayMs} ms.`] : []),
    ...data.warnings,
  ];
}

function mevLines({
  mev,
  modelSlippagePpm,
}: OrderEventData<"PaperExecutionSimulated">): readonly string[] {
  if (!mev) return [];
  const percent = (ppm: number): string => `${formatAmount(BigInt(ppm), 4)} %`;
  return [
    `MEV: risk ${mev.riskClass}, chance of a sandwich ${percent(mev.sandwichProbabilityPpm)}, ` +
      `protection takes away ${percent(mev.protectionPpm)} of it.`,
    mev.attacked
      ? `It was attacked, at a cost of ${percent(mev.impactPpm)}; the model alone made ${percent(modelSlippagePpm)}.`
      : "It was not attacked.",
  ];
}

function filled(data: OrderEventData<"OrderFilled">, context: StoryContext): readonly string[] {
  const { request, tokens } = context;
  const { spent, received } = mintsOf(request);
  const { timings } = data;
  const bps = (centi: string): string => `${formatCentiBps(BigInt(centi))} bps`;
  const expected = data.slippageVsExpectedCentiBps;
  return [
    `It was filled${data.live ? ", provisionally" : ""}: ${tokens.show(spent, BigInt(data.amountIn))} spent, ` +
      `${tokens.show(received, BigInt(data.amountOut))} received, ` +
      `${priceText(data.price, context)}.`,
    ...fillFacts(data, context),
    `Worse than quoted by ${bps(data.slippageVsQuotedCentiBps)}` +
      `${expected === undefined ? "" : `, than expected by ${bps(expected)}`}.`,
    `Took ${timings.totalUs / 1_000} ms: validate ${timings.validateUs} us, ` +
      `quote ${timings.quoteUs} us, reserve ${timings.reserveUs} us, ` +
      `execute ${timings.executeUs} us.`,
    `Transaction ${data.txSignature}.`,
  ];
}
