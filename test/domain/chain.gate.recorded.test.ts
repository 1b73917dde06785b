/**
 * The gate and recorded transactions. As they were sent none passes, since none has our memo; in our frame every honest swap does, and
 * whole transactions do unless their senders put something beside the swap that we would not sign.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LookupTable } from "../../domain/chain/instruction.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";
import { recordedMessages } from "../support/recorded-messages.ts";
import { framedSwap, framedWhole, recordedSwaps } from "../support/recorded-swaps.ts";
import { compiled, memoOf, ruleOf, tableOf, verdictOf } from "../support/swap-parts.ts";

const hasTransactions = hasRealData("transactions");
const swaps = hasTransactions ? recordedSwaps(recordedMessages()) : [];

/** Why a whole transaction is none of ours, by the rule that says so. */
const REFUSED: Readonly<Record<string, string>> = {
  // Arbitrage from a mint to itself.
  "jup-route-sol-to-sol-3hop-t22-wsolacct.json": "intent",
  "jup-route-sol-to-sol-failed-0x1771.json": "intent",
  // A quote of nothing: no minimum.
  "jup-shared-sharedledger-sol-to-sol-2hop-tip-wsolacct.json": "intent",
  // Marked for Jito, but tipped somebody else.
  "jup-route-metv-to-usdc-failed-0x1771.json": "dont-front",
  "jup-route-metv-to-usdc-failed-0x1771-2.json": "dont-front",
  "jup-route-usdc-to-74sbpump-2hop.json": "dont-front",
  "jup-route-usdc-to-pengu-1hop.json": "dont-front",
  // Fees to an application, in lamports and in tokens.
  "jup-route-sol-to-usdc-1hop-wrapunwrap-3.json": "foreign-transfer",
  "jup-route-usdc-to-sol-1hop-wrapunwrap-2.json": "token-instruction",
  // A program of its own around the swap.
  "jup-route-usdc-to-usd1-1hop-complex.json": "program-allowed",
  // Two signers; with our memo it is too long as well.
  "jup-shared-trump-to-jup-3hop.json": "message",
};
const NEVER = ["intent"];

describe.skipIf(!hasTransactions)("recorded transactions in our frame", () => {
  test.each(swaps)("$file, whole", (recorded) => {
    const { parts, instructions } = framedWhole(recorded);
    const verdict = verdictOf(parts, compiled(instructions, parts));
    expect(ruleOf(verdict)).toBe(REFUSED[recorded.file] ?? "passed");
  });

  test.each(swaps)("$file, its swap", (recorded) => {
    const { parts, instructions } = framedSwap(recorded);
    const verdict = verdictOf(parts, compiled(instructions, parts));
    const rule = REFUSED[recorded.file] ?? "";
    expect(ruleOf(verdict)).toBe(NEVER.includes(rule) ? rule : "passed");
  });

  test("are counted", () => {
    const refused = swaps.filter(({ file }) => REFUSED[file] !== undefined).length;
    console.info(`recorded swaps: ${swaps.length}, whole ones passed: ${swaps.length - refused}`);
    expect(swaps.length).toBeGreaterThanOrEqual(17);
    expect(swaps.length - refused).toBeGreaterThanOrEqual(6);
  });
});

const ANSWER = "jupiter/swap-instructions-v1-sol-usdt-2hop.json";
const hasAnswer = hasRealData(ANSWER);
describe.skipIf(!hasAnswer)("the recorded answer of /swap-instructions", () => {
  type Json = {
    readonly programId: string;
    readonly accounts: readonly { pubkey: string; isSigner: boolean; isWritable: boolean }[];
    readonly data: string;
  };
  const answer = JSON.parse(hasAnswer ? readFileSync(realDataPath(ANSWER), "utf8") : "{}");
  const plain = ({ programId, accounts, data }: Json) => ({
    ...{ programId, data: Uint8Array.from(Buffer.from(data, "base64")) },
    accounts: accounts.map(({ pubkey, ...flags }) => ({ address: pubkey, ...flags })),
  });
  const wallet = "GDDMwNyyx8uB6zrqwBFHjLLG3TBYk2F8Az4yrQC5RzMp";
  const token = { tokenProgram: "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA" };
  const intent = {
    ...{ memo: "order#1", wallet, platformFee: undefined, trackingAccount: undefined },
    input: { ...token, mint: "So11111111111111111111111111111111111111112", amount: 100_000_000n },
    output: {
      ...{ ...token, mint: "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB" },
      ...{ quotedAmount: 8_308_221n, minimumAmount: 8_266_680n },
    },
    ...{ route: "public" as const, tip: undefined },
    ...{ feeCapLamports: 100_000n, rentCapLamports: 4_200_000n },
  };

  test("passes as it came, its own compute budget included", () => {
    const swap = plain(answer.swapInstruction);
    const setup: Json[] = answer.setupInstructions;
    const own = [wallet, ...setup.flatMap(({ accounts }) => accounts[1]?.pubkey ?? [])];
    // The tables' contents were not recorded: one that holds what is not ours.
    const tables: LookupTable[] = [tableOf(swap, own)];
    const instructions = [
      ...[...answer.computeBudgetInstructions, ...setup].map(plain),
      ...[swap, plain(answer.cleanupInstruction), memoOf(intent.memo)],
    ];
    const message = compiled(instructions, { payer: wallet, tables });
    const verdict = verdictOf({ intent, tables }, message);
    expect(verdict).toMatchObject({
      kind: "passed",
      facts: {
        ...{ unitLimit: 1_400_000, unitPriceMicroLamports: 71_428n, priorityFeeLamports: 100_000n },
        swap: { name: "shared_accounts_route", venues: ["Quantum", "Aquifer"] },
      },
    });
  });
});
