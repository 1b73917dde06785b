/** What stands in the way of a live order before its signature: it fails, or another attempt is made, and nothing is on the chain. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LivePorts } from "../../../domain/application/live/live.types.ts";
import { SYSTEM_PROGRAM } from "../../../domain/chain/addresses.ts";
import type { TradeCommand } from "../../../domain/order/request.ts";
import { statusOf } from "../../../domain/order/state.ts";
import type { ChainFailure, Simulation } from "../../../domain/ports/chain.ts";
import type { SwapFailure } from "../../../domain/ports/swaps.ts";
import type { AccountId } from "../../../domain/primitives/ids.ts";
import { LOCAL } from "../../support/engine-world.ts";
import { codec } from "../../support/given.ts";
import { type LiveWorld, openLiveWorld } from "../../support/live-world.ts";
import { settle } from "../../support/manual-time.ts";
import { eventsOf, filled, lamportsOf, onChain, submit, WAIT_MS } from "./scenarios.ts";

let world: LiveWorld;
afterEach(() => world.close());

const DOWN: ChainFailure = { kind: "failed", class: "unreachable", message: "refused" };
const noSwap = (kind: SwapFailure["class"]): SwapFailure => ({
  ...{ kind: "failed", class: kind, message: "the market says no", retryAfterMs: undefined },
});

type Around = (ports: LivePorts) => LivePorts;
/** Says `answer` for so many calls, and then what the real one says. */
function instead<A extends readonly unknown[], R>(
  times: number,
  answer: R,
  real: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  let calls = 0;
  return (...args) => {
    calls += 1;
    return calls <= times ? Promise.resolve(answer) : real(...args);
  };
}
const ALWAYS = Number.POSITIVE_INFINITY;

const chain =
  (parts: (chain: LivePorts["chain"]) => Partial<LivePorts["chain"]>): Around =>
  (ports) => ({ ...ports, chain: { ...ports.chain, ...parts(ports.chain) } });
const swaps =
  (parts: (swaps: LivePorts["swaps"]) => Partial<LivePorts["swaps"]>): Around =>
  (ports) => ({ ...ports, swaps: { ...ports.swaps, ...parts(ports.swaps) } });
const signer =
  (sign: (real: LivePorts["signer"]["sign"]) => LivePorts["signer"]["sign"]): Around =>
  (ports) => ({ ...ports, signer: { ...ports.signer, sign: sign(ports.signer.sign) } });

const simulated = (
  times: number,
  change: (simulation: Simulation) => Partial<Simulation>,
): Around => {
  let calls = 0;
  return chain(({ simulate }) => ({
    simulate: async (...asked) => {
      const answer = await simulate(...asked);
      calls += 1;
      if (calls > times || answer.kind === "failed") return answer;
      return { ...answer, value: { ...answer.value, ...change(answer.value) } };
    },
  }));
};
/** A node that knows nothing of the wallet, and everything of other accounts. */
const blindForWallet = (times: number): Around =>
  chain(({ accounts }) => {
    const fails = instead(times, DOWN, accounts);
    return { accounts: (asked, slot) => (asked.length > 1 ? fails : accounts)(asked, slot) };
  });

type Ending = {
  readonly reason: string;
  readonly attempts?: number;
  readonly status?: "FAILED" | "REJECTED";
  readonly changes?: Partial<TradeCommand>;
};
const failing = (times: number, failure: SwapFailure["class"]): Around =>
  swaps(({ quote }) => ({ quote: instead(times, noSwap(failure), quote) }));

const ENDINGS: readonly (readonly [string, Around, Ending])[] = [
  ["no market makes it", failing(ALWAYS, "no-route"), { reason: "NO_ROUTE" }],
  ["no market answers", failing(ALWAYS, "timeout"), { reason: "QUOTE_UNAVAILABLE", attempts: 3 }],
  [
    "the market gives no instructions for its quote",
    swaps(({ instructions }) => ({
      instructions: instead(ALWAYS, noSwap("refused"), instructions),
    })),
    { reason: "QUOTE_REFUSED" },
  ],
  [
    "no node tells the rent",
    chain(({ rentExemption }) => ({ rentExemption: instead(ALWAYS, DOWN, rentExemption) })),
    { reason: "CHAIN_UNAVAILABLE", attempts: 3 },
  ],
  [
    "no node reads the wallet",
    blindForWallet(ALWAYS),
    { reason: "CHAIN_UNAVAILABLE", attempts: 3 },
  ],
  [
    "no node reads a mint",
    chain(({ accounts }) => ({ accounts: instead(ALWAYS, DOWN, accounts) })),
    { reason: "MINT_NOT_READABLE", status: "REJECTED", attempts: 0 },
  ],
  [
    "the wallet has not enough",
    (ports) => ports,
    {
      ...{ reason: "INSUFFICIENT_FUNDS", status: "REJECTED" },
      changes: { amount: 1_000_000_000_000n, slippageToleranceBps: 1_000 },
    },
  ],
  [
    "the message is too large",
    (ports) => ({
      ...ports,
      compiler: { compile: () => ({ kind: "problem", message: "1300 of 1232 bytes" }) },
    }),
    { reason: "TRANSACTION_TOO_LARGE" },
  ],
  [
    "the market adds an instruction that nobody asked for",
    swaps(({ instructions }) => ({
      instructions: async (asked) => {
        const answer = await instructions(asked);
        const odd = { programId: SYSTEM_PROGRAM, accounts: [], data: Uint8Array.of(9, 9, 9, 9) };
        return answer.kind === "failed" ? answer : { ...answer, other: [odd] };
      },
    })),
    { reason: "GATE_REFUSED" },
  ],
  [
    "a program would refuse it",
    simulated(ALWAYS, () => ({ error: { InstructionError: [0, "InvalidArgument"] } })),
    { reason: "SIMULATION_FAILED" },
  ],
  [
    "the lookup tables are never right",
    simulated(ALWAYS, () => ({ error: "InvalidAddressLookupTableIndex" })),
    { reason: "CHAIN_UNAVAILABLE", attempts: 3 },
  ],
  [
    "the simulation moves what it should not",
    simulated(ALWAYS, ({ accounts }) => ({
      accounts: accounts.map((one) => one && { ...one, lamports: one.lamports / 2n }),
    })),
    { reason: "GATE_REFUSED" },
  ],
  [
    "the signer refuses",
    signer(() => async () => ({ kind: "refused", rule: "day-limit", message: "too much today" })),
    { reason: "SIGNING_REFUSED" },
  ],
  [
    "the signer is away",
    signer(() => async () => ({ kind: "unavailable", message: "its process has ended" })),
    { reason: "SIGNER_UNAVAILABLE", attempts: 3 },
  ],
];

describe("a live order ends without a signature where", () => {
  it.each(ENDINGS)("%s", async (_, around, ending) => {
    const { reason, attempts = 1, status = "FAILED", changes } = ending;
    world = await openLiveWorld({ around });
    const before = lamportsOf(world);
    const order = await submit(world, "ends", changes);
    expect([statusOf(order), order.lastError?.reason]).toEqual([status, reason]);
    expect(order.attempt).toBe(attempts);
    expect(eventsOf(world, order, "AttemptSigned")).toEqual([]);
    expect(onChain(world, order)).toEqual({ landed: 0, failed: 0 });
    expect(lamportsOf(world)).toBe(before);
    expect(order.reservation).toBeUndefined();
    expect(world.faults).toEqual([]);
    expectEvidenceBeforeItsCitations();
  });
});

/** What an event cites by its hash stands in the log before it. */
function expectEvidenceBeforeItsCitations(): void {
  const kept = new Set<string>();
  for (const stored of world.log.events) {
    const { event } = codec.decode(stored);
    if (event.type === "EvidenceRecorded") kept.add(event.data.sha256);
    if (event.type !== "QuoteObtained" && event.type !== "SimulationPassed") continue;
    expect(kept).toContain(event.data.evidence);
  }
}

it("an event that cites evidence waits until that is durable", async () => {
  let [isAsked, release] = [false, (): void => {}];
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  world = await openLiveWorld({
    aroundStore: (store) => ({
      ...store,
      append: async (stream, ...rest) => {
        if (stream.startsWith("evidence-")) await released;
        return store.append(stream, ...rest);
      },
    }),
    around: swaps(() => ({
      instructions: async () => {
        isAsked = true;
        return noSwap("refused");
      },
    })),
  });
  const pending = submit(world, "cites");
  await vi.waitFor(() => expect(isAsked).toBe(true), { timeout: WAIT_MS, interval: 5 });
  await settle();
  expect(world.log.events.map(({ type }) => type)).toEqual(["OrderRequested", "OrderValidated"]);
  release();
  expect((await pending).lastError?.reason).toBe("QUOTE_REFUSED");
  expectEvidenceBeforeItsCitations();
});

const ONCE: readonly (readonly [string, Around, string])[] = [
  ["the market does not answer", failing(1, "rate-limited"), "QUOTE_UNAVAILABLE"],
  [
    "the market has no instructions",
    swaps(({ instructions }) => ({ instructions: instead(1, noSwap("timeout"), instructions) })),
    "QUOTE_UNAVAILABLE",
  ],
  [
    "no node tells a blockhash",
    chain(({ latestBlockhash }) => ({ latestBlockhash: instead(1, DOWN, latestBlockhash) })),
    "CHAIN_UNAVAILABLE",
  ],
  ["no node reads the wallet", blindForWallet(1), "CHAIN_UNAVAILABLE"],
  [
    "no node reads a lookup table",
    chain(({ lookupTables }) => ({ lookupTables: instead(1, DOWN, lookupTables) })),
    "CHAIN_UNAVAILABLE",
  ],
  [
    "no node simulates",
    chain(({ simulate }) => ({ simulate: instead(1, DOWN, simulate) })),
    "CHAIN_UNAVAILABLE",
  ],
  [
    "the chain has moved on meanwhile",
    simulated(1, () => ({ error: "BlockhashNotFound" })),
    "SIMULATION_FAILED",
  ],
  [
    "the signer is away",
    signer((real) => instead(1, { kind: "unavailable", message: "restarting" }, real)),
    "SIGNER_UNAVAILABLE",
  ],
];

describe("a live order is filled by a later attempt where once", () => {
  it.each(ONCE)("%s", async (_, around, reason) => {
    world = await openLiveWorld({ around });
    const { order } = await filled(world, "recovers");
    expect(eventsOf(world, order, "RetryScheduled").map((retry) => retry.reason)).toEqual([reason]);
    expect([order.attempt, onChain(world, order).landed]).toEqual([2, 1]);
    expectEvidenceBeforeItsCitations();
  });
});

describe("a live order is filled by its first attempt although", () => {
  it.each<[string, Around]>([
    [
      "no node reads its mints twice",
      chain(({ accounts }) => ({ accounts: instead(4, DOWN, accounts) })),
    ],
    [
      "a table was not what it had been",
      simulated(1, () => ({ error: "InvalidAddressLookupTableIndex" })),
    ],
    [
      "another transaction landed between two readings",
      simulated(2, ({ accounts }) => ({
        accounts: accounts.map((one) => one && { ...one, lamports: one.lamports / 2n }),
      })),
    ],
    [
      "nobody tells what a place costs",
      chain(({ prioritizationFees }) => ({
        prioritizationFees: instead(ALWAYS, DOWN, prioritizationFees),
      })),
    ],
  ])("%s", async (_, around) => {
    world = await openLiveWorld({ around });
    const { order } = await filled(world, "first");
    expect([order.attempt, onChain(world, order).landed]).toEqual([1, 1]);
    expect(eventsOf(world, order, "RetryScheduled")).toEqual([]);
  });
});

it("waits in the log where its account is no longer configured, and the start says which one", async () => {
  let isAsked = false;
  world = await openLiveWorld({
    around: swaps(() => ({
      instructions: () => {
        isAsked = true;
        return new Promise(() => {});
      },
    })),
  });
  const pending = submit(world, "renamed", {}, "ACCEPTED");
  await vi.waitFor(() => expect(isAsked).toBe(true), { timeout: WAIT_MS, interval: 5 });
  const order = await pending;
  const wallet = { wallet: world.wallet, owner: LOCAL };
  const accounts = new Map([["other" as AccountId, wallet]]);
  const around = (ports: LivePorts): LivePorts => ports;
  const again = await world.restart({ around, live: { accounts } });
  expect(again.warnings).toEqual([
    "the live account live is not among the configured live accounts: " +
      "nothing is signed for its 1 open order until it is there again",
  ]);
  await vi.waitFor(() => expect(again.faults).toHaveLength(1), { timeout: WAIT_MS, interval: 5 });
  expect(String(again.faults[0])).toContain(
    "its account live is not among the configured live accounts",
  );
  const later = await again.restart({ around, live: {} });
  expect(later.warnings).toEqual([]);
  await vi.waitFor(
    async () => {
      const found = await later.engine.get(order.orderId);
      expect(found && statusOf(found)).toBe("FILLED");
    },
    { timeout: WAIT_MS, interval: 20 },
  );
});
