/**
 * What an engine's refusal means to whoever typed the command: one sentence, facts for programs, an
 * exit code.
 */
import { status as Code, type ServiceError } from "@grpc/grpc-js";
import type { Any } from "../../proto/generated/google/protobuf/any.ts";
import {
  BadRequest,
  type BadRequest_FieldViolation,
  ErrorInfo,
  RetryInfo,
} from "../../proto/generated/google/rpc/error_details.ts";
import { Status } from "../../proto/generated/google/rpc/status.ts";
import { TradeResult } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { CliError, EXIT, type ExitCode } from "./exit-codes.ts";

type Details = {
  readonly info: ErrorInfo | undefined;
  readonly violations: readonly BadRequest_FieldViolation[];
  readonly retryAfterMs: number | undefined;
  readonly result: TradeResult | undefined;
};

export type RpcContext = {
  /** HOST:PORT that was called. */
  readonly target: string;
  readonly isWrite: boolean;
};

export function rpcError(error: ServiceError, context: RpcContext): CliError {
  const details = detailsOf(error);
  const { info, violations, retryAfterMs, result } = details;
  const code = exitCodeOf(error, details, context);
  const facts = {
    status: Code[error.code] ?? String(error.code),
    reason: info?.reason,
    recorded: info?.metadata.recorded,
    orderId: info?.metadata.order_id,
    fields: violations.length === 0 ? undefined : violations.map(shown),
    retryAfterMs,
    result,
  };
  return new CliError(code, sentenceOf(error, { code, details, context }), facts);
}

/** The TradeResult that a recorded failure carries. */
export const resultOf = (error: CliError): TradeResult | undefined => {
  const { result } = error.facts;
  return typeof result === "object" && result !== null && "orderId" in result
    ? (result as TradeResult)
    : undefined;
};

const shown = ({ field, description }: BadRequest_FieldViolation) => ({ field, description });

function exitCodeOf(error: ServiceError, { info }: Details, { isWrite }: RpcContext): ExitCode {
  if (info?.metadata.recorded === "true") return EXIT.failed;
  if (info?.metadata.recorded === "unknown") return isWrite ? EXIT.unknown : EXIT.fault;
  if (error.code === Code.NOT_FOUND || error.code === Code.OUT_OF_RANGE) return EXIT.notFound;
  if (info) return EXIT.refused;
  if (isUnreachable(error)) return EXIT.unreachable;
  if (isWrite && MAYBE_RECORDED.has(error.code)) return EXIT.unknown;
  return isBroken(error) ? EXIT.unreachable : EXIT.refused;
}

/** Without details these do not come from the engine: the connection or the waiting broke off. */
const MAYBE_RECORDED: ReadonlySet<Code> = new Set([
  Code.UNAVAILABLE,
  Code.DEADLINE_EXCEEDED,
  Code.CANCELLED,
  Code.UNKNOWN,
  Code.INTERNAL,
]);

/** Without details: the connection broke off, or no answer came in time. */
const isBroken = ({ code }: ServiceError): boolean =>
  code === Code.UNAVAILABLE || code === Code.DEADLINE_EXCEEDED;

/** grpc-js says so when no connection was there: then nothing was sent. */
const isUnreachable = (error: ServiceError): boolean =>
  error.code === Code.UNAVAILABLE &&
  /no connection established|name resolution/i.test(error.details);

type Facts = {
  readonly code: ExitCode;
  readonly details: Details;
  readonly context: RpcContext;
};

function sentenceOf(error: ServiceError, { code, details, context }: Facts): string {
  const { info, violations, retryAfterMs } = details;
  if (code === EXIT.unreachable && error.code === Code.UNAVAILABLE && !isUnreachable(error)) {
    return `the connection to the engine at ${context.target} broke off (${error.details})`;
  }
  if (code === EXIT.unreachable && error.code !== Code.DEADLINE_EXCEEDED) {
    const advice = "start one with `orderstream start`, or name its address with --grpc HOST:PORT";
    return `no engine answers at ${context.target}: ${advice}`;
  }
  if (!info && code === EXIT.unknown) {
    const broke = `no answer came from ${context.target} (${error.details})`;
    return `${broke}: the request may be recorded; send it again with the same --request-id`;
  }
  const fields = violations.map(({ field }) => field).filter((field) => field !== "");
  const facts = [
    info?.reason ?? Code[error.code] ?? "",
    ...(fields.length > 0 ? [`field ${fields.join(", ")}`] : []),
    ...(info?.metadata.recorded === "false" ? ["nothing was recorded"] : []),
    ...(retryAfterMs === undefined ? [] : [`try again in ${retryAfterMs} ms`]),
  ];
  return `${error.details || "the engine gave no reason"} (${facts.join("; ")})`;
}

function detailsOf(error: ServiceError): Details {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = bytes instanceof Uint8Array ? decodeStatus(bytes) : [];
  const retry = find(details, "google.rpc.RetryInfo", RetryInfo)?.retryDelay;
  return {
    info: find(details, "google.rpc.ErrorInfo", ErrorInfo),
    violations: find(details, "google.rpc.BadRequest", BadRequest)?.fieldViolations ?? [],
    retryAfterMs: retry && Number(retry.seconds) * 1_000 + Math.ceil(retry.nanos / 1_000_000),
    result: find(details, "orderstream.v1.TradeResult", TradeResult),
  };
}

function decodeStatus(bytes: Uint8Array): readonly Any[] {
  try {
    return Status.decode(bytes).details;
  } catch {
    return [];
  }
}

function find<T>(
  details: readonly Any[],
  type: string,
  message: { decode(bytes: Uint8Array): T },
): T | undefined {
  const detail = details.find(({ typeUrl }) => typeUrl.endsWith(`/${type}`));
  try {
    return detail && message.decode(detail.value);
  } catch {
    return undefined;
  }
}
