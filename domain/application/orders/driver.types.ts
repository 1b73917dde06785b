/** What the driver of an order lends to the steps of a venue. */
import type { OrderCommand } from "../../order/commands.ts";
import type { OrderEvent } from "../../order/events.ts";
import type { Step } from "../../order/flow.ts";
import type { OrderState } from "../../order/state.ts";
import type { ExpectedRevision } from "../../ports/event-store.ts";
import type { OrderEntry } from "./order-entry.ts";
import type { OrderWaits } from "./order-waits.ts";

/** How a drive ended. */
export type DriveEnd =
  | { readonly kind: "finished" }
  /** The first append met events that stand there already. Nothing of this drive is in the log. */
  | { readonly kind: "exists" }
  /** The first append was refused; nothing of this drive is in the log. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** Somebody else wrote to the stream of an order that this engine drives. */
  | { readonly kind: "fenced"; readonly actual: ExpectedRevision };

export type StepTools = OrderWaits & {
  /** Decides a command and stages what follows. */
  readonly record: (entry: OrderEntry, command: OrderCommand) => void;
  readonly stage: (entry: OrderEntry, events: readonly OrderEvent[]) => void;
  /** Stores what is staged. Undefined: all is durable, go on. */
  readonly flush: (entry: OrderEntry) => Promise<DriveEnd | undefined>;
  readonly giveSlot: (entry: OrderEntry) => void;
};

/** Performs one step; undefined: go on with what the order's state says. */
export type Perform = (
  entry: OrderEntry,
  order: OrderState,
  step: Step,
) => Promise<DriveEnd | undefined>;
