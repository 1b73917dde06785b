/**
 * Other people's swaps on the local chain: each moves its pool until the pools follow the market again. They know nothing of the
 * engine: Jupiter's API, a key of their own, a node.
 */
import { setTimeout as wait } from "node:timers/promises";
import { Keypair, VersionedTransaction } from "@solana/web3.js";
import { z } from "zod";
import { POOLS } from "../../localnet/market/pools.ts";
import { TOKENS } from "../../localnet/tokens.ts";
import { createRandom, type Random } from "../simulation/random.ts";
import { unitsWorth } from "./orders.ts";

export type OtherTraders = {
  /** Swaps that a node took; some of them fail on the chain. */
  readonly sent: () => number;
  readonly stop: () => Promise<void>;
};

export type OtherTradersOptions = {
  readonly seed: number;
  readonly count: number;
  readonly swapUrl: string;
  readonly rpcUrl: string;
  /** Gives an address SOL and tokens. */
  readonly fund: (address: string) => Promise<void>;
  /** Mean of what a trader waits between two swaps. */
  readonly pauseMs: number;
};

/** US dollars of a swap. */
const SIZES = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000] as const;
const SLIPPAGE_BPS = 1_000;
/** Pools of tokens that everybody may trade. */
const OPEN = POOLS.filter(({ tokens }) => tokens.every((token) => TOKENS.includes(token)));

const swapSchema = z.object({ swapTransaction: z.string() });

export async function startOtherTraders(options: OtherTradersOptions): Promise<OtherTraders> {
  const random = createRandom(options.seed);
  const abort = new AbortController();
  let sent = 0;
  const wallets = Array.from({ length: options.count }, () => Keypair.generate());
  for (const { publicKey } of wallets) await options.fund(publicKey.toBase58());

  async function trade(wallet: Keypair, own: Random): Promise<void> {
    while (!abort.signal.aborted) {
      const pauseMs = own.between(0, 2 * options.pauseMs);
      await wait(pauseMs, undefined, { signal: abort.signal }).catch(() => undefined);
      if (abort.signal.aborted) return;
      if (await swapOnce(options, wallet, own).catch(() => false)) sent += 1;
    }
  }
  const trading = wallets.map((wallet) => trade(wallet, random.fork()));
  return {
    sent: () => sent,
    stop: async () => {
      abort.abort();
      await Promise.all(trading);
    },
  };
}

async function swapOnce(
  { swapUrl, rpcUrl }: OtherTradersOptions,
  wallet: Keypair,
  random: Random,
): Promise<boolean> {
  const { tokens } = random.pick(OPEN);
  const [input, output] = random.chance(0.5) ? tokens : [tokens[1], tokens[0]];
  const query = new URLSearchParams({
    ...{ inputMint: input.mint, outputMint: output.mint, onlyDirectRoutes: "true" },
    ...{ amount: unitsWorth(random.pick(SIZES), input).toString() },
    slippageBps: SLIPPAGE_BPS.toString(),
  });
  const quoteResponse: unknown = await (await fetch(`${swapUrl}/quote?${query}`)).json();
  const userPublicKey = wallet.publicKey.toBase58();
  const built = await post(`${swapUrl}/swap`, { userPublicKey, quoteResponse });
  const { swapTransaction } = swapSchema.parse(await built.json());
  const transaction = VersionedTransaction.deserialize(Buffer.from(swapTransaction, "base64"));
  transaction.sign([wallet]);
  const bytes = Buffer.from(transaction.serialize()).toString("base64");
  const params = [bytes, { encoding: "base64", skipPreflight: true, maxRetries: 0 }];
  const answer = await post(rpcUrl, { jsonrpc: "2.0", id: 1, method: "sendTransaction", params });
  return "result" in z.record(z.string(), z.unknown()).parse(await answer.json());
}

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, {
    ...{ method: "POST", headers: { "content-type": "application/json" } },
    body: JSON.stringify(body),
  });
