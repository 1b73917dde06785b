/**
 * Ends the doubt about an order whose outcome nobody could prove, by answers of nodes that a person hands in. Anybody can write such
 * answers: a fill takes as many nodes as a death, of one mind about every amount, and no outcome is taken that a node of the engine
 * contradicts.
 */

import { boundByAll } from "../../chain/blockhash-bound.ts";
import { observationsFrom, type ReadEvidence } from "../../chain/node-evidence.ts";
import { nodeKey } from "../../chain/node-identity.ts";
import { judgeAttempt, type ProofRule } from "../../chain/outcome-proof.ts";
import { differencesOf, ownSwap } from "../../chain/own-swap.ts";
import { isTerminal, type OrderState, statusOf } from "../../order/state.ts";
import { inputMintOf, outputMintOf, required } from "../../order/trade.ts";
import type { ChainNode } from "../../ports/chain.ts";
import type { Engine, HandedEvidence, SubmitResult } from "../engine.types.ts";
import { loadOrder } from "../orders/load-order.ts";
import type { OrderEntry, Resolution } from "../orders/order-entry.ts";
import { refused } from "../orders/refusals.ts";
import type { RunParts } from "../orders/run-order.ts";
import type { WaitOn } from "../orders/wait-on-order.ts";
import type { LiveVenue } from "./live-venue.ts";
import { contradictionsOf } from "./own-nodes.ts";

/** The driver looks at it at once, unless the store is away. */
const RESOLVE_WAIT_MS = 10_000;

type ResolveParts = Pick<RunParts, "store" | "codec" | "open" | "hasher"> & {
  readonly live: Pick<LiveVenue, "keepEvidence"> | undefined;
  readonly proof: ProofRule | undefined;
  /** The engine's own. */
  readonly nodes: readonly ChainNode[];
  readonly waitOn: WaitOn;
};

export function createResolve(parts: ResolveParts): Engine["resolve"] {
  const { open, live, proof, nodes, waitOn } = parts;
  return async (orderId, evidence, { principal }) => {
    const entry = open.get(orderId);
    const order = entry?.committed ?? (await loadOrder(parts, orderId)).order;
    if (!order || order.principal !== principal) {
      return refused("ORDER_NOT_FOUND", `order ${orderId} does not exist`);
    }
    if (!entry || !isInDoubt(order)) return isKnown(order);
    if (!live || !proof) {
      return refused("LIVE_NOT_CONFIGURED", "live execution is not configured");
    }
    const judged = judge(order, evidence, { proof, principal });
    if (judged.kind === "refused") return judged;
    const { signature } = required(order.signed, "signature");
    const against = await contradictionsOf(nodes, { signature, ...judged.resolution });
    if (against.length > 0) {
      const message = `the answers say ${judged.resolution.outcome}, and ${against.join("; ")}`;
      return refused("EVIDENCE_NOT_ENOUGH", message);
    }
    // The engine may have found out by itself meanwhile.
    if (entry.committed && !isInDoubt(entry.committed)) return isKnown(entry.committed);
    await live.keepEvidence(
      orderId,
      evidence.map(({ node, method, answer }) => ({ kind: method, source: node, text: answer })),
    );
    const { fill } = judged;
    const resolved = withHashes(judged.resolution, evidence, parts);
    return hand(entry, { resolved, ...(fill && { fill }) }, waitOn);
  };
}

const isInDoubt = (order: OrderState): boolean => order.phase === "unknown" && !isTerminal(order);

const isKnown = (order: OrderState): ReturnType<typeof refused> => {
  const message = `order ${order.orderId} is ${statusOf(order)}: there is no doubt to end`;
  return refused("OUTCOME_IS_KNOWN", message);
};

type Judged =
  | {
      readonly kind: "resolution";
      readonly resolution: Omit<Resolution["resolved"], "evidence">;
      readonly fill?: Resolution["fill"];
    }
  | ReturnType<typeof refused>;

function judge(
  order: OrderState,
  evidence: readonly HandedEvidence[],
  { proof, principal }: { readonly proof: ProofRule; readonly principal: string },
): Judged {
  const signed = required(order.signed, "signature");
  const read = observationsFrom(evidence, signed.signature);
  if (read.kind === "problem") return refused("EVIDENCE_NOT_ENOUGH", read.problem);
  const verdict = judgeAttempt(boundByAll(signed), read.observations, proof);
  const by = principal;
  switch (verdict.kind) {
    case "landed": {
      if (verdict.commitment !== "finalized") break;
      const { slot, nodes } = verdict;
      const needed = proof.acceptSingleNode ? 1 : Math.max(proof.nodesRequired, 1);
      if (nodes.length < needed) {
        const message = `${nodes.join(", ")} says finalized in slot ${slot}; ${needed} nodes must say so`;
        return refused("EVIDENCE_NOT_ENOUGH", message);
      }
      const fill = fillOf(order, read.transactions, { slot, needed });
      if (typeof fill === "string") return refused("EVIDENCE_NOT_ENOUGH", fill);
      const message = `finalized in slot ${slot}, as ${nodes.join(", ")} say`;
      const landed = resolution({ by, outcome: "landed", slot, message });
      return { ...landed, fill: { ...fill, slot, nodes } };
    }
    case "failed-finalized": {
      const { slot } = verdict;
      const message = `failed on chain in slot ${slot}: ${JSON.stringify(verdict.error)}`;
      return resolution({ by, outcome: "failed", slot, message });
    }
    case "expired":
      return resolution({ by, outcome: "expired", message: "it can never land any more" });
    case "open":
    case "unprovable":
      break;
  }
  const missing =
    verdict.kind === "unprovable"
      ? verdict.missing.map(({ node, what }) => `${node}: ${what}`).join("; ")
      : "neither a finalized status nor a proof of expiry";
  return refused("EVIDENCE_NOT_ENOUGH", `the answers do not prove an outcome: ${missing}`);
}

type Read = Extract<ReadEvidence, { readonly kind: "observations" }>;

/** What it moved: the nodes of this engine may have forgotten it, so that it must be among the answers. A sentence: it is not. */
function fillOf(
  order: OrderState,
  transactions: Read["transactions"],
  { slot, needed }: { readonly slot: number; readonly needed: number },
): Pick<NonNullable<Resolution["fill"]>, "landed" | "node"> | string {
  const found = transactions.filter(({ transaction }) => Number(transaction.slot) === slot);
  const told = new Set(found.map(({ node }) => nodeKey(node))).size;
  if (told < needed) {
    const words =
      needed === 1 ? "an answer to getTransaction is" : `getTransaction of ${needed} nodes is`;
    return `it landed in slot ${slot}: ${words} needed as well, and ${told} told it`;
  }
  const { request } = order;
  const signed = required(order.signed, "signature");
  const question = {
    ...{ signed, wallet: signed.wallet, amount: BigInt(request.amount) },
    inputMint: inputMintOf(request),
    outputMint: outputMintOf(request),
    feeAccount: request.feeAccount,
  };
  let first: Pick<NonNullable<Resolution["fill"]>, "landed" | "node"> | undefined;
  for (const { transaction, node } of found) {
    const outcome = ownSwap(transaction, question);
    if (outcome.kind === "problem") {
      return `getTransaction of ${node} is not the swap that was signed: ${outcome.message}`;
    }
    first ??= { landed: outcome.swap, node };
    const differences = differencesOf(first.landed, outcome.swap);
    if (differences !== "")
      return `${first.node} and ${node} tell different figures: ${differences}`;
  }
  return first ?? "no node tells the transaction";
}

const resolution = (data: Omit<Resolution["resolved"], "evidence">) => ({
  kind: "resolution" as const,
  resolution: data,
});

const withHashes = (
  data: Omit<Resolution["resolved"], "evidence">,
  evidence: readonly HandedEvidence[],
  { hasher }: Pick<ResolveParts, "hasher">,
): Resolution["resolved"] => ({
  ...data,
  evidence: evidence.map(({ node, method, answer }) => ({
    ...{ node, method, sha256: hasher.sha256(answer) },
  })),
});

function hand(entry: OrderEntry, data: Resolution, waitOn: WaitOn): Promise<SubmitResult> {
  entry.resolutions.push(data);
  entry.wake?.();
  return waitOn(entry, "RESOLVED", RESOLVE_WAIT_MS);
}
