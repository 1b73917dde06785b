/** Methods about transactions that have landed: statuses, contents, history of an address. */
import { z } from "zod";
import type { HistoryEntry } from "../history.ts";
import { statusAt } from "../status.ts";
import { failure, RPC } from "./answers.ts";
import { type Methods, method } from "./method.ts";
import {
  address,
  flag,
  optional,
  options,
  type PlainOptions,
  signature,
  transactionEncoding,
  version,
} from "./params.ts";
import { transactionJson, versionRefusal } from "./transaction-json.ts";
import type { NodeView } from "./view.ts";

const MAX_STATUSES = 256;
const MAX_SIGNATURES = 1_000;

const transactionOptions = z.union([
  transactionEncoding.transform((encoding) => ({
    encoding,
    commitment: undefined,
    minContextSlot: undefined,
    maxSupportedTransactionVersion: undefined,
  })),
  options({ encoding: transactionEncoding, maxSupportedTransactionVersion: version }),
]);

const NO_HISTORY = failure(
  RPC.historyNotAvailable,
  "Transaction history is not available from this node",
);

const belowConfirmed = (wanted: PlainOptions) =>
  wanted?.commitment === "processed"
    ? failure(RPC.invalidParams, "Method does not support commitment below `confirmed`")
    : undefined;

function listed(entry: HistoryEntry, view: NodeView): object {
  const status = statusAt(entry, view.tipHeight(), view.chain.settings);
  return {
    signature: entry.signature,
    slot: entry.slot,
    err: entry.err,
    memo: entry.memo,
    blockTime: entry.blockTime,
    confirmationStatus: status?.confirmationStatus ?? "processed",
  };
}

export const TRANSACTION_METHODS: Methods = {
  getSignatureStatuses: method(
    z.tuple([z.array(signature), options({ searchTransactionHistory: flag })]),
    ([signatures, wanted], view) => {
      if (signatures.length > MAX_STATUSES) {
        return failure(RPC.invalidParams, `Too many inputs provided; max ${MAX_STATUSES}`);
      }
      const search = wanted?.searchTransactionHistory ?? false;
      if (search && view.settings.history === "none") return NO_HISTORY;
      const value = signatures.map((one) => view.status(one, search));
      return { context: view.context("processed"), value };
    },
  ),
  getTransaction: method(z.tuple([signature, transactionOptions]), ([one, wanted], view) => {
    const refusal = belowConfirmed(wanted) ?? view.tooEarly(wanted);
    if (refusal) return refusal;
    if (view.settings.history === "none") return NO_HISTORY;
    const entry = view.entry(one);
    if (!entry || entry.height > view.heightOf(wanted?.commitment)) return null;
    if (entry.slot < view.firstAvailableSlot()) return null;
    const landed = view.chain.history.read(entry);
    return versionRefusal(landed, wanted) ?? transactionJson(landed, wanted);
  }),
  getSignaturesForAddress: method(
    z.tuple([
      address,
      options({
        limit: optional(z.int().min(1).max(MAX_SIGNATURES)),
        before: optional(signature),
        until: optional(signature),
      }),
    ]),
    ([key, wanted], view) => {
      const refusal = belowConfirmed(wanted) ?? view.tooEarly(wanted);
      if (refusal) return refusal;
      if (view.settings.history === "none") return NO_HISTORY;
      if (view.settings.lie === "absent") return [];
      const height = view.heightOf(wanted?.commitment);
      const first = view.firstAvailableSlot();
      const seen = view.chain.history
        .ofAddress(key)
        .filter((entry) => entry.height <= height && entry.slot >= first);
      const from = wanted?.before
        ? seen.findIndex((entry) => entry.signature === wanted.before) + 1
        : 0;
      if (wanted?.before && from === 0) return [];
      const end = seen.findIndex((entry) => entry.signature === wanted?.until);
      return seen
        .slice(from, end < 0 ? undefined : end)
        .slice(0, wanted?.limit ?? MAX_SIGNATURES)
        .map((entry) => listed(entry, view));
    },
  ),
};
