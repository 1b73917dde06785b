/** The clock of `replay --all` is that of the processors: they are given no evidence, so that its times are in no row. */
import { expect, it } from "vitest";
import { foldLog } from "../../domain/application/audit/replay-all.ts";
import type { DomainEvent } from "../../domain/codec/registry.ts";
import { evidenceStream, type StreamName, SYSTEM_STREAM } from "../../domain/primitives/ids.ts";
import { codec, LOG_ID, ORDER_ID, START_US, STEP_US, sealAll } from "../support/given.ts";

const started: DomainEvent = {
  type: "EngineStarted",
  data: { engineVersion: "test" },
} as DomainEvent;
const kept: DomainEvent = {
  type: "EvidenceRecorded",
  data: {
    ...{ kind: "quote", source: "test", sha256: "0".repeat(64) },
    ...{ length: 1, truncated: false, gzip: "" },
  },
};

async function clockOf(stream: StreamName, events: readonly DomainEvent[]): Promise<number> {
  const created = sealAll(
    [{ type: "LogCreated", data: { logId: LOG_ID } }, started],
    SYSTEM_STREAM,
  );
  const log = [...created, ...sealAll(events, stream)].map((event, index) => ({
    ...event,
    position: BigInt(index + 1),
  }));
  const readAll = () => Promise.resolve(log);
  return (await foldLog({ store: { readAll }, codec }, { until: BigInt(log.length) })).clockUs;
}

it("goes with the events that processors are given, and with no others", async () => {
  expect(await clockOf(evidenceStream(ORDER_ID), [kept, kept, kept])).toBe(START_US + STEP_US);
  expect(await clockOf("system-other" as StreamName, [started, started, started])).toBe(
    START_US + 2 * STEP_US,
  );
});
