/** The failures table: what each group of failures answers, records and tries again. */
import { describe, expect, it } from "vitest";
import {
  FAILURES,
  failureOf,
  isFailureReason,
  type StatusName,
} from "../../domain/order/failures.ts";

const names = Object.keys(FAILURES).filter(isFailureReason);
const withStatus = (status: StatusName) =>
  names.filter((name) => FAILURES[name].status === status).sort();
const unrecorded = names.filter((name) => !FAILURES[name].recorded);

describe("the table", () => {
  it("records every policy failure, as a precondition that failed", () => {
    expect(withStatus("FAILED_PRECONDITION").filter((name) => FAILURES[name].recorded)).toEqual([
      "ACCOUNT_CLOSED",
      "AMOUNT_TOO_LARGE",
      "AMOUNT_TOO_SMALL",
      "CLUSTER_NOT_CONFIRMED",
      "EXPIRES_IN_THE_PAST",
      "EXPOSURE_TOO_HIGH",
      "FEE_ABOVE_CAP",
      "FEE_ACCOUNT_NOT_ALLOWED",
      "INSUFFICIENT_FUNDS",
      "MEV_PARAMETERS_INCONSISTENT",
      "MINT_NOT_READABLE",
      "MINT_NOT_SUPPORTED",
      "PAIR_NOT_SUPPORTED",
      "PRICE_OUT_OF_BAND",
      "PRIORITY_FEE_TOO_HIGH",
      "PROTECTION_NOT_AVAILABLE",
      "QUOTE_TOO_OLD",
      "SLIPPAGE_MODEL_UNKNOWN",
      "SLIPPAGE_TOLERANCE_TOO_HIGH",
      "TOKEN_EXTENSION_NOT_ALLOWED",
      "TOO_MANY_ORDERS_PER_MINUTE",
      "WALLET_NOT_AVAILABLE",
    ]);
  });

  it("aborts for slippage, price impact, the market, a cancel and the end of time, all on record", () => {
    // A rebuild of views is no order: it records nothing.
    const aborted = withStatus("ABORTED").filter((name) => name !== "REBUILD_FAILED");
    expect(aborted).toEqual([
      "CANCELLED",
      "CHAIN_UNAVAILABLE",
      "EXPIRED",
      "FAILED_ON_CHAIN",
      "FILL_VOIDED",
      "GATE_REFUSED",
      "NO_ROUTE",
      "OUTCOME_UNKNOWN",
      "PREPARATION_LOST",
      "PRICE_IMPACT_TOO_HIGH",
      "QUOTE_REFUSED",
      "QUOTE_UNAVAILABLE",
      "SIGNER_UNAVAILABLE",
      "SIGNING_REFUSED",
      "SIMULATED_FAILURE",
      "SIMULATION_FAILED",
      "SLIPPAGE_EXCEEDED",
      "SUBMISSION_REFUSED",
      "SUBMISSION_UNKNOWN",
      "TRANSACTION_EXPIRED",
      "TRANSACTION_TOO_LARGE",
    ]);
    expect(aborted.every((name) => FAILURES[name].recorded)).toBe(true);
  });

  it("records nothing under UNAVAILABLE, NOT_FOUND, INVALID_ARGUMENT and their like", () => {
    const silent: readonly StatusName[] = [
      "INVALID_ARGUMENT",
      "UNAVAILABLE",
      "ALREADY_EXISTS",
      "RESOURCE_EXHAUSTED",
      "NOT_FOUND",
      "OUT_OF_RANGE",
      "UNKNOWN",
    ];
    const found = silent.flatMap((status) => withStatus(status));
    expect(found.length).toBeGreaterThan(9);
    expect(found.filter((name) => FAILURES[name].recorded)).toEqual([]);
    expect(FAILURES.REQUEST_ID_REUSED.status).toBe("ALREADY_EXISTS");
    expect(FAILURES.DRAINING.status).toBe("UNAVAILABLE");
  });

  it("tries again by itself only what may pass with time", () => {
    expect(names.filter((name) => FAILURES[name].retryable)).toEqual([
      "QUOTE_UNAVAILABLE",
      "CHAIN_UNAVAILABLE",
      "SIGNER_UNAVAILABLE",
      "PREPARATION_LOST",
      "TRANSACTION_EXPIRED",
    ]);
    expect(unrecorded.filter((name) => FAILURES[name].retryable)).toEqual([]);
  });

  it("has a FIX reason for every rejection by policy and for no other failure", () => {
    const withFix = names.filter((name) => "fixOrdRejReason" in FAILURES[name]);
    expect(withFix.sort()).toEqual(
      withStatus("FAILED_PRECONDITION").filter((name) => FAILURES[name].recorded),
    );
    expect(FAILURES.AMOUNT_TOO_LARGE.fixOrdRejReason).toBe(3);
  });
});

describe("a recorded reason", () => {
  it("finds its line", () => {
    expect(failureOf("INSUFFICIENT_FUNDS")).toBe(FAILURES.INSUFFICIENT_FUNDS);
  });

  it.each(["OF_A_NEWER_PROGRAM", "", "toString", "__proto__"])(
    "%j, which this program does not know, is a plain failure",
    (reason) => {
      expect(isFailureReason(reason)).toBe(false);
      expect(failureOf(reason)).toEqual({ status: "ABORTED", recorded: true, retryable: false });
    },
  );
});
