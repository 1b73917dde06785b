/** ResolveOutcome: evidence for an order whose outcome is unknown. Only live orders can be in that state. */
import { z } from "zod";
import type { HandedEvidence } from "../../../domain/application/engine.types.ts";
import { cleanText, requestIdSchema } from "../../../domain/order/request.ts";
import type {
  ResolveOutcomeRequest,
  ResolveOutcomeResponse,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { invalid, refused, unknownOutcome } from "../errors.ts";
import { field } from "../mapping/parsed.ts";
import type { UnaryHandler } from "../methods.ts";
import { orderIdSchema, resultWithLedger } from "./shared.ts";

const MAX_EVIDENCE = 16;
const MAX_NODE_BYTES = 300;
/** A transaction has at most 1,232 bytes, but what nodes tell of it may be long: logs of 10 KB, balances of 256 accounts. */
const MAX_ANSWER_BYTES = 512 * 1024;

const NODE = "must be the node's http or https URL without credentials, path and query";

/** A key may stand in each of the other parts, and what is handed in goes on record for ever. */
const isBareUrl = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
};

const evidenceSchema = z
  .array(
    z.object({
      node: cleanText(MAX_NODE_BYTES).refine(isBareUrl, NODE),
      method: z.string().regex(/^[A-Za-z]{1,40}$/, "must be the name of a JSON-RPC method"),
      answer: z.instanceof(Uint8Array).transform((bytes, context): string => {
        const text = bytes.length > MAX_ANSWER_BYTES ? undefined : utf8Of(bytes);
        if (text !== undefined && text !== "") return text;
        const message = `must be the JSON-RPC answer as UTF-8 text of 1 to ${MAX_ANSWER_BYTES} bytes`;
        context.issues.push({ code: "custom", message, input: "" });
        return "";
      }),
    }),
  )
  .min(1, "must hold at least one node's answer")
  .max(MAX_EVIDENCE, `must have at most ${MAX_EVIDENCE} entries`);

function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Answers the order as it is afterwards, whatever it ended with. */
export const resolveOutcome =
  (context: Context): UnaryHandler<ResolveOutcomeRequest, ResolveOutcomeResponse> =>
  async (request, { principal }) => {
    const orderId = field("order_id", orderIdSchema, request.orderId);
    const requestId = field("request_id", requestIdSchema, request.requestId);
    const evidence = field<HandedEvidence[]>("evidence", evidenceSchema, request.evidence);
    if (!orderId.ok || !requestId.ok || !evidence.ok) {
      const parts = [orderId, requestId, evidence];
      return invalid(parts.flatMap((part) => (part.ok ? [] : part.violations)));
    }
    const outcome = await context.engine.resolve(orderId.value, evidence.value, { principal });
    if (outcome.kind === "refused") return refused(outcome.refusal, orderId.value);
    if (outcome.kind === "unknown") return unknownOutcome({ orderId: orderId.value, ...outcome });
    const result = resultWithLedger(outcome.order, context);
    return { kind: "ok", message: { result, position: result.position } };
  };
