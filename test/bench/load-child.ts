/**
 * The load: ExecuteTrade calls by plain node:http2, a fixed number in flight. A gRPC library would
 * cost the client three times as much, on the same cores as the server that is measured.
 */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { z } from "zod";
import { answerParent } from "./answer-parent.ts";
import { quantile } from "./figures.ts";
import { type LoadRound, loadRequestSchema } from "./load.types.ts";
import { createFrames } from "./trade-frame.ts";

type Round = z.output<typeof loadRequestSchema>;

const HEADERS: OutgoingHttpHeaders = {
  ":method": "POST",
  ":path": "/orderstream.v1.TradeExecutionService/ExecuteTrade",
  "content-type": "application/grpc",
  te: "trailers",
};
const frameOf = createFrames();
const statusSchema = z.string().default("none");

async function run({ address, orders, inFlight, firstId }: Round): Promise<LoadRound> {
  const session = connect(`http://${address}`);
  await once(session, "connect");
  const latenciesMs = new Float64Array(orders);
  const statuses: Record<string, number> = {};
  let sent = 0;
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const worker = async (): Promise<void> => {
    while (sent < orders) {
      const index = sent++;
      const sentMs = performance.now();
      const status = await call(session, frameOf(firstId + index));
      latenciesMs[index] = performance.now() - sentMs;
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, worker));
    const seconds = (performance.now() - startMs) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    latenciesMs.sort();
    const [p50Ms, p99Ms] = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)];
    return { seconds, cpuUs: user + system, statuses, p50Ms, p99Ms };
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

answerParent({ run: (argument) => run(loadRequestSchema.parse(argument)) });
