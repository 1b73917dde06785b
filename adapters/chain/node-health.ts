/**
 * What is remembered of nodes that back each other up: who failed lately, and who is behind the others. Only an order to ask in and a
 * reason to doubt a blockhash; nothing here is evidence.
 */
import type { ChainFailure } from "../../domain/ports/chain.ts";

/** A node that just failed is asked last for this long. */
const AVOID_US = 5_000_000;
/** What a node claimed is forgotten after this long unless it repeats it. */
const CLAIM_US = 30_000_000;
/** Claims this far apart confirm each other: 400 s of the chain, more than any node lags that is of use. Slots. */
const NEAR_SLOTS = 1_000;
/** A slot this far (33 minutes) above the known one was never reached: somebody lied about it. */
const BEYOND_SLOTS = 5_000;
/** Whoever told no slot for this long may lag by now without anybody knowing. */
const UNHEARD_US = 5_000_000;
/** Slots that were told within this time of each other are compared as they are. */
const SAME_TIME_US = 1_000_000;
/** Commitments and moments differ: this much is no lag. Slots. */
const SMALL_LAG = 10;

export type NodeHealth = {
  readonly succeeded: () => void;
  readonly failed: (failure: ChainFailure) => void;
  /** A slot of the chain's tip (processed or confirmed) that the node told. */
  readonly told: (slot: number) => void;
  readonly isAvoided: () => boolean;
  /** It told no slot lately. */
  readonly isUnheard: () => boolean;
  readonly lagSlots: () => number;
  /** It contradicted a slot that nodes had agreed on, and nobody has confirmed it since. */
  readonly isOutlier: () => boolean;
};

export type NodesHealth = {
  add(): NodeHealth;
  /**
   * The highest slot that a node told lately and another one is near; 0 if none, because a single node may say anything. Of a single
   * configured node: its own.
   */
  bestSlot(): number;
  /**
   * The slot that accounts must be read at, or later, in place of `minContextSlot`: the same, unless it is so far above what is known of
   * the chain that it never was. Then what is known, less what commitments differ by.
   */
  believable(minContextSlot: number): number;
};

type Claim = { readonly slot: number; readonly atUs: number };
type Teller = { claim: Claim & { readonly lag: number }; isOutlier: boolean };

const NOTHING: Claim = { slot: 0, atUs: Number.NEGATIVE_INFINITY };
const isNear = (one: Claim, other: Claim) => Math.abs(one.slot - other.slot) <= NEAR_SLOTS;

export function createNodesHealth(monotonicUs: () => number): NodesHealth {
  const tellers: Teller[] = [];
  /** The last slot that was known. */
  let agreed = NOTHING;
  const isFresh = ({ atUs }: Claim) => monotonicUs() - atUs <= CLAIM_US;

  function best(): Claim {
    const fresh = tellers.map(({ claim }) => claim).filter(isFresh);
    const known = fresh.filter(
      (claim) => tellers.length === 1 || fresh.some((by) => by !== claim && isNear(by, claim)),
    );
    return known.reduce((one, other) => (other.slot > one.slot ? other : one), NOTHING);
  }

  /** Where nodes disagree now: what the only one says that contradicted nothing before. */
  function bestAmongLiars(): number {
    const [honest, ...others] = tellers.filter(({ isOutlier }) => !isOutlier);
    return honest && others.length === 0 && isFresh(honest.claim) ? honest.claim.slot : 0;
  }

  function told(teller: Teller, slot: number) {
    const claim = { slot, atUs: monotonicUs(), lag: 0 };
    teller.claim = claim;
    const known = best();
    if (known.slot > 0) {
      agreed = { slot: known.slot, atUs: claim.atUs };
      teller.claim = { ...claim, lag: known.slot - slot };
    }
    // Without anything to measure it by, a node is what it was.
    if (isFresh(agreed)) teller.isOutlier = !isNear(claim, agreed);
  }

  return {
    add() {
      let avoidUntilUs = 0;
      const teller: Teller = { claim: { ...NOTHING, lag: 0 }, isOutlier: false };
      tellers.push(teller);
      return {
        succeeded: () => {
          avoidUntilUs = 0;
        },
        failed(failure) {
          // A node that is a block late is as good as before.
          if (failure.class === "behind") return;
          const waitUs = (failure.retryAfterMs ?? 0) * 1_000;
          avoidUntilUs = monotonicUs() + Math.max(AVOID_US, waitUs);
        },
        told: (slot) => told(teller, slot),
        isAvoided: () => avoidUntilUs > monotonicUs(),
        isUnheard: () => monotonicUs() - teller.claim.atUs > UNHEARD_US,
        isOutlier: () => teller.isOutlier,
        lagSlots() {
          const [known, { claim }] = [best(), teller];
          const isComparable = known.slot > 0 && known.atUs - claim.atUs < SAME_TIME_US;
          const lag = isComparable ? known.slot - claim.slot : claim.lag;
          return lag > SMALL_LAG ? lag : 0;
        },
      };
    },
    bestSlot: () => best().slot,
    believable(minContextSlot) {
      const known = best().slot || bestAmongLiars();
      if (known === 0 || minContextSlot <= known + BEYOND_SLOTS) return minContextSlot;
      return Math.max(0, known - SMALL_LAG);
    },
  };
}

/** Configured order, but those that lag come later, then those that failed lately, and last whose slots nobody shares. */
export const inOrder = <T extends { readonly health: NodeHealth }>(nodes: readonly T[]): T[] =>
  nodes.toSorted(
    ({ health: one }, { health: other }) =>
      Number(one.isOutlier()) - Number(other.isOutlier()) ||
      Number(one.isAvoided()) - Number(other.isAvoided()) ||
      one.lagSlots() - other.lagSlots(),
  );

/** Which failure is reported where nodes failed differently: the one that tells most about what to do. */
const TELLING: readonly ChainFailure["class"][] = [
  "rate-limited",
  "timeout",
  "behind",
  "refused",
  "malformed",
  "unreachable",
];
const MAX_TEXT = 1_000;

/** One failure for all, which names every node. */
export function failureOfAll(
  failures: readonly (readonly [node: string, failure: ChainFailure])[],
): ChainFailure {
  const found = failures.map(([, failure]) => failure);
  const kind = TELLING.find((name) => found.some((failure) => failure.class === name));
  const waits = found.flatMap((failure) => failure.retryAfterMs ?? []);
  const message = failures.map(([node, failure]) => `${node}: ${failure.message}`).join("; ");
  return {
    kind: "failed",
    class: kind ?? "unreachable",
    message: message.slice(0, MAX_TEXT),
    retryAfterMs: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}
