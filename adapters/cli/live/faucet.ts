/** `faucet`: SOL and tokens out of nothing for a wallet on a local chain. */

import { decodeBase58 } from "../../../domain/chain/bytes.ts";
import type { Token } from "../../../domain/order/policy.ts";
import { formatAmount, parseAmount, U64_MAX } from "../../../domain/primitives/amount.ts";
import { ADDRESS_PATTERN } from "../../../domain/primitives/ids.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { jsonLine } from "../output.ts";
import { tokenTable } from "../tokens.ts";
import {
  airdropByControl,
  airdropByRpc,
  decimalsOf,
  loopbackUrl,
  mintByControl,
} from "./localnet-client.ts";
import { DEFAULT_CONTROL_URL } from "./localnet-ports.ts";

const SOL_DECIMALS = 9;
const DEFAULT_SOL = "10";
/** What one airdrop of the local chain gives at most: a million SOL. */
const MAX_LAMPORTS = 1_000_000_000_000_000n;
const MAX_TOKENS = 20;

export const faucetCommand: CommandSpec = {
  name: "faucet",
  operands: "<address>",
  summary: "give a wallet SOL and tokens on a local chain, out of nothing",
  needs: "localnet",
  options: [
    {
      flags: "--sol <n>",
      description: "SOL, up to 1000000 (default: 10 where no --token is given)",
    },
    {
      flags: "--token <symbol=n>",
      description: "tokens, by symbol or mint address; repeatable",
      repeatable: true,
    },
    {
      flags: "--control <url>",
      description: `control endpoint of a localnet (default: ${DEFAULT_CONTROL_URL})`,
    },
    { flags: "--rpc <url>", description: "SOL by requestAirdrop of this node instead" },
  ],
  notes:
    "Only a chain on this machine is asked. Tokens come from the control endpoint, whatever the\n" +
    "mint; any other local test network gives SOL by --rpc.",
  examples: [
    "faucet 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU",
    "faucet 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU --sol 5 --token USDC=1000 --token JUP=50",
    "faucet 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU --rpc http://127.0.0.1:8899",
  ],
  run: faucet,
};

type Wanted = { readonly symbol: string; readonly mint: string; readonly units: bigint };

async function faucet(call: Call): Promise<ExitCode> {
  const { operands, options, io } = call;
  const config = configOf(call);
  const address = walletOf(operands[0] ?? "");
  const given = options.list("token");
  const rpc = options.text("rpc");
  const hasControl = options.text("control") !== undefined;
  if (rpc !== undefined && given.length > 0 && !hasControl) {
    throw usageError(
      "--token needs --control URL beside --rpc: tokens are made by the control endpoint of " +
        "`orderstream localnet`, no node gives them",
    );
  }
  const node = rpc === undefined ? undefined : loopbackUrl(rpc, "--rpc");
  const control = loopbackUrl(options.text("control") ?? DEFAULT_CONTROL_URL, "--control");
  const lamports = lamportsOf(options.text("sol") ?? (given.length > 0 ? "0" : DEFAULT_SOL));
  if (given.length > MAX_TOKENS) throw usageError(`--token may be given ${MAX_TOKENS} times`);
  const wanted: Wanted[] = [];
  for (const text of given) wanted.push(await wantedOf(text, config.tokens, control));

  const done: { signature?: string; tokens: object[] } = { tokens: [] };
  const said: string[] = [];
  if (lamports > 0n) {
    done.signature = node
      ? await airdropByRpc(node, address, lamports)
      : await airdropByControl(control, { address, lamports: lamports.toString() });
    said.push(`${formatAmount(lamports, SOL_DECIMALS)} SOL`);
  }
  for (const { symbol, mint, units } of wanted) {
    const amount = units.toString();
    const account = await mintByControl(control, { wallet: address, mint, amount });
    done.tokens.push({ mint, amount, account });
    said.push(symbol);
  }
  if (options.flag("json")) io.out(jsonLine({ address, lamports, ...done }));
  else io.out(`${said.join(", ")} for ${address}\n`);
  return EXIT.ok;
}

/** A zero is nothing to give. */
function lamportsOf(text: string): bigint {
  const lamports = parseAmount(text, SOL_DECIMALS);
  if (lamports !== undefined && lamports <= MAX_LAMPORTS) return lamports;
  throw usageError(
    `--sol must be SOL from 0 to 1000000 with at most ${SOL_DECIMALS} decimals, ` +
      `not ${JSON.stringify(text)}`,
  );
}

function walletOf(text: string): string {
  if (decodeBase58(text.slice(0, 100))?.length === 32) return text;
  throw usageError(
    `${JSON.stringify(text.slice(0, 100))} is no address of a wallet: write 32 bytes in base58`,
  );
}

/** `USDC=1000`, or a mint's address for the name. */
async function wantedOf(text: string, tokens: readonly Token[], control: string): Promise<Wanted> {
  const [name = "", amount = "", ...rest] = text.split("=");
  if (name === "" || amount === "" || rest.length > 0) {
    throw usageError(
      `--token must be SYMBOL=AMOUNT such as USDC=1000, not ${JSON.stringify(text)}`,
    );
  }
  const isUnknownMint = ADDRESS_PATTERN.test(name) && !tokens.some(({ mint }) => mint === name);
  const { mint, symbol, decimals } = isUnknownMint
    ? { mint: name, symbol: name, decimals: await decimalsOf(control, name) }
    : tokenTable(tokens).find(name);
  const units = parseAmount(amount, decimals);
  if (units !== undefined && units > 0n && units <= U64_MAX) {
    return { mint, units, symbol: `${formatAmount(units, decimals)} ${symbol}` };
  }
  throw usageError(
    `--token ${text}: the amount must be greater than 0, with at most ${decimals} decimals`,
  );
}
