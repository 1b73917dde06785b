/** Whether the nodes are on the cluster that was configured: asked at the start, and again while one of them has not answered. */
import type { GenesisVerdict } from "../chain/genesis.ts";

const AGAIN_MS = 5_000;
/** A start waits this long for the first word. */
const FIRST_WAIT_MS = 1_000;

export type Cluster = {
  /** One node or more has shown the genesis hash. */
  readonly isKnown: () => boolean;
  /** All nodes were asked once, or have taken too long. */
  readonly first: Promise<void>;
  readonly close: () => void;
};

export type ClusterParts = {
  /** Never rejects. */
  readonly check: () => Promise<readonly GenesisVerdict[]>;
  readonly log: (line: string) => void;
  readonly againMs?: number;
  readonly firstWaitMs?: number;
};

export function watchCluster(parts: ClusterParts): Cluster {
  const { check, log, againMs = AGAIN_MS, firstWaitMs = FIRST_WAIT_MS } = parts;
  const told = new Set<string>();
  let isKnown = false;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;

  function tell(verdict: GenesisVerdict): void {
    if (verdict.kind === "same") {
      isKnown = true;
      return;
    }
    const name = `${verdict.kind} ${verdict.node}`;
    if (told.has(name)) return;
    told.add(name);
    const what =
      verdict.kind === "other" ? "is never used" : "is not known to be on the cluster yet";
    log(`the node ${verdict.node} ${what}: ${verdict.message}`);
  }

  async function ask(): Promise<void> {
    const verdicts = await check();
    if (isOver) return;
    verdicts.forEach(tell);
    if (verdicts.every(({ kind }) => kind !== "unknown")) return;
    timer = setTimeout(() => void ask(), againMs);
  }

  const waited = Promise.withResolvers<void>();
  const limit = setTimeout(waited.resolve, firstWaitMs);
  void ask().finally(waited.resolve);
  return {
    isKnown: () => isKnown,
    first: waited.promise.finally(() => clearTimeout(limit)),
    close: () => {
      isOver = true;
      clearTimeout(timer);
      waited.resolve();
    },
  };
}
