/**
 * Outcomes to gRPC statuses. Codes come from the failures table alone; details are google.rpc messages in the trailer
 * `grpc-status-details-bin`. Nothing of an unexpected exception reaches the caller.
 */
import { status as Code, Metadata } from "@grpc/grpc-js";
import type { Refused, WriteUnknown } from "../../domain/application/engine.types.ts";
import { type FailureReason, failureOf, type StatusName } from "../../domain/order/failures.ts";
import type { Any } from "../../proto/generated/google/protobuf/any.ts";
import {
  BadRequest,
  ErrorInfo,
  RetryInfo,
} from "../../proto/generated/google/rpc/error_details.ts";
import { Status } from "../../proto/generated/google/rpc/status.ts";

/** One refused field: its proto name, and what is wrong with the limit in it. */
export type Violation = { readonly field: string; readonly description: string };

export type GrpcStatus = {
  readonly code: Code;
  readonly details: string;
  readonly metadata: Metadata;
};
export type Failed = { readonly kind: "failed"; readonly status: GrpcStatus };
export type Answer<T> = { readonly kind: "ok"; readonly message: T } | Failed;

export const ERROR_DOMAIN = "orderstream";

/** Trailers are headers: peers cut connections over large ones (8 KiB is a usual limit). */
const MAX_VIOLATIONS = 12;
const MAX_DESCRIPTION = 200;
const MAX_MESSAGE = 800;
const DEFAULT_RETRY_MS = 1_000;

type Facts = {
  readonly recorded: "true" | "false" | "unknown";
  readonly orderId?: string | undefined;
  readonly retry?: "new_id" | "same_id";
};

/** Requests whose form is wrong: nothing was recorded. */
export function invalid(violations: readonly Violation[]): Failed {
  const shown = violations.slice(0, MAX_VIOLATIONS).map(({ field, description }) => ({
    field: clip(field, MAX_DESCRIPTION),
    description: clip(description, MAX_DESCRIPTION),
    reason: "INVALID",
  }));
  const message = shown.map(({ field, description }) => `${field} ${description}`.trim());
  return failed("INVALID_ARGUMENT", message.join("; "), [
    badRequest(shown),
    errorInfo("INVALID_REQUEST", { recorded: "false" }),
  ]);
}

/** What the engine or an edge refused: nothing was recorded. */
export function refused(refusal: Refused["refusal"], orderId?: string): Failed {
  const { reason, message, retryAfterMs } = refusal;
  const { status } = failureOf(reason);
  const details = [errorInfo(reason, { recorded: "false", orderId })];
  if (reason === "INVALID_REQUEST") {
    details.unshift(
      badRequest([{ field: "", description: clip(message, 200), reason: "INVALID" }]),
    );
  }
  const comesBack = status === "UNAVAILABLE" || status === "RESOURCE_EXHAUSTED";
  const delayMs = retryAfterMs ?? (comesBack ? DEFAULT_RETRY_MS : undefined);
  if (delayMs !== undefined) details.push(retryInfo(delayMs));
  return failed(status, message, details);
}

/** A failure that is an event: the same id answers it for ever. `result` is the whole TradeResult. */
export function recordedFailure(
  error: { readonly reason: string; readonly message: string },
  orderId: string,
  result: Any,
): Failed {
  return failed(failureOf(error.reason).status, error.message, [
    errorInfo(error.reason, { recorded: "true", orderId, retry: "new_id" }),
    result,
  ]);
}

/** The write may be in the log. */
export function unknownOutcome({ orderId, cause }: WriteUnknown): Failed {
  const reason: FailureReason = "WRITE_OUTCOME_UNKNOWN";
  const message = `it is not known whether the request was recorded (${cause}); send it again with the same request_id`;
  const info = errorInfo(reason, { recorded: "unknown", orderId, retry: "same_id" });
  return failed(failureOf(reason).status, message, [info]);
}

/** A broken invariant: the cause belongs in the log, not in the answer. */
export const internal = (): Failed =>
  failed("INTERNAL", "internal error; the engine's log says more", [
    errorInfo("INTERNAL", { recorded: "unknown" }),
  ]);

/** A message as a detail, by its full name such as `orderstream.v1.TradeResult`. */
export const anyOf = (typeName: string, bytes: Uint8Array): Any => ({
  typeUrl: `type.googleapis.com/${typeName}`,
  value: Buffer.from(bytes),
});

function failed(name: StatusName, text: string, details: Any[]): Failed {
  const code = Code[name];
  const message = clip(text, MAX_MESSAGE);
  const metadata = new Metadata();
  const bytes = Status.encode({ code, message, details }).finish();
  metadata.set("grpc-status-details-bin", Buffer.from(bytes));
  return { kind: "failed", status: { code, details: message, metadata } };
}

const badRequest = (fieldViolations: BadRequest["fieldViolations"]): Any =>
  anyOf("google.rpc.BadRequest", BadRequest.encode({ fieldViolations }).finish());

function errorInfo(reason: string, { recorded, orderId, retry }: Facts): Any {
  const metadata: Record<string, string> = { recorded };
  if (orderId !== undefined) metadata.order_id = orderId;
  if (retry !== undefined) metadata.retry = retry;
  const info = ErrorInfo.encode({ reason: clip(reason, 100), domain: ERROR_DOMAIN, metadata });
  return anyOf("google.rpc.ErrorInfo", info.finish());
}

function retryInfo(delayMs: number): Any {
  const whole = Math.max(0, Math.ceil(delayMs));
  const retryDelay = {
    seconds: BigInt(Math.floor(whole / 1_000)),
    nanos: (whole % 1_000) * 1_000_000,
  };
  return anyOf("google.rpc.RetryInfo", RetryInfo.encode({ retryDelay }).finish());
}

/** Well-formed too: a lone surrogate makes grpc's own header encoding throw. */
function clip(text: string, length: number): string {
  return (text.length > length ? `${text.slice(0, length - 1)}…` : text).toWellFormed();
}
