/** How live trading stands, for whoever watches the engine. */
import type { Engine } from "../../domain/application/engine.types.ts";
import type { LiveFigures } from "../telemetry/live-metrics.ts";
import type { LiveVenue } from "./venue.ts";

export const liveStatusOf =
  ({ cluster, isSignerAvailable }: LiveVenue, engine: Pick<Engine, "status">) =>
  (): LiveFigures => ({
    followedAttempts: engine.status().followedAttempts,
    isSignerAvailable: isSignerAvailable(),
    isClusterKnown: cluster.isKnown(),
  });

/** One line, for /readyz. */
export function liveWords(
  { followedAttempts, isSignerAvailable, isClusterKnown }: LiveFigures,
  unknownOrders: number,
): string {
  const signer = isSignerAvailable ? "signer available" : "signer not available";
  const cluster = isClusterKnown ? "cluster confirmed" : "cluster not confirmed by any node";
  const attempts = `${followedAttempts} attempts followed, ${unknownOrders} outcomes unknown`;
  return `live: ${signer}, ${cluster}, ${attempts}`;
}
