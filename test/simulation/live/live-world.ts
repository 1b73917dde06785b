/** One process that trades live and its surroundings: the log and the chain survive it, everything else dies with it. */
import { createMemoryEventStore, createMemoryLog } from "../../../adapters/event-store/memory.ts";
import { createEngine } from "../../../domain/application/engine.ts";
import type { Engine } from "../../../domain/application/engine.types.ts";
import { createEngineState } from "../../../domain/application/processors/engine-state.ts";
import { encodeBase58 } from "../../../domain/chain/bytes.ts";
import type { Quotes } from "../../../domain/ports/quotes.ts";
import type { Sender } from "../../../domain/ports/sender.ts";
import type { SignRequest } from "../../../domain/ports/signer.ts";
import { type LogId, type Mint, SYSTEM_STREAM } from "../../../domain/primitives/ids.ts";
import type { Marks } from "../coverage.ts";
import type { Report } from "../log-model.ts";
import { BONK, SOL, USDC } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { createSimCheckpoints } from "../sim-checkpoints.ts";
import { createSimStore, type SimStore } from "../sim-store.ts";
import { codec, hasher } from "../world.ts";
import { tokenAccountOf, walletOf } from "./addresses.ts";
import { createChainModel } from "./chain-model.ts";
import type { ChainModel } from "./chain-model.types.ts";
import { type State, TOKEN_RENT, type WalletState } from "./execute.ts";
import { createHaltRecord, type HaltRecord } from "./halt-record.ts";
import type { LiveSometimes } from "./live-coverage.ts";
import { createLiveLog } from "./live-log.ts";
import type { LiveLog, SignedRecord } from "./live-log.types.ts";
import type { LivePlan } from "./live-plan.ts";
import { createSimChain, type SimChain } from "./sim-chain.ts";
import { createSimSenders, createSimSigner, createSimSwaps } from "./sim-edges.ts";
import { compiler, signatureIn } from "./wire.ts";

const LOG_ID = "simulated-log" as LogId;
const EPOCH_US = Date.UTC(2026, 0, 1) * 1_000;

export type LiveWorld = {
  readonly plan: LivePlan;
  readonly scheduler: Scheduler;
  readonly coverage: Marks<LiveSometimes>;
  readonly report: Report;
  readonly chain: ChainModel;
  readonly opening: State;
  readonly model: LiveLog;
  readonly halts: HaltRecord;
  readonly log: ReturnType<typeof createMemoryLog>;
  readonly wallUs: () => number;
  readonly jump: (byUs: number) => void;
  readonly engine: () => Engine | undefined;
  readonly lives: () => number;
  /** Asks the running engine; `lost` when there is none or it dies before it answers. */
  readonly call: <T>(ask: (engine: Engine) => Promise<T>) => Promise<T | "lost">;
  readonly callsUnderWay: () => number;
  readonly start: () => void;
  readonly crash: (downUs: number) => void;
  readonly forgetSnapshots: () => void;
  readonly faulty: () => boolean;
  readonly disturb: () => void;
  readonly heal: () => void;
};

export type LiveWorldOptions = {
  readonly plan: LivePlan;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly coverage: Marks<LiveSometimes>;
  readonly report: Report;
};

export async function createLiveWorld(options: LiveWorldOptions): Promise<LiveWorld> {
  const { plan, random, scheduler, coverage, report } = options;
  const [storeRandom, timerRandom, edgeRandom] = [random.fork(), random.fork(), random.fork()];
  const log = createMemoryLog();
  await writeFirstEvent(log);
  let faulty = false;
  let offsetUs = 0;
  const opening = openingState(plan, random.fork());
  const chain = createChainModel({
    ...{ plan: plan.chain, random: random.fork(), nowUs: scheduler.nowUs, note: scheduler.note },
    genesis: { state: opening, prices: PRICES },
    faulty: () => faulty,
  });
  const halts = createHaltRecord(scheduler.nowUs, report);
  const model = createLiveLog({
    ...{ log, logId: LOG_ID, plan, chain, report, coverage },
    ...{ note: scheduler.note, onSigned: halts.onDurable },
  });
  model.absorb();
  watchLandings({ chain, model, coverage, report });
  let nodes: SimChain | undefined;
  chain.onLanding(({ transaction }) => nodes?.onLanded(transaction.signature));
  const checkpoints = createSimCheckpoints(scheduler, random.fork());
  let engine: Engine | undefined;
  let [lives, calls, starting] = [0, 0, false];
  let sim: SimStore | undefined;
  let die: (why: "lost") => void = () => {};
  let death = new Promise<"lost">(() => {});

  const wallUs = (): number => EPOCH_US + scheduler.nowUs() + offsetUs;
  const clock = { nowUs: wallUs, monotonicUs: scheduler.nowUs };
  const timers = {
    schedule: (delayMs: number, run: () => void) => {
      if (!(delayMs >= 0)) report("timers are sane", `a timer of ${delayMs} ms`);
      const lateUs = timerRandom.chance(0.1) ? timerRandom.between(0, 20_000) : 0;
      const label = `timer ${delayMs} ms`;
      return scheduler.schedule(
        { owner: "engine", kind: "timer", label, run },
        delayMs * 1_000 + lateUs,
      );
    },
  };

  function onSend(sender: Sender, transaction: Uint8Array): void {
    const signature = signatureIn(transaction);
    const attempt = model.attempt(signature);
    const where = `${sender.name} ${signature.slice(0, 8)}`;
    if (!attempt) {
      report("signed bytes are durable before they leave", where);
      return;
    }
    if (Buffer.compare(attempt.bytes, transaction) !== 0) report("byte identity", where);
    if (attempt.route !== sender.route) {
      report("bytes of one route never take the other", `${where}: ${attempt.route}`);
    }
    sent.add(signature);
  }
  const sent = new Set<string>();

  function onSignAsked({ intent }: SignRequest): void {
    const order = model.order(intent.memo.split("#")[0] ?? "");
    if (!order) return;
    const { expiresAtUs } = order.request;
    if (expiresAtUs !== undefined && wallUs() >= expiresAtUs) {
      report("nothing is signed after its time", order.orderId);
    }
    halts.onAsked(order);
  }

  function livePorts() {
    const edges = {
      ...{ plan, model: chain, random: edgeRandom, scheduler, wallUs, onSend, onSignAsked },
      faulty: () => faulty,
      onSignTold: (signature: Uint8Array) => halts.onTold(encodeBase58(signature)),
      onUnheard: () => coverage.mark("signer: signed and nobody heard"),
    };
    nodes = createSimChain({
      ...{ model: chain, nodes: plan.nodes, random: edgeRandom, scheduler },
      faulty: () => faulty,
      onDenied: () => coverage.mark("chain: a node denied what had landed"),
    });
    return {
      chain: nodes.port,
      ...{ compiler, swaps: createSimSwaps(edges), senders: createSimSenders(edges) },
      ...{ signer: createSimSigner(edges), tokenAccountOf, isClusterKnown: () => true },
      gzip: (text: string) => btoa(text),
    };
  }

  function newStore(): SimStore {
    return createSimStore({
      ...{ log, plan, random: storeRandom, scheduler, coverage: { mark: () => {} } },
      faulty: () => faulty,
      onWritten: model.absorb,
      onDead: () => {
        const label = "the dead store's process is restarted";
        const run = (): void => crash(1_000);
        const afterUs = storeRandom.between(1_000, 3_000_000);
        scheduler.schedule({ owner: "engine", kind: "port", label, run }, afterUs);
      },
    });
  }

  async function boot(): Promise<void> {
    starting = true;
    lives += 1;
    death = new Promise((resolve) => {
      die = resolve;
    });
    sim = newStore();
    const state = createEngineState({ store: sim.store, codec });
    const recovered = await state.recover({ checkpoints, logId: LOG_ID });
    const started = await createEngine(
      {
        ...{ store: sim.store, quotes: NO_QUOTES, codec, hasher, clock, timers },
        live: livePorts(),
        onFault: (orderId, error) =>
          report("no broken rule", `${orderId}: ${error instanceof Error ? error.stack : error}`),
      },
      plan.config,
      recovered,
    );
    starting = false;
    engine = started;
  }

  const start = (): void => {
    boot().catch((error) => report("the engine starts", String(error)));
  };

  function crash(downUs: number): void {
    markCrash(downUs);
    scheduler.crash();
    engine = undefined;
    nodes = undefined;
    starting = false;
    die("lost");
    void scheduler.sleep("the process starts", downUs).then(start);
  }

  function markCrash(downUs: number): void {
    if (starting) coverage.mark("crash: while the engine starts");
    const lifeUs = plan.chain.blockMs * 1_000 * 150;
    for (const order of model.orders()) {
      const attempt = order.attempts.at(-1);
      if (!attempt) continue;
      const state = crashState(order.last().type, attempt, { chain, sent });
      if (state) coverage.mark(state);
      if (state && downUs > lifeUs) {
        coverage.mark("crash: the process was away for longer than a blockhash lives");
      }
    }
    if (halts.isSigning()) coverage.mark("crash: signed and not durable");
  }

  return {
    ...{ plan, scheduler, coverage, report, chain, opening, model, halts, log, wallUs },
    ...{ start, crash },
    jump: (byUs) => {
      offsetUs += byUs;
      scheduler.note(`the wall clock jumps by ${byUs}`);
    },
    engine: () => engine,
    lives: () => lives,
    call: async (ask) => {
      if (!engine) return "lost";
      calls += 1;
      return Promise.race([ask(engine), death]).finally(() => {
        calls -= 1;
      });
    },
    callsUnderWay: () => calls,
    forgetSnapshots: checkpoints.wipe,
    faulty: () => faulty,
    disturb: () => {
      faulty = true;
    },
    heal: () => {
      faulty = false;
      scheduler.note("healed");
    },
  };
}

function crashState(
  last: string,
  { signature }: SignedRecord,
  { chain, sent }: { readonly chain: ChainModel; readonly sent: ReadonlySet<string> },
): LiveSometimes | undefined {
  switch (last) {
    case "AttemptSigned":
    case "AttemptSubmitted":
    case "SubmissionRefused":
    case "SubmissionUnknown":
      if (chain.placementAt(chain.now(), signature)) return "crash: landed, not booked";
      return sent.has(signature) ? "crash: sent, not seen" : "crash: signed and durable, not sent";
    case "AttemptConfirmed":
      return "crash: landed, not booked";
    case "OrderFilled":
      return "crash: provisional fill";
    case "OutcomeUnknown":
      return "crash: outcome unknown";
    default:
      return undefined;
  }
}

/** At the moment of each landing: an order is executed at most once, on the chain as it is. */
function watchLandings({
  chain,
  model,
  coverage,
  report,
}: Pick<LiveWorld, "chain" | "model" | "coverage" | "report">): void {
  chain.onLanding(({ transaction, error, block }) => {
    if (block.height === transaction.lastValid) {
      coverage.mark("chain: landed in the last valid block");
    }
    if (transaction.placements.length > 1) {
      coverage.mark("chain: what a fork dropped landed again");
    }
    if (error !== undefined) {
      const isSlippage = JSON.stringify(error).includes("6001");
      if (isSlippage) coverage.mark("chain: landed with a slippage error");
      return;
    }
    const order = model.attempt(transaction.signature)?.order;
    if (!order) return report("what lands was signed", transaction.signature.slice(0, 8));
    const executions = order.attempts.filter(({ signature }) => {
      const placement = chain.placementAt(chain.now(), signature);
      return placement !== undefined && placement.error === undefined;
    });
    if (executions.length > 1) report("at most one execution of an order", order.orderId);
  });
}

const NO_QUOTES: Quotes = {
  cached: () => undefined,
  quote: () => Promise.reject(new Error("no paper order is simulated here")),
};

const PRICES: ReadonlyMap<Mint, bigint> = new Map([
  [SOL, 150_000_000n],
  [USDC, 1_000_000n],
  [BONK, 20n],
]);

function openingState(plan: LivePlan, random: Random): State {
  return new Map(
    plan.accounts.map((account): [string, WalletState] => {
      const tokens = new Map([[USDC, { amount: 5_000_000_000n, rent: TOKEN_RENT }]]);
      if (random.chance(0.5)) tokens.set(BONK, { amount: 90_000_000_00000n, rent: TOKEN_RENT });
      const lamports = BigInt(random.pick([20, 20, 3])) * 1_000_000_000n;
      return [walletOf(account), { lamports, tokens }];
    }),
  );
}

async function writeFirstEvent(log: ReturnType<typeof createMemoryLog>): Promise<void> {
  const { encoded } = codec.encode(SYSTEM_STREAM, 0, {
    event: { type: "LogCreated", data: { logId: LOG_ID } },
    metadata: {
      correlationId: "system",
      causationId: "system",
      actor: "engine",
      recordedAtUs: EPOCH_US,
      prevHash: codec.rootHash(LOG_ID, SYSTEM_STREAM),
    },
  });
  await createMemoryEventStore({ log }).append(SYSTEM_STREAM, "no-stream", [encoded]);
}
