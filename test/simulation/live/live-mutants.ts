/** Mistakes that a live engine must never make, planted one at a time; each must be caught by a named invariant. */
import type { Mutant } from "../mutants.types.ts";

const live = (file: string): string => `domain/application/live/${file}`;

export const LIVE_MUTANTS: readonly Mutant[] = [
  {
    name: "bytes are sent before their event is durable",
    file: live("sign-step.ts"),
    find: "    materials.delete(orderId);\n    // Durable",
    put: `    const early = signedTransaction(simulated.message, answer.signature);
    venue.broadcaster.again({ transaction: early, route: intent.route });
    materials.delete(orderId);
    // Durable`,
  },
  {
    name: "an attempt that takes long counts as expired",
    file: live("signed-steps.ts"),
    find: "const deciding = known.get(entry.orderId) ?? monitor.follow(attemptOf(order));",
    put: `const late = after(5_000).then(() => ({ kind: "expired", evidence: [], singleNode: false }));
    const deciding = Promise.race([monitor.follow(attemptOf(order)), late]);`,
  },
  {
    name: "equal swaps have equal bytes",
    file: "domain/chain/intent.ts",
    find: "export const memoOf = (orderId: string, attempt: number): string =>",
    put: 'export const memoOf = (orderId: string, attempt: number): string => "swap" ||',
  },
  {
    name: "one node's word is a death",
    file: "domain/chain/outcome-proof.ts",
    find: "const needed = isAlone ? 1 : Math.max(rule.nodesRequired, 1);",
    put: "const needed = isAlone ? 1 : Math.min(rule.nodesRequired, 1);",
  },
  {
    name: "the quote is booked as the fill",
    file: "domain/order/live-fill.ts",
    find: "const { amountIn, amountOut } = landed;",
    put: 'const { amountIn } = landed;\n  const amountOut = BigInt(order.quote?.outAmount ?? "0");',
  },
  {
    name: "a reservation is released twice",
    file: live("wallet-funds.ts"),
    find: "if (counts(hold, orderId)) total += hold.totals.get(mint) ?? 0n;",
    put: "total += (counts(hold, orderId) ? 1n : -1n) * (hold.totals.get(mint) ?? 0n);",
  },
  {
    name: "a reservation is never released",
    file: live("live-venue.ts"),
    find: "if (reservation === undefined) funds.release(wallet, orderId);",
    put: "if (reservation === undefined) return;",
  },
  {
    name: "nothing is held before the append",
    file: live("unsigned-steps.ts"),
    find: "if (reservation) funds.hold(",
    put: "if (reservation && order.attempt < 0) funds.hold(",
  },
  {
    name: "balances from before a landing are good enough",
    file: live("unsigned-steps.ts"),
    find: "if (plan.slot < funds.minContextSlot(wallet)) {",
    put: "if (plan.slot < 0) {",
  },
  {
    name: "a fork is ignored",
    file: live("signed-steps.ts"),
    find: 'if (finality.kind !== "finalized") return recordGone(entry, finality);',
    put: "",
  },
  {
    name: "a fork is believed from one node",
    file: live("finality.ts"),
    find: "if (views.length >= Math.min(required, observations.length))",
    put: "if (views.length >= Math.min(required, 1))",
  },
  {
    name: "blocks are counted in slots",
    file: live("monitor.ts"),
    find: "const { value } = height;",
    put: "const value = { ...height.value, blockHeight: height.value.slot - 100 };",
  },
  {
    name: "an absence without history counts",
    file: live("monitor.ts"),
    find: "node.statuses(signatures, { searchHistory });",
    put: "node.statuses(signatures, { searchHistory: false });",
  },
  {
    name: "an absence counts wherever the history begins",
    file: "domain/chain/expiry-proof.ts",
    find: "const isCached = reached <=",
    put: "const isCached = reached > 0 || reached <=",
  },
  {
    name: "a failure counts before it is final",
    file: "domain/chain/outcome-proof.ts",
    find: "const failures = sightings.filter((sighting) => isFinal(sighting) && failed(sighting));",
    put: "const failures = sightings.filter((sighting) => failed(sighting));",
  },
  {
    name: "a halt is not looked at between signature and append",
    file: live("sign-step.ts"),
    find: "const again = safety.beforeSignature(permitOf(order));",
    put: "const again = permit;",
  },
  {
    name: "a halt is not looked at before a signature",
    file: live("sign-step.ts"),
    find: "const permit = safety.beforeSignature(permitOf(order));",
    put: 'const permit = { kind: "go", revision: safety.revision() } as const;',
  },
  {
    name: "evidence is cited and not kept",
    file: live("unsigned-steps.ts"),
    find: "const kept = evidence.keep(entry.orderId, [item]);",
    put: "const kept = Promise.resolve();",
  },
  {
    name: "evidence is not waited for",
    file: "domain/application/orders/order-driver.ts",
    find: "if (entry.cites) await entry.cites;",
    put: "",
  },
  {
    name: "a cancel after the signature ends the order",
    file: "domain/order/decide.ts",
    find: "return isNotExecuted(order)",
    put: 'return isNotExecuted(order) || order.phase === "submitted"',
  },
  {
    name: "a resolved order is signed again",
    file: "domain/order/decide-live.ts",
    find: "if (resolvedBy !== undefined) return [failed(order, reason, message)];",
    put: "",
  },
  {
    name: "re-quotes walk the floor down",
    file: "domain/order/trade.ts",
    find: "(firstQuotePrice && ratioOf(firstQuotePrice))",
    put: "(firstQuotePrice && order.quote && ratioOf(order.quote.price))",
  },
  {
    name: "protected bytes go to everybody",
    file: live("send.ts"),
    find: "senders.filter((sender) => sender.route === route)",
    put: "senders.filter((sender) => sender.route === route || route !== undefined)",
  },
  {
    name: "the fees of failed attempts are forgotten",
    file: "domain/order/live-state.ts",
    find: "(BigInt(before) + feeLamports).toString()",
    put: "(BigInt(before) + 0n * feeLamports).toString()",
  },
  {
    name: "what landed is not looked for again after a restart",
    file: "domain/order/flow.ts",
    find: 'case "provisional":\n      return { kind: "Finalize" };',
    put: 'case "provisional":\n      return { kind: "Done" };',
  },
];
