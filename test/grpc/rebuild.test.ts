/** RebuildViews: progress, refusals, and a caller that goes away. */
import { type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import type { Rebuild } from "../../domain/application/processors/views-rebuild.ts";
import type { RebuildProgress } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { run } from "../cli/harness.ts";
import { failure, type Harness, startHarness } from "./support/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const call = (views: readonly string[]) => harness.client.rebuildViews({ views: [...views] });

const all = (stream: ReturnType<typeof call>): Promise<RebuildProgress[]> =>
  new Promise((resolve, reject) => {
    const steps: RebuildProgress[] = [];
    stream.on("data", (step: RebuildProgress) => steps.push(step));
    stream.on("error", (error: ServiceError) => reject(error));
    stream.on("end", () => resolve(steps));
  });

/** A thousand pages at once, then done. */
const quick: Rebuild = async (views, { onProgress }) => {
  for (let page = 1; page <= 1_000; page++) onProgress?.(page, 1_000);
  return { kind: "done", views: views.length > 0 ? views : ["orders", "fills"], events: 1_000 };
};

describe("RebuildViews", () => {
  it("sends progress now and then, and done at the end", async () => {
    harness.views.setRebuild(quick);
    const steps = await all(call(["orders", "orders"]));
    expect(steps[0]).toEqual({
      ...{ views: ["orders"], eventsDone: 1n, eventsTotal: 1_000n, done: false },
    });
    expect(steps.at(-1)).toEqual({
      ...{ views: ["orders"], eventsDone: 1_000n, eventsTotal: 1_000n, done: true },
    });
    expect(steps.length).toBeLessThan(10);
    expect((await all(call([]))).at(-1)?.views).toEqual(["orders", "fills"]);
  });

  it.each<[string, Awaited<ReturnType<Rebuild>>, status, string, string]>([
    [
      "unknown views",
      { kind: "unknown-views", unknown: ["x"], known: ["orders", "fills"] },
      ...([status.INVALID_ARGUMENT, "INVALID_REQUEST", 'views "x" is no view'] as const),
    ],
    [
      "a second rebuild",
      { kind: "running" },
      ...([status.FAILED_PRECONDITION, "REBUILD_RUNNING", "another rebuild"] as const),
    ],
    [
      "what went wrong",
      { kind: "failed", message: "the disk is full" },
      ...([status.ABORTED, "REBUILD_FAILED", "the disk is full"] as const),
    ],
  ])("refuses %s", async (_, result, code, reason, message) => {
    harness.views.setRebuild(async () => result);
    const error = await failure(all(call(["x"])));
    expect([error.code, error.info?.reason]).toEqual([code, reason]);
    expect(error.message).toContain(message);
  });

  it("ends the rebuild when the caller goes away", async () => {
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    harness.views.setRebuild(async (_, { signal, onProgress }) => {
      onProgress?.(1, 2);
      signal.addEventListener("abort", () => resolve("aborted"));
      await ended;
      return { kind: "aborted" };
    });
    const stream = call([]);
    stream.on("error", () => undefined);
    stream.on("data", () => stream.cancel());
    expect(await ended).toBe("aborted");
  });
});

describe("orderstream rebuild, by an engine", () => {
  const rebuild = (...args: readonly string[]) =>
    run(["rebuild", "--grpc", harness.address, ...args]);

  it("asks the engine at --grpc and says what was done", async () => {
    harness.views.setRebuild(quick);
    const { code, out } = await rebuild();
    expect(out).toContain(`made anew by the engine at ${harness.address}: orders, fills from 1000`);
    expect(code).toBe(EXIT.ok);
    const { json } = await rebuild("--json", "--view", "fills", "orders", "--view", "fills");
    expect(json()).toMatchObject([{ views: ["fills", "orders"], events: 1_000 }]);
  });

  it("hands on why the engine refuses", async () => {
    const { code, err } = await rebuild();
    expect(err).toContain("another rebuild is under way");
    expect(code).toBe(EXIT.refused);
  });

  it("says so when no engine answers", async () => {
    const { code } = await run(["rebuild", "--grpc", "127.0.0.1:1"]);
    expect(code).toBe(EXIT.unreachable);
  });
});
