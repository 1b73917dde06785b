/**
 * The load: ExecuteTrade calls by plain node:http2, a fixed number in flight or at a rate of their
 * own. A gRPC library would cost the client three times as much, on the same cores as the server
 * that is measured.
 */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { answerParent } from "./answer-parent.ts";
import { arrivals } from "./arrivals.ts";
import { quantile } from "./figures.ts";
import {
  type LoadRound,
  loadRequestSchema,
  type OpenRound,
  openRequestSchema,
} from "./load.types.ts";
import { createFrames, createLiveFrames } from "./trade-frame.ts";

type Round = z.output<typeof loadRequestSchema>;

const HEADERS: OutgoingHttpHeaders = {
  ":method": "POST",
  ":path": "/orderstream.v1.TradeExecutionService/ExecuteTrade",
  "content-type": "application/grpc",
  te: "trailers",
};
const frameOf = createFrames();
const statusSchema = z.string().default("none");

async function run({ address, orders, inFlight, firstId, live }: Round): Promise<LoadRound> {
  const frame = live ? createLiveFrames(live) : frameOf;
  const session = connect(`http://${address}`);
  await once(session, "connect");
  const latenciesMs = new Float64Array(orders);
  const [beganUs, answeredUs] = [new Float64Array(orders), new Float64Array(orders)];
  const statuses: Record<string, number> = {};
  let sent = 0;
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const worker = async (): Promise<void> => {
    while (sent < orders) {
      const index = sent++;
      const [sentMs, sentUs] = [performance.now(), monotonicUs()];
      const status = await call(session, frame(firstId + index));
      latenciesMs[index] = performance.now() - sentMs;
      [beganUs[index], answeredUs[index]] = [sentUs, monotonicUs()];
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, worker));
    const seconds = (performance.now() - startMs) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    latenciesMs.sort();
    const [p50Ms, p99Ms] = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)];
    const times = live ? { beganUs: [...beganUs], answeredUs: [...answeredUs] } : NO_TIMES;
    return { seconds, cpuUs: user + system, statuses, p50Ms, p99Ms, ...times };
  } finally {
    session.destroy();
  }
}

/** Of paper orders nobody asks for them. */
const NO_TIMES = { beganUs: [], answeredUs: [] };
const monotonicUs = (): number => Number(process.hrtime.bigint() / 1_000n);

/** More than any server under test may have open: it has stopped answering. */
const MOST_IN_FLIGHT = 9_000;

async function runOpen(round: z.output<typeof openRequestSchema>): Promise<OpenRound> {
  const { address, orders, firstId } = round;
  const session = connect(`http://${address}`);
  await once(session, "connect");
  const dueMs = arrivals(round);
  const latenciesMs = new Float64Array(orders);
  const lateMs = new Float64Array(orders);
  const statuses: Record<string, number> = {};
  const answers: Promise<void>[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  const startMs = performance.now();
  const send = async (index: number): Promise<void> => {
    const plannedMs = startMs + (dueMs[index] ?? 0);
    lateMs[index] = performance.now() - plannedMs;
    inFlight += 1;
    mostInFlight = Math.max(mostInFlight, inFlight);
    const status = await call(session, frameOf(firstId + index));
    inFlight -= 1;
    latenciesMs[index] = performance.now() - plannedMs;
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  try {
    for (let next = 0; next < orders; ) {
      if (inFlight > MOST_IN_FLIGHT) throw new Error(`${inFlight} calls are not answered`);
      const sinceStartMs = performance.now() - startMs;
      for (; next < orders && (dueMs[next] ?? 0) <= sinceStartMs; next++) answers.push(send(next));
      // Up to a millisecond late, which counts as latency; a loop that spins would take a core.
      await sleep(Math.max(0, (dueMs[next] ?? 0) - (performance.now() - startMs)));
    }
    await Promise.all(answers);
    const seconds = (performance.now() - startMs) / 1_000;
    latenciesMs.sort();
    return {
      ...{ seconds, statuses, mostInFlight },
      p50Ms: quantile(latenciesMs, 0.5),
      p99Ms: quantile(latenciesMs, 0.99),
      maxMs: quantile(latenciesMs, 1),
      sentLateP99Ms: quantile(lateMs.sort(), 0.99),
    };
  } finally {
    session.destroy();
  }
}

/** Answers the grpc-status. */
function call(session: ClientHttp2Session, frame: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = session.request(HEADERS);
    let status: string | undefined;
    const look = (headers: IncomingHttpHeaders): void => {
      if (headers["grpc-status"] !== undefined) status = statusSchema.parse(headers["grpc-status"]);
    };
    // A call that fails at once has its status among the headers.
    request.on("response", look);
    request.on("trailers", look);
    request.on("error", reject);
    request.on("close", () => resolve(status ?? "none"));
    request.resume();
    request.end(frame);
  });
}

answerParent({
  run: (argument) => run(loadRequestSchema.parse(argument)),
  runOpen: (argument) => runOpen(openRequestSchema.parse(argument)),
});
