/**
 * The signature of a live order: the last moment at which nothing has happened. Asked for with leave of the brake, thrown away if the
 * leave is gone when it comes, and durable before anybody gets it.
 */
import { LAMPORTS_PER_SIGNATURE } from "../../chain/addresses.ts";
import { encodeBase58, encodeBase64 } from "../../chain/bytes.ts";
import { signedTransaction } from "../../chain/message-edit.ts";
import type { OrderEventData } from "../../order/events.ts";
import type { OrderState } from "../../order/state.ts";
import { inputMintOf, outputMintOf } from "../../order/trade.ts";
import { US_PER_MS } from "../../primitives/time.ts";
import type { DriveEnd, StepTools } from "../orders/driver.types.ts";
import type { OrderEntry } from "../orders/order-entry.ts";
import { createAttemptEnds, LOST } from "./attempt-ends.ts";
import type { Plan } from "./plan.ts";
import type { Simulated } from "./simulate.ts";
import type { Venue } from "./venue.types.ts";

type Ended = Promise<DriveEnd | undefined>;

/** What was prepared longer ago than this is prepared again: its blockhash and its price have aged. Milliseconds. */
const MOST_PREPARATION_MS = 20_000;

export function createSignStep(
  venue: Venue,
  tools: StepTools,
): (entry: OrderEntry, order: OrderState) => Ended {
  const { ports, clock, safety, materials } = venue;
  const { record, flush, until } = tools;
  const { obstructed, abandon } = createAttemptEnds(venue, tools);

  /** Holds neither slot nor funds meanwhile; then it is prepared anew. */
  async function waitForBreaker(
    entry: OrderEntry,
    order: OrderState,
    untilUs: number | undefined,
  ): Ended {
    abandon(entry, "the circuit breaker is open");
    const ended = await flush(entry);
    if (ended) return ended;
    tools.giveSlot(entry);
    const { expiresAtUs } = order.request;
    const ends = [untilUs, expiresAtUs].filter((time) => time !== undefined);
    const stop = safety.onChange(() => entry.wake?.());
    const end = ends.length === 0 ? undefined : Math.min(...ends);
    if (entry.cancels.length === 0) await tools.pause(entry, { untilUs: end });
    stop();
    return undefined;
  }

  return async function sign(entry: OrderEntry, order: OrderState): Ended {
    const { orderId } = entry;
    const material = materials.get(orderId);
    const { plan, simulated } = material ?? {};
    if (!material || !plan || !simulated) {
      return abandon(entry, LOST);
    }
    const ageMs = (clock.monotonicUs() - material.quotedUs) / US_PER_MS;
    if (ageMs > MOST_PREPARATION_MS) return abandon(entry, `it was prepared ${ageMs} ms ago`);
    const permit = safety.beforeSignature(permitOf(order));
    if (permit.kind === "halted") {
      record(entry, { type: "Halt", message: permit.reason });
      return undefined;
    }
    if (permit.kind === "wait") return waitForBreaker(entry, order, permit.untilUs);
    const { intent } = plan;
    const signing = Promise.all([
      ports.signer.sign({
        ...{ wallet: intent.wallet, message: simulated.message, intent },
        lookupTables: simulated.tables,
      }),
      // What the events cite is durable before they are.
      material.kept,
    ]).then(([answer]) => answer);
    if (!(await until(entry, order, signing))) return undefined;
    const answer = await signing;
    // A cancel or a halt may have come meanwhile: then the signature is thrown away, nobody has seen it.
    if (entry.cancels.length > 0) return undefined;
    const again = safety.beforeSignature(permitOf(order));
    if (again.kind !== "go") return undefined;
    if (answer.kind === "refused") {
      const { rule, message } = answer;
      safety.report({ orderId, outcome: "not-signed" });
      record(entry, { type: "RecordSigningRefusal", refused: { rule, message } });
      return undefined;
    }
    if (answer.kind === "unavailable") {
      const { message } = answer;
      const failure = { reason: "SIGNER_UNAVAILABLE", message, isRetryable: true } as const;
      return obstructed(entry, { kind: "obstacle", failure });
    }
    record(entry, {
      type: "RecordSigned",
      signed: signedOf(plan, simulated, {
        signature: answer.signature,
        genesisHash: ports.chain.genesisHash,
        revision: again.revision,
      }),
    });
    materials.delete(orderId);
    // Durable before the first byte leaves.
    return flush(entry);
  };
}

/** What the brake is asked about. */
export const permitOf = ({ orderId, request }: OrderState) => ({
  ...{ orderId, account: request.account },
  ...{ inputMint: inputMintOf(request), outputMint: outputMintOf(request) },
});

function signedOf(
  { intent, blockhash }: Plan,
  { message, gate, fee }: Simulated,
  by: { readonly signature: Uint8Array; readonly genesisHash: string; readonly revision: number },
): Omit<OrderEventData<"AttemptSigned">, "attempt"> {
  return {
    wallet: intent.wallet,
    genesisHash: by.genesisHash,
    signature: encodeBase58(by.signature),
    transaction: encodeBase64(signedTransaction(message, by.signature)),
    blockhash: blockhash.blockhash,
    contextSlot: blockhash.slot,
    lastValidBlockHeight: blockhash.lastValidBlockHeight,
    witnesses: [...blockhash.witnesses],
    computeUnitLimit: fee.unitLimit,
    computeUnitPriceMicroLamports: fee.unitPriceMicroLamports.toString(),
    baseFeeLamports: LAMPORTS_PER_SIGNATURE.toString(),
    priorityFeeLamports: gate.priorityFeeLamports.toString(),
    tipLamports: gate.tipLamports.toString(),
    route: intent.route,
    minimumOut: gate.swap.minimumOutAmount.toString(),
    safetyRevision: by.revision,
    leaseEpoch: 0,
  };
}
