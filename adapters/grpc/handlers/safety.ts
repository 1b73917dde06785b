/** HaltTrading, ResumeTrading, GetSafetyStatus: the brake. */
import type { SafetyResult } from "../../../domain/application/engine.types.ts";
import { requestIdSchema } from "../../../domain/order/request.ts";
import type { RequestId } from "../../../domain/primitives/ids.ts";
import type {
  GetSafetyStatusRequest,
  GetSafetyStatusResponse,
  HaltTradingRequest,
  HaltTradingResponse,
  ResumeTradingRequest,
  ResumeTradingResponse,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { type Answer, invalid, refused, unknownOutcome } from "../errors.ts";
import { field, type Parsed } from "../mapping/parsed.ts";
import { haltReasonSchema, haltScopeOf, resumeScopeOf, safetyStatusOf } from "../mapping/safety.ts";
import type { Caller, UnaryHandler } from "../methods.ts";
import { endPosition } from "./shared.ts";

/** All three answers have this form. */
type SafetyAnswer = GetSafetyStatusResponse;

export const haltTrading =
  (context: Context): UnaryHandler<HaltTradingRequest, HaltTradingResponse> =>
  (request, caller) =>
    perform(
      { request, scope: haltScopeOf(request.scope), caller, obey: context.engine.safety.halt },
      context,
    );

export const resumeTrading =
  (context: Context): UnaryHandler<ResumeTradingRequest, ResumeTradingResponse> =>
  (request, caller) =>
    perform(
      { request, scope: resumeScopeOf(request.scope), caller, obey: context.engine.safety.resume },
      context,
    );

export const getSafetyStatus =
  (context: Context): UnaryHandler<GetSafetyStatusRequest, GetSafetyStatusResponse> =>
  () => ({
    kind: "ok",
    message: {
      safety: safetyStatusOf(context.engine.safety.status()),
      position: endPosition(context),
    },
  });

type Call<Scope> = {
  readonly request: { readonly requestId: string; readonly reason: string };
  readonly scope: Parsed<Scope>;
  readonly caller: Caller;
  readonly obey: (
    command: { readonly scope: Scope; readonly reason: string },
    context: { readonly principal: Caller["principal"]; readonly requestId: RequestId },
  ) => Promise<SafetyResult>;
};

async function perform<Scope>(
  { request, scope, caller, obey }: Call<Scope>,
  context: Context,
): Promise<Answer<SafetyAnswer>> {
  const requestId = field("request_id", requestIdSchema, request.requestId);
  const reason = field("reason", haltReasonSchema, request.reason);
  if (!requestId.ok || !scope.ok || !reason.ok) {
    return invalid([requestId, scope, reason].flatMap((part) => (part.ok ? [] : part.violations)));
  }
  const { principal } = caller;
  const result = await obey(
    { scope: scope.value, reason: reason.value },
    { principal, requestId: requestId.value },
  );
  if (result.kind === "refused") return refused(result.refusal);
  if (result.kind === "unknown") return unknownOutcome(result);
  return {
    kind: "ok",
    message: { safety: safetyStatusOf(result.status), position: endPosition(context) },
  };
}
