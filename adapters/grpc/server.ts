/** The gRPC server: services, limits, start and stop. It maps and decides nothing. */
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from "@grpc/grpc-js";
import type { Principal } from "../../domain/primitives/ids.ts";
import { type Context, GRPC_LIMITS, type GrpcDependencies, type GrpcLimits } from "./context.ts";
import { serveHealth } from "./health.ts";
import { cannotListen, parseListenAddress } from "./listen-address.ts";
import { createPositionTokens } from "./mapping/position-token.ts";
import { createCalls, type StreamSlots, stopStreams } from "./methods.ts";
import { createServices, SERVICE_NAMES } from "./services.ts";

export type GrpcServer = {
  /** Binds `HOST:PORT` and answers the actual one (port 0 picks a free port). Rejects with a sentence for the user. */
  readonly listen: (hostPort: string) => Promise<string>;
  /** Takes no more calls, lets those under way end, ends the streams; cuts what is left after `timeoutMs`. */
  readonly drain: (timeoutMs: number) => Promise<void>;
  /** Cuts everything at once. */
  readonly close: () => void;
};

const LOCAL = "local" as Principal;
/** For the last answers to reach the sockets. Milliseconds. */
const FLUSH_MS = 500;

export function createGrpcServer(
  dependencies: GrpcDependencies & { readonly allowRemote?: boolean },
): GrpcServer {
  // The library prints lines of its own to stderr; what matters of them comes back as errors.
  setLogVerbosity(logVerbosity.NONE);
  const limits = { ...GRPC_LIMITS, ...dependencies.limits };
  const context: Context = {
    ...dependencies,
    limits,
    principalOf: dependencies.principalOf ?? (() => LOCAL),
    positions: createPositionTokens(dependencies.logId),
  };
  const calls = createCalls();
  const slots = {
    status: { open: new Set<AbortController>(), max: limits.maxStatusStreams },
    updates: { open: new Set<AbortController>(), max: limits.maxUpdateStreams },
    replay: { open: new Set<AbortController>(), max: limits.maxReplayStreams },
  } satisfies Record<string, StreamSlots>;

  const server = new Server(channelOptions(limits));
  for (const service of createServices({ context, calls }, slots)) {
    server.addService(service.definition, service.implementation);
  }
  const health = serveHealth(server, SERVICE_NAMES, () => context.engine.status().accepting);
  const close = (): void => {
    health.stop();
    server.forceShutdown();
  };

  return {
    listen: async (hostPort) => {
      const address = parseListenAddress(hostPort, dependencies.allowRemote ?? false);
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const target = `${address.host}:${address.port}`;
      server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(cannotListen(address, error.message));
        else resolve(port);
      });
      return `${address.host}:${await promise}`;
    },
    drain: async (timeoutMs) => {
      health.stop();
      const { promise: shut, resolve } = Promise.withResolvers<void>();
      server.tryShutdown(() => resolve());
      stopStreams(slots.status);
      stopStreams(slots.updates);
      stopStreams(slots.replay);
      await within(calls.idle(), timeoutMs);
      // A prober that watches the health keeps its connection open: it must not hold up the stop.
      await within(shut, Math.min(FLUSH_MS, timeoutMs));
      close();
    },
    close,
  };
}

const channelOptions = (limits: GrpcLimits) => ({
  "grpc.max_receive_message_length": limits.maxReceiveBytes,
  "grpc.max_concurrent_streams": limits.maxConcurrentStreams,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
  // Probers that never close their connection are cut when they are idle.
  "grpc.max_connection_idle_ms": 10 * 60_000,
});

async function within(promise: Promise<void>, timeoutMs: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  try {
    await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
