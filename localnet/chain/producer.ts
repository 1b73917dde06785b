/** Lets time pass on a chain: a block each block time, unless it is paused or driven by hand. */
import type { LocalChain } from "./local-chain.types.ts";

export const MAX_BLOCK_TIME_MS = 60_000;

export type Producer = {
  /** 0 stops: blocks come by hand only. */
  setBlockTime(ms: number): void;
  blockTimeMs(): number;
  pause(): void;
  resume(): void;
  paused(): boolean;
  /** So many slots before the next block stay without one. */
  skipSlots(count: number): void;
  /** Produces blocks now. */
  advance(count: number): void;
  close(): void;
};

export function createProducer(chain: LocalChain, blockTimeMs: number): Producer {
  let blockTime = blockTimeMs;
  let isPaused = false;
  let skip = 0;
  let timer: NodeJS.Timeout | undefined;

  function produce(): void {
    const skipped = skip;
    skip = 0;
    chain.produceBlock(skipped);
  }

  function schedule(): void {
    clearInterval(timer);
    timer = undefined;
    if (blockTime > 0 && !isPaused) timer = setInterval(produce, blockTime);
  }

  schedule();
  return {
    setBlockTime(ms) {
      blockTime = ms;
      schedule();
    },
    blockTimeMs: () => blockTime,
    pause() {
      isPaused = true;
      schedule();
    },
    resume() {
      isPaused = false;
      schedule();
    },
    paused: () => isPaused,
    skipSlots(count) {
      skip += count;
    },
    advance(count) {
      for (let done = 0; done < count; done += 1) produce();
    },
    close() {
      blockTime = 0;
      schedule();
    },
  };
}
