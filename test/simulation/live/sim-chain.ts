/** The chain's port over the model: nodes that lag, are away, hang, fail, lie, and have forgotten; every call parks before and after. */
import type {
  Chain,
  ChainAnswer,
  ChainFailure,
  ChainNode,
  Simulation,
} from "../../../domain/ports/chain.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { GENESIS } from "./addresses.ts";
import { BLOCKHASH_BLOCKS } from "./chain-model.ts";
import type { ChainModel, View } from "./chain-model.types.ts";
import { execute, rentOf, type State } from "./execute.ts";
import type { NodePlan } from "./live-plan.ts";
import { accountIn, statusIn, transactionOf } from "./node-view.ts";
import { readMessage } from "./wire.ts";

export type SimChainParts = {
  readonly model: ChainModel;
  readonly nodes: readonly NodePlan[];
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly faulty: () => boolean;
  /** A node says that it does not know what is in its own view of the chain. */
  readonly onDenied: () => void;
};

const SLOTS_PER_BLOCK = 1.6;
/** The adapter gives up after this. */
const TIMEOUT_US = 2_000_000;

type Effect<T> = (view: View) => T | ChainFailure;

const failed = (kind: ChainFailure["class"], message: string): ChainFailure => ({
  ...{ kind: "failed", class: kind, message: `simulated: ${message}` },
});

export type SimChain = {
  readonly port: Chain;
  /** The transaction has landed: whoever asked to be told may be. */
  readonly onLanded: (signature: string) => void;
};

/** Of one life of the process. */
export function createSimChain(parts: SimChainParts): SimChain {
  const { model, random, scheduler } = parts;
  const nodes = parts.nodes.map((plan) => createNode(parts, plan));
  const hints = new Map<string, Set<() => void>>();
  function onLanded(signature: string): void {
    for (const run of hints.get(signature) ?? []) {
      if (random.chance(0.5)) continue;
      const label = `hint ${signature.slice(0, 8)}`;
      const item = { owner: "engine", kind: "port", label, run } as const;
      scheduler.schedule(item, random.between(1_000, 900_000));
    }
  }
  const any = <T extends object | bigint>(
    label: string,
    effect: Effect<T>,
  ): Promise<ChainAnswer<T>> => random.pick(nodes).ask(label, effect);

  const port: Chain = {
    nodes: nodes.map(({ node }) => node),
    genesisHash: GENESIS,
    latestBlockhash: () =>
      any("blockhash", (view) => {
        const block = model.confirmedOf(view);
        return {
          blockhash: model.blockhashOf(block),
          lastValidBlockHeight: block.height + BLOCKHASH_BLOCKS,
          slot: block.slot,
        };
      }),
    accounts: (addresses, minContextSlot) =>
      any("accounts", (view) => {
        const { slot, state } = model.confirmedOf(view);
        if (slot < minContextSlot) return failed("behind", `at slot ${slot}`);
        return { slot, accounts: addresses.map((address) => accountIn(state, address)) };
      }),
    lookupTables: () => any("tables", () => []),
    simulate: (message, { watched, minContextSlot }) =>
      any("simulate", (view) => {
        const { slot, state, prices } = model.confirmedOf(view);
        if (slot < minContextSlot) return failed("behind", `at slot ${slot}`);
        return { slot, ...simulated(message, watched, { state, prices }) };
      }),
    prioritizationFees: () =>
      any("fees", () => random.pick([[], [0n, 20_000n, 50_000n], [1_000n, 2_000n, 900_000n]])),
    rentExemption: (bytes) => any("rent", () => rentOf(bytes)),
    onSignature: (signature, hint) => {
      const all = hints.get(signature) ?? new Set();
      hints.set(signature, all.add(hint));
      return () => all.delete(hint);
    },
  };
  return { port, onLanded };
}

const UNITS = 50_000;

function simulated(
  message: Uint8Array,
  watched: readonly string[],
  { state, prices }: Pick<View["tip"], "state" | "prices">,
): Omit<Simulation, "slot"> {
  const swap = readMessage(message);
  const own = state.get(swap.wallet);
  const executed = own && execute(own, swap, prices);
  if (!executed) {
    return { error: "InsufficientFundsForFee", logs: [], unitsConsumed: 0, accounts: [] };
  }
  const after: State = new Map(state).set(swap.wallet, executed.after);
  return {
    error: executed.error,
    logs: executed.error === undefined ? [] : ["Program log: simulated error"],
    unitsConsumed: UNITS,
    // A token account that the swap opens is there afterwards with its rent.
    accounts: watched.map((address) => accountIn(after, address)),
  };
}

type SimNode = {
  readonly node: ChainNode;
  readonly ask: <T extends object | bigint | number | undefined>(
    label: string,
    effect: Effect<T>,
  ) => Promise<ChainAnswer<T>>;
};

function createNode(parts: SimChainParts, plan: NodePlan): SimNode {
  const { model, scheduler, faulty } = parts;
  const random = parts.random.fork();
  const { name } = plan;
  const short = name.slice(-4);
  const isIn = ({ fromUs, toUs }: { readonly fromUs: number; readonly toUs: number }): boolean =>
    faulty() && scheduler.nowUs() >= fromUs && scheduler.nowUs() < toUs;
  const lagUs = (): number => {
    if (!faulty()) return 0;
    const own = plan.lagUs + (plan.flapUs > 0 && random.chance(0.5) ? plan.flapUs : 0);
    return plan.lags.filter(isIn).reduce((sum, { byUs }) => sum + byUs, own);
  };
  const latencyUs = (): number =>
    faulty() && random.chance(plan.slow)
      ? random.between(100_000, 900_000)
      : random.between(200, 20_000);

  const ask: SimNode["ask"] = async (label, effect) => {
    await scheduler.park(`${short} ${label}`, latencyUs());
    if (faulty() && random.chance(plan.hangs)) {
      await scheduler.park(`${short} ${label} hangs`, TIMEOUT_US);
      return failed("timeout", "no answer in time");
    }
    let outcome: ReturnType<typeof effect>;
    if (plan.away.some(isIn)) outcome = failed("unreachable", "nobody is there");
    else if (faulty() && random.chance(plan.fails)) outcome = failure();
    else outcome = effect(model.viewAt(scheduler.nowUs() - lagUs()));
    await scheduler.park(`${short} ${label} answers`, latencyUs());
    if (typeof outcome === "object" && "kind" in outcome && outcome.kind === "failed") {
      return outcome;
    }
    return { kind: "ok", value: outcome as Exclude<typeof outcome, ChainFailure>, node: name };
  };

  const failure = (): ChainFailure => ({
    ...failed(random.pick(["rate-limited", "malformed", "refused", "timeout"] as const), "failed"),
    retryAfterMs: random.pick([undefined, 500]),
  });

  /** Oldest slot that it still has. */
  const firstSlot = ({ root }: View): number => {
    if (plan.keepBlocks === undefined) return 0;
    // Up to three slots of ten are skipped: it keeps at least so many blocks.
    return Math.max(0, root.slot - Math.ceil(plan.keepBlocks * SLOTS_PER_BLOCK));
  };

  return {
    ask,
    node: {
      name,
      finalizedHeight: () =>
        ask("height", ({ root }) => ({ slot: root.slot, blockHeight: root.height })),
      witness: (blockhash) =>
        ask("witness", (view) => {
          const block = model.confirmedOf(view);
          return {
            isValid: model.isValidAt(block, blockhash),
            blockHeight: block.height,
          };
        }),
      statuses: (signatures, { searchHistory }) =>
        ask(`${signatures.length} statuses${searchHistory ? " with history" : ""}`, (view) => {
          const lies = plan.lies.some(isIn);
          if (lies && signatures.some((signature) => model.placementAt(view, signature))) {
            parts.onDenied();
          }
          const at = { searchHistory, firstSlot: firstSlot(view) };
          return {
            slot: view.tip.slot,
            statuses: signatures.map((signature) =>
              lies ? undefined : statusIn(model, view, { signature, ...at }),
            ),
          };
        }),
      firstAvailableBlock: () => ask("first block", firstSlot),
      transaction: (signature, commitment) =>
        ask("transaction", (view) => {
          const placement = model.placementAt(view, signature);
          if (!placement) return undefined;
          const reached = model.commitmentOf(view, placement.block);
          const isThere = reached === "finalized" || reached === commitment;
          const isKept = placement.block.slot >= firstSlot(view);
          return isThere && isKept ? transactionOf(placement) : undefined;
        }),
    },
  };
}
