/**
 * Keeps a chain's state file: soon after transactions, seldom otherwise, and on stop. A SIGKILL
 * loses what came after the last save: about a second, five at most where the history is long. With
 * mainnet's block time that is younger than finality, so it is a fork to everybody who waits for
 * finality; with much shorter blocks it may be final already.
 */
import type { LocalChain } from "./local-chain.types.ts";
import type { SavedChain } from "./state-file.ts";

/** After a transaction; finality takes 31 blocks, 12 seconds of mainnet's. */
const BUSY_MS = 1_000;
/** A write of a long history takes a good part of a second: nine tenths of the time go without. */
const REST_PER_WRITE = 9;
const MAX_REST_MS = 4_000;
/** While there are only empty blocks. */
const IDLE_MS = 30_000;
/** Empty blocks after an unclean stop: more than any blockhash lives, and final. */
const MAX_CATCH_UP = 400;

export type Keeper = {
  /** Writes now, after the write in progress. Rejects if the file cannot be written. */
  save(clean: boolean): Promise<void>;
  /** Accounts were changed without a transaction, by hand: worth a save of its own. */
  changed(): void;
  close(): void;
};

export type KeeperOptions = {
  readonly chain: Pick<LocalChain, "save" | "onTransaction">;
  readonly write: (saved: SavedChain) => Promise<void>;
  readonly nowMs: () => number;
  /** Told once per failure in a row. */
  readonly onError: (reason: string) => void;
};

export function createKeeper({ chain, write, nowMs, onError }: KeeperOptions): Keeper {
  let dirty = false;
  let savedAtMs = nowMs();
  let writing: Promise<void> = Promise.resolve();
  let busy = false;
  let restUntilMs = 0;
  let failing = false;

  function save(clean: boolean): Promise<void> {
    // One after the other: two writers would write into the same file beside it.
    writing = writing
      .catch(() => undefined)
      .then(() => {
        dirty = false;
        savedAtMs = nowMs();
        return write({ state: chain.save(), clean, savedAtMs });
      });
    return writing;
  }

  const stopListening = chain.onTransaction(() => {
    dirty = true;
  });
  const timer = setInterval(() => {
    const startedMs = nowMs();
    if (busy || startedMs < restUntilMs) return;
    if (!dirty && startedMs - savedAtMs < IDLE_MS) return;
    busy = true;
    save(false)
      .then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          if (!failing) onError(error instanceof Error ? error.message : String(error));
          failing = true;
        },
      )
      .finally(() => {
        busy = false;
        const endedMs = nowMs();
        restUntilMs = endedMs + Math.min(MAX_REST_MS, REST_PER_WRITE * (endedMs - startedMs));
      });
  }, BUSY_MS);

  return {
    save,
    changed() {
      dirty = true;
    },
    close() {
      clearInterval(timer);
      stopListening();
    },
  };
}

/**
 * Empty blocks to produce after a restore. After a kill, blocks that clients have seen may be
 * lost; without these a height would come twice, and a transaction proven dead could land after
 * all.
 */
export function blocksToCatchUp(
  { clean, savedAtMs }: Pick<SavedChain, "clean" | "savedAtMs">,
  { nowMs, blockTimeMs }: { readonly nowMs: number; readonly blockTimeMs: number },
): number {
  if (clean || blockTimeMs === 0) return 0;
  return Math.min(MAX_CATCH_UP, Math.ceil(Math.max(0, nowMs - savedAtMs) / blockTimeMs) + 1);
}
