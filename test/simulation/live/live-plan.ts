/** What one live run is like, drawn from its seed: chain, nodes, senders, signer, engine. Many rates are zero in many runs. */
import type { EngineConfig } from "../../../domain/application/engine.ts";
import type { LiveConfig } from "../../../domain/application/live/live.types.ts";
import { JITO_TIP_ACCOUNTS } from "../../../domain/chain/addresses.ts";
import type { Token } from "../../../domain/order/policy.ts";
import { mevModel } from "../../../domain/pricing/mev.ts";
import { DEFAULT_MEV } from "../../../domain/pricing/mev-options.ts";
import { PRIORITY_FEE_RULES } from "../../../domain/pricing/priority-fee.ts";
import { fixedSlippage } from "../../../domain/pricing/slippage/fixed.ts";
import type { AccountId, Mint, Principal } from "../../../domain/primitives/ids.ts";
import { BONK, NO_STORE_FAULTS, type Plan, SOL, type Span, USDC } from "../plan.ts";
import type { Random } from "../random.ts";
import { ACCOUNTS, walletOf } from "./addresses.ts";
import type { ChainPlan } from "./chain-model.types.ts";

export const OWNER = "local" as Principal;

export type NodePlan = {
  readonly name: string;
  /** Behind the chain, microseconds; and by how much more in some spans. */
  readonly lagUs: number;
  readonly lags: readonly (Span & { readonly byUs: number })[];
  /** It is a pool: some calls are answered by a member that is so far behind, microseconds. */
  readonly flapUs: number;
  /** Nobody answers. */
  readonly away: readonly Span[];
  /** It says that it knows no transaction, whatever it knows. */
  readonly lies: readonly Span[];
  readonly fails: number;
  readonly hangs: number;
  readonly slow: number;
  /** Blocks of history that it keeps, not fewer than it remembers statuses of; undefined: all. Also after the healing. */
  readonly keepBlocks: number | undefined;
};

export type EdgePlan = {
  /** Of a sender: timeouts before and after the bytes went on, refusals, transient ones. */
  readonly sendLost: number;
  readonly sendUnheard: number;
  readonly sendRefused: number;
  readonly sendLimited: number;
  readonly signRefused: number;
  readonly signAway: number;
  /** It signed, and nobody heard. */
  readonly signUnheard: number;
  readonly slow: number;
  readonly quoteFails: number;
  readonly quoteHangs: number;
};

export type LivePlan = Pick<Plan, "store" | "storeLimits" | "crashRate" | "crashes"> & {
  readonly config: EngineConfig & { readonly live: LiveConfig };
  readonly chain: ChainPlan;
  readonly nodes: readonly NodePlan[];
  readonly hasJito: boolean;
  readonly edges: EdgePlan;
  readonly accounts: readonly string[];
  readonly orders: number;
  /** Equal orders at one time on one account. */
  readonly twins: boolean;
  readonly crowded: boolean;
  readonly horizonUs: number;
  /** Chance of a crash right after an event that matters, also once all is healed. */
  readonly momentRate: number;
  /** Longest time that the process stays dead. */
  readonly longestDownUs: number;
  readonly clockJumps: Plan["clockJumps"];
  readonly drains: Plan["drains"];
  readonly halts: number;
};

const token = (mint: Mint, symbol: string, decimals: number): [Mint, Token] => [
  mint,
  { mint, symbol, decimals, minAmount: 1n, maxAmount: 10n ** 18n },
];

type Draw = {
  readonly random: Random;
  readonly horizonUs: number;
  /** Zero in half of all runs. */
  readonly rate: (most: number) => number;
  readonly times: (most: number) => number[];
  readonly spans: (most: number, longestUs: number) => Span[];
};

function drawFrom(random: Random, horizonUs: number): Draw {
  const times = (most: number): number[] =>
    Array.from({ length: random.chance(0.6) ? 0 : random.between(1, most) }, () =>
      random.between(0, horizonUs),
    );
  return {
    ...{ random, horizonUs, times },
    rate: (most) => (random.chance(0.5) ? 0 : (random.between(1, 100) / 100) * most),
    spans: (most, longestUs) =>
      times(most).map((fromUs) => ({ fromUs, toUs: fromUs + random.between(1_000, longestUs) })),
  };
}

export function drawLivePlan(random: Random): LivePlan {
  // One node denies everything while all others are away: the worst that a proof of death must stand.
  const isTrap = random.chance(0.05);
  const horizonUs = isTrap ? 90_000_000 : random.pick([2_000_000, 20_000_000, 90_000_000]);
  const draw = drawFrom(random, horizonUs);
  const { rate, times } = draw;
  const pruned = random.chance(0.35);
  const blockMs = isTrap ? 100 : random.pick([100, 200, 400]);
  const nodes = { count: random.pick([2, 2, 3]), blockMs, pruned, isTrap };
  const crowded = random.chance(0.3);
  return {
    config: drawConfig(random, crowded),
    chain: drawChain(draw, blockMs),
    nodes: drawNodes(draw, nodes),
    hasJito: random.chance(0.4),
    edges: {
      sendLost: rate(0.3),
      sendUnheard: rate(0.3),
      sendRefused: rate(0.1),
      sendLimited: rate(0.3),
      signRefused: rate(0.05),
      signAway: rate(0.2),
      signUnheard: rate(0.2),
      slow: rate(0.3),
      quoteFails: rate(0.3),
      quoteHangs: rate(0.05),
    },
    accounts: ACCOUNTS.slice(0, crowded ? 1 : random.between(1, ACCOUNTS.length)),
    orders: random.between(2, 8),
    twins: random.chance(0.3),
    crowded,
    horizonUs,
    store: random.chance(0.5) ? NO_STORE_FAULTS : drawStore(draw),
    storeLimits: { batchEvents: random.pick([1, 8, 4_096]), batchesInFlight: random.pick([1, 4]) },
    crashRate: rate(0.02),
    crashes: random.between(0, 4),
    momentRate: random.pick([0, 0, 0.1, 0.4]),
    longestDownUs: random.pick([300_000, 300_000, 20_000_000, pruned ? 300_000_000 : 100_000_000]),
    clockJumps: times(1).map((atUs) => ({
      atUs,
      byUs: random.pick([3_600_000_000, -3_600_000_000, 30_000_000, -1_000]),
    })),
    drains: random.chance(0.2)
      ? [{ atUs: random.between(0, horizonUs), timeoutMs: random.pick([0, 5_000]) }]
      : [],
    halts: random.chance(0.25) ? random.between(1, 3) : 0,
  };
}

const drawChain = ({ random, rate }: Draw, blockMs: number): ChainPlan => ({
  blockMs,
  skipRate: random.pick([0, 0.05, 0.3]),
  confirmLag: random.pick([1, 2]),
  finalLag: random.pick([8, 16, 31]),
  forkRate: random.pick([0, 0, 0.01, 0.05]),
  moveBps: random.pick([0, 5, 30, 120]),
  fates: {
    unlucky: rate(0.6),
    dropRate: 0.7,
    late: rate(0.3),
    withheld: rate(0.3),
    lost: random.pick([0, 0.3, 0.7]),
  },
});

function drawNodes(
  { random, rate, spans, horizonUs }: Draw,
  kind: {
    readonly count: number;
    readonly blockMs: number;
    readonly pruned: boolean;
    readonly isTrap: boolean;
  },
): NodePlan[] {
  const { count, blockMs, pruned, isTrap } = kind;
  const liar = isTrap ? 0 : random.chance(0.2) ? random.between(0, count - 1) : -1;
  const deaf = random.chance(0.15) ? random.between(0, count - 1) : -1;
  const flaps = random.chance(0.1);
  const always = { fromUs: 0, toUs: horizonUs };
  return Array.from({ length: count }, (_, index): NodePlan => {
    const away = spans(2, random.pick([2_000_000, 60_000_000]));
    const lies = spans(3, random.pick([5_000_000, 120_000_000]));
    return {
      name: `http://127.0.0.1:${8_900 + index}`,
      lagUs: random.pick([0, 0, 50_000, blockMs * 4_000]),
      lags: spans(2, 20_000_000).map((at) => ({
        ...at,
        byUs: random.pick([1_000_000, 10_000_000, 60_000_000]),
      })),
      flapUs: flaps ? random.pick([5_000_000, 20_000_000, 60_000_000]) : 0,
      away: isTrap
        ? index === liar
          ? []
          : [{ fromUs: 10_000_000, toUs: horizonUs }]
        : index === deaf
          ? [always]
          : away,
      lies: index !== liar ? [] : isTrap ? [always] : lies,
      fails: rate(0.2),
      hangs: rate(0.05),
      slow: rate(0.2),
      keepBlocks: pruned ? random.pick([300, 300, 320, undefined]) : undefined,
    };
  });
}

const drawStore = ({ rate, spans }: Draw): LivePlan["store"] => ({
  throws: rate(0.03),
  unavailable: rate(0.1),
  partly: rate(0.1),
  lostBefore: rate(0.1),
  lostLate: rate(0.1),
  lostAfter: rate(0.1),
  lateAnswer: rate(0.2),
  heldAnswer: rate(0.2),
  dies: rate(0.005),
  outages: spans(1, 2_000_000),
});

/** Nothing goes wrong by itself: the scenario that is crashed at every point. */
export function calmLivePlan(random: Random): LivePlan {
  const plan = drawLivePlan(random);
  const { config, chain } = plan;
  return {
    ...plan,
    config: { ...config, limits: WIDE, live: { ...config.live, slotsPerAccount: 1 } },
    chain: {
      ...chain,
      ...{ blockMs: 100, skipRate: 0, finalLag: 8, confirmLag: 1, forkRate: 0, moveBps: 0 },
      fates: { unlucky: 0, dropRate: 0, late: 0, withheld: 0, lost: 0 },
    },
    nodes: plan.nodes.slice(0, 2).map(({ name }) => ({
      ...{ name, flapUs: 0, lagUs: 0, lags: [], away: [], lies: [], fails: 0, hangs: 0, slow: 0 },
      keepBlocks: undefined,
    })),
    hasJito: false,
    edges: NO_EDGE_FAULTS,
    ...{ orders: 2, twins: false, crowded: false, horizonUs: 300_000, store: NO_STORE_FAULTS },
    ...{ accounts: ACCOUNTS.slice(0, 1), crashRate: 0, crashes: 0, momentRate: 0 },
    longestDownUs: 300_000,
    ...{ clockJumps: [], drains: [], halts: 0 },
  };
}

const NO_EDGE_FAULTS: EdgePlan = {
  ...{ sendLost: 0, sendUnheard: 0, sendRefused: 0, sendLimited: 0, signRefused: 0, signAway: 0 },
  ...{ signUnheard: 0, slow: 0, quoteFails: 0, quoteHangs: 0 },
};

const WIDE = { maxOpenOrders: 1_000, maxOpenPerAccount: 1_000 };

function drawConfig(random: Random, crowded: boolean): LivePlan["config"] {
  return {
    policy: {
      tokens: new Map([token(SOL, "SOL", 9), token(USDC, "USDC", 6), token(BONK, "BONK", 5)]),
      blockedPairs: new Set(),
      slippageModels: new Set(["fixed"]),
      slippageToleranceBelowBps: 5_000,
      priorityFeeBelowLamports: 1_000_000n,
      maxQuoteAgeMs: 10_000,
      maxStaleQuoteAgeMs: 10_000,
    },
    retry: {
      attempts: random.pick([1, 2, 3, 3]),
      baseDelayMs: random.pick([10, 100, 1_000]),
      maxDelayMs: 5_000,
    },
    baseFeeLamports: 5_000n,
    slippageModels: new Map([["fixed", fixedSlippage(50)]]),
    mev: mevModel(DEFAULT_MEV),
    outcomes: undefined,
    usdMints: [USDC],
    paperDelayMs: 0,
    defaults: {
      slippageToleranceBps: random.pick([30, 100, 200]),
      slippageModel: "fixed",
      priorityFeeLamports: { LOW: 1_000n, NORMAL: 2_500n, HIGH: 5_000n, CRITICAL: 10_000n },
    },
    limits: random.chance(0.2) ? { maxOpenOrders: 4, maxOpenPerAccount: 3 } : WIDE,
    paperSlotsPerAccount: undefined,
    safety: {
      unknownsToOpen: random.pick([2, 3]),
      errorsToOpen: random.pick([2, 4, 10]),
      windowMs: 600_000,
      coolDownMs: random.pick([500, 10_000]),
    },
    live: {
      accounts: new Map(
        ACCOUNTS.map((name) => [name as AccountId, { wallet: walletOf(name), owner: OWNER }]),
      ),
      priorityFee: PRIORITY_FEE_RULES,
      slotsPerAccount: crowded ? 3 : random.pick([1, 1, 2, 3]),
      confirmationTimeoutMs: random.pick([2_000, 30_000]),
      rebroadcastMs: random.pick([500, 2_000]),
      proof: { nodesRequired: 2, acceptSingleNode: false },
      graceMs: random.pick([1_000, 5_000, 30_000]),
      slippageToleranceBps: 1_000,
      platformFeeBps: 0,
      maxOrdersPerMinute: random.chance(0.1) ? 3 : 10_000,
      maxExposure: new Map(),
      allowedExtensions: new Map(),
      tipAccounts: [...JITO_TIP_ACCOUNTS],
    },
  };
}
