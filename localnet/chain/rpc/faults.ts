/**
 * Faults of a node that a test or a person can switch on: per method, for a number of calls or
 * for a time. What a fault does not say stays as it is.
 */
import { z } from "zod";

const MAX_DELAY_MS = 600_000;
export const MAX_FAULTS = 100;

export const nodeFaultSchema = z.strictObject({
  /** Only these methods; without it all. */
  methods: z.array(z.string().max(64)).min(1).max(50).optional(),
  /** Number of calls; without it and without forMs, until it is cleared. */
  count: z.int().positive().optional(),
  forMs: z.int().positive().max(3_600_000).optional(),
  /** Answer after this time. */
  delayMs: z.int().min(0).max(MAX_DELAY_MS).optional(),
  /** This HTTP status instead of 200, with a plain text. */
  status: z.int().min(400).max(599).optional(),
  /** Header `retry-after` in seconds, with a status. */
  retryAfterS: z.int().nonnegative().optional(),
  /** Never answer. */
  hang: z.boolean().optional(),
  /** Cut the connection without an answer. */
  reset: z.boolean().optional(),
  /** Cut the connection in the middle of the answer. */
  truncated: z.boolean().optional(),
  /** Status 200 and something that is not JSON. */
  garbage: z.boolean().optional(),
  /** A JSON-RPC error instead of the result. */
  error: z
    .strictObject({ code: z.int(), message: z.string().max(1_000), data: z.json().optional() })
    .optional(),
  /** A result of one's own: a lie. */
  result: z.json().optional(),
  /**
   * The call is carried out although its answer is spoilt; default false for `status`, `hang`,
   * `reset`, `error` and `result`; with `truncated` and `garbage` it always is.
   */
  carriedOut: z.boolean().optional(),
});
export type NodeFault = z.infer<typeof nodeFaultSchema>;

export type NodeFaults = {
  /** Replaces all. */
  set(faults: readonly NodeFault[]): void;
  /** The first fault for this method, which counts as used. */
  take(method: string): NodeFault | undefined;
  /** Calls that met a fault. */
  met(): number;
};

export function createNodeFaults(nowMs: () => number): NodeFaults {
  type Active = { readonly fault: NodeFault; left: number; readonly untilMs: number };
  let active: Active[] = [];
  let met = 0;
  return {
    set(faults) {
      const now = nowMs();
      active = faults.map((fault) => ({
        fault,
        left: fault.count ?? Number.POSITIVE_INFINITY,
        untilMs: fault.forMs === undefined ? Number.POSITIVE_INFINITY : now + fault.forMs,
      }));
    },
    take(method) {
      active = active.filter(({ left, untilMs }) => left > 0 && nowMs() < untilMs);
      const found = active.find(({ fault }) => fault.methods?.includes(method) ?? true);
      if (!found) return undefined;
      found.left -= 1;
      met += 1;
      return found.fault;
    },
    met: () => met,
  };
}

/** True if the caller gets no proper answer whatever the method says. */
export const spoilsAnswer = ({ status, hang, reset, truncated, garbage }: NodeFault): boolean =>
  status !== undefined || !!hang || !!reset || !!truncated || !!garbage;

export const isCarriedOut = ({ truncated, garbage, carriedOut, ...fault }: NodeFault): boolean =>
  truncated ||
  garbage ||
  (carriedOut ??
    !(fault.status || fault.hang || fault.reset || fault.error || fault.result !== undefined));
