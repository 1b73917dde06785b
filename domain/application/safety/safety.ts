/**
 * The brake: halts by operators, and the circuit breaker. It fails safe: a halt is in effect before it is durable and stays while
 * its append is in doubt; a resumption is in effect only once it is durable.
 */
import type { Clock, Timers } from "../../ports/clock.ts";
import type { Hasher } from "../../ports/hasher.ts";
import { canonicalJson } from "../../primitives/canonical-json.ts";
import type { AccountId, Hash, Mint, OrderId, Principal, RequestId } from "../../primitives/ids.ts";
import type { BreakerLimits } from "../../safety/breaker.ts";
import { decideSafety } from "../../safety/decide.ts";
import { type Halt, haltOf, haltText, scopeFields, scopeKey } from "../../safety/state.ts";
import type {
  HaltCommand,
  Refused,
  ResumeCommand,
  SafetyCommands,
  SafetyResult,
  SafetyStatus,
} from "../engine.types.ts";
import { refused } from "../orders/refusals.ts";
import { createBreakerGate, type GateVerdict, type LiveReport } from "./breaker-gate.ts";
import {
  createSafetyLog,
  type RecoveredSafety,
  type SafetyLogPorts,
  type SafetyOutcome,
} from "./safety-log.ts";

export type SignatureVerdict =
  | { readonly kind: "go"; readonly revision: number }
  /** No further signature for this order. `reason` in words. */
  | { readonly kind: "halted"; readonly reason: string }
  | Extract<GateVerdict, { kind: "wait" }>;

export type Safety = SafetyCommands & {
  /** Of the last durable event; -1: there is none. */
  readonly revision: () => number;
  /** Undefined: the new order may begin. Nothing is recorded by a refusal. */
  readonly admission: (order: {
    readonly account: AccountId;
    readonly baseMint: Mint;
    readonly quoteMint: Mint;
    readonly mode: "PAPER" | "LIVE";
  }) => Refused | undefined;
  /**
   * Asked immediately before each signature of a live order, and as often as it likes: a halt of the meantime is seen. "go" while
   * the breaker is half-open makes the order the one that tries; it then owes a `report`.
   */
  readonly beforeSignature: (order: {
    readonly orderId: OrderId;
    readonly account: AccountId;
    readonly inputMint: Mint;
    readonly outputMint: Mint;
  }) => SignatureVerdict;
  /** What became of a live attempt, once for each. */
  readonly report: (report: LiveReport) => void;
  /** Called after each change of what is permitted; must not throw. The returned function ends it. */
  readonly onChange: (listener: () => void) => () => void;
};

export type SafetyPorts = Omit<SafetyLogPorts, "store" | "codec"> & {
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A halt of what nobody trades would be no brake: a typing error is refused. */
  readonly isAccount: (account: AccountId) => boolean;
  readonly isMint: (mint: Mint) => boolean;
};

/** A caller waits no longer than this for a write that is in doubt; the command itself goes on. */
const WAIT_MS = 10_000;
const IN_DOUBT = "the store had not answered when the wait was over";
const HALTED_IN_DOUBT = `${IN_DOUBT}; this engine has stopped trading all the same`;

type Asked = HaltCommand & { readonly type: "Halt" };
type Command = Asked | (ResumeCommand & { readonly type: "Resume" });

/** Goes on where the stream `safety` ended. */
export function createSafety(
  ports: SafetyPorts,
  limits: BreakerLimits,
  recovered: RecoveredSafety,
): Safety {
  const { hasher, clock } = ports;
  const listeners = new Set<() => void>();
  const notify = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const log = createSafetyLog(ports, recovered, notify);
  const gate = createBreakerGate({
    ...{ clock, limits, onChange: notify },
    recorded: () => log.state().breaker,
    record: (command) =>
      log.run((state) => decideSafety(state, command), { actor: "engine", neverGivesUp: true }),
  });
  /** Halts whose events are not durable yet, by command; in effect. */
  const pending = new Map<string, Halt>();
  const underWay = new Map<string, { fingerprint: Hash; result: Promise<SafetyResult> }>();

  const halted = (account: AccountId, mints: readonly Mint[]): Halt | undefined => {
    const trade = { account, mints };
    return haltOf(log.state().halts.values(), trade) ?? haltOf(pending.values(), trade);
  };

  const status = (): SafetyStatus => {
    const halts = new Map<string, SafetyStatus["halts"][number]>();
    for (const halt of pending.values()) halts.set(scopeKey(halt), { ...halt, recorded: false });
    for (const [key, halt] of log.state().halts) halts.set(key, { ...halt, recorded: true });
    return {
      halts: [...halts.values()],
      breaker: gate.status(),
      revision: log.state().revision,
    };
  };

  const resultOf = (outcome: SafetyOutcome): SafetyResult => {
    if (outcome.kind === "refused") return outcome;
    if (outcome.kind === "done") return { kind: "done", status: status() };
    return refused("STORE_UNAVAILABLE", "another engine writes to this log");
  };

  /** In effect at once; in memory only where the stream turns out to be another engine's. */
  async function obey(key: string, command: Command, told: Told): Promise<SafetyResult> {
    const isHalt = command.type === "Halt";
    if (isHalt) {
      const { by, requestId, reason } = told;
      const fields = { ...scopeFields(command.scope), by, requestId, reason };
      pending.set(key, { ...fields, sinceUs: clock.nowUs() });
      notify();
    }
    const outcome = await log.run(
      (state) => {
        const known = log.known(told.by, told.requestId);
        return decideSafety(state, { ...commandOf(command), ...told, known });
      },
      { actor: told.by, neverGivesUp: isHalt },
    );
    if (outcome.kind !== "fenced") pending.delete(key);
    return resultOf(outcome);
  }

  function submit(
    command: Command,
    { principal, requestId }: Parameters<SafetyCommands["halt"]>[1],
  ): Promise<SafetyResult> {
    const { reason } = command;
    const fingerprint = hasher.sha256(canonicalJson({ ...bodyOf(command), reason }));
    const key = `${requestId} ${principal}`;
    const before = log.known(principal, requestId) ?? underWay.get(key)?.fingerprint;
    if (before !== undefined && before !== fingerprint) {
      const message = `request_id ${requestId} was used for another command`;
      return Promise.resolve(refused("REQUEST_ID_REUSED", message));
    }
    const running = underWay.get(key);
    if (running) return running.result;
    if (before !== undefined) return Promise.resolve({ kind: "done", status: status() });
    const wrong = command.type === "Halt" ? unknownTarget(command, ports) : undefined;
    if (wrong) return Promise.resolve(wrong);
    const told = { requestId, fingerprint, by: principal, reason };
    const result = obey(key, command, told).finally(() => underWay.delete(key));
    underWay.set(key, { fingerprint, result });
    return result;
  }

  const waited = (result: Promise<SafetyResult>, cause: string): Promise<SafetyResult> =>
    new Promise((resolve, reject) => {
      const stop = ports.timers.schedule(WAIT_MS, () => resolve({ kind: "unknown", cause }));
      result.finally(stop).then(resolve, reject);
    });

  return {
    halt: (command, context) =>
      waited(submit({ type: "Halt", ...command }, context), HALTED_IN_DOUBT),
    resume: (command, context) => waited(submit({ type: "Resume", ...command }, context), IN_DOUBT),
    status,
    revision: () => log.state().revision,
    admission: ({ account, baseMint, quoteMint, mode }) => {
      const halt = halted(account, [baseMint, quoteMint]);
      if (halt) return refused("TRADING_HALTED", haltText(halt));
      return mode === "LIVE" ? gate.admission() : undefined;
    },
    beforeSignature: ({ orderId, account, inputMint, outputMint }) => {
      const halt = halted(account, [inputMint, outputMint]);
      if (halt) return { kind: "halted", reason: haltText(halt) };
      const verdict = gate.ask(orderId);
      return verdict.kind === "go" ? { kind: "go", revision: log.state().revision } : verdict;
    },
    report: gate.report,
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

type Told = {
  readonly requestId: RequestId;
  readonly fingerprint: Hash;
  readonly by: Principal;
  readonly reason: string;
};

function commandOf({ type, scope }: Command) {
  if (scope.kind === "breaker") return { type: "CloseBreaker" } as const;
  return { type, scope } as const;
}

/** What a command's fingerprint is made of, beside its reason. */
function bodyOf({ type, scope }: Command) {
  return scope.kind === "breaker" ? { type, scope: scope.kind } : { type, ...scopeFields(scope) };
}

function unknownTarget(
  { scope }: Asked,
  { isAccount, isMint }: Pick<SafetyPorts, "isAccount" | "isMint">,
): Refused | undefined {
  if (scope.kind === "account" && !isAccount(scope.account)) {
    return refused("ACCOUNT_NOT_FOUND", `account ${scope.account} does not exist`);
  }
  if (scope.kind === "mint" && !isMint(scope.mint)) {
    return refused("INVALID_REQUEST", `mint ${scope.mint} is not among the configured tokens`);
  }
  return undefined;
}
