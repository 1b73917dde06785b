/** A monitor over two fake nodes and a clock that a test moves. */
import {
  createMonitor,
  type FollowedAttempt,
  type Monitor,
  type MonitorConfig,
} from "../../domain/application/live/monitor.ts";
import { createFakeChain, createFakeNode, type FakeChain, type FakeNode } from "./fake-chain.ts";
import { createManualTime, type ManualTime } from "./manual-time.ts";

export const LAST_VALID = 150;
/** Slot of the blockhash; the nodes stand at slot 100, final at 60. */
export const CONTEXT_SLOT = 90;

const NODE_NAMES = ["http://127.0.0.1:8899", "http://127.0.0.1:8898"] as const;

export const attemptNamed = (signature: string): FollowedAttempt => ({
  ...{ signature, route: "public", contextSlot: CONTEXT_SLOT, lastValidBlockHeight: LAST_VALID },
  transaction: Uint8Array.of(1, 2, 3),
  // Both saw the blockhash at height 0: it is over above 150.
  witnesses: NODE_NAMES.map((node) => ({ node, blockHeight: LAST_VALID - 150 })),
});

export type MonitorWorld = {
  readonly monitor: Monitor;
  readonly nodes: readonly [FakeNode, FakeNode];
  readonly chain: FakeChain;
  readonly time: ManualTime;
  /** Every broadcast, and when. */
  readonly sent: { readonly attempt: FollowedAttempt; readonly atMs: number }[];
  readonly nowMs: () => number;
};

export function monitorWorld(config: Partial<MonitorConfig> = {}): MonitorWorld {
  const time = createManualTime();
  const { clock, timers } = time;
  const startUs = clock.monotonicUs();
  const nowMs = (): number => (clock.monotonicUs() - startUs) / 1_000;
  const nodes = [
    createFakeNode(NODE_NAMES[0], clock),
    createFakeNode(NODE_NAMES[1], clock),
  ] as const;
  const chain = createFakeChain(nodes);
  const sent: { attempt: FollowedAttempt; atMs: number }[] = [];
  const monitor = createMonitor(
    { chain, clock, timers, broadcast: (attempt) => sent.push({ attempt, atMs: nowMs() }) },
    {
      ...{ rule: { nodesRequired: 2, acceptSingleNode: false }, rebroadcastMs: 2_000 },
      ...{ graceMs: 60_000, ...config },
    },
  );
  return { monitor, nodes, chain, time, sent, nowMs };
}

/** The value of a promise that is settled, else undefined. */
export function settled<T>(promise: Promise<T>): Promise<T | undefined> {
  const later = new Promise<undefined>((resolve) => {
    setImmediate(() => resolve(undefined));
  });
  return Promise.race([promise, later]);
}
