/**
 * The bundles that the stand-in has taken in the last five minutes, and what became of them. Only
 * the chain knows whether a transaction landed; a bundle of several is not atomic here: what comes
 * after one that does not land is dropped, what came before it stays.
 */
import type { Chain, SendOutcome } from "../chain/chain.types.ts";
import { type BundleTransaction, bundleId } from "./bundle.ts";

const LOOK_BACK_MS = 5 * 60_000;
const MAX_BUNDLES = 10_000;

export type JitoChain = Pick<Chain, "slot" | "status"> & {
  /** With revert protection only what succeeds lands. */
  send(raw: Uint8Array, options: { readonly revertProtection: boolean }): Pick<SendOutcome, "kind">;
};

export type InflightStatus = {
  readonly bundle_id: string;
  readonly status: "Invalid" | "Pending" | "Failed" | "Landed";
  readonly landed_slot: number | null;
};

export type BundleStatus = {
  readonly bundle_id: string;
  readonly transactions: readonly string[];
  readonly slot: number;
  readonly confirmation_status: string;
  readonly err: { readonly Ok: null } | { readonly Err: unknown };
};

type Bundle = {
  readonly id: string;
  readonly signatures: readonly string[];
  readonly takenMs: number;
  readonly failed: boolean;
};

export type Bundles = {
  /** Forwards the transactions in order; `drop` only takes them. Answers the bundle's id. */
  take(transactions: readonly BundleTransaction[], drop: boolean): string;
  inflight(ids: readonly string[]): InflightStatus[];
  /** Null for each that has not landed. */
  landed(ids: readonly string[]): (BundleStatus | null)[];
};

export function createBundles(chain: JitoChain, nowMs: () => number = Date.now): Bundles {
  const bundles = new Map<string, Bundle>();

  function forget(): void {
    for (const [id, { takenMs }] of bundles) {
      if (bundles.size <= MAX_BUNDLES && takenMs > nowMs() - LOOK_BACK_MS) return;
      bundles.delete(id);
    }
  }

  const statusesOf = ({ signatures }: Bundle) => signatures.map((each) => chain.status(each));

  return {
    take(transactions, drop) {
      const id = bundleId(transactions);
      const failed = !drop && !forward(chain, transactions);
      const signatures = transactions.map(({ signature }) => signature);
      bundles.set(id, { id, signatures, takenMs: nowMs(), failed });
      forget();
      return id;
    },
    inflight(ids) {
      forget();
      return ids.map((id) => {
        const bundle = bundles.get(id);
        if (!bundle) return { bundle_id: id, status: "Invalid", landed_slot: null };
        const statuses = statusesOf(bundle);
        if (statuses.every((status) => status)) {
          return { bundle_id: id, status: "Landed", landed_slot: statuses[0]?.slot ?? null };
        }
        return { bundle_id: id, status: bundle.failed ? "Failed" : "Pending", landed_slot: null };
      });
    },
    landed: (ids) =>
      ids.map((id) => {
        const bundle = bundles.get(id);
        const statuses = bundle ? statusesOf(bundle) : [];
        const [first] = statuses;
        if (!bundle || !first || !statuses.every((status) => status)) return null;
        return {
          bundle_id: id,
          transactions: bundle.signatures,
          slot: first.slot,
          confirmation_status: first.confirmationStatus,
          err: first.err === null ? { Ok: null } : { Err: first.err },
        };
      }),
  };
}

/** False once one did not land and never will. */
function forward(chain: JitoChain, transactions: readonly BundleTransaction[]): boolean {
  for (const { raw } of transactions) {
    const outcome = chain.send(raw, { revertProtection: true });
    if (outcome.kind === "rejected") return false;
    if (outcome.kind === "withheld") return true;
  }
  return true;
}
