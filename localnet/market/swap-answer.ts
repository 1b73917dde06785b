/**
 * The answers of `POST /swap-instructions` and `POST /swap`, with the fields of recorded ones.
 */
import {
  AddressLookupTableAccount,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { requireAddress } from "../chain/base58.ts";
import { TIP_ACCOUNTS } from "../jito/tip-accounts.ts";
import type { MarketChain } from "./chain-pools.ts";
import type { Answer } from "./faults.ts";
import { type Instruction, transferLamports, unitLimit, unitPrice } from "./plain-instructions.ts";
import { refusal } from "./quote.ts";
import { planSwap, refusedPlan, type SwapPlan } from "./swap-plan.ts";
import type { SwapOrder } from "./swap-request.ts";

/** What Jupiter sets where it does not simulate, and the most that a transaction may ask for. */
const DEFAULT_UNIT_LIMIT = 1_400_000;
/** What "auto" and the levels stand for, in lamports. */
const FEE_BY_LEVEL = { auto: 5_000, medium: 2_500, high: 5_000, veryHigh: 10_000 } as const;
const TIP_ACCOUNT = TIP_ACCOUNTS[0] ?? "";
const MICRO = 1_000_000n;

export type SwapKind = "swap" | "swap-instructions";
/** Changes an honest plan; the identity where nothing is switched on. */
export type Tamper = (plan: SwapPlan, order: SwapOrder) => SwapPlan;

export type SwapTask = {
  readonly kind: SwapKind;
  readonly chain: MarketChain;
  readonly order: SwapOrder;
  readonly tamper: Tamper;
};

type Budget = {
  readonly unitLimit: number;
  /** Lamports, without a tip. */
  readonly feeLamports: number;
  readonly price: bigint;
  readonly tip: Instruction[];
};

export function answerSwap({ kind, chain, order, tamper }: SwapTask): Answer {
  const startedMs = performance.now();
  const refused = refusedPlan(order);
  if (refused !== undefined) return refusal("NOT_SUPPORTED", refused);
  const honest = planSwap(order, (address) => chain.getAccount(address) !== undefined);
  const first = budgetOf(order, DEFAULT_UNIT_LIMIT);
  const plan = tamper({ ...honest, other: first.tip }, order);
  const simulated = order.request.dynamicComputeUnitLimit
    ? simulate(chain, order, [budgetInstructions(first), plan])
    : { unitLimit: DEFAULT_UNIT_LIMIT, error: null };
  const asked = budgetOf(order, simulated.unitLimit);
  const budget = { ...asked, price: plan.unitPrice ?? asked.price };
  const common = {
    prioritizationFeeLamports: budget.feeLamports,
    computeUnitLimit: budget.unitLimit,
    prioritizationType: prioritizationOf(order, budget),
    simulationSlot: chain.slot(),
    dynamicSlippageReport: null,
    simulationError: simulated.error,
    addressesByLookupTableAddress: null,
  };
  const { blockhash, lastValidBlockHeight } = chain.latestBlockhash();
  if (kind === "swap") {
    const raw = serialize(chain, order, [budgetInstructions(budget), plan]);
    if (!raw) {
      const reason = "The transaction does not fit: too large, or a lookup table is not there";
      return refusal("FAILED_TO_GET_SWAP_AND_ACCOUNT_METAS", reason);
    }
    const swapTransaction = Buffer.from(raw).toString("base64");
    return { status: 200, body: { swapTransaction, lastValidBlockHeight, ...common } };
  }
  const seconds = Math.floor(Date.now() / 1000);
  return {
    status: 200,
    body: {
      tokenLedgerInstruction: null,
      computeBudgetInstructions: budgetInstructions(budget).map(asJson),
      setupInstructions: plan.setup.map(asJson),
      swapInstruction: asJson(plan.swap),
      cleanupInstruction: plan.cleanup ? asJson(plan.cleanup) : null,
      otherInstructions: plan.other.map(asJson),
      addressLookupTableAddresses: plan.tables,
      ...common,
      blockhashWithMetadata: {
        blockhash: [...requireAddress(blockhash)],
        lastValidBlockHeight,
        fetchedAt: { secs_since_epoch: seconds, nanos_since_epoch: 0 },
      },
      timeTaken: Math.round((performance.now() - startedMs) * 1_000) / 1_000_000,
      createAtaTimeTaken: 0,
    },
  };
}

const asJson = ({ programId, accounts, data }: Instruction) => ({
  programId,
  accounts,
  data: Buffer.from(data).toString("base64"),
});

function budgetOf({ request }: SwapOrder, limit: number): Budget {
  const wanted = request.prioritizationFeeLamports ?? undefined;
  const user = request.userPublicKey;
  const tip = (from: string, lamports: number) => [
    transferLamports(from, TIP_ACCOUNT, BigInt(lamports)),
  ];
  const paying = (feeLamports: number): Budget => ({
    ...{ unitLimit: limit, feeLamports, tip: [] },
    price: (BigInt(feeLamports) * MICRO) / BigInt(limit),
  });
  if (request.computeUnitPriceMicroLamports) {
    const price = BigInt(request.computeUnitPriceMicroLamports);
    const feeLamports = Number((price * BigInt(limit) + MICRO - 1n) / MICRO);
    return { unitLimit: limit, feeLamports, price, tip: [] };
  }
  if (wanted === undefined) return paying(0);
  if (wanted === "auto") return paying(FEE_BY_LEVEL.auto);
  if (typeof wanted === "number") return paying(wanted);
  if ("jitoTipLamports" in wanted) {
    return { ...paying(0), tip: tip(user, wanted.jitoTipLamports) };
  }
  if ("jitoTipLamportsWithPayer" in wanted) {
    const { payer, lamports } = wanted.jitoTipLamportsWithPayer;
    return { ...paying(0), tip: tip(payer, lamports) };
  }
  const { priorityLevel, maxLamports } = wanted.priorityLevelWithMaxLamports;
  return paying(Math.min(FEE_BY_LEVEL[priorityLevel], maxLamports));
}

const budgetInstructions = ({ unitLimit: limit, price }: Budget): Instruction[] => [
  unitLimit(limit),
  ...(price > 0n ? [unitPrice(price)] : []),
];

function prioritizationOf({ request }: SwapOrder, { price }: Budget) {
  const wanted = request.prioritizationFeeLamports;
  if (typeof wanted === "object" && wanted !== null && "jitoTipLamports" in wanted) {
    return { jito: { lamports: wanted.jitoTipLamports } };
  }
  const microLamports = Number(price);
  return { computeBudget: { microLamports, estimatedMicroLamports: microLamports } };
}

type Parts = readonly [budget: readonly Instruction[], plan: SwapPlan];

function simulate(chain: MarketChain, order: SwapOrder, parts: Parts) {
  const raw = serialize(chain, order, parts);
  if (!raw) return { unitLimit: DEFAULT_UNIT_LIMIT, error: null };
  const { err, unitsConsumed } = chain.simulate(raw);
  if (err !== null) {
    const error = typeof err === "string" ? err : JSON.stringify(err);
    return { unitLimit: DEFAULT_UNIT_LIMIT, error: { errorCode: "TRANSACTION_ERROR", error } };
  }
  return { unitLimit: Math.min(DEFAULT_UNIT_LIMIT, Math.ceil(unitsConsumed * 1.2)), error: null };
}

/** The unsigned transaction; undefined where it is too large or a table cannot be read. */
function serialize(
  chain: MarketChain,
  { request }: SwapOrder,
  [budget, plan]: Parts,
): Uint8Array | undefined {
  const cleanup = plan.cleanup ? [plan.cleanup] : [];
  const instructions = [...budget, ...plan.setup, plan.swap, ...cleanup, ...plan.other];
  const message = new TransactionMessage({
    payerKey: new PublicKey(request.payer ?? request.userPublicKey),
    recentBlockhash: chain.latestBlockhash().blockhash,
    instructions: instructions.map(webInstruction),
  });
  try {
    const compiled = request.asLegacyTransaction
      ? message.compileToLegacyMessage()
      : message.compileToV0Message(plan.tables.map((address) => tableOf(chain, address)));
    const raw = new VersionedTransaction(compiled).serialize();
    return raw.length <= 1_232 ? raw : undefined;
  } catch {
    return undefined;
  }
}

function tableOf(chain: MarketChain, address: string): AddressLookupTableAccount {
  const account = chain.getAccount(address);
  if (!account) throw new Error(`no lookup table ${address}`);
  const state = AddressLookupTableAccount.deserialize(account.data);
  return new AddressLookupTableAccount({ key: new PublicKey(address), state });
}

const webInstruction = ({ programId, accounts, data }: Instruction) =>
  new TransactionInstruction({
    programId: new PublicKey(programId),
    keys: accounts.map(({ pubkey, ...flags }) => ({ ...flags, pubkey: new PublicKey(pubkey) })),
    data: Buffer.from(data),
  });
