/**
 * What became of a signed transaction, judged from what nodes answered and from nothing else. It is the only place that may call an
 * attempt dead, which is what allows a second signature; so whatever it is not told counts against death.
 *
 * Positive and negative words are not worth the same. That a transaction is there, one node may say: a lie does no more than start the
 * reading of its balances, from which alone a fill is made, and it keeps the attempt from being signed again. That it is dead, two
 * independent nodes must say, and any node that knows the signature stands against it.
 */
import { boundOf } from "./blockhash-bound.ts";
import { deathOf, type ExpiryEvidence } from "./expiry-proof.ts";
import { nodeKey } from "./node-identity.ts";
import type { JudgedAttempt, NodeObservation, ObservedStatus } from "./outcome-proof.types.ts";

export type { ExpiryEvidence } from "./expiry-proof.ts";
export type {
  JudgedAttempt,
  NodeObservation,
  ObservedStatus,
  Witness,
} from "./outcome-proof.types.ts";

export type ProofRule = {
  /** Nodes that must each prove a death, at least 1. */
  readonly nodesRequired: number;
  /** Where only one node is configured, its word is enough. With two and more it changes nothing. */
  readonly acceptSingleNode: boolean;
  /** Blocks after the last valid one in which nodes that are silent or contradict each other may still come round; default 150. */
  readonly patienceBlocks?: number;
};

export type MissingProof = { readonly node: string; readonly what: string };

export type AttemptVerdict =
  | {
      readonly kind: "landed";
      readonly commitment: ObservedStatus["commitment"];
      readonly slot: number;
      readonly nodes: readonly string[];
    }
  | {
      readonly kind: "failed-finalized";
      /** As JSON of the node. */
      readonly error: unknown;
      readonly slot: number;
      readonly nodes: readonly string[];
    }
  | {
      readonly kind: "expired";
      readonly evidence: readonly ExpiryEvidence[];
      /** One node's word was enough. */
      readonly singleNode: boolean;
    }
  /** Nothing is proven: the same bytes go on. */
  | { readonly kind: "open" }
  /** Its time is over on the chain, but the nodes at hand cannot show what became of it. */
  | { readonly kind: "unprovable"; readonly missing: readonly MissingProof[] };

const PATIENCE_BLOCKS = 150;

type NodeView = { readonly name: string; readonly observations: readonly NodeObservation[] };
type Sighting = ObservedStatus & { readonly node: string; readonly contextSlot: number };
type Case = {
  readonly attempt: JudgedAttempt;
  readonly nodes: readonly NodeView[];
  readonly needed: number;
  /** The chain is beyond the time in which the silent may still come round. */
  readonly isOver: boolean;
};

/** `observations`: at least one of each configured node, also of one that answered nothing. Total. */
export function judgeAttempt(
  attempt: JudgedAttempt,
  observations: readonly NodeObservation[],
  rule: ProofRule,
): AttemptVerdict {
  const nodes = byNode(observations);
  const isAlone = rule.acceptSingleNode && nodes.length === 1;
  const needed = isAlone ? 1 : Math.max(rule.nodesRequired, 1);
  const patience = rule.patienceBlocks ?? PATIENCE_BLOCKS;
  const isOver = observations.some((seen) => isPast(attempt, seen, patience));
  const given = { attempt, nodes, needed, isOver };
  const sightings = nodes.flatMap(sightingsOf);
  if (sightings.length === 0) return judgeAbsence(given);
  const believed = sightings.filter((sighting) => isWithinReach(sighting, nodes));
  if (believed.length > 0) return judgeSightings(given, believed);
  if (!isOver) return { kind: "open" };
  const what = "names a slot that no other node is near";
  return { kind: "unprovable", missing: nodesOf(sightings).map((node) => ({ node, what })) };
}

/** By what the node itself saw, where it saw anything. */
const isPast = (
  attempt: JudgedAttempt,
  { node, finalizedHeight }: NodeObservation,
  patience: number,
): boolean =>
  (finalizedHeight?.blockHeight ?? 0) >
  (boundOf(attempt, node) ?? attempt.lastValidBlockHeight) + patience;

/** Slots that honest nodes may be apart. */
const FARTHEST_SLOTS = 1_000;

/** A slot far in the future of every other node that answers is a lie; nobody could ever contradict it. */
function isWithinReach({ node, slot }: Sighting, nodes: readonly NodeView[]): boolean {
  const others = nodes.filter(({ name }) => name !== node);
  const reached = others.flatMap(({ observations }) =>
    observations.flatMap(({ status }) => (status ? [status.slot] : [])),
  );
  return reached.length === 0 || slot <= Math.max(...reached) + FARTHEST_SLOTS;
}

function byNode(observations: readonly NodeObservation[]): NodeView[] {
  const groups = Map.groupBy(observations, ({ node }) => nodeKey(node));
  return [...groups.values()].map((group) => ({ name: group[0]?.node ?? "", observations: group }));
}

const sightingsOf = ({ name, observations }: NodeView): Sighting[] =>
  observations.flatMap(({ status }) =>
    status?.status ? { ...status.status, node: name, contextSlot: status.slot } : [],
  );

const nodesOf = (sightings: readonly Sighting[]): string[] => [
  ...new Set(sightings.map(({ node }) => node)),
];
const isFinal = ({ commitment }: Sighting): boolean => commitment === "finalized";
const failed = ({ error }: Sighting): boolean => error !== undefined;

function judgeSightings(given: Case, sightings: readonly Sighting[]): AttemptVerdict {
  const successes = sightings.filter((sighting) => isFinal(sighting) && !failed(sighting));
  const failures = sightings.filter((sighting) => isFinal(sighting) && failed(sighting));
  if (successes.length > 0) return judgeSuccess(given, { successes, failures, sightings });
  if (failures.length > 0) return judgeFailure(given, failures, sightings);
  // An error in a block that is not final may be of a fork: nothing is known then.
  if (sightings.some((sighting) => failed(sighting) && sighting.commitment === "confirmed")) {
    return { kind: "open" };
  }
  const good = sightings.filter((sighting) => !failed(sighting));
  const best = good.find(({ commitment }) => commitment === "confirmed") ?? good[0];
  return best ? landed(best.commitment, best.slot, good) : { kind: "open" };
}

const landed = (
  commitment: ObservedStatus["commitment"],
  slot: number,
  sightings: readonly Sighting[],
): AttemptVerdict => {
  const saying = sightings.filter((it) => it.slot === slot && it.commitment === commitment);
  return { kind: "landed", commitment, slot, nodes: nodesOf(saying) };
};

/**
 * One node's finalized success is enough unless another one that has reached that slot denies it: a lie books nothing by itself, and a
 * user with one node must be filled too. Against a denial it takes as many nodes as a death. Until they agree it counts as confirmed.
 */
function judgeSuccess(
  given: Case,
  seen: {
    readonly successes: readonly Sighting[];
    readonly failures: readonly Sighting[];
    readonly sightings: readonly Sighting[];
  },
): AttemptVerdict {
  const groups = [...Map.groupBy(seen.successes, ({ slot }) => slot)].toSorted(
    ([, a], [, b]) => nodesOf(b).length - nodesOf(a).length,
  );
  const [slot, group] = groups[0] ?? [0, []];
  const nodes = nodesOf(group);
  const deniers = [
    ...denyingAbsence(given, slot),
    ...nodesOf(
      seen.sightings.filter(
        (it) => it.contextSlot >= slot && (failed(it) || (isFinal(it) && it.slot !== slot)),
      ),
    ),
  ];
  const isOutvoted = nodesOf(seen.failures).length >= given.needed || groups.length > 1;
  if (deniers.length === 0 || (nodes.length >= given.needed && !isOutvoted)) {
    return landed("finalized", slot, group);
  }
  if (!given.isOver) return { kind: "landed", commitment: "confirmed", slot, nodes };
  const what = `contradicts ${nodes.join(", ")}: finalized in slot ${slot}`;
  return { kind: "unprovable", missing: [...new Set(deniers)].map((node) => ({ node, what })) };
}

/** Nodes that have reached the slot and do not know it, unless they have shown that they could not know it any more. */
const denyingAbsence = ({ nodes, attempt }: Case, slot: number): string[] =>
  nodes
    .filter((view) => sightingsOf(view).length === 0)
    .filter(({ observations }) =>
      observations.some(
        (observation) =>
          observation.status !== undefined &&
          observation.status.slot >= slot &&
          deathOf(attempt, observation).kind !== "impossible",
      ),
    )
    .map(({ name }) => name);

/** A second signature hangs on it: as many nodes as for an expiry, of one mind, and nobody who saw it succeed. */
function judgeFailure(
  given: Case,
  failures: readonly Sighting[],
  sightings: readonly Sighting[],
): AttemptVerdict {
  const { slot = 0, error } = failures[0] ?? {};
  const nodes = nodesOf(failures);
  const other = sightings.filter(
    (it) => (isFinal(it) && it.slot !== slot) || (!failed(it) && it.contextSlot >= slot),
  );
  if (nodes.length >= given.needed && other.length === 0) {
    return { kind: "failed-finalized", error, slot, nodes };
  }
  if (!given.isOver && given.nodes.length >= given.needed) return { kind: "open" };
  const what = `says that it failed in slot ${slot}, finalized; ${given.needed} nodes must say so`;
  const missing = nodes.map((node) => ({ node, what }));
  const against = nodesOf(other).map((node) => ({ node, what: "says otherwise" }));
  return { kind: "unprovable", missing: [...missing, ...against] };
}

function judgeAbsence({ attempt, nodes, needed, isOver }: Case): AttemptVerdict {
  const deaths = nodes.map(({ name, observations }) => {
    const all = observations.map((observation) => deathOf(attempt, observation));
    const proof = all.find(({ kind }) => kind === "proven");
    const last = proof ?? all.find(({ kind }) => kind === "impossible") ?? all.at(-1);
    return { name, death: last ?? deathOf(attempt, { node: name }) };
  });
  const evidence = deaths.flatMap(({ death }) => (death.kind === "proven" ? death.evidence : []));
  if (evidence.length >= needed) return { kind: "expired", evidence, singleNode: needed === 1 };
  const isPastBound = nodes.some(({ observations }) =>
    observations.some((seen) => isPast(attempt, seen, 0)),
  );
  const isSettled = deaths.every(({ death }) => death.kind !== "pending");
  if (!isPastBound || !(isSettled || isOver)) return { kind: "open" };
  const alone = `does not know it, but ${needed} nodes must show that`;
  const missing = deaths.map(({ name, death }) => ({
    node: name,
    what: death.kind === "proven" ? alone : death.what,
  }));
  return { kind: "unprovable", missing };
}
