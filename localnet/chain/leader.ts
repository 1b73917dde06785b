/**
 * What becomes of sent bytes: rules first, then the checks of a real leader in its order (age of
 * the blockhash, already processed, execution), then a place in the open block.
 */
import type { Bank } from "./bank.ts";
import { type Blocks, MAX_BLOCKHASH_AGE } from "./blocks.ts";
import type {
  LandedTransaction,
  SendOptions,
  SendOutcome,
  Simulation,
  TransactionError,
} from "./chain.types.ts";
import { execute, memoOf } from "./executor.ts";
import { feesOf } from "./fees.ts";
import type { History } from "./history.ts";
import type { Rejection } from "./local-chain.types.ts";
import { isWritable, type ParsedTransaction, parseTransaction } from "./message.ts";
import type { PriorityFees } from "./priority-fees.ts";
import { LOOKUP_TABLE_PROGRAM } from "./programs.ts";
import type { SendRules } from "./send-rules.ts";
import type { Vm } from "./vm.ts";

const MAX_REJECTIONS = 100;
const MAX_WITHHELD = 10_000;

type Withheld = {
  readonly parsed: ParsedTransaction;
  readonly untilHeight: number;
  /** It lands only if it succeeds. */
  readonly revertProtection: boolean;
};

export type LeaderParts = {
  readonly vm: Vm;
  readonly bank: Bank;
  readonly blocks: Blocks;
  readonly history: History;
  readonly fees: PriorityFees;
  readonly rules: SendRules;
  readonly landed: (transaction: LandedTransaction) => void;
};

export type Leader = {
  /** Throws a sentence on bytes that are no transaction. */
  send(raw: Uint8Array, options: SendOptions): SendOutcome;
  /** Past the rules, straight into the open block. */
  land(parsed: ParsedTransaction, revertProtection?: boolean): SendOutcome;
  simulate(parsed: ParsedTransaction, height: number, sigVerify: boolean): Simulation;
  isBlockhashValid(blockhash: string, height: number): boolean;
  /** Lands what was withheld until the tip's height. */
  landDue(): void;
  withhold(withheld: Withheld): void;
  release(how: "land" | "drop"): number;
  withheld(): readonly Withheld[];
  rejections(): readonly Rejection[];
};

export function createLeader(parts: LeaderParts): Leader {
  const { vm, bank, blocks, history, rules } = parts;
  const withheld = new Map<string, Withheld>();
  const rejections: Rejection[] = [];
  let slotHashesOf = -1;

  function isBlockhashValid(blockhash: string, height: number): boolean {
    const at = blocks.heightOfHash(blockhash);
    return at !== undefined && at <= height && height - at <= MAX_BLOCKHASH_AGE;
  }

  function reject(parsed: ParsedTransaction, reason: TransactionError): SendOutcome {
    const signature = parsed.signatures[0] ?? "";
    rejections.push({ signature, reason });
    if (rejections.length > MAX_REJECTIONS) rejections.shift();
    return { kind: "rejected", signature, reason };
  }

  /** Costly to write and seldom read: only for transactions about lookup tables, once a block. */
  function refreshSlotHashes(parsed: ParsedTransaction): void {
    const { slot } = blocks.tip();
    const aboutTables =
      parsed.lookups.length > 0 || parsed.staticKeys.includes(LOOKUP_TABLE_PROGRAM);
    if (!aboutTables || slotHashesOf === slot) return;
    vm.setSlotHashes(blocks.slotHashes());
    slotHashesOf = slot;
  }

  function simulate(parsed: ParsedTransaction, height: number, sigVerify: boolean): Simulation {
    refreshSlotHashes(parsed);
    return bank.simulateAt(parsed, height, sigVerify);
  }

  function land(parsed: ParsedTransaction, revertProtection = false): SendOutcome {
    const tip = blocks.tip();
    if (!isBlockhashValid(parsed.recentBlockhash, tip.height)) {
      return reject(parsed, "BlockhashNotFound");
    }
    if (history.get(parsed.signatures[0] ?? "")) return reject(parsed, "AlreadyProcessed");
    if (revertProtection) {
      const { err } = simulate(parsed, tip.height, true);
      if (err !== null) return reject(parsed, err);
    }
    refreshSlotHashes(parsed);
    const result = execute(vm, parsed);
    if (result.kind === "rejected") return reject(parsed, result.reason);
    const { before, ...execution } = result.execution;
    const transaction: LandedTransaction = {
      ...execution,
      signature: parsed.signatures[0] ?? "",
      slot: tip.slot,
      height: tip.height,
      blockTime: tip.time,
      memo: memoOf(parsed),
      raw: parsed.raw,
    };
    bank.changed(tip.height, before);
    history.add(transaction);
    const writable = execution.keys.filter((_key, index) => isWritable(parsed, index));
    parts.fees.add(tip.height, feesOf(parsed).unitPrice, writable);
    parts.landed(transaction);
    return { kind: "landed", transaction };
  }

  function withhold(late: Withheld): void {
    if (withheld.size >= MAX_WITHHELD)
      throw new Error(`over ${MAX_WITHHELD} withheld transactions`);
    const signature = late.parsed.signatures[0] ?? "";
    if (!withheld.has(signature)) withheld.set(signature, late);
  }

  function landAll(due: readonly Withheld[]): void {
    for (const { parsed } of due) withheld.delete(parsed.signatures[0] ?? "");
    for (const { parsed, revertProtection } of due) land(parsed, revertProtection);
  }

  return {
    send(raw, { node, revertProtection = false }) {
      const parsed = parseOrThrow(raw);
      const hashHeight = blocks.heightOfHash(parsed.recentBlockhash);
      const tipHeight = blocks.tip().height;
      const verdict = rules.judge({ parsed, node, tipHeight, hashHeight });
      const signature = parsed.signatures[0] ?? "";
      switch (verdict.kind) {
        case "drop":
          return { kind: "withheld", signature };
        case "withhold":
          withhold({ parsed, untilHeight: verdict.untilHeight, revertProtection });
          return { kind: "withheld", signature };
        case "land-twice": {
          const first = land(parsed, revertProtection);
          land(parsed, revertProtection);
          return first;
        }
        case "land":
          return land(parsed, revertProtection);
      }
    },
    land,
    simulate,
    isBlockhashValid,
    landDue() {
      const { height } = blocks.tip();
      landAll([...withheld.values()].filter(({ untilHeight }) => untilHeight <= height));
    },
    withhold,
    release(how) {
      const all = [...withheld.values()];
      withheld.clear();
      if (how === "land") landAll(all);
      return all.length;
    },
    withheld: () => [...withheld.values()],
    rejections: () => [...rejections],
  };
}

export function parseOrThrow(raw: Uint8Array): ParsedTransaction {
  const result = parseTransaction(raw);
  if (!result.ok) throw new Error(`not a transaction: ${result.reason}`);
  return result.transaction;
}
