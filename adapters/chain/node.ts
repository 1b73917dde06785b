/**
 * One node: every method that the engine uses, each answer parsed and named by who gave it. The four of the port are independent
 * evidence; the others serve `createChain`, which asks one node after the other.
 */
import { z } from "zod";
import { readTransaction } from "../../domain/chain/transaction.ts";
import { formWords } from "../../domain/codec/form-words.ts";
import type {
  AccountInfo,
  BlockhashInfo,
  ChainAnswer,
  ChainFailure,
  ChainNode,
  Simulation,
} from "../../domain/ports/chain.ts";
import {
  accountsAnswer,
  addressAnswer,
  blockhashAnswer,
  blockhashValidAnswer,
  epochInfoAnswer,
  lamportsAnswer,
  prioritizationFeesAnswer,
  simulationAnswer,
  slotAnswer,
  statusesAnswer,
} from "./answers.ts";
import { createGenesisCheck, type GenesisVerdict } from "./genesis.ts";
import type { JsonRpc } from "./json-rpc.ts";
import type { NodeHealth } from "./node-health.ts";

const COMMITMENT = "confirmed";
const anyAnswer = z.unknown();
/** Limits of `getSignatureStatuses`, `getMultipleAccounts` and `getRecentPrioritizationFees`. */
const MAX_SIGNATURES = 256;
const MAX_ACCOUNTS = 100;
const MAX_FEE_ACCOUNTS = 128;
/** Foreign transactions of version 1 must be readable too: without it a node refuses to show them. */
const MAX_TRANSACTION_VERSION = 1;
const SIGNATURE_BYTES = 64;

export type AccountsAt = {
  readonly slot: number;
  readonly accounts: readonly (AccountInfo | undefined)[];
};

export type RpcChainNode = ChainNode & {
  readonly health: NodeHealth;
  genesis(): Promise<GenesisVerdict>;
  latestBlockhash(): Promise<ChainAnswer<BlockhashInfo>>;
  /** An answer from before `minContextSlot` is `behind`. */
  accounts(addresses: readonly string[], minContextSlot: number): Promise<ChainAnswer<AccountsAt>>;
  simulate(
    message: Uint8Array,
    options: { readonly watched: readonly string[]; readonly minContextSlot: number },
  ): Promise<ChainAnswer<Simulation>>;
  prioritizationFees(writable: readonly string[]): Promise<ChainAnswer<readonly bigint[]>>;
  rentExemption(bytes: number): Promise<ChainAnswer<bigint>>;
  close(): void;
};

export type NodeOptions = {
  readonly rpc: JsonRpc;
  readonly genesisHash: string;
  readonly health: NodeHealth;
};

type Question<S extends z.ZodType> = {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly schema: S;
  /** What is wrong with the answer as one to this very question. */
  readonly problem?: (answer: z.output<S>) => string | undefined;
};

const failed = (kind: ChainFailure["class"], message: string): ChainFailure => ({
  kind: "failed",
  class: kind,
  message,
});

export function createNode({ rpc, genesisHash, health }: NodeOptions): RpcChainNode {
  /** Whoever it is. */
  async function askAnybody<S extends z.ZodType>(
    question: Question<S>,
  ): Promise<ChainAnswer<z.output<S>>> {
    const { method, params, schema } = question;
    const outcome = await rpc.call({ method, params, isRepeatable: true });
    if (outcome.kind === "failed") {
      const { class: kind, message, retryAfterMs } = outcome;
      if (kind === "unreachable") genesis.doubt();
      return noted({ ...failed(kind, `${method}: ${message}`), retryAfterMs });
    }
    const parsed = schema.safeParse(outcome.result, { error: formWords });
    const problem = parsed.success ? question.problem?.(parsed.data) : problemOf(parsed.error);
    if (!parsed.success || problem !== undefined) {
      return noted(failed("malformed", `${method}: ${problem}`));
    }
    health.succeeded();
    return { kind: "ok", value: parsed.data, node: rpc.name };
  }

  function noted(failure: ChainFailure): ChainFailure {
    health.failed(failure);
    return failure;
  }

  const genesis = createGenesisCheck({
    node: rpc.name,
    expected: genesisHash,
    ask: () => askAnybody({ method: "getGenesisHash", params: [], schema: addressAnswer }),
  });

  async function ask<S extends z.ZodType>(question: Question<S>) {
    return (await genesis.ensure()) ?? (await askAnybody(question));
  }

  /** Of answers with a context: notes the slot, and refuses those from before `minContextSlot`. */
  async function askAt<T extends { readonly slot: number }>(
    question: Question<z.ZodType<T>>,
    minContextSlot = 0,
  ): Promise<ChainAnswer<T>> {
    const answer = await ask(question);
    if (answer.kind === "failed") return answer;
    const { slot } = answer.value;
    health.told(slot);
    if (slot >= minContextSlot) return answer;
    return failed("behind", `${question.method}: slot ${slot}, before slot ${minContextSlot}`);
  }

  const tooMany = (what: string, limit: number): ChainFailure =>
    failed("refused", `at most ${limit} ${what} in one call`);

  return {
    name: rpc.name,
    health,
    genesis: genesis.verdict,
    close: rpc.close,

    finalizedHeight: () =>
      ask({
        method: "getEpochInfo",
        params: [{ commitment: "finalized" }],
        schema: epochInfoAnswer,
      }),

    async witness(blockhash) {
      const valid = await askAt({
        method: "isBlockhashValid",
        params: [blockhash, { commitment: "confirmed" }],
        schema: blockhashValidAnswer,
      });
      if (valid.kind === "failed") return valid;
      // Afterwards: the height at which it was valid is not above this one.
      const height = await ask({
        method: "getEpochInfo",
        params: [{ commitment: "confirmed" }],
        schema: epochInfoAnswer,
      });
      if (height.kind === "failed") return height;
      const { isValid } = valid.value;
      return { ...height, value: { isValid, blockHeight: height.value.blockHeight } };
    },

    async statuses(signatures, { searchHistory }) {
      if (signatures.length > MAX_SIGNATURES) return tooMany("signatures", MAX_SIGNATURES);
      return await askAt({
        method: "getSignatureStatuses",
        params: [signatures, { searchTransactionHistory: searchHistory }],
        schema: statusesAnswer,
        problem: ({ statuses }) => lengthProblem(statuses, signatures.length),
      });
    },

    firstAvailableBlock: () =>
      ask({ method: "getFirstAvailableBlock", params: [], schema: slotAnswer }),

    async transaction(signature, commitment) {
      const method = "getTransaction";
      const maxSupportedTransactionVersion = MAX_TRANSACTION_VERSION;
      // The node's base58 is cheaper than ours: json takes half the time of base64.
      const wanted = { encoding: "json", commitment, maxSupportedTransactionVersion };
      const answer = await ask({ method, params: [signature, wanted], schema: anyAnswer });
      if (answer.kind === "failed") return answer;
      if (answer.value === null) return { ...answer, value: undefined };
      const read = readTransaction(answer.value);
      if (read.kind === "problem") return failed("malformed", `${method}: ${read.problem}`);
      if (read.transaction.signature !== signature) {
        return failed("malformed", `${method}: answer to another request: signature`);
      }
      return { ...answer, value: read.transaction };
    },

    latestBlockhash: () =>
      askAt({
        method: "getLatestBlockhash",
        params: [{ commitment: COMMITMENT }],
        schema: blockhashAnswer,
      }),

    async accounts(addresses, minContextSlot) {
      if (addresses.length > MAX_ACCOUNTS) return tooMany("accounts", MAX_ACCOUNTS);
      const wanted = { encoding: "base64", commitment: COMMITMENT, ...atLeast(minContextSlot) };
      return await askAt(
        {
          method: "getMultipleAccounts",
          params: [addresses, wanted],
          schema: accountsAnswer,
          problem: (answer) => lengthProblem(answer.accounts, addresses.length),
        },
        minContextSlot,
      );
    },

    async simulate(message, { watched, minContextSlot }) {
      const wanted = {
        encoding: "base64",
        sigVerify: false,
        replaceRecentBlockhash: true,
        commitment: COMMITMENT,
        ...atLeast(minContextSlot),
        ...(watched.length > 0 ? { accounts: { encoding: "base64", addresses: watched } } : {}),
      };
      const answer = await askAt(
        {
          method: "simulateTransaction",
          params: [unsigned(message), wanted],
          schema: simulationAnswer,
          problem: ({ error, accounts }) =>
            error === undefined ? lengthProblem(accounts, watched.length) : undefined,
        },
        minContextSlot,
      );
      if (answer.kind === "failed" || answer.value.error === undefined) return answer;
      const accounts = watched.map(() => undefined);
      return { ...answer, value: { ...answer.value, accounts } };
    },

    prioritizationFees: (writable) =>
      ask({
        method: "getRecentPrioritizationFees",
        params: [writable.slice(0, MAX_FEE_ACCOUNTS)],
        schema: prioritizationFeesAnswer,
      }),

    rentExemption: (bytes) =>
      ask({
        method: "getMinimumBalanceForRentExemption",
        params: [bytes, { commitment: COMMITMENT }],
        schema: lamportsAnswer,
      }),
  };
}

function problemOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join(".") || "the result"} ${issue?.message ?? "is wrong"}`;
}

const lengthProblem = (list: readonly unknown[], asked: number): string | undefined =>
  list.length === asked ? undefined : `the result is a list of ${list.length} for ${asked}`;

const atLeast = (minContextSlot: number) => (minContextSlot > 0 ? { minContextSlot } : {});

/** The message of a v0 (or legacy) transaction with empty signatures in front, as base64. */
function unsigned(message: Uint8Array): string {
  const first = message[0] ?? 0;
  const signers = (first >= 0x80 ? message[1] : first) ?? 0;
  const bytes = Buffer.alloc(1 + signers * SIGNATURE_BYTES + message.length);
  bytes[0] = signers;
  bytes.set(message, 1 + signers * SIGNATURE_BYTES);
  return bytes.toString("base64");
}
