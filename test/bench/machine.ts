/** What the figures were measured on; without it they say nothing. */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { quantile, significant } from "./figures.ts";

export type Machine = {
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  readonly platform: string;
  /** Runnable processes of the last minute before the start: above 0.5 somebody else is at work. */
  readonly loadBefore: number;
  /** One write of 4 KiB and its fdatasync, microseconds. */
  readonly syncUs: { readonly p50: number; readonly p99: number };
};

const SYNCS = 200;
const PAGE = Buffer.alloc(4_096, 1);

/** Measures the disk that `folder` is on. */
export function describeMachine(folder: string): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? "unknown",
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    loadBefore: significant(loadavg()[0] ?? 0),
    syncUs: syncTimes(join(folder, "sync")),
  };
}

function syncTimes(file: string): Machine["syncUs"] {
  const handle = openSync(file, "w");
  const times: number[] = [];
  try {
    for (let i = 0; i < SYNCS; i++) {
      const startMs = performance.now();
      writeSync(handle, PAGE, 0, PAGE.length, i * PAGE.length);
      fdatasyncSync(handle);
      times.push((performance.now() - startMs) * 1_000);
    }
  } finally {
    closeSync(handle);
  }
  times.sort((a, b) => a - b);
  return { p50: significant(quantile(times, 0.5)), p99: significant(quantile(times, 0.99)) };
}
