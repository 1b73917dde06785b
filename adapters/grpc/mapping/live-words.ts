/** Each event that only live orders have in one sentence. */
import type { LiveEvent } from "../../../domain/order/events.ts";
import { formatAmount } from "../../../domain/primitives/amount.ts";
import { assertNever } from "../../../domain/primitives/assert-never.ts";

const sol = (lamports: string): string => `${formatAmount(BigInt(lamports), 9)} SOL`;

/** With the numbers that matter. */
export function describeLive({ type, data }: LiveEvent): string {
  const attempt = `attempt ${data.attempt}`;
  switch (type) {
    case "SimulationPassed":
      return `${attempt} passed simulation at slot ${data.slot} with ${data.unitsConsumed} compute units, and the gate`;
    case "GateRefused":
      return `the transaction gate refused ${attempt} by rule ${data.rule}: found ${data.found}, allowed ${data.allowed}`;
    case "SigningRefused":
      return `the signer refused ${attempt} by rule ${data.rule}: ${data.message}`;
    case "AttemptSigned":
      return `signed ${attempt} as ${data.signature} for the ${data.route} route, good up to block height ${data.lastValidBlockHeight}`;
    case "AttemptSubmitted":
      return `sent ${attempt} to ${data.sender}`;
    case "SubmissionRefused":
      return `${data.sender} refused ${attempt}: ${data.reason}`;
    case "SubmissionUnknown":
      return `sent ${attempt} to ${data.sender}, perhaps: ${data.cause}`;
    case "AttemptConfirmed":
      return `${attempt} landed in slot ${data.slot}, ${data.commitment}`;
    case "AttemptFailed":
      return `${attempt} failed on the chain in slot ${data.slot} (${data.class}): ${data.message}; it cost ${sol(data.feeLamports)}`;
    case "AttemptExpired":
      return `${attempt} never landed: block height ${data.lastValidBlockHeight} is over, by ${nodesText(data.evidence.length)}`;
    case "OutcomeUnknown":
      return `nobody can prove what became of ${attempt}: ${data.message}`;
    case "OutcomeResolved":
      return `${data.by} ended the doubt about ${attempt}: ${data.outcome}${data.message && `, ${data.message}`}`;
    case "FillFinalized":
      return `the fill in slot ${data.slot} is final`;
    case "FillVoided":
      return `the fill in slot ${data.slot} is void, the same bytes go on: ${data.message}`;
    default:
      return assertNever(type);
  }
}

const nodesText = (count: number): string => `the word of ${count} node${count === 1 ? "" : "s"}`;
