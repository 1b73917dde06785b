/**
 * The blocks of the chain: slots, heights and blockhashes. Slots may be left out, heights never
 * are. The newest block is the open one: transactions land in it until the next is produced.
 */
import { createHash } from "node:crypto";
import { decodeBase58, encodeBase58 } from "./base58.ts";
import type { Block } from "./chain.types.ts";

/** A blockhash is accepted in its own block and the 150 after it. */
export const MAX_BLOCKHASH_AGE = 150;
/** Blocks kept; a little more than two hours of mainnet's. */
const MAX_BLOCKS = 20_000;
/** Slots in the sysvar SlotHashes, each a slot and 32 bytes. */
const SLOT_HASHES = 512;
const SLOT_HASH_BYTES = 40;

export type Blocks = {
  tip(): Block;
  oldest(): Block;
  at(height: number): Block | undefined;
  /** The block of this slot; undefined if it was skipped or is no longer kept. */
  inSlot(slot: number): Block | undefined;
  /** Height at which this hash became the newest; undefined for a foreign or dropped one. */
  heightOfHash(blockhash: string): number | undefined;
  /** Appends the next block, so many slots further than the one after the tip. */
  push(skippedSlots: number, time: number): Block;
  /** Forgets the blocks above this height; the slots go on from where they were. */
  dropAbove(height: number): void;
  /** Data of the sysvar: the blocks before the tip, newest first. */
  slotHashes(): Uint8Array;
  /** The newest ones, for the state file. */
  newest(count: number): readonly Block[];
};

/** `start` must not be empty and be without gaps in height. */
export function createBlocks(start: readonly Block[]): Blocks {
  const kept = [...start];
  const first = kept[0];
  if (!first) throw new Error("a chain has at least one block");
  const heights = new Map(kept.map(({ blockhash, height }) => [blockhash, height]));
  let nextSlot = (kept.at(-1) ?? first).slot + 1;

  const tip = () => kept.at(-1) ?? first;
  const at = (height: number) => kept[height - (kept[0]?.height ?? 0)];

  function forget(blocks: readonly Block[]): void {
    for (const { blockhash } of blocks) heights.delete(blockhash);
  }

  return {
    tip,
    oldest: () => kept[0] ?? first,
    at,
    inSlot(slot) {
      let low = 0;
      let high = kept.length - 1;
      while (low <= high) {
        const middle = (low + high) >> 1;
        const block = kept[middle];
        if (!block || block.slot === slot) return block;
        if (block.slot < slot) low = middle + 1;
        else high = middle - 1;
      }
      return undefined;
    },
    heightOfHash: (blockhash) => heights.get(blockhash),
    push(skippedSlots, time) {
      const parent = tip();
      const slot = nextSlot + skippedSlots;
      const block: Block = {
        slot,
        parentSlot: parent.slot,
        height: parent.height + 1,
        blockhash: nextHash(parent.blockhash, slot),
        previousBlockhash: parent.blockhash,
        time: Math.max(time, parent.time),
      };
      nextSlot = slot + 1;
      kept.push(block);
      heights.set(block.blockhash, block.height);
      // Twice a tenth at once: taking one from the front of a long list each time is slow.
      if (kept.length > MAX_BLOCKS * 1.1) forget(kept.splice(0, kept.length - MAX_BLOCKS));
      return block;
    },
    dropAbove(height) {
      const count = Math.max(0, tip().height - height);
      if (count >= kept.length) throw new Error(`no block is kept at height ${height}`);
      forget(kept.splice(kept.length - count, count));
    },
    slotHashes: () => encodeSlotHashes(kept.slice(-SLOT_HASHES - 1, -1)),
    newest: (count) => kept.slice(-count),
  };
}

function nextHash(previous: string, slot: number): string {
  return encodeBase58(createHash("sha256").update(`${previous}@${slot}`).digest());
}

const hashBytes = new WeakMap<Block, Uint8Array>();

function bytesOfHash(block: Block): Uint8Array {
  const known = hashBytes.get(block);
  if (known) return known;
  const bytes = decodeBase58(block.blockhash) ?? new Uint8Array(32);
  hashBytes.set(block, bytes);
  return bytes;
}

function encodeSlotHashes(blocks: readonly Block[]): Uint8Array {
  const data = Buffer.alloc(8 + SLOT_HASHES * SLOT_HASH_BYTES);
  data.writeBigUInt64LE(BigInt(blocks.length), 0);
  let at = 8;
  for (let index = blocks.length - 1; index >= 0; index -= 1) {
    const block = blocks[index];
    if (!block) continue;
    data.writeBigUInt64LE(BigInt(block.slot), at);
    data.set(bytesOfHash(block), at + 8);
    at += SLOT_HASH_BYTES;
  }
  return data;
}
