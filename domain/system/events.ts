/** What can happen to the log and the engine themselves. */
import { z } from "zod";
import type { LogId } from "../primitives/ids.ts";

export const SYSTEM_EVENTS = {
  /** The first event of every log. */
  LogCreated: {
    version: 1,
    schema: z.object({
      logId: z
        .string()
        .min(1)
        .transform((value) => value as LogId),
    }),
  },
  EngineStarted: { version: 1, schema: z.object({ engineVersion: z.string() }) },
} as const;

export type SystemEventType = keyof typeof SYSTEM_EVENTS;
export type SystemEvent = {
  [T in SystemEventType]: {
    readonly type: T;
    readonly data: z.output<(typeof SYSTEM_EVENTS)[T]["schema"]>;
  };
}[SystemEventType];
