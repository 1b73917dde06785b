/**
 * Reads what a Jupiter-compatible server answered for a live swap: the quote with the terms that the
 * chain will enforce, and the instructions. What the instructions do is for the gate to judge.
 */
import { z } from "zod";
import { decodeBase64 } from "../../domain/chain/bytes.ts";
import type { Instruction } from "../../domain/chain/instruction.ts";
import type { SwapInstructions, SwapQuoteRequest } from "../../domain/ports/swaps.ts";
import { BPS, divCeil } from "../../domain/primitives/amount.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import {
  type AnsweredQuote,
  address,
  amount,
  parseJson,
  problem,
  quoteOf,
  type Reading,
  readForm,
} from "./jupiter-answer.ts";

const MAX_INSTRUCTIONS = 32;
/** A transaction holds fewer; places count, not different accounts. */
const MAX_ACCOUNTS = 256;
const MAX_DATA_CHARACTERS = 4_096;
const MAX_TABLES = 32;

const termsSchema = z.object({
  otherAmountThreshold: amount,
  slippageBps: z.int(),
  platformFee: z.object({ feeBps: z.int() }).nullish(),
  instructionVersion: z.string().nullish(),
});

export type AnsweredTerms = { readonly quote: AnsweredQuote; readonly minimumOut: bigint };

/** The body of a 2xx answer of `/quote`: for this very request, on the very terms that were asked for. */
export function readSwapQuote(body: string, request: SwapQuoteRequest): Reading<AnsweredTerms> {
  const json = parseJson(body);
  const { inputMint, outputMint, slippageBps } = request;
  const mints = { inputMint: inputMint as Mint, outputMint: outputMint as Mint };
  const read = quoteOf(json, { ...mints, amount: request.amount });
  if (read.kind === "problem") return read;
  const terms = readForm(termsSchema, json, "quote");
  if (terms.kind === "problem") return terms;
  const { otherAmountThreshold, platformFee, instructionVersion } = terms.value;
  const other = (field: string) => problem("malformed", `answer to another request: ${field}`);
  if (terms.value.slippageBps !== slippageBps) return other("slippageBps");
  if ((platformFee?.feeBps ?? 0) !== request.platformFeeBps) return other("platformFee");
  if ((instructionVersion ?? "V1") !== "V1") return other("instructionVersion");
  // As all recorded answers have it: rounded up, so that the tolerance is never passed.
  const minimumOut = divCeil(read.value.outAmount * (BPS - BigInt(slippageBps)), BPS);
  if (otherAmountThreshold !== minimumOut) {
    const found = `is ${otherAmountThreshold}, not ${minimumOut} as amount and slippage make it`;
    return problem("malformed", `not a quote: otherAmountThreshold ${found}`);
  }
  return { kind: "read", value: { quote: read.value, minimumOut } };
}

const instruction = z
  .object({
    programId: address,
    accounts: z
      .array(z.object({ pubkey: address, isSigner: z.boolean(), isWritable: z.boolean() }))
      .max(MAX_ACCOUNTS),
    data: z.string().max(MAX_DATA_CHARACTERS).transform(decodeBase64),
  })
  .transform(({ programId, accounts, data }, context): Instruction => {
    if (data) {
      const metas = accounts.map(({ pubkey, ...flags }) => ({ address: pubkey, ...flags }));
      return { programId, accounts: metas, data };
    }
    context.issues.push({ code: "custom", path: ["data"], message: "is not base64", input: data });
    return z.NEVER;
  });
const instructions = z.array(instruction).max(MAX_INSTRUCTIONS);

/** Their compute budget is passed over: limit and price are set by us. */
const swapSchema = z.object({
  tokenLedgerInstruction: z.null("was not asked for").optional(),
  setupInstructions: instructions,
  swapInstruction: instruction,
  cleanupInstruction: instruction.nullish(),
  otherInstructions: instructions.nullish(),
  addressLookupTableAddresses: z.array(address).max(MAX_TABLES),
});

/** The body of a 2xx answer of `/swap-instructions`. */
export function readSwapInstructions(body: string): Reading<Omit<SwapInstructions, "answer">> {
  const read = readForm(swapSchema, parseJson(body), "set of swap instructions");
  if (read.kind === "problem") return read;
  const { value } = read;
  return {
    kind: "read",
    value: {
      setup: value.setupInstructions,
      swap: value.swapInstruction,
      cleanup: value.cleanupInstruction ?? undefined,
      other: value.otherInstructions ?? [],
      lookupTables: value.addressLookupTableAddresses,
    },
  };
}
