/** What `serve` tells people when it is ready. */

import { formatAmount } from "../../../domain/primitives/amount.ts";
import type { Config } from "../../config.ts";
import type { Running } from "../../serve.ts";
import { fields } from "../output.ts";

const SOL_DECIMALS = 9;

/** `version`: of this program. */
export function welcome(running: Running, config: Config, version: string): string {
  const { grpc, http, store, network, localnet, accounts } = running;
  const target = grpc === "127.0.0.1:50051" ? "" : ` --grpc ${grpc}`;
  const paper = config.firstAccount?.name;
  const how = paper === config.executor.account ? "" : ` --account ${paper}`;
  const onPaper = paper && `npx orderstream trade buy 1.5 SOL --for USDC${target}${how}`;
  const [first] = accounts;
  const live = first?.name === "live" ? "--live" : `--live --account ${first?.name}`;
  return `orderstream ${version} is ready\n${fields([
    ["gRPC", grpc],
    ["HTTP", `http://${http}/readyz`],
    ["store", store],
    ["network", network],
    ["market", localnet?.swapUrl ?? ""],
    ["RPC nodes", localnet?.rpcUrls.join("  ") ?? ""],
    ["Jito", localnet?.jitoUrl ?? ""],
    ["control", localnet ? `${localnet.controlUrl}  (faults, time, forks, funds)` : ""],
    ...accounts.map(({ name, wallet }) => ["live", `account ${name}, wallet ${wallet}`] as const),
    ["try", onPaper ?? ""],
    [
      onPaper ? "" : "try",
      first ? `npx orderstream trade buy SOL --with 20 USDC ${live}${target}` : "",
    ],
    ["stop", "Ctrl-C"],
  ])}`;
}

/** Before real money is traded: whose, how much at most, by whom. Empty elsewhere. */
export function mainnetWarning({ network, accounts, endpoints }: Running, config: Config): string {
  if (network !== "mainnet" || accounts.length === 0) return "";
  const { lamports, tokens, otherMints, maxFeeAndTipLamports } = config.signer.limits;
  const sol = (units: bigint): string => `${formatAmount(units, SOL_DECIMALS)} SOL`;
  const limits = tokens.map(({ mint, perTransaction, perDay }) => {
    const token = config.tokens.find((known) => known.mint === mint);
    const units = (amount: bigint): string => formatAmount(amount, token?.decimals ?? 0);
    return `, ${units(perTransaction)} and ${units(perDay)} ${token?.symbol ?? mint}`;
  });
  const lines = [
    "WARNING: this engine trades REAL MONEY on mainnet",
    ...accounts.map(({ name, wallet }) => `  account ${name}: wallet ${wallet}`),
    `  the signer allows a transaction and a UTC day ${sol(lamports.perTransaction)} and ${sol(lamports.perDay)}${limits.join("")}`,
    `  other tokens: ${otherMints === "refuse" ? "refused" : "WITHOUT LIMIT"}; fee and tip up to ${sol(maxFeeAndTipLamports)} a transaction`,
    `  by ${endpoints.join(", ")} and ${config.jupiter.baseUrls.map((url) => new URL(url).origin).join(", ")}`,
    "  to stop all of it: npx orderstream halt --reason TEXT",
  ];
  return `${lines.join("\n")}\n`;
}
