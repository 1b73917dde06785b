/** Nodes that answer what a test says, and remember what they were asked, and when. */
import type {
  Chain,
  ChainAnswer,
  ChainFailure,
  ChainNode,
  SignatureStatus,
} from "../../domain/ports/chain.ts";
import type { Clock } from "../../domain/ports/clock.ts";

export type NodeCall = {
  readonly method:
    | "finalizedHeight"
    | "statuses"
    | "firstAvailableBlock"
    | "transaction"
    | "witness";
  readonly atMs: number;
  readonly signatures: readonly string[];
  readonly searchHistory: boolean;
};

export type FakeNode = ChainNode & {
  readonly calls: NodeCall[];
  /** What it knows; a test changes it. */
  readonly says: {
    slot: number;
    height: { slot: number; blockHeight: number };
    first: number | undefined;
    readonly statuses: Map<string, SignatureStatus>;
    /** It fails like this. */
    failure: ChainFailure | undefined;
    /** It never answers what is asked from now on. */
    hangs: boolean;
  };
};

export const UNREACHABLE: ChainFailure = {
  ...{ kind: "failed", class: "unreachable", message: "refused" },
};

export function createFakeNode(name: string, clock: Pick<Clock, "monotonicUs">): FakeNode {
  const startUs = clock.monotonicUs();
  const calls: NodeCall[] = [];
  const says: FakeNode["says"] = {
    ...{ slot: 100, height: { slot: 60, blockHeight: 50 }, first: 1 },
    ...{ statuses: new Map(), failure: undefined, hangs: false },
  };
  function answer<T>(
    call: Pick<NodeCall, "method"> & Partial<NodeCall>,
    value: () => T | undefined,
  ): Promise<ChainAnswer<T>> {
    const atMs = (clock.monotonicUs() - startUs) / 1_000;
    calls.push({ signatures: [], searchHistory: false, ...call, atMs });
    if (says.hangs) return new Promise(() => {});
    const found = says.failure === undefined ? value() : undefined;
    const said = found === undefined ? (says.failure ?? UNREACHABLE) : undefined;
    return Promise.resolve(said ?? { kind: "ok", value: found as T, node: name });
  }
  return {
    ...{ name, calls, says },
    finalizedHeight: () => answer({ method: "finalizedHeight" }, () => says.height),
    witness: () =>
      answer({ method: "witness" }, () => ({
        isValid: true,
        blockHeight: says.height.blockHeight,
      })),
    firstAvailableBlock: () => answer({ method: "firstAvailableBlock" }, () => says.first),
    statuses: (signatures, { searchHistory }) =>
      answer({ method: "statuses", signatures, searchHistory }, () => ({
        slot: says.slot,
        statuses: signatures.map((signature) => says.statuses.get(signature)),
      })),
    transaction: () => Promise.resolve(UNREACHABLE),
  };
}

export type FakeChain = Chain & {
  /** Signatures that hints are wanted for, and how to give one. */
  readonly hints: Map<string, () => void>;
};

const no = (): Promise<ChainFailure> => Promise.resolve(UNREACHABLE);

/** Of these nodes; what no test says otherwise is not to be had. */
export function createFakeChain(
  nodes: readonly ChainNode[],
  parts: Partial<Chain> = {},
): FakeChain {
  const hints = new Map<string, () => void>();
  return {
    ...{ nodes, hints, genesisHash: "genesis", latestBlockhash: no, accounts: no },
    ...{ lookupTables: no, simulate: no, prioritizationFees: no, rentExemption: no },
    onSignature: (signature, hint) => {
      hints.set(signature, hint);
      return () => {
        hints.delete(signature);
      };
    },
    ...parts,
  };
}
