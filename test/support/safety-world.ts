/** The brake alone, on the memory store and a clock that stands still; its store can be told how to answer. */
import type { Transport } from "../../adapters/event-store/group-commit.ts";
import {
  createMemoryEventStore,
  createMemoryLog,
  type MemoryLog,
} from "../../adapters/event-store/memory.ts";
import { createRecorder } from "../../domain/application/log/recorder.ts";
import { createSealer } from "../../domain/application/log/sealer.ts";
import { createSafety, type Safety } from "../../domain/application/safety/safety.ts";
import { recoverSafety } from "../../domain/application/safety/safety-log.ts";
import type { AppendResult } from "../../domain/ports/event-store.ts";
import {
  type AccountId,
  type Mint,
  type OrderId,
  type Principal,
  type RequestId,
  SOL_MINT,
} from "../../domain/primitives/ids.ts";
import type { BreakerLimits } from "../../domain/safety/breaker.ts";
import type { SafetyScope } from "../../domain/safety/state.ts";
import { codec, hasher, LOG_ID } from "./given.ts";
import { createManualTime, type ManualTime } from "./manual-time.ts";

export const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
export const DESK = "desk" as AccountId;
export const MAIN = "main" as AccountId;
export const ALL: SafetyScope = { kind: "all" };
export const OF_DESK: SafetyScope = { kind: "account", account: DESK };
export const OF_USDC: SafetyScope = { kind: "mint", mint: USDC };

export const LIMITS: BreakerLimits = {
  ...{ unknownsToOpen: 2, errorsToOpen: 3, windowMs: 10_000, coolDownMs: 5_000 },
};

/** How the next appends are answered: as they are, by loss before or after writing, or by a refusal. */
export type StoreMood = "sound" | "lost" | "written-and-lost" | "refusing" | "foreign";

export type SafetyWorld = {
  readonly safety: Safety;
  readonly time: ManualTime;
  readonly log: MemoryLog;
  /** Types of the stream's events. */
  readonly story: () => readonly string[];
  mood: StoreMood;
  /** Times that another writer was met. */
  readonly fenced: () => number;
  /** Another life of the process on the same log. */
  readonly restart: () => Promise<SafetyWorld>;
};

export async function createSafetyWorld(
  options: { readonly log?: MemoryLog; readonly time?: ManualTime } = {},
): Promise<SafetyWorld> {
  const { log = createMemoryLog(), time = createManualTime() } = options;
  const { clock, timers } = time;
  let fenced = 0;
  const transport = (inner: Transport): Transport => ({
    send: async (batch) => {
      const all = (result: AppendResult) => ({ results: batch.map(() => result) });
      switch (world.mood) {
        case "sound":
          return inner.send(batch);
        case "lost":
          return all({ kind: "unknown", cause: "silence" });
        case "written-and-lost":
          await inner.send(batch);
          return all({ kind: "unknown", cause: "silence" });
        case "refusing":
          return all({ kind: "unavailable", reason: "disk full" });
        case "foreign":
          return all({ kind: "conflict", actual: 7 });
      }
    },
  });
  const store = createMemoryEventStore({ log, transport });
  const safety = createSafety(
    {
      ...{ hasher, clock, timers, recorder: createRecorder(store, timers) },
      sealer: createSealer({ codec, clock, logId: LOG_ID, lastUs: 0 }),
      isAccount: (account) => account === DESK || account === MAIN,
      isMint: (mint) => mint === USDC || mint === SOL_MINT,
      onStored: () => undefined,
      onFenced: () => {
        fenced += 1;
      },
    },
    LIMITS,
    await recoverSafety({ store, codec }),
  );
  const world: SafetyWorld = {
    ...{ safety, time, log, mood: "sound" },
    story: () => log.events.map(({ type }) => type),
    fenced: () => fenced,
    restart: () => createSafetyWorld({ log, time }),
  };
  return world;
}

export const from = (requestId: string) => ({
  principal: "local" as Principal,
  requestId: requestId as RequestId,
});

export const orderOf = (name: string): OrderId => `order-${name}` as OrderId;

/** What an order of an account that trades SOL for USDC is told before it signs. */
export const askToSign = ({ safety }: SafetyWorld, name = "a", account: AccountId = MAIN) =>
  safety.beforeSignature({
    orderId: orderOf(name),
    account,
    inputMint: SOL_MINT,
    outputMint: USDC,
  });

/** What a new order is told. */
export const ask = (
  { safety }: SafetyWorld,
  mode: "PAPER" | "LIVE" = "PAPER",
  account: AccountId = MAIN,
) => safety.admission({ account, baseMint: SOL_MINT, quoteMint: USDC, mode });
