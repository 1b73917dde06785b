/** Logs of random content, written by the real deciders and the real codec: accounts, orders of every end, interleaved. */
import fc from "fast-check";
import { createLogWriter, type LogWriter } from "./log-writer.ts";
import { SOL } from "./order-samples.ts";
import type { LiveLife } from "./written-live-order.ts";
import type { Outcome, WrittenOrder } from "./written-order.ts";

type Step =
  | { readonly kind: "deposit"; readonly account: string; readonly amount: number }
  | {
      readonly kind: "order";
      readonly account: string;
      readonly outcome: Outcome;
      readonly retries: number;
      readonly delayMs: number;
      /** Steps that are taken at once; the rest comes between the others. */
      readonly steps: number;
      readonly metadata: Record<string, string>;
    }
  | { readonly kind: "live"; readonly life: LiveLife; readonly steps: number }
  | { readonly kind: "go-on"; readonly which: number }
  | { readonly kind: "halt"; readonly account: string | undefined; readonly lifts: boolean }
  | { readonly kind: "wait"; readonly ms: number };

const ACCOUNTS = ["main", "desk", "a.b_c-1"];
/** What a request takes: escapes, other scripts, what a spreadsheet takes for a formula, keys special to JavaScript. */
const texts = fc.oneof(
  fc.constantFrom("=1+1", '"quoted", \\', "ł🚀", "@x", "-1", "__proto__", "a,b;c"),
  fc
    .string({ minLength: 1, maxLength: 12, unit: "binary" })
    .filter((text) => text.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(text)),
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("deposit" as const),
    account: fc.constantFrom(...ACCOUNTS),
    amount: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  fc.record({
    kind: fc.constant("order" as const),
    account: fc.constantFrom(...ACCOUNTS),
    outcome: fc.constantFrom<Outcome>("filled", "rejected", "poor", "no-route", "cancelled"),
    retries: fc.integer({ min: 0, max: 2 }),
    delayMs: fc.constantFrom(0, 500),
    steps: fc.integer({ min: 0, max: 4 }),
    metadata: fc.dictionary(texts, texts, { maxKeys: 2 }),
  }),
  fc.record({
    kind: fc.constant("live" as const),
    life: fc.constantFrom<LiveLife>("final", "second-try", "void", "unknown", "failed"),
    steps: fc.nat(20),
  }),
  fc.record({ kind: fc.constant("go-on" as const), which: fc.nat(20) }),
  fc.record({
    kind: fc.constant("halt" as const),
    account: fc.constantFrom(undefined, ...ACCOUNTS),
    lifts: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(5_000) }),
);

/** Each run of the arbitrary writes its log anew. */
export const randomLogs: fc.Arbitrary<LogWriter> = fc.array(steps, { maxLength: 12 }).map(write);

type Open = Pick<WrittenOrder, "step">;

function write(plan: readonly Step[]): LogWriter {
  const log = createLogWriter();
  for (const account of ACCOUNTS) log.openAccount(account, [{ mint: SOL, amount: "100000000000" }]);
  const open: Open[] = [];
  for (const step of plan) {
    if (step.kind === "wait") log.advanceMs(step.ms);
    else if (step.kind === "deposit") {
      log.deposit(step.account, { mint: SOL, amount: String(step.amount) });
    } else if (step.kind === "halt") {
      log.halt(step.lifts ? "TradingResumed" : "TradingHalted", step.account);
    } else if (step.kind === "go-on") {
      open[step.which % Math.max(1, open.length)]?.step();
    } else {
      open.push(begun(log, step));
    }
  }
  return log;
}

function begun(log: LogWriter, step: Extract<Step, { kind: "order" | "live" }>): Open {
  const order = step.kind === "live" ? log.live(step.life) : paperOrder(log, step);
  for (let n = 0; n < step.steps && order.step(); n++);
  return order;
}

function paperOrder(log: LogWriter, step: Extract<Step, { kind: "order" }>): Open {
  const { account, metadata, outcome, retries, delayMs } = step;
  return log.order({ outcome, retries, delayMs, request: { account, metadata } });
}
