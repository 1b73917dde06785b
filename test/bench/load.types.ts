/** What the load process is asked for and what it answers. */
import { z } from "zod";

export const loadRequestSchema = z.object({
  /** HOST:PORT. */
  address: z.string(),
  orders: z.int().min(1),
  inFlight: z.int().min(1),
  /** Number of the first request id; the round uses `orders` of them. */
  firstId: z.int().min(0),
});

export const loadRoundSchema = z.object({
  seconds: z.number(),
  /** Processor time of the client, microseconds. */
  cpuUs: z.number(),
  /** Answers by grpc-status; "none" where there was none. */
  statuses: z.record(z.string(), z.int()),
  p50Ms: z.number(),
  p99Ms: z.number(),
});
export type LoadRound = z.output<typeof loadRoundSchema>;
