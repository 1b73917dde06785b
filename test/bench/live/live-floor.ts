/**
 * The floor of a live order: its exchanges with nodes and Jupiter as a bare client makes them, with kept connections and nothing read,
 * each when the ones before it are answered, and the bytes of its events in the appends that it needs; behind gRPC as the engine.
 */
import http from "node:http";
import { z } from "zod";
import type { EncodedEvent } from "../../../domain/ports/event-store.ts";

const exchangeSchema = z.object({ url: z.string(), body: z.string() });
/** Exchanges of a step are made at once; after those in `stores` some of the events are stored. */
export const floorStepsSchema = z.array(
  z.object({ exchanges: z.array(exchangeSchema), stores: z.boolean() }),
);
export type FloorSteps = z.output<typeof floorStepsSchema>;

type Named = { readonly to: "node" | "swap"; readonly name: string; readonly body: string };

/** The steps of an order on the public route over these nodes. */
export function floorSteps(
  requests: readonly Named[],
  {
    nodes,
    swapUrl,
  }: { readonly nodes: readonly { readonly url: string }[]; readonly swapUrl: string },
): FloorSteps {
  const at = (name: string, node = 0) => {
    const found = requests.find((request) => request.name.includes(name));
    if (!found) throw new Error(`no order asked for ${name}`);
    const url = found.to === "node" ? nodes[node]?.url : new URL(swapUrl).origin + found.name;
    return { url: url ?? "", body: found.body };
  };
  const atAll = (name: string) => nodes.map((_, node) => at(name, node));
  return [
    { exchanges: [at("/quote")], stores: true },
    { exchanges: [at("/swap-instructions"), at("getMultipleAccounts")], stores: true },
    { exchanges: [at("simulateTransaction"), at("getMultipleAccounts")], stores: true },
    { exchanges: atAll("sendTransaction"), stores: true },
    { exchanges: atAll("getSignatureStatuses"), stores: false },
    { exchanges: [at("getTransaction")], stores: true },
  ];
}

/** Makes them, one step after the other. */
export function createFloorRun(steps: FloorSteps, events: readonly EncodedEvent[]) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const share = Math.ceil(events.length / steps.filter(({ stores }) => stores).length);
  return async (store: (events: readonly EncodedEvent[]) => Promise<void>): Promise<void> => {
    let stored = 0;
    for (const { exchanges, stores } of steps) {
      await Promise.all(exchanges.map((one) => exchange(agent, one)));
      const some = events.slice(stored, stored + share);
      if (!stores || some.length === 0) continue;
      stored += some.length;
      await store(some);
    }
  };
}

function exchange(
  agent: http.Agent,
  { url, body }: { readonly url: string; readonly body: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const method = body === "" ? "GET" : "POST";
    const request = http.request(url, { agent, method, headers: body === "" ? {} : headers });
    request.on("error", reject);
    request.on("response", (response) => {
      response.on("error", reject);
      response.on("end", () => resolve());
      response.resume();
    });
    request.end(body);
  });
}
