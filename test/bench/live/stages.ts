/** Where the time of live orders goes: between which of its events, and from the call to the first copy that a node got. */
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { createNodeHasher } from "../../../adapters/hasher/node.ts";
import { orderIdOf } from "../../../domain/order/request.ts";
import type { Principal, RequestId } from "../../../domain/primitives/ids.ts";
import { quantile } from "../figures.ts";
import { requestIdOf } from "../trade-frame.ts";
import type { LiveRound } from "./live-engine.ts";
import type { Seen } from "./stand-in-chain.ts";

export type Quantiles = { readonly p50Ms: number; readonly p99Ms: number };

/** Each ends with this event and begins with the one before. */
export const STAGES = [
  ["OrderValidated", "validation"],
  ["QuoteObtained", "quote, and the request durable"],
  ["FundsReserved", "instructions, balances"],
  ["SimulationPassed", "build, gate, simulation"],
  ["AttemptSigned", "signature, evidence durable"],
] as const;
export type StageName = (typeof STAGES)[number][0];
export type Stages = Readonly<Record<StageName, Quantiles>>;

const hasher = createNodeHasher();
/** Of the caller of all benches. */
const LOCAL = "local" as Principal;

export const quantilesOf = (milliseconds: readonly number[]): Quantiles => {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
};

/** Order ids of a round in the order of their calls. */
const orderIdsOf = ({ firstId, beganUs }: LiveRound): string[] =>
  beganUs.map((_, index) => orderIdOf(LOCAL, requestIdOf(firstId + index) as RequestId, hasher));

/** From each call to the first copy of its transaction; throws where none came. */
export function toBroadcastMs(round: LiveRound, seen: readonly Seen[]): number[] {
  const byOrder = new Map(seen.map((one) => [one.orderId, one]));
  return orderIdsOf(round).map((orderId, index) => {
    const { sentUs } = seenOf(byOrder, orderId);
    return (sentUs - (round.beganUs[index] ?? 0)) / 1_000;
  });
}

/** From each landing to the answer that its caller got. */
export function fromLandingMs(round: LiveRound, seen: readonly Seen[]): number[] {
  const byOrder = new Map(seen.map((one) => [one.orderId, one]));
  return orderIdsOf(round).map((orderId, index) => {
    const { landedUs } = seenOf(byOrder, orderId);
    return ((round.answeredUs[index] ?? 0) - landedUs) / 1_000;
  });
}

function seenOf(byOrder: ReadonlyMap<string, Seen>, orderId: string): Seen {
  const found = byOrder.get(orderId);
  if (!found) throw new Error(`no node has seen order ${orderId}`);
  return found;
}

const rowSchema = z.object({
  stream: z.string(),
  type: z.string(),
  metadata: z.instanceof(Uint8Array),
});
const RECORDED_AT = /"recordedAt":(\d+)/;

/** Of the orders whose events begin after `position`. */
export function stagesSince(log: string, position: number): Stages {
  const db = new DatabaseSync(log, { readOnly: true });
  try {
    const rows = db
      .prepare("SELECT stream, type, metadata FROM events WHERE position > ? ORDER BY position")
      .all(position);
    const lastUs = new Map<string, number>();
    const found = new Map<string, number[]>(STAGES.map(([type]) => [type, []]));
    for (const row of rows) {
      const { stream, type, metadata } = rowSchema.parse(row);
      if (!stream.startsWith("order-")) continue;
      const [, text] = RECORDED_AT.exec(Buffer.from(metadata).toString()) ?? [];
      const atUs = Number(text);
      const before = lastUs.get(stream);
      if (before !== undefined) found.get(type)?.push((atUs - before) / 1_000);
      lastUs.set(stream, atUs);
    }
    const of = (type: StageName): Quantiles => quantilesOf(found.get(type) ?? []);
    return {
      OrderValidated: of("OrderValidated"),
      QuoteObtained: of("QuoteObtained"),
      FundsReserved: of("FundsReserved"),
      SimulationPassed: of("SimulationPassed"),
      AttemptSigned: of("AttemptSigned"),
    };
  } finally {
    db.close();
  }
}
