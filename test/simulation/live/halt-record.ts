/** What operators were answered about halts, held against every signature: none is asked for, and none is used, after the answer. */
import type { Report } from "../log-model.ts";
import type { LiveOrderRecord, SignedRecord } from "./live-log.types.ts";

type Halt = {
  readonly account: string | undefined;
  readonly answeredUs: number;
  /** A resumption was asked for: from then on nobody can say. */
  endedUs: number;
};

export type HaltRecord = {
  readonly halted: (account: string | undefined) => void;
  readonly resuming: (account: string | undefined) => void;
  readonly onAsked: (order: LiveOrderRecord) => void;
  /** The engine has got the signature. */
  readonly onTold: (signature: string) => void;
  readonly onDurable: (attempt: SignedRecord) => void;
  /** The signer was asked or has told, and nothing is durable. */
  readonly isSigning: () => boolean;
  /** Monotonic time at which the signer was asked last; -Infinity: never. */
  readonly askedUs: () => number;
};

export function createHaltRecord(nowUs: () => number, report: Report): HaltRecord {
  const halts: Halt[] = [];
  const told = new Map<string, number>();
  let askedUs = Number.NEGATIVE_INFINITY;
  const isHalted = (account: string, atUs: number): boolean =>
    halts.some(
      (halt) =>
        (halt.account === undefined || halt.account === account) &&
        halt.answeredUs < atUs &&
        atUs < halt.endedUs,
    );
  return {
    halted: (account) => {
      halts.push({ account, answeredUs: nowUs(), endedUs: Number.POSITIVE_INFINITY });
    },
    resuming: (account) => {
      for (const halt of halts) {
        if (halt.account === account) halt.endedUs = Math.min(halt.endedUs, nowUs());
      }
    },
    askedUs: () => askedUs,
    onAsked: ({ orderId, request }) => {
      askedUs = nowUs();
      if (isHalted(request.account, nowUs())) report("a halt stops signatures", orderId);
    },
    onTold: (signature) => {
      told.set(signature, nowUs());
    },
    onDurable: ({ signature, order }) => {
      const atUs = told.get(signature);
      told.delete(signature);
      if (atUs === undefined) return;
      if (isHalted(order.request.account, atUs)) {
        report("a halt stops signatures", `${order.orderId}: used although halted`);
      }
    },
    isSigning: () => told.size > 0,
  };
}
