/** A strategy's desk over real processes: it trades, looks where its orders are, and in the end compares the engine's books with the chain. */
import { vi } from "vitest";
import { STATUSES } from "../../adapters/grpc/mapping/enums.ts";
import {
  type GetOrderRequest,
  type Order,
  TradeAction,
  type TradeRequest,
  type TradeResult,
  TradingMode,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { disagreements } from "../e2e/kill/agreement.ts";
import { type Balances, readBalances, readTransactions } from "./chain-book.ts";
import { call, type EngineProcess, execute } from "./engine-process.ts";
import { exportedLog } from "./exported-orders.ts";
import {
  ACCOUNT,
  type LiveProcesses,
  type LiveProcessesOptions,
  openLiveProcesses,
  SOL,
  USDC,
} from "./live-processes.ts";

export type LiveDesk = {
  readonly processes: LiveProcesses;
  readonly opening: Balances;
  /** The engine that runs now. */
  readonly engine: () => EngineProcess;
  readonly start: () => Promise<EngineProcess>;
  /** Stops the engine and starts another one on the same log. */
  readonly restart: () => Promise<EngineProcess>;
  /** Sells 0.1 SOL for USDC unless told otherwise; waits until it is final. Rejects with an error's sentence. */
  readonly sell: (requestId: string, changes?: Partial<TradeRequest>) => Promise<TradeResult>;
  /** The sentence that the request was answered with; "" if it was taken. */
  readonly refusal: (requestId: string, changes?: Partial<TradeRequest>) => Promise<string>;
  /** Such as `FILLED`. */
  readonly status: (orderId: string) => Promise<string>;
  /** Status once it is neither pending nor on its way nor unknown. */
  readonly ended: (orderId: string) => Promise<string>;
  readonly chainState: () => Promise<{ readonly height: number }>;
  /** Stops the engine; what log and chain say differently, in sentences, and whether loopback was left. */
  readonly disagreements: () => Promise<string[]>;
  readonly close: () => Promise<void>;
};

const OPEN: ReadonlySet<string> = new Set([
  "PENDING",
  "SUBMITTED",
  "CONFIRMING",
  "OUTCOME_UNKNOWN",
]);
const ENDS_WITHIN_MS = 40_000;
const FINAL_BLOCKS = 300;

export async function openLiveDesk(options: LiveProcessesOptions): Promise<LiveDesk> {
  const processes = await openLiveProcesses(options);
  const opening = await readBalances(processes);
  const acknowledged = new Map<string, string>();
  const engines: EngineProcess[] = [];
  let current: EngineProcess | undefined;

  const engine = (): EngineProcess => {
    if (!current) throw new Error("no engine runs");
    return current;
  };

  async function start(): Promise<EngineProcess> {
    current = await processes.serve();
    engines.push(current);
    return current;
  }

  async function stop(): Promise<void> {
    const { exitCode, signalCode } = current?.child ?? {};
    // A second end is none.
    if (exitCode === null && signalCode === null) await current?.stop();
    current = undefined;
  }

  async function trade(requestId: string, changes: Partial<TradeRequest> = {}) {
    const answer = await execute(engine().client, {
      ...{ requestId, mode: TradingMode.TRADING_MODE_LIVE, account: ACCOUNT },
      ...{ action: TradeAction.TRADE_ACTION_SELL, baseMint: SOL, quoteMint: USDC },
      ...{ amount: 100_000_000n, waitFor: WaitFor.WAIT_FOR_FINALIZED },
      ...changes,
    });
    if (answer.kind === "ok") acknowledged.set(requestId, answer.result.orderId);
    return answer;
  }

  async function status(orderId: string): Promise<string> {
    const request: GetOrderRequest = {
      order: { $case: "orderId", value: orderId },
      ...{ moment: undefined, minPosition: "" },
    };
    const { client } = engine();
    const { result } = await call<GetOrderRequest, Order>(client.getOrder.bind(client), request);
    return Object.entries(STATUSES).find(([, number]) => number === result?.status)?.[0] ?? "";
  }

  return {
    ...{ processes, opening, engine, start, status },
    restart: async () => {
      await stop();
      return start();
    },
    sell: async (requestId, changes) => {
      const answer = await trade(requestId, changes);
      if (answer.kind === "error") throw answer.error;
      return answer.result;
    },
    refusal: async (requestId, changes) => {
      const answer = await trade(requestId, changes);
      return answer.kind === "error" ? answer.error.details : "";
    },
    ended: (orderId) =>
      vi.waitFor(
        async () => {
          const found = await status(orderId);
          if (OPEN.has(found)) throw new Error(`order ${orderId} is ${found}`);
          return found;
        },
        { timeout: ENDS_WITHIN_MS, interval: 100 },
      ),
    chainState: async () => (await processes.control({})) as { height: number },
    disagreements: async () => {
      await stop();
      await processes.control({ sends: [], advance: FINAL_BLOCKS });
      const { orders } = await exportedLog(processes.data);
      const transactions = await readTransactions(processes);
      const closing = await readBalances(processes);
      const books = { orders, transactions, opening, closing, acknowledged };
      // The guard in the engine says so on stderr.
      const left = engines.filter(({ said }) => said().includes("would leave loopback"));
      return [
        ...disagreements({ ...books, refused: new Set() }),
        ...left.map(({ said }) => said()),
      ];
    },
    close: async () => {
      await stop();
      await processes.close();
    },
  };
}
