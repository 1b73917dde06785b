/** What the load process is asked for and what it answers. */
import { z } from "zod";

const common = {
  /** HOST:PORT. */
  address: z.string(),
  orders: z.int().min(1),
  /** Number of the first request id; the round uses `orders` of them. */
  firstId: z.int().min(0),
};

/** Live orders, in turns from each of these accounts. */
export const liveTradesSchema = z.object({
  accounts: z.array(z.string()).min(1),
  /** What their callers wait for. */
  waitFor: z.enum(["SUBMITTED", "CONFIRMED", "FINALIZED"]),
});
export type LiveTrades = z.output<typeof liveTradesSchema>;

/** A fixed number of calls under way: the next one begins when one ends. Paper orders without `live`. */
export const loadRequestSchema = z.object({
  ...common,
  inFlight: z.int().min(1),
  live: liveTradesSchema.optional(),
});

/** Calls begin when they are due, however slow the answers are: Poisson arrivals. */
export const openRequestSchema = z.object({ ...common, perSecond: z.number().positive() });

/** Answers by grpc-status; "none" where there was none. */
const statuses = z.record(z.string(), z.int());

export const loadRoundSchema = z.object({
  seconds: z.number(),
  /** Processor time of the client, microseconds. */
  cpuUs: z.number(),
  statuses,
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** Of each call in turn: when it began and when it was answered, microseconds of the system's monotonic clock. */
  beganUs: z.array(z.number()),
  answeredUs: z.array(z.number()),
});
export type LoadRound = z.output<typeof loadRoundSchema>;

export const openRoundSchema = z.object({
  seconds: z.number(),
  statuses,
  /** From the time that a call was due until its answer was there. */
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  /** How late the client itself sent, 99th percentile: part of the above. */
  sentLateP99Ms: z.number(),
  /** Most calls under way at a time. */
  mostInFlight: z.int(),
});
export type OpenRound = z.output<typeof openRoundSchema>;
