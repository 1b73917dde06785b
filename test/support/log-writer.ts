/**
 * Writes realistic logs: real commands through the real deciders, sealed and encoded by the real
 * codec, under a fake clock. Nothing is stored; `stored` and `recorded` hold the log so far,
 * `appendTo` plays it into a store append by append.
 */
import type { AccountEvent, FundsLine } from "../../domain/account/events.ts";
import { createSealer, tipOf } from "../../domain/application/log/sealer.ts";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { DomainEvent } from "../../domain/codec/registry.ts";
import type { EncodedEvent, EventStore, StoredEvent } from "../../domain/ports/event-store.ts";
import {
  type AccountId,
  accountStream,
  type Hash,
  type LogId,
  type RequestId,
  SAFETY_STREAM,
  type StreamName,
  SYSTEM_STREAM,
} from "../../domain/primitives/ids.ts";
import { codec, LOG_ID, START_US } from "./given.ts";
import { type LiveLife, type WrittenLiveOrder, writeLiveOrder } from "./written-live-order.ts";
import { type OrderOptions, PRINCIPAL, type WrittenOrder, writeOrder } from "./written-order.ts";

export type LogWriter = {
  readonly logId: LogId;
  readonly stored: readonly StoredEvent[];
  readonly recorded: readonly PositionedEvent[];
  readonly advanceMs: (durationMs: number) => void;
  readonly openAccount: (account: string, funds?: readonly Partial<FundsLine>[]) => void;
  readonly deposit: (account: string, funds: Partial<FundsLine>) => void;
  readonly withdraw: (account: string, funds: Partial<FundsLine>) => void;
  readonly closeAccount: (account: string) => void;
  /** Halts everything or one account, or resumes. */
  readonly halt: (type: "TradingHalted" | "TradingResumed", account?: string) => void;
  /** Records the request; the rest of the way by `step` or `finish`. */
  readonly order: (options?: OrderOptions) => WrittenOrder;
  /** Records the request of a live order; the rest of its life by `step` or `finish`. */
  readonly live: (life: LiveLife, account?: string) => WrittenLiveOrder;
  /** Appends to the store what it has not been given yet. */
  readonly appendTo: (store: EventStore) => Promise<void>;
};

type Append = {
  readonly stream: StreamName;
  readonly first: number;
  readonly events: readonly EncodedEvent[];
};

export function createLogWriter(logId: LogId = LOG_ID): LogWriter {
  let nowUs = START_US;
  let requests = 0;
  const clock = { nowUs: () => nowUs, monotonicUs: () => nowUs };
  const sealer = createSealer({ codec, clock, logId, lastUs: 0 });
  const tips = new Map<StreamName, ReturnType<typeof tipOf>>();
  const stored: StoredEvent[] = [];
  const recorded: PositionedEvent[] = [];
  const appends: Append[] = [];
  const given = new WeakMap<EventStore, number>();

  function append(stream: StreamName, events: readonly DomainEvent[], correlationId: string) {
    const first = (tips.get(stream)?.revision ?? -1) + 1;
    const encoded = events.map((event) => {
      nowUs += 1_000;
      const cause = { actor: PRINCIPAL, correlationId };
      const sealed = sealer.seal({ stream, tip: tips.get(stream) }, event, cause);
      tips.set(stream, tipOf(sealed.recorded));
      const { type } = sealed.encoded;
      // Copies, as from a disk: the codec must read the bytes and not remember them.
      const [data, metadata] = [sealed.encoded.data.slice(), sealed.encoded.metadata.slice()];
      const { revision } = sealed.recorded;
      const position = BigInt(stored.length + 1);
      stored.push({ stream, revision, position, type, data, metadata });
      recorded.push({ ...sealed.recorded, position });
      return sealed.encoded;
    });
    appends.push({ stream, first, events: encoded });
    return recorded.slice(recorded.length - events.length);
  }

  const command = () => {
    requests += 1;
    return { requestId: `r-${requests}` as RequestId, fingerprint: "a".repeat(64) as Hash };
  };
  const appendAccount = (account: string, event: AccountEvent): void => {
    append(accountStream(account as AccountId), [event], account);
  };

  append(SYSTEM_STREAM, [{ type: "LogCreated", data: { logId } }], "system");
  return {
    logId,
    stored,
    recorded,
    advanceMs: (durationMs) => {
      nowUs += durationMs * 1_000;
    },
    openAccount: (account, funds = []) =>
      appendAccount(account, {
        type: "AccountOpened",
        data: {
          ...command(),
          account: account as AccountId,
          owner: PRINCIPAL,
          initialFunds: funds.map(fundsLine),
        },
      }),
    deposit: (account, funds) =>
      appendAccount(account, {
        type: "FundsDeposited",
        data: { ...command(), funds: fundsLine(funds) },
      }),
    withdraw: (account, funds) =>
      appendAccount(account, {
        type: "FundsWithdrawn",
        data: { ...command(), funds: fundsLine(funds) },
      }),
    closeAccount: (account) => appendAccount(account, { type: "AccountClosed", data: command() }),
    halt: (type, account) => {
      const scope = account === undefined ? { scope: "all" as const } : accountScope(account);
      const data = { ...command(), ...scope, reason: "=a test", by: PRINCIPAL };
      append(SAFETY_STREAM, [{ type, data }], SAFETY_STREAM);
    },
    order: (options = {}) =>
      writeOrder(options, {
        requestId: command().requestId,
        nowUs: () => nowUs,
        append,
        waitUntilUs: (untilUs) => {
          nowUs = Math.max(nowUs, untilUs);
        },
      }),
    live: (life, account = "hot") =>
      writeLiveOrder({ life, account }, { requestId: command().requestId, append }),
    async appendTo(store) {
      for (const { stream, first, events } of appends.slice(given.get(store) ?? 0)) {
        const result = await store.append(stream, first === 0 ? "no-stream" : first - 1, events);
        if (result.kind !== "appended") throw new Error(`${stream}: ${result.kind}`);
      }
      given.set(store, appends.length);
    },
  };
}

const accountScope = (target: string) => ({ scope: "account" as const, target });

const fundsLine = ({ mint, amount, cost }: Partial<FundsLine>): FundsLine => {
  if (mint === undefined || amount === undefined) throw new Error("funds need mint and amount");
  return { mint, amount, ...(cost === undefined ? {} : { cost }) };
};
