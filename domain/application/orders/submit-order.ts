/** Accepts a trade request, once for each request id. */
import { decide } from "../../order/decide.ts";
import {
  fingerprintOf,
  orderIdOf,
  resolveRequest,
  type TradeCommand,
} from "../../order/request.ts";
import type { OrderId, Principal } from "../../primitives/ids.ts";
import type { Engine } from "../engine.types.ts";
import type { LiveVenue } from "../live/live-venue.ts";
import type { Sealer } from "../log/sealer.ts";
import { loadOrder } from "./load-order.ts";
import { createEntry, type OrderEntry, stage } from "./order-entry.ts";
import { answerExisting, isSame, type RunParts, reused, runOrder } from "./run-order.ts";
import type { WaitOn } from "./wait-on-order.ts";

type SubmitParts = RunParts & {
  readonly sealer: Sealer;
  readonly waitOn: WaitOn;
  /** Undefined: there are no live orders. */
  readonly live: Pick<LiveVenue, "account"> | undefined;
};

export function createSubmit(parts: SubmitParts): Engine["submit"] {
  const { admission, hasher, open, waitOn } = parts;

  const submit: Engine["submit"] = async (command, context) => {
    const { principal, waitFor, waitMs } = context;
    const orderId = orderIdOf(principal, command.requestId, hasher);
    const entry = open.get(orderId);
    if (entry?.draft) {
      if (isSame(parts, entry.draft, command)) return waitOn(entry, waitFor, waitMs);
      if (entry.committed) return reused(command);
      // Whether the order under way is the first of its id turns out with its first append.
      const first = await waitOn(entry, "ACCEPTED", waitMs);
      if (first.kind === "unknown") return first;
      return entry === open.get(orderId) ? reused(command) : submit(command, context);
    }
    const refusal = admission.check(command, principal);
    if (refusal) {
      // A repeated request is answered even when new ones are not admitted.
      const { order } = await loadOrder(parts, orderId);
      return order ? answerExisting(parts, orderId, command) : refusal;
    }
    const begun = begin(parts, command, { orderId, principal });
    const result = waitOn(begun, waitFor, waitMs);
    void runOrder(parts, begun);
    return result;
  };
  return submit;
}

/** The order's beginning, staged: it becomes durable with the first append, which expects an empty stream. */
function begin(
  { defaults, hasher, ledger, sealer, live }: SubmitParts,
  command: TradeCommand,
  { orderId, principal }: { readonly orderId: OrderId; readonly principal: Principal },
): OrderEntry {
  const { request, defaulted } = resolveRequest(command, defaults);
  const entry = createEntry(orderId, undefined, command);
  const account = request.mode === "LIVE" ? live?.account(request.account) : undefined;
  const events = decide(undefined, {
    type: "Request",
    request,
    principal,
    accountOwner: account?.owner ?? ledger.ownerOf(request.account) ?? principal,
    wallet: account?.wallet,
    fingerprint: fingerprintOf(request, hasher),
    defaulted,
  });
  stage(entry, events, { sealer, actor: principal });
  return entry;
}
