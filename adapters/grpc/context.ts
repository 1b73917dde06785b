/** What the handlers are given, and the limits of this edge. */
import type { Metadata } from "@grpc/grpc-js";
import type { Engine } from "../../domain/application/engine.types.ts";
import type { MarkSource } from "../../domain/application/marks.ts";
import type { Rebuild } from "../../domain/application/processors/views-rebuild.ts";
import type { Codec } from "../../domain/codec/codec.ts";
import type { OrderRequest } from "../../domain/order/events.ts";
import type { Token } from "../../domain/order/policy.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventStore, Position } from "../../domain/ports/event-store.ts";
import type { Hasher } from "../../domain/ports/hasher.ts";
import type { ReadModel, Row } from "../../domain/ports/read-model.ts";
import type { AccountId, LogId, Mint, Principal } from "../../domain/primitives/ids.ts";
import type { PositionTokens } from "./mapping/position-token.ts";

/** How far the views are, and a wait for them. */
export type Views = {
  /** Up to here every view has every event; undefined while they have none. */
  readonly position: () => Position | undefined;
  /**
   * True once the views have everything up to the position, and are whole: all that was in the log
   * when they began is in them. False when the time is over.
   */
  readonly waitFor: (position: Position | undefined, timeoutMs: number) => Promise<boolean>;
  /** Events that each view is behind the log. */
  readonly lag: () => Readonly<Record<string, number>>;
  /** Newest rows of the `positions` table of an account by mint; from memory. */
  readonly positions: (account: AccountId) => readonly Row["values"][];
  readonly rebuild: Rebuild;
};

/** Unexpected exceptions go here and nowhere else. */
export type Log = (message: string, error: unknown) => void;

export type PrincipalOf = (call: { readonly metadata: Metadata; getPeer(): string }) => Principal;

export type GrpcLimits = {
  /** Bytes of one request. */
  readonly maxReceiveBytes: number;
  /** Calls under way on one connection. */
  readonly maxConcurrentStreams: number;
  /** StreamExecutionStatus, StreamTradeUpdates and ReplayEvents calls under way on the whole server. */
  readonly maxStatusStreams: number;
  readonly maxUpdateStreams: number;
  readonly maxReplayStreams: number;
  /** A read waits this long for the views to reach min_position. Milliseconds. */
  readonly viewWaitMs: number;
  /** A read of positions waits this long for marks. Milliseconds. */
  readonly markWaitMs: number;
  /** A write waits this long where the call has no deadline, and at most `maxWaitMs` where it has. Milliseconds. */
  readonly defaultWaitMs: number;
  readonly maxWaitMs: number;
};

export const GRPC_LIMITS: GrpcLimits = {
  maxReceiveBytes: 1024 * 1024,
  maxConcurrentStreams: 4_096,
  maxStatusStreams: 2_000,
  // Each of them folds the whole log's news.
  maxUpdateStreams: 64,
  maxReplayStreams: 16,
  viewWaitMs: 2_000,
  markWaitMs: 2_000,
  defaultWaitMs: 60_000,
  maxWaitMs: 600_000,
};

export type GrpcDependencies = {
  readonly engine: Engine;
  readonly readModel: Pick<
    ReadModel,
    "history" | "positions" | "positionsAt" | "firstPositionUs" | "lastTrades"
  >;
  readonly store: Pick<EventStore, "readStream" | "readAll" | "end" | "subscribe">;
  readonly codec: Codec;
  readonly hasher: Hasher;
  readonly logId: LogId;
  readonly views: Views;
  readonly tokens: ReadonlyMap<Mint, Pick<Token, "symbol" | "decimals">>;
  /** Mint that costs and profits are counted in. */
  readonly costMint: Mint;
  /** What mints are worth now. */
  readonly marks: MarkSource;
  readonly clock: Pick<Clock, "nowUs">;
  /** What the frozen contract trades with. */
  readonly executor: { readonly mode: OrderRequest["mode"]; readonly account: AccountId };
  readonly version: string;
  readonly log: Log;
  readonly principalOf?: PrincipalOf;
  readonly limits?: Partial<GrpcLimits>;
};

export type Context = GrpcDependencies & {
  readonly principalOf: PrincipalOf;
  readonly limits: GrpcLimits;
  readonly positions: PositionTokens;
};
