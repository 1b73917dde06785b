/**
 * The local chain with everything around it: RPC nodes, control endpoint, block production, and
 * the state file. Put together with the venue and the market in `../localnet.ts`.
 */
import { createChain } from "./chain.ts";
import {
  applyControl,
  type ControlDone,
  type ControlInput,
  type ControlState,
  controlSchema,
  startControl,
  stateOf,
} from "./control.ts";
import { blocksToCatchUp, createKeeper, type Keeper } from "./keeper.ts";
import type { LocalChain } from "./local-chain.types.ts";
import { createProducer, type Producer } from "./producer.ts";
import { type RpcNode, startNode } from "./rpc/node.ts";
import { loadState, saveState } from "./state-file.ts";
import { setUpWorld } from "./world.ts";

/** As on mainnet. */
const BLOCK_TIME_MS = 400;

export type LocalnetOptions = {
  /** Milliseconds per block; 0 waits for `advance`. Default 400, as on mainnet. */
  readonly blockTimeMs?: number;
  /** RPC nodes over the one chain; default 2. */
  readonly nodes?: number;
  /** Of the first node; the others follow two further each. 0, the default, takes free ones. */
  readonly port?: number;
  readonly controlPort?: number;
  /** Where the state is kept; without it nothing outlives the process. */
  readonly stateFile?: string;
  readonly seed?: string;
  readonly confirmLag?: number;
  readonly finalLag?: number;
  /** Lamports per byte; default 6960. */
  readonly rent?: bigint;
  /** Unix milliseconds; default the process's clock. */
  readonly nowMs?: () => number;
  /** Adds to the world, before its first blocks: called on a restored chain too. */
  readonly setUp?: (chain: LocalChain, restored: boolean) => void;
  /** Told when the state file cannot be written; default standard error. */
  readonly onError?: (reason: string) => void;
};

export type Localnet = {
  readonly chain: LocalChain;
  readonly nodes: readonly RpcNode[];
  readonly producer: Producer;
  readonly controlUrl: string;
  /** True if it goes on from a state file. */
  readonly restored: boolean;
  /** As `POST /control`; throws a ZodError or a sentence. */
  control(command: ControlInput): ControlDone;
  state(): ControlState;
  /** Stops, and saves the state first if there is a file for it. */
  close(): Promise<void>;
};

/** Rejects with a sentence: no LiteSVM for this machine, port in use, state file broken. */
export async function startLocalnet(options: LocalnetOptions = {}): Promise<Localnet> {
  const { blockTimeMs = BLOCK_TIME_MS, nodes: count = 2, port = 0, stateFile } = options;
  if (!Number.isInteger(count) || count < 1 || count > 16) throw new Error("nodes: from 1 to 16");
  const { chain, restored } = await openChain(options);
  const nodes: RpcNode[] = [];
  const closing: (() => Promise<void> | void)[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const at = port === 0 ? 0 : port + 2 * index;
      const node = await startNode({ chain, index, port: at });
      nodes.push(node);
      closing.push(node.close);
    }
    const producer = createProducer(chain, blockTimeMs);
    closing.push(producer.close);
    const keeper = stateFile === undefined ? undefined : openKeeper(chain, stateFile, options);
    if (keeper) closing.push(keeper.close);
    const controlled = { chain, producer, nodes, changed: () => keeper?.changed() };
    const control = await startControl(controlled, options.controlPort ?? 0);
    closing.push(control.close);
    if (keeper) {
      await keeper.save(false);
      closing.push(() => keeper.save(true));
    }
    let closed: Promise<void> | undefined;
    return {
      ...{ chain, nodes, producer, controlUrl: control.url, restored },
      control: (command) => applyControl(controlled, controlSchema.parse(command)),
      state: () => stateOf(controlled),
      close() {
        closed ??= closeAll(closing);
        return closed;
      },
    };
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}

function openKeeper(chain: LocalChain, stateFile: string, options: LocalnetOptions): Keeper {
  const { nowMs = Date.now } = options;
  const onError = options.onError ?? ((reason) => process.stderr.write(`chain: ${reason}\n`));
  return createKeeper({ chain, write: saveState.bind(undefined, stateFile), nowMs, onError });
}

/** A new chain with its world, or the saved one. */
async function openChain(options: LocalnetOptions) {
  const { stateFile, seed, confirmLag, finalLag, rent, nowMs = Date.now } = options;
  const saved = stateFile === undefined ? undefined : await loadState(stateFile);
  const chain = createChain({
    nowMs,
    ...(saved ? { restored: saved.state } : {}),
    ...(seed === undefined ? {} : { seed }),
    ...(confirmLag === undefined ? {} : { confirmLag }),
    ...(finalLag === undefined ? {} : { finalLag }),
  });
  if (rent !== undefined) chain.setRent(rent);
  if (!saved) setUpWorld(chain);
  options.setUp?.(chain, saved !== undefined);
  // What the world begins with is final from the start.
  const { blockTimeMs = BLOCK_TIME_MS } = options;
  const blocks = saved
    ? blocksToCatchUp(saved, { nowMs: nowMs(), blockTimeMs })
    : chain.settings.finalLag + 1;
  for (let done = 0; done < blocks; done += 1) chain.produceBlock();
  return { chain, restored: saved !== undefined };
}

/** In the order of opening: no more requests, no more blocks, and then the state is saved. */
async function closeAll(closing: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const step of closing) await step();
}
