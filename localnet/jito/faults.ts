/** Faults that a test can switch on in the stand-in for Jito's block engine. */
import { z } from "zod";

export const jitoFaultSchema = z.strictObject({
  /** Answer with this status and do nothing. */
  status: z.int().min(400).max(599).optional(),
  /** Take it, and answer nothing. */
  hang: z.boolean().optional(),
  /** Take it, answer as always, and send nothing to the chain. */
  drop: z.boolean().optional(),
  /** Send it to the chain, and close the connection. */
  reset: z.boolean().optional(),
  /** Number of sends; without it, all until it is cleared. */
  count: z.int().positive().optional(),
});
export type JitoFault = z.infer<typeof jitoFaultSchema>;

export type JitoFaults = {
  /** Replaces the fault; undefined clears it. */
  set(fault: JitoFault | undefined): void;
  /** The fault for this send, if any. */
  take(): JitoFault | undefined;
  met(): number;
};

export function createFaults(): JitoFaults {
  let present: JitoFault | undefined;
  let left = 0;
  let met = 0;
  return {
    set(fault) {
      present = fault;
      left = fault?.count ?? Number.POSITIVE_INFINITY;
    },
    take() {
      const fault = present;
      if (!fault) return undefined;
      met += 1;
      left -= 1;
      if (left <= 0) present = undefined;
      return fault;
    },
    met: () => met,
  };
}
