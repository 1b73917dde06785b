/** Methods about slots, blocks, blockhashes, the cluster and its fees. */
import { z } from "zod";
import { MAX_BLOCKHASH_AGE } from "../blocks.ts";
import type { Block } from "../chain.types.ts";
import { feesOf } from "../fees.ts";
import { parseMessage } from "../message.ts";
import { SLOTS_PER_EPOCH } from "../vm.ts";
import { failure, RPC } from "./answers.ts";
import { type Methods, method } from "./method.ts";
import {
  address,
  flag,
  optional,
  options,
  plainOptions,
  slot,
  transactionEncoding,
  version,
} from "./params.ts";
import { transactionJson, versionRefusal } from "./transaction-json.ts";
import { API_VERSION, type NodeView } from "./view.ts";

const MAX_FEE_ACCOUNTS = 128;
const MAX_BLOCK_RANGE = 500_000;
const MAX_MESSAGE_TEXT = 1_644;

const blockOptions = options({
  encoding: transactionEncoding,
  maxSupportedTransactionVersion: version,
  transactionDetails: optional(z.enum(["full", "accounts", "signatures", "none"])),
  rewards: flag,
});

/** The block of this slot as the commitment sees it, or why there is none. */
function blockIn(at: number, view: NodeView, newest: Block) {
  const first = view.firstAvailableSlot();
  if (at < first) {
    return failure(
      RPC.blockCleanedUp,
      `Block ${at} cleaned up, does not exist on node. First available block: ${first}`,
    );
  }
  if (at > newest.slot) return failure(RPC.blockNotAvailable, `Block not available for slot ${at}`);
  const block = view.chain.blocks.inSlot(at);
  if (block) return block;
  return at < view.chain.blocks.oldest().slot
    ? failure(RPC.blockNotAvailable, `Block not available for slot ${at}`)
    : failure(RPC.slotSkipped, `Slot ${at} was skipped, or missing in long-term storage`);
}

const getBlock = method(z.tuple([slot, blockOptions]), ([at, wanted], view) => {
  const block = blockIn(at, view, view.blockOf(wanted?.commitment));
  if ("rpcError" in block) return block;
  const details = wanted?.transactionDetails ?? "full";
  const entries = view.chain.history.inBlock(block.height);
  const landed = details === "full" ? entries.map(view.chain.history.read) : [];
  const refusal = landed.map((one) => versionRefusal(one, wanted)).find((found) => found);
  if (refusal) return refusal;
  return {
    blockhash: block.blockhash,
    previousBlockhash: block.previousBlockhash,
    parentSlot: block.parentSlot,
    blockHeight: block.height,
    blockTime: block.time,
    ...(details === "full"
      ? {
          transactions: landed.map((one) => {
            const { slot: _slot, blockTime: _time, ...rest } = transactionJson(one, wanted);
            return rest;
          }),
        }
      : {}),
    ...(details === "signatures" ? { signatures: entries.map((entry) => entry.signature) } : {}),
    ...(wanted?.rewards === false ? {} : { rewards: [] }),
  };
});

function blocksBetween(from: number, to: number, view: NodeView): number[] {
  const found: number[] = [];
  const { blocks } = view.chain;
  const highest = Math.min(to, view.blockOf("confirmed").slot);
  for (let height = blocks.oldest().height; height <= view.tipHeight(); height += 1) {
    const at = blocks.at(height)?.slot ?? 0;
    if (at >= from && at <= highest) found.push(at);
  }
  return found;
}

const BLOCK_METHODS_PLAIN: Methods = {
  getSlot: method(
    z.tuple([plainOptions]),
    ([wanted], view) => view.tooEarly(wanted) ?? view.blockOf(wanted?.commitment).slot,
  ),
  getBlockHeight: method(
    z.tuple([plainOptions]),
    ([wanted], view) => view.tooEarly(wanted) ?? view.heightOf(wanted?.commitment),
  ),
  getEpochInfo: method(z.tuple([plainOptions]), ([wanted], view) => {
    const early = view.tooEarly(wanted);
    if (early) return early;
    const block = view.blockOf(wanted?.commitment);
    return {
      absoluteSlot: block.slot,
      blockHeight: block.height,
      epoch: Math.floor(block.slot / SLOTS_PER_EPOCH),
      slotIndex: block.slot % SLOTS_PER_EPOCH,
      slotsInEpoch: SLOTS_PER_EPOCH,
      transactionCount: view.chain.history.count(),
    };
  }),
  getLatestBlockhash: method(z.tuple([plainOptions]), ([wanted], view) => {
    const early = view.tooEarly(wanted);
    if (early) return early;
    const { blockhash, height } = view.blockOf(wanted?.commitment);
    return {
      context: view.context(wanted?.commitment),
      value: { blockhash, lastValidBlockHeight: height + MAX_BLOCKHASH_AGE },
    };
  }),
  isBlockhashValid: method(
    z.tuple([address, plainOptions]),
    ([hash, wanted], view) =>
      view.tooEarly(wanted) ?? {
        context: view.context(wanted?.commitment),
        value: view.chain.isBlockhashValid(hash, view.heightOf(wanted?.commitment)),
      },
  ),
  getBlock,
  getBlocks: method(
    z.tuple([slot, optional(slot), plainOptions]),
    ([from, to = Number.MAX_SAFE_INTEGER], view) => {
      if (to !== Number.MAX_SAFE_INTEGER && to - from > MAX_BLOCK_RANGE) {
        return failure(RPC.invalidParams, `Slot range too large; max ${MAX_BLOCK_RANGE}`);
      }
      return blocksBetween(from, to, view);
    },
  ),
  getBlockTime: method(z.tuple([slot]), ([at], view) => {
    const block = blockIn(at, view, view.blockOf("confirmed"));
    return "rpcError" in block ? block : block.time;
  }),
  getFirstAvailableBlock: (_params, view) => view.firstAvailableSlot(),
  minimumLedgerSlot: (_params, view) => view.firstAvailableSlot(),
};

export const BLOCK_METHODS: Methods = {
  ...BLOCK_METHODS_PLAIN,
  getGenesisHash: (_params, view) => view.chain.genesisHash,
  getVersion: () => ({ "solana-core": API_VERSION, "feature-set": 0 }),
  getIdentity: (_params, view) => ({ identity: view.chain.blocks.oldest().blockhash }),
  getHealth: (_params, view) =>
    view.settings.slotsBehind > 0 ? unhealthy(view.settings.slotsBehind) : "ok",
  getTransactionCount: (_params, view) => view.chain.history.count(),
  getRecentPrioritizationFees: method(
    z.tuple([optional(z.array(address).max(MAX_FEE_ACCOUNTS))]),
    ([keys = []], view) => view.chain.priorityFees(keys, view.tipHeight()),
  ),
  getFeeForMessage: method(
    z.tuple([z.string().max(MAX_MESSAGE_TEXT), plainOptions]),
    ([text, wanted], view) => {
      const parsed = parseMessage(Buffer.from(text, "base64"));
      if (!parsed.ok) return failure(RPC.invalidParams, `invalid message: ${parsed.reason}`);
      const height = view.heightOf(wanted?.commitment);
      const alive = view.chain.isBlockhashValid(parsed.transaction.recentBlockhash, height);
      const value = alive ? Number(feesOf(parsed.transaction).fee) : null;
      return view.tooEarly(wanted) ?? { context: view.context(wanted?.commitment), value };
    },
  ),
};

export const unhealthy = (slotsBehind: number) =>
  failure(RPC.nodeUnhealthy, `Node is behind by ${slotsBehind} slots`, {
    numSlotsBehind: slotsBehind,
  });
