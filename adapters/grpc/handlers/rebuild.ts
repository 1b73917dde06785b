/** RebuildViews: views made anew beside the served ones, with progress; the last message says done. */
import type { RebuildResult } from "../../../domain/application/processors/views-rebuild.ts";
import type {
  RebuildProgress,
  RebuildViewsRequest,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { type Failed, invalid, refused } from "../errors.ts";
import type { Sink, StreamHandler } from "../methods.ts";

/** At most one message in so many milliseconds, besides the last one. */
const PROGRESS_MS = 200;

/** A caller that goes away ends the rebuild; the served views are as they were. */
export const rebuildViews =
  ({ views }: Context): StreamHandler<RebuildViewsRequest, RebuildProgress> =>
  async (request, _caller, sink) => {
    const names = [...new Set(request.views)];
    const onProgress = seldom(sink, names);
    const result = await views.rebuild(names, { signal: sink.signal, onProgress });
    if (result.kind !== "done") return failureOf(result);
    const events = BigInt(result.events);
    await sink.send({
      ...{ views: [...result.views], eventsDone: events, eventsTotal: events, done: true },
    });
    return undefined;
  };

/** A message is left out while the one before is still on its way. */
function seldom(
  sink: Sink<RebuildProgress>,
  names: readonly string[],
): (done: number, total: number) => void {
  let dueMs = 0;
  let isSending = false;
  return (done, total) => {
    const nowMs = performance.now();
    if (isSending || nowMs < dueMs) return;
    isSending = true;
    dueMs = nowMs + PROGRESS_MS;
    const eventsDone = BigInt(done);
    const eventsTotal = BigInt(total);
    void sink.send({ views: [...names], eventsDone, eventsTotal, done: false }).finally(() => {
      isSending = false;
    });
  };
}

function failureOf(result: Exclude<RebuildResult, { kind: "done" }>): Failed | undefined {
  switch (result.kind) {
    case "unknown-views":
      return invalid(
        result.unknown.map((name) => ({
          field: "views",
          description: `${JSON.stringify(name)} is no view; there are ${result.known.join(", ")}`,
        })),
      );
    case "running":
      return refused({
        reason: "REBUILD_RUNNING",
        message: "another rebuild is under way; wait for its end",
      });
    case "failed":
      return refused({
        reason: "REBUILD_FAILED",
        message: `the rebuild failed, the views are as they were: ${result.message}`,
      });
    case "aborted":
      return undefined;
  }
}
