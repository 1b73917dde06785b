/**
 * What the live smoke test needs, from the environment alone: nothing has a default that costs money. Names begin with SMOKE_, so that
 * the engine's own variables play no part.
 */
import { isLoopback } from "../../adapters/config/address.ts";
import { isRemoteUrl } from "../../adapters/config/live-schema.ts";
import { parseAmount } from "../../domain/primitives/amount.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export type SmokeSettings = {
  readonly network: "mainnet" | "custom";
  readonly genesisHash: string;
  /** May hold keys: never to be shown whole. */
  readonly rpcUrls: readonly string[];
  readonly jupiterUrl: string;
  readonly jupiterKeyFile: string;
  readonly wallet:
    | { readonly kind: "keystore"; readonly file: string; readonly passphraseFile: string }
    | { readonly kind: "key-file"; readonly file: string };
  readonly lamports: bigint;
  readonly data: string;
};

const SOL_DECIMALS = 9;
/** 0.0001 and 0.01 SOL: enough to be a trade, too little to be a loss. */
const LEAST_LAMPORTS = 100_000n;
const MOST_LAMPORTS = 10_000_000n;
/** Of Solana mainnet: solana.com/docs/references/clusters. */
const MAINNET = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
const JUPITER = "https://api.jup.ag/swap/v1";

/** All problems at once, one sentence each, with the variable's name. */
export function readSettings(
  environment: Environment,
): { readonly settings: SmokeSettings } | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const given = (name: string, why: string): string => {
    const value = environment[name]?.trim() ?? "";
    if (value === "") problems.push(`${name} is not set: ${why}`);
    return value;
  };
  if (environment.CI) problems.push("CI is set: this trades with real money and never runs there");
  const network = networkOf(environment.SMOKE_NETWORK, problems);
  const isCustom = network === "custom";
  const settings: SmokeSettings = {
    network,
    genesisHash: isCustom ? given("SMOKE_GENESIS_HASH", "the chain's own hash") : MAINNET,
    rpcUrls: urlsOf(
      given("SMOKE_RPC_URLS", "two nodes or more, of different providers, separated by commas"),
      { isCustom, problems },
    ),
    jupiterUrl: isCustom ? given("SMOKE_JUPITER_URL", "the Swap API of that chain") : JUPITER,
    jupiterKeyFile: given("SMOKE_JUPITER_KEY_FILE", "the file with Jupiter's API key"),
    wallet: walletOf(environment, given, problems),
    lamports: lamportsOf(given("SMOKE_AMOUNT_SOL", "SOL to sell, such as 0.001"), problems),
    data: environment.SMOKE_DATA || "./.orderstream-smoke",
  };
  return problems.length > 0 ? { problems } : { settings };
}

function networkOf(value: string | undefined, problems: string[]): SmokeSettings["network"] {
  if (value === "custom") return "custom";
  if (value && value !== "mainnet") {
    problems.push("SMOKE_NETWORK must be mainnet or custom (a chain on this machine), or absent");
  }
  return "mainnet";
}

/** URLs are not repeated in what is said: they may hold keys. */
function urlsOf(
  text: string,
  { isCustom, problems }: { readonly isCustom: boolean; readonly problems: string[] },
): string[] {
  if (text === "") return [];
  const urls = text.split(",").map((url) => url.trim());
  const isWrong = urls.some((url) => !isRemoteUrl(url, "https", "http"));
  if (isWrong) problems.push("SMOKE_RPC_URLS must be https:// addresses (http:// on loopback)");
  else if (new Set(urls.map((url) => new URL(url).host)).size < 2) {
    problems.push("SMOKE_RPC_URLS must name two hosts or more: one node proves no expiry");
  } else if (isCustom && urls.some((url) => !isLoopback(new URL(url).hostname))) {
    problems.push("SMOKE_RPC_URLS must be on this machine with SMOKE_NETWORK custom");
  }
  return urls;
}

function walletOf(
  environment: Environment,
  given: (name: string, why: string) => string,
  problems: string[],
): SmokeSettings["wallet"] {
  const { SMOKE_KEYSTORE: keystore, SMOKE_KEY_FILE: keyFile } = environment;
  if (!keystore && !keyFile) {
    problems.push(
      "SMOKE_KEYSTORE is not set: the wallet of `orderstream wallet new` (or SMOKE_KEY_FILE, a file with 64 numbers)",
    );
  } else if (keystore && keyFile) {
    problems.push("SMOKE_KEYSTORE and SMOKE_KEY_FILE are both set: give one of them");
  }
  if (!keystore) return { kind: "key-file", file: keyFile ?? "" };
  const passphraseFile = given("SMOKE_PASSPHRASE_FILE", "the file with the keystore's passphrase");
  return { kind: "keystore", file: keystore, passphraseFile };
}

function lamportsOf(text: string, problems: string[]): bigint {
  if (text === "") return 0n;
  const lamports = parseAmount(text, SOL_DECIMALS);
  if (lamports !== undefined && lamports >= LEAST_LAMPORTS && lamports <= MOST_LAMPORTS) {
    return lamports;
  }
  problems.push(`SMOKE_AMOUNT_SOL must be 0.0001 to 0.01, not ${JSON.stringify(text)}`);
  return 0n;
}
