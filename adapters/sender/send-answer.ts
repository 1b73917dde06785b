/**
 * What the answer to a sent transaction says. Never whether it landed: a refusal may come after an earlier copy was taken, and what is
 * lost may have been taken too.
 */
import { z } from "zod";
import { encodeBase58 } from "../../domain/chain/bytes.ts";
import type { SendAnswer } from "../../domain/ports/sender.ts";
import type { SendFailure, SendOutcome } from "./rpc-call.types.ts";

const SIGNATURE_BYTES = 64;

/** The first signature, which is the transaction's id. */
export const signatureOf = (transaction: Uint8Array): string =>
  encodeBase58(transaction.subarray(1, 1 + SIGNATURE_BYTES));

/** The server has it already, and the chain too: whether it succeeded is another question. */
const ALREADY = /already (been )?processed/i;
/** Of a preflight, which was not asked for: another node, or the same one later, may know the blockhash. */
const preflight = z.object({ err: z.unknown().optional() });
const INTERNAL_ERROR = -32_603;

/** `answer`: what an accepted transaction is answered with, given the outcome's headers. */
export function sendAnswerOf(
  outcome: SendOutcome,
  transaction: Uint8Array,
  answer: (header: (name: string) => string | undefined) => string | undefined,
): SendAnswer {
  if (outcome.kind === "failed") return refusalOf(outcome);
  const signature = signatureOf(transaction);
  if (outcome.result !== signature) {
    return { kind: "unknown", cause: "the answer is not this transaction's signature" };
  }
  return { kind: "accepted", answer: answer(outcome.header) ?? signature };
}

function refusalOf(failure: SendFailure): SendAnswer {
  const { class: kind, message: reason, error } = failure;
  const preflightError = errOf(error?.data);
  if (preflightError === "AlreadyProcessed" || ALREADY.test(error?.message ?? "")) {
    return { kind: "accepted", answer: "already processed" };
  }
  switch (kind) {
    case "rate-limited":
    case "behind":
      return { kind: "refused", reason, isTransient: true };
    case "refused": {
      const isTransient = preflightError === "BlockhashNotFound" || error?.code === INTERNAL_ERROR;
      return { kind: "refused", reason, isTransient };
    }
    case "unreachable":
      if (failure.isUnsent === true) return { kind: "refused", reason, isTransient: true };
      return { kind: "unknown", cause: reason };
    case "timeout":
    case "malformed":
      return { kind: "unknown", cause: reason };
  }
}

function errOf(data: unknown): unknown {
  const parsed = preflight.safeParse(data);
  return parsed.success ? parsed.data.err : undefined;
}
