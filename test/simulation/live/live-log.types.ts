/** The log of live orders as the checks see it. */
import type { OrderEvent, OrderEventData, OrderRequest } from "../../../domain/order/events.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";

type Data<T extends OrderEvent["type"]> = OrderEventData<T>;

export type SignedRecord = Data<"AttemptSigned"> & {
  readonly order: LiveOrderRecord;
  readonly bytes: Uint8Array;
};

export type LiveOrderRecord = {
  readonly orderId: string;
  readonly request: OrderRequest;
  readonly principal: string;
  readonly wallet: string;
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly events: OrderEvent[];
  readonly hashes: string[];
  readonly attempts: SignedRecord[];
  fill: Data<"OrderFilled"> | undefined;
  readonly has: (type: OrderEvent["type"]) => boolean;
  /** The last event that is more than a wish. */
  readonly last: () => OrderEvent;
};

export type LiveLog = {
  readonly absorb: () => void;
  readonly order: (orderId: string) => LiveOrderRecord | undefined;
  readonly orders: () => Iterable<LiveOrderRecord>;
  readonly attempt: (signature: string) => SignedRecord | undefined;
  readonly clockUs: () => number;
  /** Events so far after which a crash is worth trying. */
  readonly moments: () => number;
  /** Outcomes so far that nobody could prove. */
  readonly doubts: () => number;
};
