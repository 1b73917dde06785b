/** How far a landed transaction has come for somebody who sees the chain up to a height. */
import type { SignatureStatus } from "./chain.types.ts";
import type { HistoryEntry } from "./history.ts";
import type { ChainSettings } from "./local-chain.types.ts";

/** Undefined if it landed in a block that is not seen yet. */
export function statusAt(
  { slot, height, err }: HistoryEntry,
  tipHeight: number,
  { confirmLag, finalLag }: ChainSettings,
): SignatureStatus | undefined {
  const onTop = tipHeight - height;
  if (onTop < 0) return undefined;
  if (onTop >= finalLag) return { slot, err, confirmations: null, confirmationStatus: "finalized" };
  const confirmationStatus = onTop >= confirmLag ? "confirmed" : "processed";
  return { slot, err, confirmations: onTop, confirmationStatus };
}
