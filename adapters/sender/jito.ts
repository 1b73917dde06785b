/**
 * Sends through Jito's block engine: the protected route. `bundleOnly` makes a bundle of the one transaction, which lands only if it
 * succeeds and never goes the public way. Source: docs.jito.wtf/lowlatencytxnsend.
 */
import { z } from "zod";
import type { Sender } from "../../domain/ports/sender.ts";
import { ADDRESS_PATTERN } from "../../domain/primitives/ids.ts";
import type { RpcCaller, SendFailure } from "./rpc-call.types.ts";
import { sendAnswerOf } from "./send-answer.ts";

/** Header of the optional authentication key; goes into the client's headers. */
export const JITO_AUTH_HEADER = "x-jito-auth";

const SEND_PATH = "/api/v1/transactions?bundleOnly=true";
const TIP_ACCOUNTS_PATH = "/api/v1/getTipAccounts";
const BUNDLE_ID = /^[0-9A-Za-z_-]{1,128}$/;
const MAX_TIP_ACCOUNTS = 64;

/** `rpc`: of the block engine's base URL, e.g. `https://frankfurt.mainnet.block-engine.jito.wtf`. Accepted: the bundle's id. */
export const createJitoSender = (rpc: RpcCaller): Sender => ({
  name: rpc.name,
  route: "protected",
  async send(transaction) {
    const text = Buffer.from(transaction).toString("base64");
    const outcome = await rpc.call({
      method: "sendTransaction",
      params: [text, { encoding: "base64" }],
      isRepeatable: false,
      path: SEND_PATH,
    });
    return sendAnswerOf(outcome, transaction, (header) => {
      const id = header("x-bundle-id") ?? "";
      return BUNDLE_ID.test(id) ? `bundle ${id}` : undefined;
    });
  },
});

export type TipAccounts =
  | { readonly kind: "accounts"; readonly accounts: readonly string[] }
  | SendFailure;

const tipAccounts = z.array(z.string().regex(ADDRESS_PATTERN)).min(1).max(MAX_TIP_ACCOUNTS);

/** The accounts that the block engine takes tips at. Never rejects. */
export async function readTipAccounts(rpc: RpcCaller): Promise<TipAccounts> {
  const call = { method: "getTipAccounts", params: [], isRepeatable: true };
  const outcome = await rpc.call({ ...call, path: TIP_ACCOUNTS_PATH });
  if (outcome.kind === "failed") return outcome;
  const parsed = tipAccounts.safeParse(outcome.result);
  if (parsed.success) return { kind: "accounts", accounts: parsed.data };
  const message = "getTipAccounts: the result is no list of addresses";
  return { kind: "failed", class: "malformed", message };
}
