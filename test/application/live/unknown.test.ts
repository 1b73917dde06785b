/** Orders whose outcome the engine cannot prove, and a person's evidence that ends the doubt: real answers of the chain's nodes. */
import { afterEach, expect, it, vi } from "vitest";
import type { HandedEvidence, SubmitResult } from "../../../domain/application/engine.types.ts";
import type { LivePorts } from "../../../domain/application/live/live.types.ts";
import type { ChainTransaction } from "../../../domain/chain/transaction.ts";
import { type OrderState, statusOf } from "../../../domain/order/state.ts";
import { evidenceStream, type Principal } from "../../../domain/primitives/ids.ts";
import { LOCAL } from "../../support/engine-world.ts";
import { codec } from "../../support/given.ts";
import { type LiveWorld, type LiveWorldOptions, openLiveWorld } from "../../support/live-world.ts";
import { eventsOf, filled, lamportsOf, onChain, submit, typesOf, WAIT_MS } from "./scenarios.ts";

let world: LiveWorld;
afterEach(() => world.close());

const ONE_NODE: LiveWorldOptions = {
  ...{ nodes: 1, live: { graceMs: 100 }, local: { blockTimeMs: 10 } },
};

/** What an operator would ask each node, with the whole answers. */
async function askNodes(
  { local }: LiveWorld,
  { signedAttempts = [] }: OrderState,
  methods: readonly string[],
  nodes = local.addresses.nodes,
): Promise<HandedEvidence[]> {
  const signature = signedAttempts.at(-1)?.signature;
  const params: Readonly<Record<string, unknown>> = {
    getEpochInfo: [{ commitment: "finalized" }],
    getSignatureStatuses: [[signature], { searchTransactionHistory: true }],
    getFirstAvailableBlock: [],
    getTransaction: [
      signature,
      { commitment: "finalized", encoding: "json", maxSupportedTransactionVersion: 0 },
    ],
  };
  const answers: HandedEvidence[] = [];
  for (const { url } of nodes) {
    // One after the other: the height must be the older one.
    for (const method of methods) {
      const body = { jsonrpc: "2.0", id: 1, method, params: params[method] };
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
      answers.push({ node: url, method, answer: await response.text() });
    }
  }
  return answers;
}

const ABSENCE = ["getEpochInfo", "getFirstAvailableBlock", "getSignatureStatuses"];

const resolve = (
  { engine }: LiveWorld,
  { orderId }: OrderState,
  evidence: readonly HandedEvidence[],
  principal: Principal = LOCAL,
): Promise<SubmitResult> => engine.resolve(orderId, evidence, { principal });

/** The order is where it ends. */
async function ended(at: LiveWorld, orderId: OrderState["orderId"]): Promise<OrderState> {
  const signal = AbortSignal.timeout(10_000);
  let order: OrderState | undefined;
  for await (const seen of at.engine.watch(orderId, -1, signal)) {
    order = seen.order;
  }
  if (!order) throw new Error("no order");
  return order;
}

const reasonOf = (result: SubmitResult): string =>
  result.kind === "refused" ? `${result.refusal.reason}: ${result.refusal.message}` : result.kind;

it("fails an order that two nodes prove to be dead, after a restart in between; no second signature", async () => {
  world = await openLiveWorld(ONE_NODE);
  const before = lamportsOf(world);
  world.local.control({ sends: [{ action: "drop" }] });
  const doubtful = await submit(world, "dropped");
  expect(statusOf(doubtful)).toBe("OUTCOME_UNKNOWN");
  const again = await world.restart();
  const [first] = world.local.addresses.nodes;
  const oneNode = await askNodes(again, doubtful, ABSENCE, first ? [first] : []);
  expect(reasonOf(await resolve(again, doubtful, oneNode))).toContain("EVIDENCE_NOT_ENOUGH");
  const evidence = await askNodes(again, doubtful, ABSENCE);
  const result = await resolve(again, doubtful, evidence);
  expect(result).toMatchObject({ kind: "order", order: { resolvedBy: LOCAL } });
  const order = await ended(again, doubtful.orderId);
  expect([statusOf(order), order.lastError?.reason]).toEqual(["FAILED", "TRANSACTION_EXPIRED"]);
  expect(eventsOf(again, order, "AttemptSigned")).toHaveLength(1);
  expect(order.reservation).toBeUndefined();
  expect(onChain(again, order)).toEqual({ landed: 0, failed: 0 });
  expect(lamportsOf(again)).toBe(before);
  // What was handed in is kept under the hashes that the event names.
  const [resolved] = eventsOf(again, order, "OutcomeResolved");
  const kept = (world.log.streams.get(evidenceStream(order.orderId)) ?? []).flatMap((stored) => {
    const { event } = codec.decode(stored);
    return event.type === "EvidenceRecorded" ? [event.data] : [];
  });
  expect(resolved?.evidence).toHaveLength(evidence.length);
  for (const { method, node, sha256 } of resolved?.evidence ?? []) {
    expect(kept).toContainEqual(expect.objectContaining({ kind: method, source: node, sha256 }));
  }
  // Now it is known, and stays so.
  expect(reasonOf(await resolve(again, order, evidence))).toContain("OUTCOME_IS_KNOWN");
});

/** The one node that the engine asks denies everything, and nobody else is asked before somebody hands in answers. */
async function landedUnseen(requestId: string): Promise<OrderState> {
  world = await openLiveWorld({ ...ONE_NODE, local: { ...ONE_NODE.local, nodes: 3 } });
  world.local.control({ node: { index: 0, settings: { lie: "absent" } } });
  const doubtful = await submit(world, requestId);
  expect(statusOf(doubtful)).toBe("OUTCOME_UNKNOWN");
  return doubtful;
}

const LANDING = ["getSignatureStatuses", "getTransaction"];

it("fills an order that had landed, by the transaction that two nodes tell", async () => {
  const doubtful = await landedUnseen("landed");
  const archive = world.local.addresses.nodes.slice(1);
  const evidence = await askNodes(world, doubtful, LANDING, archive);
  // A node of the engine that has reached the slot, with its history, does not know it.
  const own = world.local.addresses.nodes[0]?.url ?? "none";
  const denied = reasonOf(await resolve(world, doubtful, evidence));
  expect(denied).toContain("EVIDENCE_NOT_ENOUGH: the answers say landed, and ");
  expect(denied).toContain(`${own} does not know it`);
  world.local.control({ node: { index: 0, settings: { down: true } } });
  const statusOnly = await askNodes(world, doubtful, ["getSignatureStatuses"], archive);
  expect(reasonOf(await resolve(world, doubtful, statusOnly))).toContain(
    "getTransaction of 2 nodes is needed as well, and 0 told it",
  );
  const oneNode = evidence.filter(({ node }) => node === archive[0]?.url);
  expect(reasonOf(await resolve(world, doubtful, oneNode))).toContain("2 nodes must say so");
  expect(reasonOf(await resolve(world, doubtful, [...statusOnly, ...oneNode]))).toContain(
    "and 1 told it",
  );
  const result = await resolve(world, doubtful, evidence);
  expect(result.kind, reasonOf(result)).toBe("order");
  const order = await ended(world, doubtful.orderId);
  expect(statusOf(order)).toBe("FILLED");
  expect(order.fill?.live?.node).toBe(archive[0]?.url);
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 0 });
  const types = typesOf(world.events(order.orderId));
  expect(types.slice(-4)).toEqual([
    ...["OutcomeUnknown", "OutcomeResolved", "OrderFilled", "FillFinalized"],
  ]);
  expect(world.faults).toEqual([]);
});

it("fills it by one node's word where that is configured to be enough", async () => {
  const doubtful = await landedUnseen("one-is-enough");
  const evidence = await askNodes(world, doubtful, LANDING, world.local.addresses.nodes.slice(2));
  world.local.control({ node: { index: 0, settings: { down: true } } });
  const again = await world.restart({
    live: { ...ONE_NODE.live, proof: { nodesRequired: 2, acceptSingleNode: true } },
  });
  const result = await resolve(again, doubtful, evidence);
  expect(result.kind, reasonOf(result)).toBe("order");
  expect(statusOf(await ended(again, doubtful.orderId))).toBe("FILLED");
});

type Told = {
  result: {
    transaction: { message: { instructions: { data: string }[] } };
    meta: {
      fee: number;
      preBalances: number[];
      postBalances: number[];
      postTokenBalances: { owner: string; mint: string; uiTokenAmount: { amount: string } }[];
    };
  };
};

it("books no amounts that the signed bytes or another node speak against", async () => {
  const doubtful = await landedUnseen("forged");
  const archive = world.local.addresses.nodes.slice(1);
  const evidence = await askNodes(world, doubtful, LANDING, archive);
  world.local.control({ node: { index: 0, settings: { down: true } } });
  const forged = (change: (meta: Told["result"]["meta"]) => void, only?: string) =>
    evidence.map((one) => {
      if (one.method !== "getTransaction" || (only && one.node !== only)) return one;
      const told: Told = JSON.parse(one.answer);
      change(told.result.meta);
      return { ...one, answer: JSON.stringify(told) };
    });
  const received =
    (by: bigint) =>
    ({ postTokenBalances }: Told["result"]["meta"]): void => {
      for (const { owner, uiTokenAmount } of postTokenBalances) {
        if (owner !== world.wallet) continue;
        uiTokenAmount.amount = String(BigInt(uiTokenAmount.amount) + by);
      }
    };
  const cases: readonly (readonly [HandedEvidence[], string])[] = [
    [forged(received(1n), archive[1]?.url), "tell different figures: amountOut "],
    [forged(received(-100_000_000n)), "of at least "],
    [
      forged((meta) => {
        meta.postBalances[0] = (meta.postBalances[0] ?? 0) - 1_000_000_000;
      }),
      "of at most 1000000000",
    ],
    [
      forged((meta) => {
        meta.fee += 1;
      }),
      "lamports of fees",
    ],
  ];
  const pasted = evidence.map((one) => {
    if (one.method !== "getTransaction") return one;
    const told: Told = JSON.parse(one.answer);
    told.result.transaction.message.instructions.reverse();
    return { ...one, answer: JSON.stringify(told) };
  });
  for (const [handed, words] of [...cases, [pasted, "another transaction was told"] as const]) {
    const answer = reasonOf(await resolve(world, doubtful, handed));
    expect(answer).toContain("EVIDENCE_NOT_ENOUGH");
    expect(answer).toContain(words);
  }
  expect(typesOf(world.events(doubtful.orderId))).not.toContain("OutcomeResolved");
});

it("takes no verdict but by answers: not somebody else's, not none, not broken ones", async () => {
  world = await openLiveWorld(ONE_NODE);
  world.local.control({ sends: [{ action: "drop" }] });
  const doubtful = await submit(world, "refused");
  const evidence = await askNodes(world, doubtful, ABSENCE);
  const stranger = await resolve(world, doubtful, evidence, "stranger" as Principal);
  expect(reasonOf(stranger)).toBe(`ORDER_NOT_FOUND: order ${doubtful.orderId} does not exist`);
  expect(reasonOf(await resolve(world, doubtful, []))).toContain("EVIDENCE_NOT_ENOUGH");
  const broken = evidence.map((one) => ({ ...one, answer: one.answer.slice(0, -5) }));
  expect(reasonOf(await resolve(world, doubtful, broken))).toContain("is not JSON");
  // The same node under two names is one node.
  const [{ url = "" } = {}] = world.local.addresses.nodes;
  const oneNode = evidence.filter(({ node }) => node === url);
  const twice = oneNode.map((one) => ({ ...one, node: url.replace("127.0.0.1", "localhost") }));
  expect(reasonOf(await resolve(world, doubtful, [...oneNode, ...twice]))).toContain(
    "EVIDENCE_NOT_ENOUGH",
  );
  const types = typesOf(world.events(doubtful.orderId));
  expect(types).not.toContain("OutcomeResolved");
  // Nothing that was refused is kept.
  const kept = world.log.streams.get(evidenceStream(doubtful.orderId)) ?? [];
  const quoted = eventsOf(world, doubtful, "QuoteObtained").length;
  expect(kept.length).toBe(2 * quoted);
});

it("knows no doubt about a filled order", async () => {
  world = await openLiveWorld();
  const { order } = await filled(world, "known");
  const evidence = await askNodes(world, order, ABSENCE);
  expect(reasonOf(await resolve(world, order, evidence))).toBe(
    `OUTCOME_IS_KNOWN: order ${order.orderId} is FILLED: there is no doubt to end`,
  );
});

/** What the nodes tell of a transaction, as somebody changes it. */
const told =
  (change: (transaction: ChainTransaction) => ChainTransaction | undefined) =>
  (ports: LivePorts): LivePorts => ({
    ...ports,
    chain: {
      ...ports.chain,
      nodes: ports.chain.nodes.map((node) => ({
        ...node,
        transaction: async (...asked) => {
          const answer = await node.transaction(...asked);
          const value = answer.kind === "ok" && answer.value && change(answer.value);
          return answer.kind === "ok" ? { ...answer, value: value || undefined } : answer;
        },
      })),
    },
  });

it("books nothing of a transaction that is not the swap that was signed, and says so", async () => {
  world = await openLiveWorld({ around: told((it) => ({ ...it, postTokenBalances: [] })) });
  const order = await submit(world, "odd");
  expect(statusOf(order)).toBe("OUTCOME_UNKNOWN");
  expect(order.lastError?.message).toContain("it is not the swap that was signed");
  expect(order.fill).toBeUndefined();
  expect(world.alerts).toHaveLength(1);
});

it("voids a landing that a fork undid before anybody could read it, and goes on", async () => {
  let isTold = false;
  world = await openLiveWorld({
    local: { finalLag: 31 },
    around: told((it) => (isTold ? it : undefined)),
  });
  const pending = submit(world, "unread");
  await vi.waitFor(
    () => expect(world.log.events.map(({ type }) => type)).toContain("AttemptConfirmed"),
    { timeout: WAIT_MS, interval: 5 },
  );
  const [landed] = world.local.chain.history.ofAddress(world.wallet);
  const depth = world.local.state().height - (landed?.height ?? 0) + 1;
  world.local.control({ fork: { depth } });
  await vi.waitFor(() => expect(world.log.events.map(({ type }) => type)).toContain("FillVoided"), {
    timeout: WAIT_MS,
    interval: 5,
  });
  isTold = true;
  const order = await pending;
  expect(statusOf(order), JSON.stringify(order.lastError)).toBe("FILLED");
  const types = typesOf(world.events(order.orderId));
  expect(types.indexOf("FillVoided")).toBeLessThan(types.indexOf("OrderFilled"));
  // The fork may have taken the block of the blockhash too: then the attempt is proven dead first.
  const expired = eventsOf(world, order, "AttemptExpired").length;
  expect(eventsOf(world, order, "AttemptSigned")).toHaveLength(expired + 1);
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 0 });
});
