/**
 * Follows every attempt that may be on its way, all in one loop: asks each node what it knows of them in batches, hands the same
 * bytes to the senders again, and says what is proven. A hung node or sender delays nobody else. What it says is decided by
 * outcome-proof.ts alone; hints from a WebSocket only make it ask sooner.
 */
import { boundOf } from "../../chain/blockhash-bound.ts";
import type { Route } from "../../chain/intent.ts";
import {
  type AttemptVerdict,
  judgeAttempt,
  type NodeObservation,
  type ProofRule,
  type Witness,
} from "../../chain/outcome-proof.ts";
import type { Chain, ChainNode, SignatureStatus } from "../../ports/chain.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import { US_PER_MS } from "../../primitives/time.ts";
import { couldKnow, type Finality, finalityOf, isForgotten, isNewer } from "./finality.ts";

export type FollowedAttempt = {
  readonly signature: string;
  /** The exact bytes. */
  readonly transaction: Uint8Array;
  readonly route: Route;
  readonly contextSlot: number;
  readonly lastValidBlockHeight: number;
  readonly witnesses: readonly Witness[];
};

export type Outcome = Exclude<AttemptVerdict, { kind: "open" }>;

export type Monitor = {
  /** Fulfilled when something is proven of the attempt, or that nothing can be. Asking twice is asking once. */
  readonly follow: (attempt: FollowedAttempt) => Promise<Outcome>;
  /** Of an attempt that landed in `slot`. */
  readonly finality: (attempt: FollowedAttempt, slot: number) => Promise<Finality>;
  /** Nobody waits for it any more. */
  readonly forget: (signature: string) => void;
  readonly following: () => number;
};

export type MonitorPorts = {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Hands bytes to all senders of the route, answers or not. */
  readonly broadcast: (attempt: FollowedAttempt) => void;
};

export type MonitorConfig = {
  readonly rule: ProofRule;
  /** Pause between two broadcasts of the same bytes. */
  readonly rebroadcastMs: number;
  /** How long a proof may be missing once one node is past the last valid block height. */
  readonly graceMs: number;
};

/** Ages up to which an attempt is asked for so often; after the last one each second. Milliseconds. */
const PACE: readonly (readonly [ageMs: number, everyMs: number])[] = [
  [5_000, 100],
  [15_000, 500],
];
const SLOW_MS = 1_000;
/** Landed transactions are asked for this often until they are final: all of them at once, however many there are. */
const FINALITY_MS = 500;
/** Heights are asked for once an attempt is this old, and then each second. */
const HEIGHT_FROM_MS = 1_000;
const HEIGHT_EVERY_MS = 1_000;
/** Most signatures in one call: the RPC method's limit. */
const BATCH = 256;
/** With no node answering for this long nobody can say anything. */
const BLIND_MS = 180_000;

type Followed = {
  readonly attempt: FollowedAttempt;
  readonly startedUs: number;
  /** Undefined: it waits for a landing. */
  landedSlot: number | undefined;
  readonly observations: Map<string, NodeObservation>;
  nextPollUs: number;
  nextSendUs: number;
  /** Monotonic time at which the proof was first seen to be missing. */
  unprovenSinceUs: number | undefined;
  /** Of the last answer of any node. */
  heardUs: number;
  /** Polls in a row after which every node that had reached the slot did not know it. */
  absences: number;
  readonly onOutcome: ((outcome: Outcome) => void)[];
  readonly onFinality: ((finality: Finality) => void)[];
  readonly stopHint: () => void;
};

export function createMonitor(ports: MonitorPorts, config: MonitorConfig): Monitor {
  const { chain, clock, timers } = ports;
  const followed = new Map<string, Followed>();
  const busy = new Set<ChainNode>();
  /** Due while the node was asked already: they are next. */
  const waitingFor = new Map<ChainNode, Set<Followed>>(
    chain.nodes.map((node) => [node, new Set()]),
  );
  const heightsAskedUs = new Map<ChainNode, number>();
  let stopTimer: (() => void) | undefined;
  /** Monotonic time of the next look. */
  let plannedUs = Number.POSITIVE_INFINITY;

  function lookAt(atUs: number): void {
    if (atUs >= plannedUs) return;
    stopTimer?.();
    plannedUs = atUs;
    const delayMs = Math.ceil((atUs - clock.monotonicUs()) / US_PER_MS);
    stopTimer = timers.schedule(Math.max(0, delayMs), tick);
  }

  function stopLooking(): void {
    stopTimer?.();
    stopTimer = undefined;
    plannedUs = Number.POSITIVE_INFINITY;
  }

  function tick(): void {
    stopLooking();
    const nowUs = clock.monotonicUs();
    const due = [...followed.values()].filter(({ nextPollUs }) => nextPollUs <= nowUs);
    for (const entry of due) {
      entry.nextPollUs = nextLookUs(entry, nowUs);
      if (entry.landedSlot === undefined && entry.nextSendUs <= nowUs) {
        entry.nextSendUs = nowUs + config.rebroadcastMs * US_PER_MS;
        ports.broadcast(entry.attempt);
      }
      if (nowUs - entry.heardUs > BLIND_MS * US_PER_MS) giveUpBlind(entry);
    }
    for (const [node, waiting] of waitingFor) {
      for (const entry of due) waiting.add(entry);
      // A node that has not answered yet is not asked again, whatever it hangs on.
      if (due.length > 0 && !busy.has(node)) void askAll(node, waiting);
    }
    for (const { nextPollUs } of followed.values()) lookAt(nextPollUs);
  }

  async function askAll(node: ChainNode, waiting: Set<Followed>): Promise<void> {
    busy.add(node);
    try {
      while (waiting.size > 0) {
        const due = [...waiting].filter((entry) => isFollowed(entry));
        waiting.clear();
        await ask(node, due, clock.monotonicUs());
      }
    } finally {
      busy.delete(node);
    }
  }

  const isFollowed = (entry: Followed): boolean => followed.get(entry.attempt.signature) === entry;

  async function ask(node: ChainNode, due: readonly Followed[], nowUs: number): Promise<void> {
    const landed = due.filter(({ landedSlot }) => landedSlot !== undefined);
    const others = due.filter(({ landedSlot }) => landedSlot === undefined);
    // Somebody waits for these; the others are only not final yet.
    await askStatuses(node, others, false);
    // What landed may have done so long ago: only the history still knows it then.
    await askStatuses(node, landed, true);
    const isForgottenBy = ({ observations }: Followed) => isForgotten(observations.get(node.name));
    if (landed.some(isForgottenBy)) await askForHistory(node, landed);
    const isAged = (entry: Followed): boolean =>
      entry.landedSlot === undefined && nowUs - entry.startedUs >= HEIGHT_FROM_MS * US_PER_MS;
    const askedUs = heightsAskedUs.get(node) ?? Number.NEGATIVE_INFINITY;
    if (due.some(isAged) && nowUs - askedUs >= HEIGHT_EVERY_MS * US_PER_MS) {
      heightsAskedUs.set(node, nowUs);
      await askForDeath(node);
    }
  }

  async function askStatuses(
    node: ChainNode,
    entries: readonly Followed[],
    searchHistory: boolean,
  ): Promise<void> {
    for (let from = 0; from < entries.length; from += BATCH) {
      await askBatch(node, entries.slice(from, from + BATCH), searchHistory);
    }
  }

  /** How far back it knows anything. */
  async function askForHistory(node: ChainNode, entries: readonly Followed[]): Promise<void> {
    const first = await node.firstAvailableBlock();
    if (first.kind === "failed") return;
    for (const entry of entries) observe(entry, node, { firstAvailableBlock: first.value });
  }

  async function askBatch(
    node: ChainNode,
    entries: readonly Followed[],
    searchHistory: boolean,
  ): Promise<void> {
    const signatures = entries.map(({ attempt }) => attempt.signature);
    const answer = await node.statuses(signatures, { searchHistory });
    if (answer.kind === "failed") return;
    const { slot, statuses } = answer.value;
    for (const [index, entry] of entries.entries()) {
      if (!isFollowed(entry)) continue;
      entry.heardUs = clock.monotonicUs();
      observe(entry, node, { status: { slot, status: statuses[index], searchHistory } });
    }
  }

  /** Finalized height first, and only then what the node knows of those that are past it: the order is part of the proof. */
  async function askForDeath(node: ChainNode): Promise<void> {
    const height = await node.finalizedHeight();
    if (height.kind === "failed") return;
    const { value } = height;
    const past = [...followed.values()].filter(
      ({ attempt, landedSlot }) =>
        landedSlot === undefined && value.blockHeight > boundFor(attempt, node),
    );
    for (const entry of past) entry.unprovenSinceUs ??= clock.monotonicUs();
    if (past.length === 0) return;
    const first = await node.firstAvailableBlock();
    for (const entry of past) {
      observe(entry, node, {
        finalizedHeight: value,
        firstAvailableBlock: first.kind === "ok" ? first.value : undefined,
      });
    }
    await askStatuses(node, past, true);
  }

  function observe(
    entry: Followed,
    node: ChainNode,
    seen: Omit<NodeObservation, "node" | "status"> & {
      readonly status?: {
        readonly slot: number;
        readonly status: SignatureStatus | undefined;
        readonly searchHistory: boolean;
      };
    },
  ): void {
    const before = entry.observations.get(node.name) ?? { node: node.name };
    const { status, ...rest } = seen;
    const merged: NodeObservation = {
      ...before,
      ...rest,
      ...(status && isNewer(before, status) ? { status: observed(status) } : {}),
    };
    entry.observations.set(node.name, merged);
    if (!status) return;
    if (entry.landedSlot === undefined) judge(entry);
    else judgeFinality(entry, entry.landedSlot);
  }

  function judge(entry: Followed): void {
    const verdict = judgeAttempt(entry.attempt, [...entry.observations.values()], config.rule);
    if (verdict.kind === "open") return;
    // What one node only processed may never become part of the chain.
    if (verdict.kind === "landed" && verdict.commitment === "processed") return;
    if (verdict.kind === "unprovable") {
      const sinceUs = entry.unprovenSinceUs ?? clock.monotonicUs();
      if (clock.monotonicUs() - sinceUs < config.graceMs * US_PER_MS) return;
    }
    settle(entry, verdict);
  }

  function judgeFinality(entry: Followed, slot: number): void {
    const observations = [...entry.observations.values()];
    const finality = finalityOf(
      { attempt: entry.attempt, slot, isPatienceOver: isOld(entry) },
      observations,
      config.rule,
    );
    if (finality !== "absent" && finality !== "forgotten") {
      if (finality) settleFinality(entry, finality);
      else entry.absences = 0;
      return;
    }
    entry.absences += 1;
    if (entry.absences <= ABSENCES * chain.nodes.length) return;
    if (finality === "forgotten") {
      const what = `has nothing of slot ${slot} any more`;
      const missing = observations.map(({ node }) => ({ node, what }));
      settleFinality(entry, { kind: "forgotten", missing });
      return;
    }
    const message = `no node that has reached slot ${slot} knows it any more`;
    const nodes = observations.filter((seen) => couldKnow(seen, slot)).map(({ node }) => node);
    settleFinality(entry, { kind: "vanished", message, nodes });
  }

  const isOld = ({ startedUs }: Followed): boolean =>
    clock.monotonicUs() - startedUs > MOST_LAG_MS * US_PER_MS;

  function settle(entry: Followed, outcome: Outcome): void {
    remove(entry);
    for (const tell of entry.onOutcome) tell(outcome);
  }

  function settleFinality(entry: Followed, finality: Finality): void {
    remove(entry);
    for (const tell of entry.onFinality) tell(finality);
  }

  function giveUpBlind(entry: Followed): void {
    if (entry.landedSlot !== undefined) return;
    const missing = chain.nodes.map(({ name }) => ({ node: name, what: "no answer" }));
    settle(entry, { kind: "unprovable", missing });
  }

  function remove(entry: Followed): void {
    entry.stopHint();
    const { signature } = entry.attempt;
    if (followed.get(signature) === entry) followed.delete(signature);
  }

  const hintsOf = (signature: string): (() => void) =>
    chain.onSignature(signature, () => {
      const entry = followed.get(signature);
      if (!entry) return;
      entry.nextPollUs = clock.monotonicUs();
      lookAt(entry.nextPollUs);
    });

  function add(attempt: FollowedAttempt, landedSlot: number | undefined): Followed {
    const { signature } = attempt;
    const known = followed.get(signature);
    if (known && known.landedSlot === landedSlot) return known;
    if (known) remove(known);
    const nowUs = clock.monotonicUs();
    const entry: Followed = {
      ...{ attempt, landedSlot, startedUs: nowUs, heardUs: nowUs },
      // A node that says nothing counts as one that was not heard.
      observations: new Map(chain.nodes.map(({ name }) => [name, { node: name }])),
      nextPollUs:
        landedSlot === undefined ? nowUs + FIRST_LOOK_MS * US_PER_MS : finalityLookUs(nowUs),
      nextSendUs: nowUs + config.rebroadcastMs * US_PER_MS,
      ...{ unprovenSinceUs: undefined, absences: 0, onOutcome: [], onFinality: [] },
      // Once it has landed there is nothing more to hint at.
      stopHint: landedSlot === undefined ? hintsOf(signature) : () => undefined,
    };
    followed.set(signature, entry);
    lookAt(entry.nextPollUs);
    return entry;
  }

  return {
    follow: (attempt) =>
      new Promise((resolve) => {
        add(attempt, undefined).onOutcome.push(resolve);
      }),
    finality: (attempt, slot) =>
      new Promise((resolve) => {
        add(attempt, slot).onFinality.push(resolve);
      }),
    forget: (signature) => {
      const entry = followed.get(signature);
      if (entry) remove(entry);
      if (followed.size === 0) stopLooking();
    },
    following: () => followed.size,
  };
}

/** An attempt that was just handed to the senders is in no block yet. Milliseconds. */
const FIRST_LOOK_MS = 20;
/** A node may be this long behind a landing before the others are believed without it. Milliseconds. */
const MOST_LAG_MS = 60_000;
/** Answers without it in a row, from each node, before a fork is believed. */
const ABSENCES = 2;

function nextLookUs({ landedSlot, startedUs }: Followed, nowUs: number): number {
  if (landedSlot !== undefined) return finalityLookUs(nowUs);
  const ageMs = (nowUs - startedUs) / US_PER_MS;
  const everyMs = PACE.find(([untilMs]) => ageMs < untilMs)?.[1] ?? SLOW_MS;
  return nowUs + everyMs * US_PER_MS;
}

/** A common beat, at least half of it away. */
function finalityLookUs(nowUs: number): number {
  const beatUs = FINALITY_MS * US_PER_MS;
  return Math.ceil((nowUs + beatUs / 2) / beatUs) * beatUs;
}

const observed = ({
  slot,
  status,
  searchHistory,
}: {
  readonly slot: number;
  readonly status: SignatureStatus | undefined;
  readonly searchHistory: boolean;
}): NonNullable<NodeObservation["status"]> => ({ slot, status, searchedHistory: searchHistory });

/** Below it the node need not be asked for a death. */
const boundFor = (attempt: FollowedAttempt, { name }: ChainNode): number =>
  boundOf(attempt, name) ?? attempt.lastValidBlockHeight;
