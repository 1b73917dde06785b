/** Engines, floor and load as processes over one temporary folder; all of it is gone afterwards. */
import { join } from "node:path";
import { z } from "zod";
import { type Child, startChild } from "./child.ts";
import { type LoadRound, loadRoundSchema } from "./load.types.ts";
import { temporaryFolder } from "./log-file.ts";
import { type Engine, HEAP, type Side, startEngine, startFloor } from "./servers.ts";

export type Rig = {
  /** `cacheTtlMs` 0: every order asks the market. */
  readonly engine: (name: string, cacheTtlMs: number) => Promise<Engine>;
  /** Stores the bytes of an order of that engine. */
  readonly floor: (engine: Engine) => Promise<Side>;
  /** One round of calls with new request ids; throws unless every answer was OK. */
  readonly load: (
    side: Side,
    round: { readonly orders: number; readonly inFlight: number },
  ) => Promise<LoadRound>;
};

/** Lends a rig whose folder is in `parent`. */
export async function withRig<T>(parent: string, use: (rig: Rig) => Promise<T>): Promise<T> {
  const { path, remove } = temporaryFolder(parent);
  const ends: (() => Promise<void> | void)[] = [remove];
  const start = (file: string): Child => {
    const child = startChild(file, HEAP);
    ends.push(child.stop);
    return child;
  };
  const stopOf = (child: Child) => async (): Promise<void> => {
    await child.ask("stop", null, z.unknown());
  };
  let firstId = 1;
  let succeeded = false;
  try {
    const client = start("./load-child.ts");
    const result = await use({
      engine: async (name, cacheTtlMs) => {
        const engine = await startEngine(start("./engine-child.ts"), join(path, name), cacheTtlMs);
        ends.push(stopOf(engine.child), engine.closeClient);
        return engine;
      },
      floor: async ({ sample }) => {
        const floor = await startFloor(start("./floor-child.ts"), join(path, "floor.db"), sample);
        ends.push(stopOf(floor.child));
        return floor;
      },
      load: async ({ grpc: address }, { orders, inFlight }) => {
        const request = { address, orders, inFlight, firstId };
        firstId += orders;
        const round = await client.ask("run", request, loadRoundSchema);
        if (round.statuses["0"] === orders) return round;
        throw new Error(
          `not every answer was OK, by grpc-status: ${JSON.stringify(round.statuses)}`,
        );
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
