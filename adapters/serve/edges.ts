/** What others reach the engine by: gRPC and HTTP. */
import type { Engine } from "../../domain/application/engine.types.ts";
import { createMarkSource } from "../../domain/application/marks.ts";
import { createPairPrices } from "../../domain/application/orders/pair-prices.ts";
import type { Policy } from "../../domain/order/policy.ts";
import type { Clock, Timers } from "../../domain/ports/clock.ts";
import type { Hasher } from "../../domain/ports/hasher.ts";
import type { Quotes } from "../../domain/ports/quotes.ts";
import { formatAddress } from "../config/address.ts";
import { COST_MINT } from "../config/cost-mint.ts";
import type { Config } from "../config.ts";
import { fileIdentity } from "../event-store/file-identity.ts";
import { createGrpcServer } from "../grpc/server.ts";
import { createHttpServer } from "../http/server.ts";
import type { LiveFigures } from "../telemetry/live-metrics.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { liveWords } from "./live-status.ts";
import type { FoldedLog } from "./log.ts";
import type { Undo } from "./undo.ts";
import type { FollowedLog, ViewsParts } from "./views.ts";

const DRAIN_TIMEOUT_MS = 10_000;

export type EdgeParts = Pick<ViewsParts, "codec" | "log"> & {
  readonly engine: Engine;
  readonly folded: FoldedLog;
  readonly followed: FollowedLog;
  readonly quotes: Quotes;
  readonly policy: Policy;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly version: string;
  readonly telemetry: Pick<Telemetry, "expose">;
  /** Undefined: nobody trades live. */
  readonly live: (() => LiveFigures) | undefined;
  readonly undo: Undo;
};

/** The addresses that they listen at. Rejects with a sentence where one cannot be had. */
export async function openEdges(
  config: Config,
  parts: EdgeParts,
): Promise<{ readonly grpc: string; readonly http: string }> {
  const { engine, undo } = parts;
  const grpc = grpcServer(config, parts);
  let grpcAddress = "";
  const http = httpServer(parts, () => grpcAddress);
  undo.push(() => http.close());
  // Together: new trades are told that the engine is draining while the calls under way get their answers.
  undo.push(async () => {
    await Promise.all([engine.drain(DRAIN_TIMEOUT_MS), grpc.drain(DRAIN_TIMEOUT_MS)]);
  });
  grpcAddress = await grpc.listen(formatAddress(config.grpc));
  return { grpc: grpcAddress, http: await http.listen(formatAddress(config.http)) };
}

function grpcServer(config: Config, parts: EdgeParts) {
  const { engine, folded, followed, codec, hasher, clock, timers, version, policy } = parts;
  const { tokens } = policy;
  return createGrpcServer({
    ...{ engine, codec, hasher, clock, version, tokens },
    ...{ store: folded.store, logId: folded.logId },
    ...{ readModel: followed.readModel, views: followed.views },
    costMint: COST_MINT,
    marks: createMarkSource({
      pairs: createPairPrices(parts.quotes, policy),
      ...{ tokens, costMint: COST_MINT, timers },
    }),
    executor: config.executor,
    log: failureLog(parts),
  });
}

function httpServer(parts: EdgeParts, grpcAddress: () => string) {
  const { engine, folded, hasher, telemetry, live } = parts;
  const { logId, file, state } = folded;
  return createHttpServer({
    metrics: telemetry.expose,
    status: engine.status,
    details: () => (live ? [liveWords(live(), engine.status().unknownOrders)] : []),
    state: () => {
      const report = state.report(hasher);
      const place = { logId, storeId: fileIdentity(file) ?? "", grpc: grpcAddress() };
      return { ...place, ...report, position: report.position?.toString() ?? "" };
    },
    log: failureLog(parts),
  });
}

const failureLog =
  ({ log }: EdgeParts) =>
  (message: string, error: unknown): void =>
    log(`${message}: ${describe(error)}`);

export const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
