/** How an attempt ends before anything was signed. */
import type { StepTools } from "../orders/driver.types.ts";
import type { OrderEntry } from "../orders/order-entry.ts";
import type { Obstacle } from "./obstacle.ts";
import type { Venue } from "./venue.types.ts";

export const LOST = "what was prepared is gone with its process";

export type AttemptEnds = {
  /** Something was not to be had: the order fails, or another attempt is made later. */
  readonly obstructed: (entry: OrderEntry, obstacle: Obstacle) => undefined;
  /** The attempt begins anew under its own number. */
  readonly abandon: (entry: OrderEntry, message: string) => undefined;
};

export function createAttemptEnds(
  { clock, retry, safety, materials }: Venue,
  { record }: StepTools,
): AttemptEnds {
  return {
    obstructed: (entry, { failure }) => {
      const { orderId } = entry;
      if (failure.reason === "CHAIN_UNAVAILABLE" || failure.reason === "SIGNER_UNAVAILABLE") {
        safety.report({ orderId, outcome: "infrastructure-error" });
      }
      materials.delete(orderId);
      record(entry, { type: "RecordObstacle", failure, retry, nowUs: clock.nowUs() });
    },
    abandon: (entry, message) => {
      materials.delete(entry.orderId);
      record(entry, { type: "Abandon", message, nowUs: clock.nowUs() });
    },
  };
}
