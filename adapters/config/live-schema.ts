/**
 * Keys of live trading: network, nodes, senders, accounts, signer, limits. Addresses of nodes may hold keys, so that no message
 * ever repeats one. What belongs together is checked in check-live.ts.
 */
import { z } from "zod";
import { decodeBase58 } from "../../domain/chain/bytes.ts";
import {
  ACCOUNT_ID_PATTERN,
  type AccountId,
  NEW_ACCOUNT,
  NEW_ACCOUNT_PATTERN,
  type Principal,
} from "../../domain/primitives/ids.ts";
import { isLoopback } from "./address.ts";
import { lamports, list, text, textList, whole, wholeTokens } from "./values.ts";

const NETWORKS = ["localnet", "devnet", "mainnet", "custom", "none"] as const;
export type Network = (typeof NETWORKS)[number];

export const networkSchema = z.enum(NETWORKS, `must be one of: ${NETWORKS.join(", ")}`).optional();

const YES_NO = "must be true or false";
export const yesNo = z.boolean(YES_NO);

const KEY_BYTES = 32;
const isKey = (value: string): boolean =>
  value.length <= 44 && decodeBase58(value)?.length === KEY_BYTES;
const HASH = "must be a hash of 32 bytes in base58";
const KEY = "must be an address of 32 bytes in base58";

export const genesisHashSchema = z.string(HASH).refine(isKey, HASH).optional();
const publicKey = z.string(KEY).refine(isKey, KEY);

const MAX_URL = 2_000;

/** `secure` from anywhere, `plain` on loopback only; a key may stand in path and query. */
export function isRemoteUrl(text: string, secure: "https" | "wss", plain: "http" | "ws"): boolean {
  const url = URL.parse(text);
  if (url?.hash !== "" || text.length > MAX_URL) return false;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return url.protocol === `${secure}:` || (url.protocol === `${plain}:` && isLoopback(host));
}

export const HTTP_URL = "must be an https:// address (http:// on loopback only) without #";
const httpUrl = z.string(HTTP_URL).refine((url) => isRemoteUrl(url, "https", "http"), HTTP_URL);

const SOCKET_URL = "must be a wss:// address (ws:// on loopback only) without #, or empty";
/** An empty text: where web3.js would look for it. */
const socketUrl = z
  .string(SOCKET_URL)
  .refine((url) => url === "" || isRemoteUrl(url, "wss", "ws"), SOCKET_URL);

/** Of one group of nodes or senders. */
const MOST_NODES = 8;
const nodes = list(0, MOST_NODES);

export const rpcSchema = z.strictObject({
  urls: z.array(httpUrl, nodes).max(MOST_NODES, nodes),
  wsUrls: z.array(socketUrl, nodes).max(MOST_NODES, nodes),
  timeoutMs: whole(10, 60_000),
});

export const jitoSchema = z.strictObject({
  url: httpUrl.optional(),
  authKeyFile: text(1_000).optional(),
});

export const privateSendersSchema = z.array(httpUrl, nodes).max(MOST_NODES, nodes);

const DEX = "must be a name of 1 to 64 printable characters without commas";
const dexes = z
  .array(z.string(DEX).regex(/^(?! )[ -+\--~]{1,64}$/, DEX), list(0, 100))
  .max(100, list(0, 100));

/** What is asked of Jupiter beside the trade itself. */
export const routeFields = {
  requestsPerMinute: whole(0, 1_000_000).optional(),
  // One byte in the instruction.
  platformFeeBps: whole(0, 255),
  restrictIntermediateTokens: yesNo,
  onlyDirectRoutes: yesNo.optional(),
  maxAccounts: whole(1, 64).optional(),
  useSharedAccounts: yesNo.optional(),
  skipUserAccountsRpcCalls: yesNo,
  dexes,
  excludeDexes: dexes,
};

const ACCOUNT = "must be 1 to 64 characters of A-Z a-z 0-9 . _ -";
const OWNER = "must be 1 to 100 characters of A-Z a-z 0-9 . _ : @ / -";
const MOST_ACCOUNTS = 1_000;
const accounts = list(1, MOST_ACCOUNTS);

export const accountsSchema = z
  .array(
    z.strictObject({
      name: z
        .string(ACCOUNT)
        .regex(ACCOUNT_ID_PATTERN, ACCOUNT)
        .refine((name) => NEW_ACCOUNT_PATTERN.test(name), NEW_ACCOUNT)
        .transform((name) => name as AccountId),
      wallet: publicKey,
      owner: z
        .string(OWNER)
        .regex(/^[A-Za-z0-9._:@/-]{1,100}$/, OWNER)
        .default("local")
        .transform((owner) => owner as Principal),
    }),
    accounts,
  )
  .min(1, accounts)
  .max(MOST_ACCOUNTS, accounts)
  .optional();

const MOST_KEYSTORES = 32;
const keystores = list(1, MOST_KEYSTORES);
const OTHER_MINTS = 'must be "refuse" or "allow"';

/** What is absent depends on the network. Whole tokens as texts, but for names that end in Lamports. */
export const signerSchema = z.strictObject({
  keystores: textList(1_000, keystores).min(1, keystores).max(MOST_KEYSTORES, keystores).optional(),
  passphraseFile: text(1_000).optional(),
  maxSolPerTransaction: wholeTokens.optional(),
  maxSolPerDay: wholeTokens.optional(),
  maxFeeAndTipLamports: lamports.optional(),
  tokens: z
    .record(
      text(64),
      z.strictObject({ perTransaction: wholeTokens, perDay: wholeTokens }),
      'must name tokens as {"USDC": {"perTransaction": "20", "perDay": "200"}}',
    )
    .optional(),
  otherMints: z.enum(["refuse", "allow"], OTHER_MINTS).optional(),
  feeAccounts: z.array(publicKey, list(0, 16)).max(16, list(0, 16)),
});

const EXTENSION = "must be a name of a Token-2022 extension such as TransferFeeConfig";

export const liveLimitsSchema = z.strictObject({
  slippageToleranceBps: whole(0, 10_000),
  priceBandBps: whole(1, 10_000),
  maxOrdersPerMinute: whole(1, 1_000_000),
  maxExposure: z.record(text(64), wholeTokens, 'must name tokens as {"SOL": "10"}'),
  allowedExtensions: z.record(
    text(64),
    z.array(z.string(EXTENSION).regex(/^[A-Za-z0-9]{1,64}$/, EXTENSION), list(0, 32)),
    'must name tokens as {"BERN": ["TransferFeeConfig"]}',
  ),
  slotsPerAccount: whole(1, 3).optional(),
  confirmationTimeoutMs: whole(100, 600_000),
  rebroadcastMs: whole(50, 60_000),
  acceptSingleNode: yesNo,
  graceMs: whole(0, 600_000),
  feeCapLamports: lamports,
});

/** Of the chain that `network: localnet` starts. Port 0: a free one. */
export const localnetSchema = z.strictObject({
  rpcPort: whole(0, 65_000),
  controlPort: whole(0, 65_535),
  jitoPort: whole(0, 65_535),
  nodes: whole(1, 16),
  blockTimeMs: whole(10, 60_000),
  finalLag: whole(1, 300),
});
