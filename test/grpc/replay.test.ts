/** The auditor's door and the engine's condition. */
import { type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DomainEventType, REGISTRY } from "../../domain/codec/registry.ts";
import { evidenceStream, type OrderId } from "../../domain/primitives/ids.ts";
import type {
  HealthCheckResponse,
  RecordedEvent,
  ReplayEventsRequest,
  TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { SAMPLES } from "../fixtures/event-samples.ts";
import { codec } from "../support/given.ts";
import { ask, failure, type Harness, sellRequest, startHarness } from "./support/harness.ts";
import { LOG_ID, START_US } from "./support/world.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const sell = (id: string): Promise<TradeResult> =>
  ask(harness.client.executeTrade.bind(harness.client), sellRequest(id));
const seconds = (timeUs: number) => ({
  seconds: BigInt(Math.floor(timeUs / 1_000_000)),
  nanos: (timeUs % 1_000_000) * 1_000,
});

describe("ReplayEvents", () => {
  const replay = (request: Partial<ReplayEventsRequest>): Promise<RecordedEvent[]> =>
    new Promise((resolve, reject) => {
      const events: RecordedEvent[] = [];
      const call = harness.client.replayEvents({
        orderId: "",
        from: undefined,
        to: undefined,
        includeEvidence: false,
        ...request,
      });
      call.on("data", (event: RecordedEvent) => events.push(event));
      call.on("error", (error: ServiceError) => reject(error));
      call.on("end", () => resolve(events));
    });

  it("sends one order's stored bytes with a chain of hashes", async () => {
    const { orderId, revision } = await sell("audit");
    const events = await replay({ orderId });
    expect(events.map((event) => event.revision)).toEqual(
      Array.from({ length: Number(revision) + 1 }, (_, i) => BigInt(i)),
    );
    expect(events.map(({ type }) => type)).toEqual([
      "OrderRequested",
      "OrderValidated",
      "QuoteObtained",
      "FundsReserved",
      "PaperExecutionSimulated",
      "OrderFilled",
    ]);
    const stored = await harness.fake.store.readAll("start", 10);
    expect(events.map(({ data }) => data.toString())).toEqual(
      stored.map(({ data }) => Buffer.from(data).toString()),
    );
    for (const [i, event] of events.entries()) {
      if (i > 0) expect(event.prevHash).toBe(events[i - 1]?.hash);
      const { version: schemaVersion } = REGISTRY[event.type as DomainEventType];
      expect(event).toMatchObject({ schemaVersion, actor: "engine", correlationId: orderId });
    }
    expect(await replay({ orderId, toRevision: 1n })).toHaveLength(2);
  });

  it("sends a time range of the log in order, more than one page of it", async () => {
    for (let i = 0; i < 50; i++) await sell(`r${i}`);
    const all = await replay({});
    expect(all).toHaveLength(300);
    const part = await replay({
      from: seconds(START_US + 10_000),
      to: seconds(START_US + 20_000),
    });
    expect(part).toEqual(all.slice(9, 19));
  });

  it("leaves evidence out, unless it is asked for", async () => {
    const { orderId } = await sell("cited");
    const stream = evidenceStream(orderId as OrderId);
    const { encoded } = codec.encode(stream, 0, {
      event: { type: "EvidenceRecorded", data: SAMPLES.EvidenceRecorded },
      metadata: {
        ...{ actor: "engine", correlationId: orderId, causationId: orderId },
        ...{ recordedAtUs: START_US + 60_000_000, prevHash: codec.rootHash(LOG_ID, stream) },
      },
    });
    await harness.fake.store.append(stream, "no-stream", [encoded]);
    await sell("later");
    const streamsOf = (events: readonly RecordedEvent[]) =>
      events.map((event) => event.stream.split("-")[0]);
    const six = Array.from({ length: 6 }, () => "order");
    expect(streamsOf(await replay({}))).toEqual([...six, ...six]);
    expect(streamsOf(await replay({ includeEvidence: true }))).toEqual([
      ...six,
      "evidence",
      ...six,
    ]);
    expect(streamsOf(await replay({ orderId }))).toEqual(six);
    const cited = await replay({ orderId, includeEvidence: true });
    expect(streamsOf(cited)).toEqual([...six, "evidence"]);
    expect(cited.at(-1)).toMatchObject({ type: "EvidenceRecorded", hash: encoded.hash });
    expect(await replay({ orderId, includeEvidence: true, toRevision: 1n })).toHaveLength(2);
  });

  it("refuses ranges that make no sense", async () => {
    const time = seconds(START_US);
    const { orderId } = await sell("x");
    const cases: [Partial<ReplayEventsRequest>, string[]][] = [
      [{ from: time, to: time }, ["from"]],
      [{ toRevision: 1n }, ["to_revision"]],
      [{ orderId, from: time, to: seconds(START_US + 1) }, ["from", "to"]],
      [{ orderId: "nonsense" }, ["order_id"]],
      [{ to: { seconds: 1n, nanos: -1 } }, ["to"]],
    ];
    for (const [request, fields] of cases) {
      const error = await failure(replay(request));
      expect([error.code, error.fields]).toEqual([status.INVALID_ARGUMENT, fields]);
    }
    const missing = await failure(replay({ orderId: "7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e" }));
    expect(missing.code).toBe(status.NOT_FOUND);
  });
});

describe("HealthCheck", () => {
  it("tells the engine's condition", async () => {
    await sell("h");
    const { client } = harness;
    const healthy: HealthCheckResponse = await ask(client.healthCheck.bind(client), {});
    expect(healthy).toMatchObject({
      serving: true,
      reason: "",
      version: "1.2.3",
      startedAt: seconds(START_US),
      openOrders: 0n,
      viewLag: { orders: 0n, positions: 3n },
    });
    expect(healthy.position).not.toBe("");
    harness.fake.setAccepting(false);
    const draining: HealthCheckResponse = await ask(client.healthCheck.bind(client), {});
    expect(draining).toMatchObject({ serving: false, reason: "draining" });
  });
});
