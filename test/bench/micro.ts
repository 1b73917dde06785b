/**
 * Single steps of the hot path, alone in a loop: nanoseconds per call. Each step is called until a
 * batch takes `batchMs`; the first such batch is not counted; the spread is over the batches. Hot
 * code and hot caches: a lower bound of what the step costs in the engine. No floor: the targets are
 * absolute.
 *
 * "portfolio": the positions' rows of one OrderFilled, from the newest rows of its account. "MEV":
 * a large unprotected trade, with all warnings. "request form": zod over a trade command;
 * "validation": all policy checks of a valid order. "quote cache": a hit among 1,000 pairs.
 * "encode": canonical JSON, sha256, uuid5 and bytes of a QuoteObtained; "decode", "decode and verify": the
 * same event from bytes; "parse": nothing but JSON.parse of its data and metadata, their floor.
 */
import { createCachedQuotes } from "../../adapters/quotes/cached.ts";
import { createOrderFold } from "../../domain/application/processors/order-fold.ts";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import { checkRequest } from "../../domain/order/policy.ts";
import { tradeCommandSchema } from "../../domain/order/request.ts";
import type { Row } from "../../domain/ports/read-model.ts";
import { mevModel } from "../../domain/pricing/mev.ts";
import { DEFAULT_MEV } from "../../domain/pricing/mev-options.ts";
import { type Canonical, canonicalJson } from "../../domain/primitives/canonical-json.ts";
import { positionsProjection } from "../../projections/positions.ts";
import type { ProjectionInput } from "../../projections/projection.ts";
import { codec, LOG_ID, START_US } from "../support/given.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { POLICY, quoteOf, RAW_COMMAND, requestOf, SOL, USDC } from "../support/order-samples.ts";
import { type FigureRow, type Spread, shown, spreadOf } from "./figures.ts";

export type MicroFigures = Readonly<Record<string, Spread>>;

export type MicroOptions = {
  readonly batches: number;
  readonly batchMs: number;
};

type Step = (index: number) => unknown;

export async function benchMicro(options: MicroOptions): Promise<MicroFigures> {
  const all = Object.entries(await steps());
  return Object.fromEntries(all.map(([name, step]) => [name, timesOf(step, options)]));
}

/** Kept, so that no result is unused. */
let kept: unknown;

function timesOf(step: Step, { batches, batchMs }: MicroOptions): Spread {
  const batch = (calls: number): number => {
    const startMs = performance.now();
    for (let index = 0; index < calls; index++) kept = step(index);
    return performance.now() - startMs;
  };
  let calls = 1;
  while (batch(calls) < batchMs) calls *= 2;
  const nanoseconds = Array.from({ length: batches }, () => (batch(calls) * 1e6) / calls);
  if (kept === undefined) throw new Error("a step without a result");
  return spreadOf(nanoseconds);
}

async function steps(): Promise<Readonly<Record<string, Step>>> {
  const recorded = filledOrder();
  const quoted = eventOf(recorded, "QuoteObtained");
  const stored = storedBytes(quoted);
  const request = requestOf();
  const facts = { nowUs: START_US, accountOpen: true };
  const entry = { event: quoted.event, metadata: quoted.metadata };
  return {
    "portfolio update per fill": portfolioStep(recorded),
    "MEV model": mevStep(),
    "request form (zod)": () => tradeCommandSchema.parse(RAW_COMMAND),
    "validation (policy checks)": () => checkRequest(request, POLICY, facts),
    "quote cache lookup": await cacheStep(),
    "canonical JSON of an event": () => canonicalJson(quoted.event.data as Canonical),
    "encode an event": () => codec.encode(quoted.stream, quoted.revision, entry),
    "parse an event": () => [parse(stored.data), parse(stored.metadata)],
    "decode an event": () => codec.decode(stored),
    "decode and verify an event": () => codec.decodeAndVerify(stored),
  };
}

const FUNDS = "1000000000000000";

const decoder = new TextDecoder();
const parse = (bytes: Uint8Array): unknown => JSON.parse(decoder.decode(bytes));

/** All events of a log with one account and one filled order. */
function filledOrder(): readonly PositionedEvent[] {
  const writer = createLogWriter(LOG_ID);
  writer.openAccount("main", [
    { mint: SOL, amount: FUNDS },
    { mint: USDC, amount: FUNDS },
  ]);
  writer.order().finish();
  return writer.recorded;
}

function eventOf(recorded: readonly PositionedEvent[], type: string): PositionedEvent {
  const found = recorded.find(({ event }) => event.type === type);
  if (!found) throw new Error(`there is no ${type}`);
  return found;
}

/** As from a disk: the codec has to read them. */
function storedBytes({ stream, revision, event, metadata, position }: PositionedEvent) {
  const { encoded } = codec.encode(stream, revision, { event, metadata });
  const { type, data } = encoded;
  return { stream, revision, position, type, data: data.slice(), metadata: encoded.metadata };
}

function portfolioStep(recorded: readonly PositionedEvent[]): Step {
  const { groupBy, apply } = positionsProjection(USDC);
  const newest = new Map<string, Row["values"]>();
  const keyOf = (group: readonly unknown[]): string => group.join("/");
  const show = (input: ProjectionInput): readonly Row["values"][] => {
    const rows = apply(input, (...group) => newest.get(keyOf(group)));
    for (const row of rows) newest.set(keyOf(groupBy.map((column) => row[column])), row);
    return rows;
  };
  const fold = createOrderFold();
  const inputs = recorded.map((one) => ({
    ...{ recorded: one, clockUs: one.metadata.recordedAtUs },
    ...fold.apply(one),
  }));
  for (const input of inputs) show(input);
  const filled = inputs.find((input) => input.recorded.event.type === "OrderFilled");
  if (!filled) throw new Error("the order was not filled");
  return () => show(filled);
}

function mevStep(): Step {
  const { assess } = mevModel(DEFAULT_MEV);
  return (index) =>
    assess({
      usdMicros: 250_000_000_000n,
      slippageToleranceBps: 200,
      modelSlippagePpm: 5_000n,
      fits: (ppm) => ppm <= 12_345n,
      seed: `7d1a1f0e-52c8-5d0e-9a51-${String(index % 4_096).padStart(12, "0")}`,
      ...{ priorityFeeLamports: 10_000n, tipLamports: 0n, protect: undefined },
    });
}

const PAIRS = 1_000;

async function cacheStep(): Promise<Step> {
  const clock = { nowUs: () => START_US, monotonicUs: () => START_US };
  const requests = Array.from({ length: PAIRS }, (_, index) => ({
    ...{ inputMint: SOL, outputMint: USDC, amount: BigInt(1_000_000 + index) },
  }));
  const quotes = createCachedQuotes({
    ...{ clock, ttlMs: 2_000 },
    source: {
      quote: async (asked) => ({
        kind: "quoted",
        quote: quoteOf(asked),
        cacheHit: false,
        stale: false,
      }),
    },
  });
  await Promise.all(requests.map((request) => quotes.quote(request)));
  return (index) => {
    const request = requests[index % PAIRS];
    const quote = request && quotes.cached(request);
    if (!quote) throw new Error("the quote is not at hand");
    return quote;
  };
}

export const microRows = (figures: MicroFigures): FigureRow[] =>
  Object.entries(figures).map(([name, nanoseconds]) => [
    `${name}, ns`,
    shown(nanoseconds),
    "< 1 ms",
  ]);
