/**
 * Whether a node is on the cluster that was configured. Until it said so, its word counts for nothing; a node of another cluster is
 * never asked again.
 */
import type { ChainFailure } from "../../domain/ports/chain.ts";

export type GenesisVerdict =
  | { readonly kind: "same"; readonly node: string }
  | { readonly kind: "other"; readonly node: string; readonly message: string }
  /** Not known yet: it is asked again before its first use. */
  | { readonly kind: "unknown"; readonly node: string; readonly message: string };

export type GenesisCheck = {
  /** Undefined: it may be believed. Asks the node only while that is not known. */
  ensure(): Promise<ChainFailure | undefined>;
  /** Whoever answers next at this address may be somebody else: ask again. */
  doubt(): void;
  verdict(): Promise<GenesisVerdict>;
};

export type GenesisOptions = {
  readonly node: string;
  readonly expected: string;
  readonly ask: () => Promise<{ readonly kind: "ok"; readonly value: string } | ChainFailure>;
};

export function createGenesisCheck({ node, expected, ask }: GenesisOptions): GenesisCheck {
  let isSame = false;
  let other: ChainFailure | undefined;
  let asking: Promise<ChainFailure | undefined> | undefined;

  async function check(): Promise<ChainFailure | undefined> {
    const answer = await ask();
    if (answer.kind === "failed") return answer;
    isSame = answer.value === expected;
    if (isSame) return undefined;
    const message = `it is on another cluster: its genesis hash is ${answer.value}, not ${expected}`;
    other = { kind: "failed", class: "refused", message };
    return other;
  }

  async function ensure(): Promise<ChainFailure | undefined> {
    if (isSame || other) return other;
    asking ??= check().finally(() => {
      asking = undefined;
    });
    return await asking;
  }

  return {
    ensure,
    doubt() {
      isSame = false;
    },
    async verdict() {
      const failure = await ensure();
      if (!failure) return { kind: "same", node };
      return { kind: failure === other ? "other" : "unknown", node, message: failure.message };
    },
  };
}
