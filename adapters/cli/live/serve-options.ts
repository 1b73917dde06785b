/** Options of `serve` for live trading, and the keys of the configuration that they stand for. */
import type { Layer, Tree } from "../../config/layers.ts";
import type { OptionSpec, Options } from "../command.ts";
import { usageError } from "../exit-codes.ts";

export const LIVE_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--network <name>",
    description:
      "localnet | devnet | mainnet | custom | none (default: localnet, none with --jupiter)",
  },
  { flags: "--live", description: "trade live there too (default: on localnet only)" },
  {
    flags: "--rpc <url>",
    description: "a node; repeatable, two or more can prove that a transaction expired",
    repeatable: true,
  },
  {
    flags: "--ws <url>",
    description: "WebSocket of a node, in the order of --rpc; repeatable",
    repeatable: true,
  },
  { flags: "--genesis-hash <hash>", description: "of the chain; needed with --network custom" },
  { flags: "--jupiter-key-file <file>", description: "file with Jupiter's API key" },
  { flags: "--jito <url>", description: "Jito's block engine: the protected route" },
  {
    flags: "--account <name=wallet[:owner]>",
    description: "a live account and the address of its wallet; repeatable",
    repeatable: true,
  },
  {
    flags: "--wallet <file>",
    description: "keystore (default: those in <data>/wallets that an account names); repeatable",
    repeatable: true,
  },
  { flags: "--passphrase-file <file>", description: "of the keystores (else asked for)" },
];

/** By their dotted keys. */
const TEXTS = {
  network: "network",
  "genesis-hash": "genesisHash",
  "jupiter-key-file": "jupiter.apiKeyFile",
  jito: "jito.url",
  "passphrase-file": "signer.passphraseFile",
} as const;
const LISTS = { rpc: "rpc.urls", ws: "rpc.wsUrls", wallet: "signer.keystores" } as const;

/** What the command line says of live trading. Throws a CliError for an account of a wrong form. */
export function liveLayers(options: Options): Layer[] {
  const given: [string, string, unknown][] = [];
  for (const [option, key] of Object.entries(TEXTS)) {
    const value = options.text(option);
    if (value !== undefined) given.push([option, key, value]);
  }
  for (const [option, key] of Object.entries(LISTS)) {
    const values = options.list(option);
    if (values.length > 0) given.push([option, key, values]);
  }
  if (options.flag("live")) given.push(["live", "live", true]);
  const accounts = options.list("account").map(accountOf);
  if (accounts.length > 0) given.push(["account", "accounts", accounts]);
  return given.map(([option, key, value]) => ({
    source: `--${option}`,
    values: treeOf(key, value),
  }));
}

const treeOf = (key: string, value: unknown): Tree => {
  const [first = "", second] = key.split(".");
  return second === undefined ? { [first]: value } : { [first]: { [second]: value } };
};

function accountOf(text: string): Tree {
  const [, name, wallet, owner] = /^([^=]+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
  if (name === undefined || wallet === undefined) {
    throw usageError(
      `--account must be NAME=WALLET or NAME=WALLET:OWNER, not ${JSON.stringify(text)}`,
    );
  }
  return owner === undefined ? { name, wallet } : { name, wallet, owner };
}
