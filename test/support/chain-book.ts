/** What a wallet did on the chain, as its own records of balances say: read over JSON-RPC, with nothing of the engine in between. */
import type { LiveProcesses } from "./live-processes.ts";
import { SOL } from "./live-processes.ts";

export type BookedTransaction = {
  readonly signature: string;
  readonly slot: number;
  /** `orderId#attempt`; undefined: none of an order. */
  readonly memo: string | undefined;
  /** JSON of the chain's error; undefined: success. */
  readonly error: string | undefined;
  readonly feeLamports: bigint;
  /** Smallest units by mint that the wallet gained or lost; SOL is its lamports, fee and tip included. */
  readonly changes: ReadonlyMap<string, bigint>;
};

export type Balances = ReadonlyMap<string, bigint>;

const PAGE = 1_000;
const TOKEN_PROGRAMS = [
  "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
  "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
];

type Signature = { signature: string; slot: number; memo: string | null; err: unknown };
type TokenBalance = { owner: string; mint: string; uiTokenAmount: { amount: string } };
type Transaction = {
  meta: {
    fee: number;
    preBalances: number[];
    postBalances: number[];
    preTokenBalances: TokenBalance[];
    postTokenBalances: TokenBalance[];
  };
};
type Rpc = Pick<LiveProcesses, "rpc" | "wallet">;

/** Final transactions that the wallet paid for, newest first. */
export async function readTransactions({ rpc, wallet }: Rpc): Promise<BookedTransaction[]> {
  const booked: BookedTransaction[] = [];
  for (let before: string | undefined; ; ) {
    const options = { limit: PAGE, commitment: "finalized", ...(before ? { before } : {}) };
    const page = (await rpc("getSignaturesForAddress", [wallet, options])) as Signature[];
    for (const { signature, slot, memo, err } of page) {
      // Whoever funded the wallet wrote none.
      const found = /([0-9a-f-]{36}#\d+)$/.exec(memo ?? "")?.[1];
      const how = { commitment: "finalized", maxSupportedTransactionVersion: 0 };
      const { meta } = (await rpc("getTransaction", [signature, how])) as Transaction;
      booked.push({
        ...{ signature, slot, memo: found, feeLamports: BigInt(meta.fee) },
        error: err === null ? undefined : JSON.stringify(err),
        changes: changesOf(meta, wallet),
      });
    }
    before = page.at(-1)?.signature;
    if (page.length < PAGE) return booked;
  }
}

function changesOf(meta: Transaction["meta"], wallet: string): Map<string, bigint> {
  const changes = new Map<string, bigint>();
  const add = (mint: string, amount: bigint): void => {
    changes.set(mint, (changes.get(mint) ?? 0n) + amount);
  };
  add(SOL, BigInt(meta.postBalances[0] ?? 0) - BigInt(meta.preBalances[0] ?? 0));
  for (const [balances, sign] of [
    [meta.preTokenBalances, -1n],
    [meta.postTokenBalances, 1n],
  ] as const) {
    for (const { owner, mint, uiTokenAmount } of balances) {
      if (owner === wallet && mint !== SOL) add(mint, sign * BigInt(uiTokenAmount.amount));
    }
  }
  return changes;
}

/** Final lamports under the mint of SOL, and tokens by their mints. */
export async function readBalances({ rpc, wallet }: Rpc): Promise<Balances> {
  const finalized = { commitment: "finalized" };
  const lamports = (await rpc("getBalance", [wallet, finalized])) as { value: number };
  const balances = new Map([[SOL, BigInt(lamports.value)]]);
  for (const programId of TOKEN_PROGRAMS) {
    const how = { ...finalized, encoding: "jsonParsed" };
    const { value } = (await rpc("getTokenAccountsByOwner", [wallet, { programId }, how])) as {
      value: {
        account: { data: { parsed: { info: { mint: string; tokenAmount: { amount: string } } } } };
      }[];
    };
    for (const { account } of value) {
      const { mint, tokenAmount } = account.data.parsed.info;
      const key = mint === SOL ? "wrapped SOL" : mint;
      balances.set(key, (balances.get(key) ?? 0n) + BigInt(tokenAmount.amount));
    }
  }
  return balances;
}
