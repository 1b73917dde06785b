/**
 * Events as rows of a table for spreadsheets, RFC 4180. Flat and lossy on purpose: JSON lines are the record. Amounts stand
 * in whole tokens and, exactly, in smallest units.
 */
import type { Codec, PositionedEvent } from "../../../domain/codec/codec.ts";
import { type DomainEvent, isOrderEvent } from "../../../domain/codec/registry.ts";
import type { OrderRequest } from "../../../domain/order/events.ts";
import type { Token } from "../../../domain/order/policy.ts";
import type { EventStore, StoredEvent } from "../../../domain/ports/event-store.ts";
import { formatAmount } from "../../../domain/primitives/amount.ts";
import {
  accountIdOfStream,
  orderIdOfEvidence,
  orderIdOfStream,
  type StreamName,
} from "../../../domain/primitives/ids.ts";
import { priceFromRatio } from "../../../domain/primitives/ratio.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import { type Cells, csvRow } from "./csv-table.ts";

type Decimals = ReadonlyMap<string, number>;
/** What later events of an order do not repeat. */
type OrderContext = { readonly request: OrderRequest; readonly decimals: Decimals };

export type CsvPorts = {
  readonly store: Pick<EventStore, "readStream">;
  readonly codec: Codec;
  readonly tokens: readonly Token[];
};

/** Orders whose beginnings are kept; others are looked up in the log again. */
const MAX_CONTEXTS = 10_000;
/** OrderRequested and OrderValidated. */
const BEGINNING = 2;

/** Makes the row of each event, with its line end. Rejects with UnreadableEventError. */
export function createCsvRows({
  store,
  codec,
  tokens,
}: CsvPorts): (stored: StoredEvent) => Promise<string> {
  const configured: Decimals = new Map(tokens.map(({ mint, decimals }) => [mint, decimals]));
  const contexts = new Map<StreamName, OrderContext>();

  /** Decimals as the log has them go before those of the configuration. */
  async function contextOf(stream: StreamName): Promise<OrderContext | undefined> {
    const known = contexts.get(stream);
    if (known) return known;
    let context: OrderContext | undefined;
    for (const stored of await store.readStream(stream, 0, BEGINNING)) {
      const { event } = codec.decode(stored);
      if (event.type === "OrderRequested") {
        context = { request: event.data.request, decimals: configured };
      } else if (event.type === "OrderValidated" && context) {
        const { baseMint, quoteMint } = context.request;
        const { baseDecimals, quoteDecimals } = event.data;
        const recorded = new Map([
          ...configured,
          [baseMint, baseDecimals],
          [quoteMint, quoteDecimals],
        ]);
        context = { ...context, decimals: recorded };
      }
    }
    if (context) {
      if (contexts.size >= MAX_CONTEXTS) contexts.clear();
      contexts.set(stream, context);
    }
    return context;
  }

  return async (stored) => {
    const recorded = codec.decode(stored);
    const { stream } = recorded;
    const isOrder = orderIdOfStream(stream) !== undefined;
    const context = isOrder ? await contextOf(stream) : undefined;
    const cells: Cells = {
      ...placeCells(recorded),
      ...orderCells(recorded, context?.request),
      ...eventCells(recorded.event, context ?? { request: undefined, decimals: configured }),
    };
    return csvRow(cells);
  };
}

const placeCells = ({
  stream,
  revision,
  position,
  event,
  metadata,
  hash,
  eventId,
}: PositionedEvent): Cells => ({
  time: formatTimestamp(metadata.recordedAtUs),
  position: position.toString(),
  stream,
  revision: String(revision),
  type: event.type,
  actor: metadata.actor,
  event_id: eventId,
  hash,
});

function orderCells({ stream, event }: PositionedEvent, request: OrderRequest | undefined): Cells {
  if (!isOrderEvent(event)) {
    const requestId = ("requestId" in event.data ? event.data.requestId : undefined) ?? "";
    const order_id = orderIdOfEvidence(stream) ?? "";
    return { account: accountIdOfStream(stream) ?? "", request_id: requestId, order_id };
  }
  return {
    order_id: orderIdOfStream(stream) ?? "",
    request_id: request?.requestId ?? "",
    account: request?.account ?? "",
    action: request?.action ?? "",
    base_mint: request?.baseMint ?? "",
    quote_mint: request?.quoteMint ?? "",
  };
}

type Context = { readonly request: OrderRequest | undefined; readonly decimals: Decimals };

function eventCells(event: DomainEvent, context: Context): Cells {
  const { request, decimals } = context;
  const whole = (mint: string | undefined, units: string): string => {
    const places = mint === undefined ? undefined : decimals.get(mint);
    return places === undefined ? "" : formatAmount(BigInt(units), places);
  };
  const moved = (mint: string, amount: string): Cells => ({
    mint,
    amount: whole(mint, amount),
    amount_units: amount,
  });
  const pair = (
    { amountIn, amountOut }: { readonly amountIn: string; readonly amountOut: string },
    [inputMint, outputMint]: readonly [string | undefined, string | undefined],
  ): Cells => ({
    amount_in: whole(inputMint, amountIn),
    amount_in_units: amountIn,
    amount_out: whole(outputMint, amountOut),
    amount_out_units: amountOut,
  });
  switch (event.type) {
    case "OrderRequested": {
      const { isBaseInput, baseMint, quoteMint, amount } = event.data.request;
      return moved(isBaseInput ? baseMint : quoteMint, amount);
    }
    case "FundsDeposited":
    case "FundsWithdrawn":
      return moved(event.data.funds.mint, event.data.funds.amount);
    case "AccountOpened":
      return openedCells(event.data.initialFunds, moved);
    case "QuoteObtained": {
      const { inputMint, outputMint, inAmount, outAmount, attempt, price } = event.data;
      const amounts = { amountIn: inAmount, amountOut: outAmount };
      const cells = pair(amounts, [inputMint, outputMint]);
      return { ...cells, price: priceText(price, context), attempt: String(attempt) };
    }
    case "PaperExecutionSimulated": {
      const { attempt, fees, slippagePpm } = event.data;
      return {
        ...pair(event.data, sidesOf(request)),
        ...feeCells(fees),
        slippage_bps: formatAmount(BigInt(slippagePpm), 2),
        attempt: String(attempt),
      };
    }
    case "OrderFilled": {
      const { attempt, fees, price, txSignature, slippageVsQuotedCentiBps } = event.data;
      return {
        ...pair(event.data, sidesOf(request)),
        ...feeCells(fees),
        price: priceText(price, context),
        slippage_bps: formatAmount(BigInt(slippageVsQuotedCentiBps), 2),
        attempt: String(attempt),
        tx_signature: txSignature,
      };
    }
    case "TradingHalted":
    case "TradingResumed": {
      const { scope, target = "" } = event.data;
      return { ...reasonCells(event.data), ...(scope === "all" ? {} : { [scope]: target }) };
    }
    case "AttemptSigned": {
      const { attempt, baseFeeLamports, priorityFeeLamports, tipLamports } = event.data;
      return {
        ...feeCells({ baseFeeLamports, priorityFeeLamports, tipLamports, rentLamports: "" }),
        attempt: String(attempt),
        tx_signature: event.data.signature,
      };
    }
    case "EvidenceRecorded": {
      const { kind, source, length, sha256 } = event.data;
      return { message: `${kind} of ${source}: ${length} characters, sha256 ${sha256}` };
    }
    default:
      return reasonCells(event.data);
  }
}

/** The first funds where there are one of them; a text where there are more. */
function openedCells(
  funds: readonly { readonly mint: string; readonly amount: string }[],
  moved: (mint: string, amount: string) => Cells,
): Cells {
  const [first, ...others] = funds;
  if (!first) return {};
  if (others.length === 0) return moved(first.mint, first.amount);
  return { message: funds.map(({ mint, amount }) => `${amount} units of ${mint}`).join("; ") };
}

/** Mints of what is spent and received. */
function sidesOf(
  request: OrderRequest | undefined,
): readonly [string | undefined, string | undefined] {
  if (!request) return [undefined, undefined];
  const { action, baseMint, quoteMint } = request;
  return action === "BUY" ? [quoteMint, baseMint] : [baseMint, quoteMint];
}

const feeCells = (fees: {
  readonly baseFeeLamports: string;
  readonly priorityFeeLamports: string;
  readonly tipLamports: string;
  readonly rentLamports: string;
}): Cells => ({
  base_fee_lamports: fees.baseFeeLamports,
  priority_fee_lamports: fees.priorityFeeLamports,
  tip_lamports: fees.tipLamports,
  rent_lamports: fees.rentLamports,
});

/** Whole quote tokens per whole base token; empty where decimals are not known. */
function priceText(
  { numerator, denominator }: { readonly numerator: string; readonly denominator: string },
  { request, decimals }: Context,
): string {
  const base = request && decimals.get(request.baseMint);
  const quote = request && decimals.get(request.quoteMint);
  if (base === undefined || quote === undefined) return "";
  const ratio = { numerator: BigInt(numerator), denominator: BigInt(denominator) };
  return priceFromRatio(ratio, { base, quote });
}

/** Why, for the many events that say so in the same words. */
function reasonCells(data: Readonly<Record<string, unknown>>): Cells {
  const text = (value: unknown): string =>
    typeof value === "string" || typeof value === "number" ? String(value) : "";
  return {
    reason: text(data.reason ?? data.class ?? data.cause ?? data.rule ?? data.outcome),
    message: text(data.message ?? data.found),
    attempt: text(data.attempt ?? data.attempts),
  };
}
