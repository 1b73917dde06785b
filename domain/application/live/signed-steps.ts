/**
 * The steps of a live order from its signature on. The bytes count as sent: they are handed out, and handed out again, until the chain
 * has decided; whatever senders, nodes and callers do meanwhile, nothing is signed again before that.
 */
import { decodeBase64 } from "../../chain/bytes.ts";
import { simulationFailureOf } from "../../chain/simulation-failure.ts";
import type { OrderState } from "../../order/state.ts";
import { required } from "../../order/trade.ts";
import { US_PER_MS } from "../../primitives/time.ts";
import type { DriveEnd, StepTools } from "../orders/driver.types.ts";
import { answerNow, type OrderEntry } from "../orders/order-entry.ts";
import type { Finality } from "./finality.ts";
import { amountsOf, createLandedReader, type OddAnswer, type Told } from "./landed-reader.ts";
import type { FollowedAttempt, Outcome } from "./monitor.ts";
import type { NamedAnswer } from "./send.ts";
import { permitOf } from "./sign-step.ts";
import type { Venue } from "./venue.types.ts";

type Ended = Promise<DriveEnd | undefined>;

export type SignedSteps = Readonly<
  Record<
    "Submit" | "Await" | "Settle" | "Finalize" | "Conclude",
    (entry: OrderEntry, order: OrderState) => Ended
  >
>;

/** The engine looks for a landed transaction's balances this often, milliseconds; it has landed, so it will be there. */
const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 2_000;
/** How the sentence begins by which an order is left to a person, and by which it is known afterwards. */
const DIFFERENT = "two nodes tell different amounts of the transaction";
/** An outcome that nobody could prove is looked at again after this. */
const UNKNOWN_LOOK_MS = 30_000;
/** Finality takes 13 s on mainnet. */
const ALERT_MS = 120_000;
/** A final transaction whose balances no node tells for this long is left to a person. */
const MOST_SILENCE_MS = 60_000;
/** Senders that have not answered by then are not waited for. */
const MOST_SUBMIT_MS = 2_000;

export function createSignedSteps(venue: Venue, tools: StepTools): SignedSteps {
  const { ports, clock, timers, monitor, broadcaster, safety, retry } = venue;
  const { record, flush } = tools;
  const reader = createLandedReader(ports.chain.nodes, timers);

  /** Waits for a promise and attends to whoever wakes the order; true: it is fulfilled. Nothing is under way that a drain must wait for. */
  async function waitFor(
    entry: OrderEntry,
    promise: Promise<unknown>,
    untilUs?: number,
  ): Promise<boolean> {
    if (entry.cancels.length > 0 || entry.resolutions.length > 0) return false;
    const turn = promise.then(() => undefined);
    return (await tools.pause(entry, { untilUs, turn })) === "turn";
  }

  /** Fulfilled when all senders have answered, when the chain has, or when it has taken long enough. */
  async function submit(entry: OrderEntry, order: OrderState): Ended {
    const attempt = attemptOf(order);
    const answers: NamedAnswer[] = [];
    const sent = broadcaster.first(attempt, (answer) => answers.push(answer));
    answerCallers(entry);
    const deciding = monitor.follow(attempt);
    venue.deciding.set(entry.orderId, deciding);
    await Promise.race([sent, deciding, after(MOST_SUBMIT_MS)]);
    const none = { sender: "all", answer: { kind: "unknown", cause: "no answer yet" } } as const;
    record(entry, {
      type: "RecordSubmission",
      answers: answers.length > 0 ? [...answers] : [none],
    });
    tools.giveSlot(entry);
    return undefined;
  }

  const after = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      timers.schedule(delayMs, resolve);
    });

  /** Whoever waits for the end is answered with what is known when the confirmation of the first attempt takes too long. */
  function answerCallers(entry: OrderEntry): void {
    const { orderId } = entry;
    if (venue.ends.has(orderId)) return;
    const cancel = timers.schedule(venue.config.confirmationTimeoutMs, () => answerNow(entry));
    venue.ends.set(orderId, cancel);
  }

  /** Says so when a landed transaction does not become final in good time; it is followed all the same. */
  const alertLater = ({ orderId }: OrderEntry, message: string): (() => void) =>
    timers.schedule(ALERT_MS, () => venue.onAlert(orderId, message));

  async function awaitOutcome(entry: OrderEntry, order: OrderState): Ended {
    tools.giveSlot(entry);
    const ended = await flush(entry);
    if (ended) return ended;
    const { deciding: known } = venue;
    const deciding = known.get(entry.orderId) ?? monitor.follow(attemptOf(order));
    known.set(entry.orderId, deciding);
    if (!(await waitFor(entry, deciding))) return undefined;
    const outcome = await deciding;
    known.delete(entry.orderId);
    // Nothing new: it is looked at again, in case a node comes back with its history.
    if (order.phase === "unknown" && !(await isNews(order, outcome))) {
      await waitFor(entry, after(UNKNOWN_LOOK_MS));
    } else decided(entry, order, outcome);
    return undefined;
  }

  /** Of an unknown outcome: something is proven now, and what landed can be booked. */
  async function isNews(order: OrderState, outcome: Outcome): Promise<boolean> {
    if (outcome.kind !== "landed") return outcome.kind !== "unprovable";
    const { told } = await reader.first(order, outcome);
    if (!told) return false;
    // Where the nodes have told different amounts, one node's word is not news.
    if (!order.lastError?.message.startsWith(DIFFERENT)) return true;
    return (await reader.second(order, { ...told, slot: outcome.slot }))?.differences === "";
  }

  function decided(entry: OrderEntry, order: OrderState, outcome: Outcome): void {
    const { orderId } = entry;
    switch (outcome.kind) {
      case "landed": {
        const { slot, commitment, nodes } = outcome;
        if (commitment === "processed") return;
        record(entry, {
          type: "RecordLanding",
          landing: { slot, commitment, nodes: [...nodes] },
        });
        return;
      }
      case "failed-finalized": {
        safety.report({ orderId, outcome: "failed-on-chain" });
        record(entry, { type: "RecordChainFailure", failed: failedOf(order, outcome) });
        return;
      }
      case "expired": {
        safety.report({ orderId, outcome: "expired" });
        const { lastValidBlockHeight } = required(order.signed, "signature");
        const { evidence, singleNode } = outcome;
        record(entry, {
          type: "RecordExpiry",
          expired: { lastValidBlockHeight, evidence: [...evidence], singleNode },
        });
        return;
      }
      case "unprovable": {
        safety.report({ orderId, outcome: "unknown" });
        const missing = [...outcome.missing];
        const words = missing.map(({ node, what }) => `${node}: ${what}`).join("; ");
        const message = `it cannot be proven whether the transaction landed: ${words}`;
        venue.onAlert(orderId, message);
        record(entry, { type: "RecordUnknown", unknown: { message, missing } });
      }
    }
  }

  function failedOf(order: OrderState, outcome: Extract<Outcome, { kind: "failed-finalized" }>) {
    const { baseFeeLamports, priorityFeeLamports } = required(order.signed, "signature");
    // The message stands behind the count of signatures and the one signature.
    const message = attemptOf(order).transaction.subarray(65);
    const { kind } = simulationFailureOf(outcome.error, { message, logs: [] });
    const error = JSON.stringify(outcome.error);
    return {
      slot: outcome.slot,
      class: kind === "slippage" ? "SLIPPAGE_EXCEEDED" : "FAILED_ON_CHAIN",
      message:
        kind === "slippage"
          ? "the swap failed on chain: the market had moved past the slippage tolerance (0x1771)"
          : `the transaction failed on chain: ${error}`,
      error,
      // A failed transaction pays both; the tip is an instruction and fails with it.
      feeLamports: (BigInt(baseFeeLamports) + BigInt(priorityFeeLamports)).toString(),
      nodes: [...outcome.nodes],
    };
  }

  /** Reads what the transaction moved, from any node that tells it. */
  async function settle(entry: OrderEntry, order: OrderState): Ended {
    const ended = await flush(entry);
    if (ended) return ended;
    const { slot } = required(order.landing, "landing");
    const watching = monitor.finality(attemptOf(order), slot);
    const stopAlert = alertLater(
      entry,
      `it landed in slot ${slot}, and no node tells its balances`,
    );
    return lookFor(entry, order, watching).finally(stopAlert);
  }

  async function lookFor(entry: OrderEntry, order: OrderState, watching: Promise<Finality>): Ended {
    const landing = required(order.landing, "landing");
    let delayMs = FIRST_LOOK_MS;
    let gone: Exclude<Finality, { kind: "finalized" }> | undefined;
    let finalUs: number | undefined;
    void watching.then((finality) => {
      if (finality.kind === "finalized") finalUs = clock.monotonicUs();
      else gone = finality;
    });
    for (;;) {
      const { told, odd } = await reader.first(order, landing);
      if (told) return book(entry, told);
      if (odd.length === ports.chain.nodes.length) return recordOdd(entry, odd);
      if (gone) return recordGone(entry, gone);
      const silentMs = finalUs === undefined ? 0 : (clock.monotonicUs() - finalUs) / US_PER_MS;
      if (silentMs > MOST_SILENCE_MS) return recordSilence(entry);
      if (!(await waitFor(entry, after(delayMs)))) return undefined;
      delayMs = Math.min(delayMs * 2, LONGEST_LOOK_MS);
    }
  }

  /** Its status is final, and no node keeps the transaction: only somebody else's node can tell what it moved. */
  function recordSilence(entry: OrderEntry): undefined {
    const message = "it landed and is final, and no node tells its balances";
    const missing = ports.chain.nodes.map(({ name: node }) => ({ node, what: "no transaction" }));
    safety.report({ orderId: entry.orderId, outcome: "unknown" });
    venue.onAlert(entry.orderId, message);
    record(entry, { type: "RecordUnknown", unknown: { message, missing } });
  }

  function recordGone(
    entry: OrderEntry,
    gone: Exclude<Finality, { kind: "finalized" }>,
  ): undefined {
    if (gone.kind === "vanished") {
      const { message, nodes } = gone;
      record(entry, { type: "RecordFork", message, nodes });
      return;
    }
    const message = "it landed, and no node can tell any more whether it became final";
    safety.report({ orderId: entry.orderId, outcome: "unknown" });
    venue.onAlert(entry.orderId, message);
    record(entry, { type: "RecordUnknown", unknown: { message, missing: [...gone.missing] } });
  }

  function book(entry: OrderEntry, { swap, node }: Told): undefined {
    record(entry, { type: "RecordFill", landed: swap, node, nowUs: clock.nowUs() });
    return undefined;
  }

  /** Every node was asked, and none told the swap that was signed. */
  function recordOdd(entry: OrderEntry, odd: readonly OddAnswer[]): undefined {
    const words = odd.map(({ node, message }) => `${node}: ${message}`).join("; ");
    const message = `the transaction landed, and it is not the swap that was signed: ${words}`;
    const missing = odd.map(({ node, message: what }) => ({ node, what }));
    venue.onAlert(entry.orderId, message);
    record(entry, { type: "RecordUnknown", unknown: { message, missing } });
    return undefined;
  }

  async function finalize(entry: OrderEntry, order: OrderState): Ended {
    const ended = await flush(entry);
    if (ended) return ended;
    const { slot } = required(order.landing, "landing");
    const watching = monitor.finality(attemptOf(order), slot);
    const stopAlert = alertLater(
      entry,
      `it landed in slot ${slot}, and the nodes do not agree that it is final`,
    );
    const isOver = await waitFor(entry, watching).finally(stopAlert);
    if (!isOver) return undefined;
    const finality = await watching;
    if (finality.kind !== "finalized") return recordGone(entry, finality);
    const checking = isChecked(order);
    if (!(await waitFor(entry, checking))) return undefined;
    const message = await checking;
    if (message !== undefined) return recordDifferent(entry, message);
    safety.report({ orderId: entry.orderId, outcome: "landed" });
    record(entry, { type: "RecordFinality", slot: finality.slot, nodes: finality.nodes });
    return undefined;
  }

  /** Amounts are final when a second node tells the same; where none tells any in time, one node's word is taken. A sentence: it is not so. */
  async function isChecked(order: OrderState): Promise<string | undefined> {
    const { live } = required(order.fill, "fill");
    const { slot } = required(order.landing, "landing");
    const swap = amountsOf(required(order.fill, "fill"));
    const { node } = required(live, "live fill");
    const second = await reader.second(order, { swap, node, slot });
    if (!second || second.differences === "") return undefined;
    return `${DIFFERENT}: ${node} and ${second.node}: ${second.differences}`;
  }

  /** Nobody knows which node is right: what was booked on the first one's word is taken back. */
  function recordDifferent(entry: OrderEntry, message: string): undefined {
    safety.report({ orderId: entry.orderId, outcome: "unknown" });
    venue.onAlert(entry.orderId, message);
    record(entry, { type: "RecordFork", message, nodes: [] });
    record(entry, { type: "RecordUnknown", unknown: { message, missing: [] } });
    return undefined;
  }

  async function conclude(entry: OrderEntry, order: OrderState): Ended {
    const permit = safety.beforeSignature(permitOf(order));
    const halted = permit.kind === "halted" ? permit.reason : undefined;
    record(entry, { type: "Conclude", retry, nowUs: clock.nowUs(), halted });
    return undefined;
  }

  return {
    Submit: submit,
    Await: awaitOutcome,
    Settle: settle,
    Finalize: finalize,
    Conclude: conclude,
  };
}

/** What is followed, from the event that made it. */
export function attemptOf(order: OrderState): FollowedAttempt {
  const signed = required(order.signed, "signature");
  const { signature, route, contextSlot, lastValidBlockHeight, witnesses } = signed;
  const transaction = decodeBase64(signed.transaction);
  if (!transaction) throw new Error(`${order.orderId}: its transaction is no base64`);
  return { signature, transaction, route, contextSlot, lastValidBlockHeight, witnesses };
}
