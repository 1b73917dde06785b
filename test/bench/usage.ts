/** What a process has used so far; every server of the bench answers it. */
import { z } from "zod";

export const usageSchema = z.object({
  /** Processor time of all threads, and of the main thread alone; microseconds. */
  cpuUs: z.number(),
  mainCpuUs: z.number(),
  rssBytes: z.number(),
});
export type Usage = z.output<typeof usageSchema>;

/** Of this process; to be called on its main thread. */
export function usageOfThisProcess(): Usage {
  const all = process.cpuUsage();
  const main = process.threadCpuUsage();
  return {
    cpuUs: all.user + all.system,
    mainCpuUs: main.user + main.system,
    rssBytes: process.memoryUsage.rss(),
  };
}
