/** What a process has used so far; every server of the bench answers it. */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

export const usageSchema = z.object({
  /** Processor time of all threads, and of the main thread alone; microseconds. */
  cpuUs: z.number(),
  mainCpuUs: z.number(),
  rssBytes: z.number(),
  /** Of it the process's own, without pages of files (mapped logs, programs); 0 where nobody says. */
  anonymousBytes: z.number(),
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
    anonymousBytes: anonymousBytes(),
  };
}

const STATUS = "/proc/self/status";

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html: RssAnon, in kB. */
function anonymousBytes(): number {
  if (!existsSync(STATUS)) return 0;
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(STATUS, "utf8")) ?? [];
  return Number(kilobytes ?? 0) * 1_024;
}
