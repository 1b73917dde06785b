/** Engines, floor and load as processes over one temporary folder; all of it is gone afterwards. */
import { join } from "node:path";
import { type Child, startChild } from "./child.ts";
import { type LoadRound, loadRoundSchema, type OpenRound, openRoundSchema } from "./load.types.ts";
import { temporaryFolder } from "./log-file.ts";
import {
  type Engine,
  type EngineOptions,
  HEAP,
  type Side,
  startEngine,
  startFloor,
} from "./servers.ts";

export type Rig = {
  /** Each needs a name of its own. */
  readonly engine: (name: string, options: EngineOptions) => Promise<Engine>;
  /** Stores the bytes of an order of that engine. */
  readonly floor: (engine: Engine) => Promise<Side>;
  /** One round of calls with new request ids; throws unless every answer was OK. */
  readonly load: (
    side: Pick<Side, "grpc">,
    round: { readonly orders: number; readonly inFlight: number },
  ) => Promise<LoadRound>;
  /** The same with arrivals at a rate of their own. */
  readonly openLoad: (
    side: Pick<Side, "grpc">,
    round: { readonly orders: number; readonly perSecond: number },
  ) => Promise<OpenRound>;
  /** For files that go with the rig. */
  readonly path: string;
};

/** Request ids never repeat in a run, so that several benches may use one log. */
let nextId = 1;
export function requestIdsFor(orders: number): number {
  nextId += orders;
  return nextId - orders;
}

/** Lends a rig whose folder is in `parent`. */
export async function withRig<T>(parent: string, use: (rig: Rig) => Promise<T>): Promise<T> {
  const { path, remove } = temporaryFolder(parent);
  const ends: (() => Promise<void> | void)[] = [remove];
  const start = (file: string): Child => {
    const child = startChild(file, HEAP);
    ends.push(child.stop);
    return child;
  };
  let succeeded = false;
  try {
    let client: Child | undefined;
    const loader = (): Child => {
      client ??= start("./load-child.ts");
      return client;
    };
    const result = await use({
      path,
      engine: async (name, options) => {
        const engine = await startEngine(start("./engine-child.ts"), join(path, name), options);
        ends.push(engine.stop);
        return engine;
      },
      floor: async ({ sample }) => {
        const child = start("./floor-child.ts");
        ends.push(child.end);
        return startFloor(child, join(path, "floor.db"), sample);
      },
      load: async ({ grpc: address }, { orders, inFlight }) => {
        const request = { address, orders, inFlight, firstId: requestIdsFor(orders) };
        const round = await loader().ask("run", request, loadRoundSchema);
        assertAllOk(round, orders);
        return round;
      },
      openLoad: async ({ grpc: address }, { orders, perSecond }) => {
        const request = { address, orders, perSecond, firstId: requestIdsFor(orders) };
        const round = await loader().ask("runOpen", request, openRoundSchema);
        assertAllOk(round, orders);
        return round;
      },
    });
    succeeded = true;
    return result;
  } finally {
    for (const end of ends.reverse()) {
      try {
        await end();
      } catch (error) {
        // It must not hide the failure that led here, nor keep the others from ending.
        if (succeeded) console.error(error);
      }
    }
  }
}

export function assertAllOk({ statuses }: Pick<LoadRound, "statuses">, orders: number): void {
  if (statuses["0"] === orders) return;
  throw new Error(`not every answer was OK, by grpc-status: ${JSON.stringify(statuses)}`);
}
