/**
 * Rules about sent transactions, as a misbehaving leader would have them: drop, withhold, delay or
 * take twice. A rule stays with the transactions that it has once met, so that sending the same
 * bytes again does not get around it.
 */
import { z } from "zod";
import { MAX_BLOCKHASH_AGE } from "./blocks.ts";
import type { ParsedTransaction } from "./message.ts";

const MAX_BLOCKS = 100_000;

export const sendRuleSchema = z
  .strictObject({
    action: z.enum(["drop", "hold", "delay", "duplicate"]),
    /** For hold: lands in the block of this height, or in the last valid one of its blockhash. */
    until: z.union([z.int().nonnegative(), z.literal("last-valid")]).optional(),
    /** For delay. */
    blocks: z.int().min(1).max(MAX_BLOCKS).optional(),
    /** Only what comes through this node, counted from 0. */
    node: z.int().nonnegative().max(15).optional(),
    /** Only this transaction. */
    signature: z.string().max(90).optional(),
    /** Only transactions that name this address. */
    address: z.string().max(44).optional(),
    /** Number of transactions; without it all, until the rules are replaced. */
    count: z.int().positive().max(1_000_000).optional(),
    /** The rule takes up new transactions for this time only. */
    forMs: z.int().positive().max(3_600_000).optional(),
  })
  .refine((rule) => rule.action !== "hold" || rule.until !== undefined, {
    error: "hold needs until: a height or last-valid",
  })
  .refine((rule) => rule.action !== "delay" || rule.blocks !== undefined, {
    error: "delay needs blocks",
  });
export type SendRule = z.infer<typeof sendRuleSchema>;

/** What becomes of sent bytes before the leader looks at them. */
export type Verdict =
  | { readonly kind: "land" }
  | { readonly kind: "land-twice" }
  | { readonly kind: "drop" }
  | { readonly kind: "withhold"; readonly untilHeight: number };

export type Sending = {
  readonly parsed: ParsedTransaction;
  readonly node: number | undefined;
  readonly tipHeight: number;
  /** Of its blockhash; undefined if that is unknown. */
  readonly hashHeight: number | undefined;
};

export type SendRules = {
  set(rules: readonly SendRule[]): void;
  judge(sending: Sending): Verdict;
};

export function createSendRules(nowMs: () => number): SendRules {
  type Active = { readonly rule: SendRule; readonly met: Set<string>; readonly untilMs: number };
  let active: Active[] = [];

  function applies({ rule, met, untilMs }: Active, { parsed, node }: Sending): boolean {
    const signature = parsed.signatures[0] ?? "";
    if (rule.node !== undefined && rule.node !== node) return false;
    if (rule.signature !== undefined && rule.signature !== signature) return false;
    if (rule.address !== undefined && !parsed.staticKeys.includes(rule.address)) return false;
    if (met.has(signature)) return true;
    return met.size < (rule.count ?? Number.POSITIVE_INFINITY) && nowMs() < untilMs;
  }

  return {
    set(rules) {
      const now = nowMs();
      active = rules.map((rule) => ({
        rule,
        met: new Set<string>(),
        untilMs: rule.forMs === undefined ? Number.POSITIVE_INFINITY : now + rule.forMs,
      }));
    },
    judge(sending) {
      const found = active.find((candidate) => applies(candidate, sending));
      if (!found) return { kind: "land" };
      const signature = sending.parsed.signatures[0] ?? "";
      const repeated = found.met.has(signature);
      found.met.add(signature);
      return verdictOf(found.rule, sending, repeated);
    },
  };
}

function verdictOf(rule: SendRule, sending: Sending, repeated: boolean): Verdict {
  const { tipHeight, hashHeight } = sending;
  switch (rule.action) {
    case "drop":
      return { kind: "drop" };
    case "duplicate":
      return { kind: "land-twice" };
    case "delay":
      // A copy of what has been delayed once waits for nothing: the first has landed, or will.
      return repeated
        ? { kind: "drop" }
        : { kind: "withhold", untilHeight: tipHeight + (rule.blocks ?? 1) };
    case "hold": {
      // An unknown blockhash never lands, whenever it is tried.
      const lastValid = (hashHeight ?? tipHeight) + MAX_BLOCKHASH_AGE;
      const untilHeight = typeof rule.until === "number" ? rule.until : lastValid;
      return untilHeight <= tipHeight ? { kind: "land" } : { kind: "withhold", untilHeight };
    }
  }
}
