/**
 * The message of an attempt: put together, let through the gate, simulated, and let through the gate again with the limit and the price
 * that the simulation showed to be right. Nothing here records anything or leaves a trace outside.
 */
import { checkTransaction } from "../../chain/gate.ts";
import { type GateFacts, type Refusal, refused } from "../../chain/gate-verdict.ts";
import type { LookupTable } from "../../chain/instruction.ts";
import { withComputeBudget } from "../../chain/message-edit.ts";
import {
  checkSimulatedBalances,
  quoteRefusal,
  type WatchedAccount,
} from "../../chain/simulated-balances.ts";
import { simulationFailureOf } from "../../chain/simulation-failure.ts";
import { readTokenAccount } from "../../chain/token-account.ts";
import type { AttemptFailure } from "../../order/live-commands.ts";
import type { AccountInfo, Simulation } from "../../ports/chain.ts";
import { type PriorityFee, priorityFee, unitLimitOf } from "../../pricing/priority-fee.ts";
import { SOL_MINT } from "../../primitives/ids.ts";
import { instructionsOf } from "./attempt.ts";
import { noChain, type Obstacle, obstacle, type Tools } from "./obstacle.ts";
import type { Plan } from "./plan.ts";

/** The message that may be signed, and what the simulation showed of it. */
export type Simulated = {
  readonly message: Uint8Array;
  readonly tables: readonly LookupTable[];
  readonly simulation: Simulation;
  readonly fee: PriorityFee;
  readonly gate: GateFacts;
  /** Smallest units, of the wallet (lamports) and its token accounts. */
  readonly changes: readonly OwnChange[];
};

export type OwnChange = {
  readonly account: string;
  readonly mint: string;
  readonly change: bigint;
};

export type SimulatedOutcome =
  | { readonly kind: "simulated"; readonly simulated: Simulated }
  /** The chain would not do it. */
  | { readonly kind: "failed"; readonly simulation: Simulation; readonly failure: AttemptFailure }
  | Refusal
  | Obstacle;

/** How often it is simulated: a table may have changed, and another order's transaction may land between two readings. */
const MOST_READINGS = 3;
/** How much more than quoted a simulation may show where the configuration names no price band. */
const DEFAULT_BAND_BPS = 1_000;

export async function simulateOf(
  tools: Tools,
  plan: Plan,
  explicitLamports: bigint | undefined,
): Promise<SimulatedOutcome> {
  let isFresh = false;
  for (let reading = 1; ; reading += 1) {
    const built = await buildOf(tools, plan, isFresh);
    if (built.kind !== "built") return built;
    const ran = await runOf(tools, plan, built);
    if (ran.kind === "table" && !isFresh) {
      isFresh = true;
      continue;
    }
    if (ran.kind === "table") return obstacle("CHAIN_UNAVAILABLE", ran.message);
    if (ran.kind === "refused" && reading < MOST_READINGS) continue;
    if (ran.kind !== "ran") return ran;
    return finish(tools, plan, { ...built, ...ran, explicitLamports });
  }
}

type Built = {
  readonly kind: "built";
  readonly message: Uint8Array;
  readonly tables: readonly LookupTable[];
  /** Of the bytes that are simulated. */
  readonly facts: GateFacts;
};

/** Puts the message together and lets it pass the gate, before any node sees it. */
async function buildOf(
  { ports }: Tools,
  { intent, own, parts, blockhash }: Plan,
  isFresh: boolean,
): Promise<Built | Obstacle | Refusal> {
  const resolved = await ports.chain.lookupTables(parts.instructions.lookupTables, { isFresh });
  if (resolved.kind === "failed") return noChain(resolved);
  const tables = resolved.value;
  const compiled = ports.compiler.compile({
    payer: intent.wallet,
    blockhash: blockhash.blockhash,
    instructions: instructionsOf(parts, intent.memo),
    lookupTables: tables,
    staticKeys: [...own.map(({ address }) => address), ...(intent.tip ? [intent.tip.account] : [])],
  });
  if (compiled.kind === "problem") return obstacle("TRANSACTION_TOO_LARGE", compiled.message);
  const message = compiled.bytes;
  const { tokenAccountOf } = ports;
  const verdict = checkTransaction({ message, intent, lookupTables: tables, tokenAccountOf });
  if (verdict.kind === "refused") return verdict;
  return { kind: "built", message, tables, facts: verdict.facts };
}

type Ran = {
  readonly kind: "ran";
  readonly simulation: Simulation;
  readonly prices: readonly bigint[];
  readonly changes: readonly OwnChange[];
};

/** Simulates it, while the accounts that it writes are read as they are. */
async function runOf(
  { ports: { chain }, facts: chainFacts, policy }: Tools,
  { intent, slot }: Plan,
  { message, facts }: Built,
): Promise<
  | Ran
  | { readonly kind: "table"; readonly message: string }
  | Exclude<SimulatedOutcome, { kind: "simulated" }>
> {
  const watched = facts.writable;
  const [answer, read, fees] = await Promise.all([
    chain.simulate(message, { watched, minContextSlot: slot }),
    chain.accounts(watched, slot),
    chainFacts.prioritizationFees(watched),
  ]);
  if (answer.kind === "failed") return noChain(answer);
  if (read.kind === "failed") return noChain(read);
  const simulation = answer.value;
  if (simulation.error !== undefined) {
    const { logs } = simulation;
    const { kind, message: words } = simulationFailureOf(simulation.error, { message, logs });
    if (kind === "table") return { kind, message: words };
    return { kind: "failed", simulation, failure: { ...CLASSES[kind], message: words } };
  }
  const accounts = watched.map((address, index) => ({
    ...{ address, before: read.value.accounts[index], after: simulation.accounts[index] },
  }));
  const verdict = checkSimulatedBalances({ intent, facts, accounts });
  if (verdict.kind === "refused") return verdict;
  const bandBps = policy.livePriceBandBps ?? DEFAULT_BAND_BPS;
  const far = quoteRefusal(verdict.balances.received, intent, bandBps);
  if (far) return far;
  return {
    ...{ kind: "ran", simulation, prices: fees.kind === "ok" ? fees.value : [] },
    changes: changesOf(accounts, facts.ownWritable),
  };
}

const CLASSES = {
  slippage: { reason: "SLIPPAGE_EXCEEDED", isRetryable: true },
  state: { reason: "SIMULATION_FAILED", isRetryable: true },
  program: { reason: "SIMULATION_FAILED", isRetryable: false },
} as const;

function changesOf(accounts: readonly WatchedAccount[], own: readonly string[]): OwnChange[] {
  return accounts
    .filter(({ address }) => own.includes(address))
    .map(({ address, before, after }) => {
      const [was, is] = [before && readTokenAccount(before), after && readTokenAccount(after)];
      const mint = (was ?? is)?.mint;
      return mint === undefined
        ? lamportChange(address, before, after)
        : { account: address, mint, change: (is?.amount ?? 0n) - (was?.amount ?? 0n) };
    });
}

const lamportChange = (
  account: string,
  before: AccountInfo | undefined,
  after: AccountInfo | undefined,
): OwnChange => ({
  ...{ account, mint: SOL_MINT },
  change: (after?.lamports ?? 0n) - (before?.lamports ?? 0n),
});

/** Limit and price are known now: they go into the bytes, and the gate looks at those again. */
function finish(
  { ports, config }: Tools,
  { intent, parts }: Plan,
  ran: Omit<Built, "kind"> & Omit<Ran, "kind"> & { readonly explicitLamports: bigint | undefined },
): SimulatedOutcome {
  const { request } = parts.order;
  const fee = priorityFee(
    {
      urgency: request.urgency,
      unitLimit: unitLimitOf(ran.simulation.unitsConsumed),
      prices: ran.prices,
      explicitLamports: ran.explicitLamports,
      tip: intent.tip,
    },
    config.priorityFee,
  );
  if (fee.kind === "refused") {
    const { valueLamports, limitLamports } = fee;
    return refused("fee-cap", `${valueLamports} lamports`, `${limitLamports} lamports`);
  }
  const { tables, simulation, changes } = ran;
  const message = withComputeBudget(ran.message, fee);
  const { tokenAccountOf } = ports;
  const verdict = checkTransaction({ message, intent, lookupTables: tables, tokenAccountOf });
  if (verdict.kind === "refused") return verdict;
  return {
    kind: "simulated",
    simulated: { ...{ message, tables, simulation, fee, changes }, gate: verdict.facts },
  };
}
