/**
 * What log and chain must say of each other once all is over. Everything on the chain's side is read from the chain: what landed under
 * which memo, and what the wallet gained and lost by it.
 */
import type { OrderEventData } from "../../../domain/order/events.ts";
import type { Balances, BookedTransaction } from "../../support/chain-book.ts";
import { dataOf, type ExportedOrder, hasEnded } from "../../support/exported-orders.ts";
import { SOL } from "../../support/live-processes.ts";

export type Evidence = {
  readonly orders: ReadonlyMap<string, ExportedOrder>;
  readonly transactions: readonly BookedTransaction[];
  readonly opening: Balances;
  readonly closing: Balances;
  /** Order ids by the request ids that were answered. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Request ids that were told that their order came to nothing. */
  readonly refused: ReadonlySet<string>;
};

/** Sentences about everything that does not fit; empty: log and chain agree to the last unit. */
export function disagreements(evidence: Evidence): string[] {
  const { orders, transactions } = evidence;
  return [
    ...lost(evidence),
    ...wronglyRefused(evidence),
    ...[...orders.values()].flatMap((order) => ofOrder(order, transactions)),
    ...strangers(evidence),
    ...ofBalances(evidence),
  ];
}

/** An answered request whose order is not in the log. */
function lost({ acknowledged, orders }: Evidence): string[] {
  return [...acknowledged].flatMap(([requestId, orderId]) => {
    const [requested] = dataOf(orders.get(orderId) ?? { orderId, events: [] }, "OrderRequested");
    return requested?.request.requestId === requestId ? [] : [`${requestId} is lost: ${orderId}`];
  });
}

/** A request that was told that it failed, of an order that was filled, or of none. */
function wronglyRefused({ refused, orders }: Evidence): string[] {
  const unfilled = new Set(
    [...orders.values()]
      .filter(({ events }) => events.at(-1)?.type !== "FillFinalized")
      .map((order) => dataOf(order, "OrderRequested")[0]?.request.requestId as string),
  );
  return [...refused]
    .filter((requestId) => !unfilled.has(requestId))
    .map((requestId) => `${requestId} was told that it failed, and did not`);
}

/** A transaction of ours that no signature of the log explains. */
function strangers({ orders, transactions }: Evidence): string[] {
  const signed = new Set(
    [...orders.values()].flatMap((order) =>
      dataOf(order, "AttemptSigned").map(
        ({ attempt, signature }) => `${order.orderId}#${attempt} ${signature}`,
      ),
    ),
  );
  return transactions
    .filter(({ memo }) => memo !== undefined)
    .filter(({ memo, signature }) => !signed.has(`${memo} ${signature}`))
    .map(({ memo, signature }) => `${signature} of ${memo} is in no log`);
}

function ofOrder(order: ExportedOrder, transactions: readonly BookedTransaction[]): string[] {
  const { orderId, events } = order;
  const own = transactions.filter(({ memo }) => memo?.startsWith(`${orderId}#`));
  const landed = own.filter(({ error }) => error === undefined);
  const last = events.at(-1)?.type;
  const problems: string[] = [];
  if (!hasEnded(order)) problems.push(`its last event is ${last}`);
  if (landed.length > 1) problems.push(`it landed ${landed.length} times`);
  const isFilled = last === "FillFinalized";
  if (landed.length === 1 && !isFilled) problems.push(`it landed and ended with ${last}`);
  if (landed.length === 0 && isFilled) problems.push("it is filled and never landed");
  problems.push(...ofAttempts(order, own));
  const fill = dataOf(order, "OrderFilled").at(-1);
  const [transaction] = landed;
  if (isFilled && fill && transaction) problems.push(...ofFill(order, fill, transaction));
  return problems.map((problem) => `${orderId}: ${problem}`);
}

/** Each signature has one end, before the next one is made; and that end is the chain's. */
function ofAttempts(order: ExportedOrder, own: readonly BookedTransaction[]): string[] {
  const resolved = dataOf(order, "OutcomeResolved").filter(({ outcome }) => outcome === "expired");
  const expired = [...dataOf(order, "AttemptExpired"), ...resolved].map(({ attempt }) => attempt);
  const failed = dataOf(order, "AttemptFailed");
  const finalized = dataOf(order, "FillFinalized").map(({ attempt }) => attempt);
  const problems = dataOf(order, "AttemptSigned").flatMap(({ attempt, signature }) => {
    const transaction = own.find((one) => one.signature === signature);
    const failures = failed.filter((one) => one.attempt === attempt);
    const ends = [...expired, ...finalized].filter((one) => one === attempt).length;
    const paid = -(transaction?.changes.get(SOL) ?? 0n);
    return [
      ...(ends + failures.length === 1 ? [] : [`attempt ${attempt} has ${ends} ends`]),
      ...(expired.includes(attempt) && transaction ? [`${attempt} expired and landed`] : []),
      ...failures.flatMap(({ feeLamports }) =>
        transaction?.error !== undefined && BigInt(feeLamports) === paid
          ? []
          : [`${attempt} failed for ${feeLamports} lamports, for ${paid} on the chain`],
      ),
    ];
  });
  return [...problems, ...ofOrderOfSignatures(order)];
}

/** The next attempt is signed when the last one is dead, under a higher number. */
function ofOrderOfSignatures({ events }: ExportedOrder): string[] {
  const problems: string[] = [];
  let open: number | undefined;
  let last = 0;
  for (const { type, data } of events) {
    if (type === "AttemptExpired" || type === "AttemptFailed") open = undefined;
    if (type !== "AttemptSigned") continue;
    if (open !== undefined) problems.push(`${data.attempt} was signed while ${open} was open`);
    if (data.attempt <= last) problems.push(`${data.attempt} was signed twice`);
    open = data.attempt;
    last = data.attempt;
  }
  return problems;
}

/** Amounts and lines of a fill against what the wallet gained and lost. */
function ofFill(
  order: ExportedOrder,
  fill: OrderEventData<"OrderFilled">,
  { changes, slot, signature, feeLamports }: BookedTransaction,
): string[] {
  const problems: string[] = [];
  const expect = (what: string, booked: unknown, found: unknown): void => {
    if (booked !== found) problems.push(`${what} is ${found} on the chain, booked ${booked}`);
  };
  if (!fill.live) return ["it has no live fill"];
  expect("the fill", fill.live.fillId, `${signature}:${slot}`);
  const { baseFeeLamports, priorityFeeLamports } = fill.fees;
  expect("the fee", BigInt(baseFeeLamports) + BigInt(priorityFeeLamports), feeLamports);
  for (const [mint, booked] of changesOf(order, fill)) {
    expect(`the change of ${mint}`, booked, changes.get(mint) ?? 0n);
  }
  return problems;
}

/** What a fill says that the wallet gained and lost, by mint: its lines added up, not its own sum. */
function changesOf(
  { events }: ExportedOrder,
  { amountIn, amountOut, fees, live }: OrderEventData<"OrderFilled">,
): Map<string, bigint> {
  const [requested] = dataOf({ orderId: "", events }, "OrderRequested");
  if (!requested || !live) throw new Error("an order without its request, or no live fill");
  const { action, baseMint, quoteMint } = requested.request;
  const [input, output] = action === "BUY" ? [quoteMint, baseMint] : [baseMint, quoteMint];
  const changes = new Map<string, bigint>([[SOL, 0n]]);
  const add = (mint: string, amount: bigint): void => {
    changes.set(mint, (changes.get(mint) ?? 0n) + amount);
  };
  add(input, -BigInt(amountIn));
  add(output, BigInt(amountOut));
  add(SOL, -BigInt(fees.baseFeeLamports) - BigInt(fees.priorityFeeLamports));
  add(SOL, -BigInt(fees.tipLamports) - BigInt(live.rentLockedLamports));
  add(SOL, BigInt(live.rentRecoveredLamports) + BigInt(live.unwrappedLamports));
  add(SOL, -BigInt(live.otherTransfersLamports));
  return changes;
}

/** Closing balance = opening balance + fills − what failed transactions paid, mint by mint. */
function ofBalances({ orders, opening, closing }: Evidence): string[] {
  const expected = new Map(opening);
  const add = (mint: string, amount: bigint): void => {
    expected.set(mint, (expected.get(mint) ?? 0n) + amount);
  };
  for (const order of orders.values()) {
    for (const { feeLamports } of dataOf(order, "AttemptFailed")) add(SOL, -BigInt(feeLamports));
    const fill = dataOf(order, "OrderFilled").at(-1);
    if (!fill || order.events.at(-1)?.type !== "FillFinalized") continue;
    for (const [mint, change] of changesOf(order, fill)) add(mint, change);
  }
  const mints = new Set([...expected.keys(), ...closing.keys()]);
  return [...mints].flatMap((mint) => {
    const [booked, found] = [expected.get(mint) ?? 0n, closing.get(mint) ?? 0n];
    return booked === found ? [] : [`the wallet has ${found} of ${mint}, the books say ${booked}`];
  });
}
