/** The group-commit queue alone: a transport and a scheduler that the test drives by hand. */
import { describe, expect, it } from "vitest";
import type {
  AppendRequest,
  BatchAnswer,
  GroupCommitOptions,
} from "../../adapters/event-store/group-commit.ts";
import { createGroupCommit } from "../../adapters/event-store/group-commit.ts";
import type { AppendResult } from "../../domain/ports/event-store.ts";
import { encodedEvents, newStream } from "../support/encoded-events.ts";

type Sent = {
  readonly batch: readonly AppendRequest[];
  readonly answer: (answer?: Partial<BatchAnswer>) => void;
  readonly lose: (cause: string) => void;
};

const request = (events = 1): AppendRequest => {
  const stream = newStream();
  return { stream, expected: "no-stream", events: encodedEvents(stream, 0, events) };
};

/** Results that tell which append they belong to. */
const resultsFor = (batch: readonly AppendRequest[]): AppendResult[] =>
  batch.map(({ stream }) => ({ kind: "unavailable", reason: stream }));

function setUp(options: Partial<GroupCommitOptions> = {}) {
  const sent: Sent[] = [];
  const drains: (() => void)[] = [];
  const deaths: string[] = [];
  const queue = createGroupCommit({
    transport: {
      send: (batch) =>
        new Promise((resolve, reject) => {
          sent.push({
            batch,
            answer: (answer) => resolve({ results: resultsFor(batch), ...answer }),
            lose: (cause) => reject(new Error(cause)),
          });
        }),
    },
    schedule: (drain) => drains.push(drain),
    onDead: (reason) => deaths.push(reason),
    ...options,
  });
  const runMacrotask = (): void => {
    for (const drain of drains.splice(0)) drain();
  };
  const batch = (index: number): Sent => {
    const found = sent[index];
    if (!found) throw new Error(`batch ${index} was not sent`);
    return found;
  };
  return { queue, sent, drains, deaths, runMacrotask, batch };
}

/** Lets the reactions to an answer run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("group commit", () => {
  it("sends what has queued up as one batch, in call order, once per macrotask", () => {
    const { queue, sent, drains, runMacrotask, batch } = setUp();
    const requests = [request(), request(), request()];
    for (const one of requests) void queue.append(one);
    expect(sent).toHaveLength(0);
    expect(drains).toHaveLength(1);
    runMacrotask();
    expect(batch(0).batch).toEqual(requests);
  });

  it("gives each append its own result, whatever order the batches are answered in", async () => {
    const { queue, runMacrotask, batch } = setUp();
    const requests = [request(), request(), request()];
    const first = requests.slice(0, 2).map((one) => queue.append(one));
    runMacrotask();
    const second = queue.append(requests[2] ?? request());
    runMacrotask();
    // The second batch left while the first was on its way, and its answer overtakes.
    batch(1).answer();
    expect(await second).toMatchObject({ reason: requests[2]?.stream });
    batch(0).answer();
    const reasons = (await Promise.all(first)).map((result) => "reason" in result && result.reason);
    expect(reasons).toEqual(requests.slice(0, 2).map((one) => one.stream));
  });

  it("keeps batches back while too many are on their way", async () => {
    const { queue, sent, runMacrotask, batch } = setUp({ limits: { batchesInFlight: 1 } });
    void queue.append(request());
    runMacrotask();
    const waiting = [request(), request()];
    for (const one of waiting) void queue.append(one);
    runMacrotask();
    expect(sent).toHaveLength(1);
    batch(0).answer();
    await settled();
    runMacrotask();
    expect(batch(1).batch).toEqual(waiting);
  });

  it("cuts batches at the limit of events but never an append", () => {
    const { queue, sent, runMacrotask } = setUp({ limits: { batchEvents: 4 } });
    for (const events of [2, 2, 1, 9, 1]) void queue.append(request(events));
    runMacrotask();
    const sizes = sent.map((one) => one.batch.map(({ events }) => events.length));
    expect(sizes).toEqual([[2, 2], [1], [9], [1]]);
  });

  it("is bounded in events and in bytes, and takes more when answers come", async () => {
    const { queue, runMacrotask, batch } = setUp({ limits: { events: 4, bytes: 2_000 } });
    void queue.append(request(3));
    const refused = await queue.append(request(2));
    expect(refused).toMatchObject({
      kind: "unavailable",
      reason: expect.stringMatching(/is behind/),
    });
    runMacrotask();
    // On its way counts too.
    expect((await queue.append(request(2))).kind).toBe("unavailable");
    batch(0).answer();
    await settled();
    const accepted = queue.append(request(2));
    runMacrotask();
    batch(1).answer();
    expect(await accepted).not.toMatchObject({ reason: expect.stringMatching(/is behind/) });

    const fat = request(1);
    const events = fat.events.map((event) => ({ ...event, data: Buffer.alloc(3_000) }));
    const never = await queue.append({ ...fat, events });
    expect(never).toMatchObject({
      kind: "unavailable",
      reason: expect.stringMatching(/more than .* takes at once/),
    });
  });

  it("counts bytes only until they are answered", async () => {
    const one = request();
    const size = one.events.reduce(
      (sum, { data, metadata }) => sum + data.length + metadata.length,
      0,
    );
    const { queue, runMacrotask, batch } = setUp({ limits: { bytes: size + 1 } });
    for (const index of [0, 1, 2]) {
      const result = queue.append(one);
      runMacrotask();
      batch(index).answer();
      expect(await result).toEqual({ kind: "unavailable", reason: one.stream });
    }
  });

  it("makes a lost batch unknown and goes on", async () => {
    const { queue, runMacrotask, batch, deaths } = setUp();
    const lost = queue.append(request());
    runMacrotask();
    const next = queue.append(request());
    runMacrotask();
    batch(0).lose("timeout");
    batch(1).answer();
    expect(await lost).toEqual({ kind: "unknown", cause: "timeout" });
    expect((await next).kind).toBe("unavailable");
    expect(deaths).toEqual([]);
  });

  it("takes an answer with too few results for a lost one", async () => {
    const { queue, runMacrotask, batch } = setUp();
    const results = [queue.append(request()), queue.append(request())];
    runMacrotask();
    batch(0).answer({ results: [{ kind: "conflict", actual: 3 }] });
    expect((await Promise.all(results)).map((result) => result.kind)).toEqual([
      "unknown",
      "unknown",
    ]);
  });

  it("makes what could not be handed over unavailable", async () => {
    const { queue, runMacrotask } = setUp({
      transport: {
        send: () => {
          throw new Error("no thread");
        },
      },
    });
    const result = queue.append(request());
    runMacrotask();
    expect(await result).toMatchObject({
      kind: "unavailable",
      reason: expect.stringMatching(/no thread/),
    });
  });

  it("when the transport fails: handed over is unknown, the rest unavailable", async () => {
    const { queue, runMacrotask, batch, deaths } = setUp({ limits: { batchesInFlight: 1 } });
    const handedOver = queue.append(request());
    runMacrotask();
    const waiting = queue.append(request());
    queue.fail("the thread is gone");
    queue.fail("again");
    expect(await handedOver).toEqual({ kind: "unknown", cause: "the thread is gone" });
    const unavailable = { kind: "unavailable", reason: "the thread is gone" };
    expect(await waiting).toEqual(unavailable);
    expect(await queue.append(request())).toEqual(unavailable);
    expect(deaths).toEqual(["the thread is gone"]);
    // An answer that comes after all changes nothing.
    batch(0).answer();
    await settled();
    await queue.close();
  });

  it("when the store says it is dead: what is on its way gets its answer", async () => {
    const { queue, sent, runMacrotask, batch, deaths } = setUp({ limits: { batchesInFlight: 2 } });
    const first = queue.append(request());
    runMacrotask();
    const second = queue.append(request());
    runMacrotask();
    const third = queue.append(request());
    batch(0).answer({ results: [{ kind: "unknown", cause: "sync error" }], dead: "disk broken" });
    expect((await first).kind).toBe("unknown");
    expect(await third).toEqual({ kind: "unavailable", reason: "disk broken" });
    batch(1).answer({ results: [{ kind: "conflict", actual: 0 }] });
    expect(await second).toEqual({ kind: "conflict", actual: 0 });
    expect(await queue.append(request())).toEqual({ kind: "unavailable", reason: "disk broken" });
    runMacrotask();
    expect(sent).toHaveLength(2);
    expect(deaths).toEqual(["disk broken"]);
  });

  it("close answers all earlier appends first and refuses later ones", async () => {
    const { queue, runMacrotask, batch } = setUp();
    const earlier = queue.append(request());
    let closed = false;
    const closing = queue.close().then(() => {
      closed = true;
    });
    expect(await queue.append(request())).toMatchObject({
      reason: expect.stringMatching(/closed/),
    });
    runMacrotask();
    await settled();
    expect(closed).toBe(false);
    batch(0).answer();
    await closing;
    expect(await earlier).not.toMatchObject({ reason: expect.stringMatching(/closed/) });
  });
});
