/** First funds of a localnet's wallet, out of nothing: the control endpoint makes them. */
import { z } from "zod";
import { COST_MINT } from "../config/cost-mint.ts";
import type { Localnet } from "./network.ts";

const LAMPORTS = 100_000_000_000n;
/** 10,000 USDC. */
const USDC_UNITS = 10_000_000_000n;
const TIMEOUT_MS = 10_000;

const balanceAnswer = z.object({ result: z.object({ value: z.number() }) });

/** 100 SOL and 10,000 USDC for a wallet that has no lamports; the tokens first, so that a start that broke off is made up for. */
export async function fundOnce(
  { controlUrl, rpcUrls }: Pick<Localnet, "controlUrl" | "rpcUrls">,
  wallet: string,
): Promise<void> {
  const [node = ""] = rpcUrls;
  const params = [wallet, { commitment: "processed" }];
  const call = { jsonrpc: "2.0", id: 1, method: "getBalance", params };
  const balance = balanceAnswer.parse(await post(node, call));
  if (balance.result.value > 0) return;
  await post(controlUrl, { tokens: { wallet, mint: COST_MINT, amount: USDC_UNITS.toString() } });
  await post(controlUrl, { airdrop: { address: wallet, lamports: LAMPORTS.toString() } });
}

async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
    redirect: "error",
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  throw new Error(`the localnet gave no funds: ${JSON.stringify(answer).slice(0, 200)}`);
}
