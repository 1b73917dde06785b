/** An engine that dies when it is told to: before it is ready, after a while, or as soon as events were seen. */
import type { ChildProcess } from "node:child_process";
import { StreamTradeUpdatesRequest } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { EngineProcess } from "../../support/engine-process.ts";
import type { LiveProcesses } from "../../support/live-processes.ts";
import { childrenOf, hasProcFolder, isAlive } from "../../support/processes.ts";
import { untilTrue } from "../../support/until-true.ts";
import { type Death, LONGEST_LIFE_MS } from "./kill-plan.ts";

export type Mortal = {
  /** `live` is given the running engine, and is not waited for. Fulfilled when the engine is gone. */
  readonly liveAndDie: (death: Death, live: (engine: EngineProcess) => void) => Promise<void>;
  /** Ends of its own accord. */
  readonly start: () => Promise<EngineProcess>;
  /** Processes that a dead engine had started and that still live; waits for them for a while. */
  readonly leftOver: () => Promise<number[]>;
  /** What all lives wrote to stderr. */
  readonly said: () => string;
  readonly killedBeforeReady: () => number;
};

const MOST_LINGER_MS = 5_000;

export function createMortal({ serve }: Pick<LiveProcesses, "serve">): Mortal {
  const children = new Set<number>();
  const lives: (() => string)[] = [];
  let early = 0;

  const remember = (pid: number | undefined): void => {
    if (!hasProcFolder || pid === undefined) return;
    for (const child of childrenOf(pid)) children.add(child);
  };

  async function start(onSpawn: (child: ChildProcess) => void = () => {}): Promise<EngineProcess> {
    const engine = await serve({ onSpawn });
    lives.push(engine.said);
    return engine;
  }

  /** At the latest as soon as it is ready. */
  async function dieStarting(afterMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let isKilled = false;
    const starting = start((child) => {
      timer = setTimeout(() => {
        remember(child.pid);
        isKilled = true;
        child.kill("SIGKILL");
      }, afterMs);
    });
    try {
      const engine = await starting;
      clearTimeout(timer);
      remember(engine.pid);
      await engine.kill();
    } catch (error) {
      clearTimeout(timer);
      if (!isKilled) throw error;
      early += 1;
    }
  }

  return {
    start: () => start(),
    liveAndDie: async (death, live) => {
      if (death.kind === "starting") return dieStarting(death.afterMs);
      const engine = await start();
      remember(engine.pid);
      const stopLooking = new AbortController();
      const { promise: dying, resolve: die } = Promise.withResolvers<void>();
      const timer = setTimeout(die, death.kind === "delay" ? death.afterMs : LONGEST_LIFE_MS);
      if (death.kind === "event") void seen(engine, death, stopLooking.signal).then(die);
      live(engine);
      await dying;
      clearTimeout(timer);
      const { exitCode, signalCode } = engine.child;
      const end = signalCode ?? exitCode;
      if (end !== null) throw new Error(`the engine ended by itself (${end}): ${engine.said()}`);
      const killing = engine.kill();
      stopLooking.abort();
      await killing;
    },
    leftOver: async () => {
      await untilTrue(() => ![...children].some(isAlive), MOST_LINGER_MS);
      return [...children].filter(isAlive);
    },
    said: () => lives.map((said) => said()).join(""),
    killedBeforeReady: () => early,
  };
}

/** Fulfilled at the `count`th event of the type from now on, if it comes. */
function seen(
  { client }: EngineProcess,
  { type, count }: Extract<Death, { kind: "event" }>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const stream = client.streamTradeUpdates(StreamTradeUpdatesRequest.fromPartial({}));
    stream.on("error", () => undefined);
    signal.addEventListener("abort", () => stream.cancel());
    stream.on("data", ({ eventType }) => {
      if (eventType === type) left -= 1;
      if (left === 0) resolve();
    });
  });
}
