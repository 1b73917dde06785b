/** Strategy services: they send their requests, send those again that nobody answered, and remember which order they were told. */
import { status } from "@grpc/grpc-js";
import type { TradeRequest } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type EngineProcess, execute } from "../../support/engine-process.ts";
import type { Life } from "./kill-plan.ts";

export type Callers = {
  readonly send: (engine: EngineProcess, life: Pick<Life, "requests" | "cancelled">) => void;
  /** Every request that was ever sent. */
  readonly sendAgain: (engine: EngineProcess) => Promise<void>;
  /** Order id by request id, of all that was answered. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Request ids whose answer was that their order came to nothing. */
  readonly refused: ReadonlySet<string>;
  readonly problems: readonly string[];
};

/** The engine died, or takes nothing now. */
const NO_ANSWER: ReadonlySet<number> = new Set([
  ...[status.UNAVAILABLE, status.CANCELLED, status.DEADLINE_EXCEEDED, status.UNKNOWN],
]);

export function createCallers(): Callers {
  const sent = new Map<string, Partial<TradeRequest>>();
  const acknowledged = new Map<string, string>();
  const refused = new Set<string>();
  const problems: string[] = [];

  async function ask(engine: EngineProcess, request: Partial<TradeRequest>): Promise<boolean> {
    const { requestId = "" } = request;
    sent.set(requestId, request);
    const answer = await execute(engine.client, request);
    if (answer.kind === "error") {
      if (!NO_ANSWER.has(answer.error.code)) refused.add(requestId);
      return false;
    }
    const { orderId } = answer.result;
    const before = acknowledged.get(requestId);
    if (before !== undefined && before !== orderId) {
      problems.push(`${requestId} was ${before} and is ${orderId}`);
    }
    acknowledged.set(requestId, orderId);
    return true;
  }

  /** What it comes to shows in the log. */
  const cancel = ({ client }: EngineProcess, requestId: string): void => {
    const order = { $case: "requestId", value: requestId } as const;
    client.cancelTrade({ order, reason: "kill run" }, () => undefined);
  };

  return {
    ...{ acknowledged, refused, problems },
    send: (engine, { requests, cancelled }) => {
      const missing = [...sent].filter(([requestId]) => !acknowledged.has(requestId));
      for (const request of [...missing.map(([, request]) => request), ...requests]) {
        const { requestId = "" } = request;
        void ask(engine, request).then((isAccepted) => {
          if (isAccepted && cancelled.has(requestId)) cancel(engine, requestId);
        });
      }
    },
    sendAgain: async (engine) => {
      await Promise.all([...sent.values()].map((request) => ask(engine, request)));
    },
  };
}
