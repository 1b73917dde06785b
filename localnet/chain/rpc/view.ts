/**
 * The chain as one node sees it: perhaps some blocks late, perhaps without history, perhaps lying.
 * Methods read through this and never from the chain itself.
 */
import { z } from "zod";
import type { Block, Commitment } from "../chain.types.ts";
import type { HistoryEntry } from "../history.ts";
import type { LocalChain } from "../local-chain.types.ts";
import { statusAt } from "../status.ts";
import { failure, RPC, type RpcFailure } from "./answers.ts";
import type { PlainOptions } from "./params.ts";

export const API_VERSION = "3.1.8";
/** Rooted slots that the status cache holds without history. */
const STATUS_CACHE_BLOCKS = 300;

export const nodeSettingsSchema = z.strictObject({
  /** Blocks that this node is late; at most as many as the chain keeps states for. */
  lagBlocks: z.int().min(0).max(400),
  /** none: a node that runs without transaction history; it answers -32011. */
  history: z.enum(["full", "none"]),
  /** Keeps only so many blocks of history; null keeps all. */
  keepBlocks: z.int().positive().nullable(),
  /** absent denies every transaction; success calls every signature finalized. */
  lie: z.enum(["none", "absent", "success"]),
  /** WebSocket subscriptions are taken and never heard of again. */
  mutedWebSocket: z.boolean(),
  /** Every connection is cut at once. */
  down: z.boolean(),
  /** Says of itself that it is so many slots behind; preflight refuses with -32005 then. */
  slotsBehind: z.int().nonnegative(),
});
export type NodeSettings = z.infer<typeof nodeSettingsSchema>;

export const HONEST: NodeSettings = {
  lagBlocks: 0,
  history: "full",
  keepBlocks: null,
  lie: "none",
  mutedWebSocket: false,
  down: false,
  slotsBehind: 0,
};

export type Context = { readonly apiVersion: string; readonly slot: number };

export type NodeView = {
  readonly chain: LocalChain;
  /** Which node this is, counted from 0. */
  readonly index: number;
  readonly settings: NodeSettings;
  tipHeight(): number;
  heightOf(commitment: Commitment | undefined): number;
  blockOf(commitment: Commitment | undefined): Block;
  context(commitment: Commitment | undefined): Context;
  /** -32016 if the node has not come that far. */
  tooEarly(options: PlainOptions): RpcFailure | undefined;
  firstAvailableSlot(): number;
  /** Undefined if this node does not know it, or says so. */
  entry(signature: string): HistoryEntry | undefined;
  /** In the form of `getSignatureStatuses`. */
  status(signature: string, searchHistory: boolean): object | null;
};

/** `settings` may be changed at any time. */
export function createNodeView(chain: LocalChain, index: number, settings: NodeSettings): NodeView {
  const tipHeight = () =>
    Math.max(chain.blocks.oldest().height, chain.height() - settings.lagBlocks);
  const heightOf = (commitment: Commitment = "finalized") =>
    chain.heightOf(commitment, tipHeight());
  const blockOf = (commitment: Commitment | undefined) =>
    chain.blocks.at(heightOf(commitment)) ?? chain.blocks.oldest();
  const context = (commitment: Commitment | undefined) => ({
    apiVersion: API_VERSION,
    slot: blockOf(commitment).slot,
  });

  function firstAvailableSlot(): number {
    const { keepBlocks } = settings;
    const oldest = keepBlocks === null ? undefined : chain.blocks.at(tipHeight() - keepBlocks + 1);
    return Math.max(chain.firstSlot(), oldest?.slot ?? 0);
  }

  function entry(signature: string): HistoryEntry | undefined {
    if (settings.lie === "absent") return undefined;
    const found = chain.history.get(signature);
    return found && found.height <= tipHeight() ? found : undefined;
  }

  return {
    ...{ chain, index, settings, tipHeight, heightOf, blockOf, context, firstAvailableSlot, entry },
    tooEarly(options) {
      const { slot } = blockOf(options?.commitment);
      if ((options?.minContextSlot ?? 0) <= slot) return undefined;
      const data = { contextSlot: slot };
      return failure(RPC.minContextSlot, "Minimum context slot has not been reached", data);
    },
    status(signature, searchHistory) {
      if (settings.lie === "success") {
        const { slot } = blockOf("finalized");
        const lied = { slot, confirmations: null, err: null, status: { Ok: null } };
        return { ...lied, confirmationStatus: "finalized" };
      }
      const found = entry(signature);
      if (!found) return null;
      const cached = tipHeight() - found.height <= chain.settings.finalLag + STATUS_CACHE_BLOCKS;
      if (!cached && (!searchHistory || found.slot < firstAvailableSlot())) return null;
      const status = statusAt(found, tipHeight(), chain.settings);
      return status
        ? { ...status, status: status.err === null ? { Ok: null } : { Err: status.err } }
        : null;
    },
  };
}
