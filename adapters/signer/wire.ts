/**
 * What engine and signer say to each other over pipes: a JSON object a line, bytes as base64, amounts as decimal texts. All of it is
 * parsed by hand, strictly and with limits, so that the signer needs no package.
 */
import { MAX_WIRE_BYTES } from "../../domain/chain/wire-message.ts";
import type { SignRequest } from "../../domain/ports/signer.ts";
import type { SignerLimits } from "./limits.ts";
import {
  addressField,
  amountField,
  base64Field,
  choiceField,
  field,
  listField,
  type Reader,
  textField,
  wholeField,
} from "./wire-fields.ts";

/** Longest line: a request whose message names as many full lookup tables as fit into it. */
export const MAX_LINE_BYTES = 512 * 1024;
export const MAX_KEYSTORES = 64;
const MAX_TABLES = 36;
const MAX_TABLE_ADDRESSES = 256;
const MAX_INTERMEDIATES = 16;
const MAX_PATH = 4_096;

export type KeystoreSource = {
  readonly file: string;
  /** Undefined: it comes over the pipe of passphrases, in the order of the keystores. */
  readonly passphraseFile: string | undefined;
};

export type StartMessage = {
  readonly keystores: readonly KeystoreSource[];
  readonly limits: SignerLimits;
  /** Where the day's counters are kept. */
  readonly stateFile: string;
};

/** A request with its number; the signer refuses it after `untilMs` (milliseconds since 1970), when nobody waits for it any more. */
export type SignMessage = SignRequest & { readonly id: number; readonly untilMs: number };

export type ReadyMessage =
  | { readonly kind: "ready"; readonly wallets: readonly string[]; readonly coreDumps: CoreDumps }
  | { readonly kind: "failed"; readonly sentence: string };
export type CoreDumps = "off" | "unknown";

export type AnswerMessage = { readonly id: number } & (
  | { readonly kind: "signed"; readonly signature: Uint8Array }
  | { readonly kind: "refused"; readonly rule: string; readonly message: string }
  | { readonly kind: "unavailable"; readonly message: string }
);

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

export const encodeReady = (ready: ReadyMessage): string => line(ready);
export const encodeStart = (start: StartMessage): string => line(withTexts(start));

export const encodeRequest = ({ message, intent, lookupTables, ...rest }: SignMessage): string =>
  line({ ...rest, message: base64(message), intent: withTexts(intent), lookupTables });

export const encodeAnswer = (answer: AnswerMessage): string =>
  line(answer.kind === "signed" ? { ...answer, signature: base64(answer.signature) } : answer);

/** Plain data with its amounts as decimal texts. */
function withTexts(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(withTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTexts(item)]));
}

// Every parser throws an Error that names the field and not its value.

export const parseStart: Reader<StartMessage> = (value) => ({
  keystores: listField(value, "keystores", MAX_KEYSTORES, (item) => ({
    file: textField(item, "file", MAX_PATH),
    passphraseFile: optional(item, "passphraseFile", () =>
      textField(item, "passphraseFile", MAX_PATH),
    ),
  })),
  limits: limitsOf(field(value, "limits")),
  stateFile: textField(value, "stateFile", MAX_PATH),
});

const limitsOf: Reader<SignerLimits> = (value) => ({
  lamports: amountsOf(field(value, "lamports")),
  maxFeeAndTipLamports: amountField(value, "maxFeeAndTipLamports"),
  tokens: listField(value, "tokens", 1_000, (item) => ({
    mint: addressField(item, "mint"),
    ...amountsOf(item),
  })),
  otherMints: choiceField(value, "otherMints", ["refuse", "allow"]),
  programs: optional(value, "programs", () => listField(value, "programs", 100, addressOf)),
  platformFee: optional(value, "platformFee", (fee) => ({
    maxBps: wholeField(fee, "maxBps", 10_000),
    accounts: listField(fee, "accounts", 1_000, addressOf),
  })),
});

const amountsOf: Reader<SignerLimits["lamports"]> = (value) => ({
  perTransaction: amountField(value, "perTransaction"),
  perDay: amountField(value, "perDay"),
});

const addressOf: Reader<string> = (value) => addressField({ address: value }, "address");

function optional<T>(value: unknown, name: string, read: Reader<T>): T | undefined {
  const found = field(value, name, "optional");
  return found === undefined ? undefined : read(found);
}

/** The number of a request that cannot be read otherwise; throws where even that is missing. */
export const requestIdOf: Reader<number> = (value) =>
  wholeField(value, "id", Number.MAX_SAFE_INTEGER);

export const parseRequest: Reader<SignMessage> = (value) => ({
  id: requestIdOf(value),
  untilMs: wholeField(value, "untilMs", Number.MAX_SAFE_INTEGER),
  wallet: addressField(value, "wallet"),
  message: base64Field(value, "message", MAX_WIRE_BYTES),
  intent: intentOf(field(value, "intent")),
  lookupTables: listField(value, "lookupTables", MAX_TABLES, (table) => ({
    address: addressField(table, "address"),
    addresses: listField(table, "addresses", MAX_TABLE_ADDRESSES, addressOf),
  })),
});

const intentOf: Reader<SignRequest["intent"]> = (value) => {
  const input = field(value, "input");
  const output = field(value, "output");
  const intermediates = optional(value, "intermediates", () =>
    listField(value, "intermediates", MAX_INTERMEDIATES, mintOf),
  );
  return {
    memo: textField(value, "memo", 566),
    wallet: addressField(value, "wallet"),
    input: { ...mintOf(input), amount: amountField(input, "amount") },
    output: {
      ...mintOf(output),
      quotedAmount: amountField(output, "quotedAmount"),
      minimumAmount: amountField(output, "minimumAmount"),
    },
    ...(intermediates === undefined ? {} : { intermediates }),
    platformFee: optional(value, "platformFee", (fee) => ({
      bps: wholeField(fee, "bps", 10_000),
      feeAccount: addressField(fee, "feeAccount"),
    })),
    trackingAccount: optional(value, "trackingAccount", addressOf),
    route: choiceField(value, "route", ["public", "protected"]),
    tip: optional(value, "tip", (tip) => ({
      account: addressField(tip, "account"),
      lamports: amountField(tip, "lamports"),
    })),
    feeCapLamports: amountField(value, "feeCapLamports"),
    rentCapLamports: amountField(value, "rentCapLamports"),
  };
};

const mintOf = (value: unknown) => ({
  mint: addressField(value, "mint"),
  tokenProgram: addressField(value, "tokenProgram"),
});

export const parseReady: Reader<ReadyMessage> = (value) =>
  choiceField(value, "kind", ["ready", "failed"]) === "failed"
    ? { kind: "failed", sentence: textField(value, "sentence", 2_000) }
    : {
        kind: "ready",
        wallets: listField(value, "wallets", MAX_KEYSTORES, addressOf),
        coreDumps: choiceField(value, "coreDumps", ["off", "unknown"]),
      };

export const parseAnswer: Reader<AnswerMessage> = (value) => {
  const id = requestIdOf(value);
  const kind = choiceField(value, "kind", ["signed", "refused", "unavailable"]);
  if (kind === "signed") return { id, kind, signature: base64Field(value, "signature", 64) };
  const message = textField(value, "message", 2_000);
  if (kind === "unavailable") return { id, kind, message };
  return { id, kind, rule: textField(value, "rule", 100), message };
};
