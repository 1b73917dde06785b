/** HealthCheck: the engine's condition with numbers. (grpc.health.v1 says only whether it serves.) */
import type {
  HealthCheckRequest,
  HealthCheckResponse,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { timestampOf } from "../mapping/time.ts";
import type { UnaryHandler } from "../methods.ts";

export const healthCheck =
  ({
    engine,
    views,
    positions,
    version,
  }: Context): UnaryHandler<HealthCheckRequest, HealthCheckResponse> =>
  () => {
    const status = engine.status();
    const { halts, breaker } = engine.safety.status();
    const lag = Object.entries(views.lag()).map(([view, events]) => [view, BigInt(events)]);
    return {
      kind: "ok",
      message: {
        serving: status.accepting,
        reason: status.reason,
        version,
        startedAt: timestampOf(status.startedAtUs),
        openOrders: BigInt(status.openOrders),
        position: positions.encode(status.position),
        viewLag: Object.fromEntries(lag),
        tradingHalted: halts.length > 0,
        breakerOpen: breaker.kind !== "closed",
      },
    };
  };
