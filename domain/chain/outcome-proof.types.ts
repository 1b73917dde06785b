/** What a transaction is judged by: the attempt, and what each node said of it. Slots and heights are safe integers. */

export type ObservedStatus = {
  /** Of the block that it is in. */
  readonly slot: number;
  readonly commitment: "processed" | "confirmed" | "finalized";
  /** As JSON of the node; undefined: it succeeded. */
  readonly error: unknown;
};

/** What one node said. A node may be observed several times; each observation stands for itself. */
export type NodeObservation = {
  /** URL without credentials: the same host and port is the same node. */
  readonly node: string;
  readonly finalizedHeight?: { readonly slot: number; readonly blockHeight: number } | undefined;
  /** `slot`: context of the answer. To count against the attempt it must have been asked for after the height. */
  readonly status?:
    | {
        readonly slot: number;
        readonly status: ObservedStatus | undefined;
        readonly searchedHistory: boolean;
      }
    | undefined;
  /** Oldest block that it still has. */
  readonly firstAvailableBlock?: number | undefined;
};

/** A node that saw the blockhash valid before the signature, and how high its chain was then: `confirmed`. */
export type Witness = { readonly node: string; readonly blockHeight: number };

export type JudgedAttempt = {
  /** As one node told it: no node's word about it counts for another one. */
  readonly lastValidBlockHeight: number;
  /** Absent: the last valid height is believed. */
  readonly witnesses?: readonly Witness[] | undefined;
  /** Slot at which its blockhash was read: it cannot be in an older block. */
  readonly contextSlot: number;
};
