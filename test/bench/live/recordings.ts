/**
 * What a real node answered for one order of each wallet, to be answered again for all later ones: the same JSON in the same form, at
 * the cost of a lookup. Only what is new in each order is put in its place: signature, slot, memo, blockhash.
 */
import { z } from "zod";
import { encodeAddress, encodeBase58 } from "../../../localnet/chain/base58.ts";

/** A transaction as it was sent, as far as it is looked at. */
export type Sent = {
  readonly signature: string;
  readonly wallet: string;
  /** `<order id>#<attempt>`. */
  readonly memo: string;
  readonly blockhash: string;
};

const SIGNATURE_AT = 1;
const KEYS_AT = SIGNATURE_AT + 64 + 5;
const KEY_BYTES = 32;
const MEMO = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}#\d+/;

/** The fee payer of a v0 transaction with one signature and fewer than 128 static keys. */
const payerOf = (transaction: Buffer): string =>
  encodeAddress(transaction.subarray(KEYS_AT, KEYS_AT + KEY_BYTES));

/** Of a v0 transaction as the engine makes it; throws for any other. */
export function readSent(transaction: Buffer): Sent {
  const [memo] = MEMO.exec(transaction.toString("latin1")) ?? [];
  const keys = transaction[KEYS_AT - 1] ?? 0;
  if (memo === undefined || transaction[0] !== 1 || keys >= 128)
    throw new Error("no order's bytes");
  const blockhashAt = KEYS_AT + KEY_BYTES * keys;
  return {
    signature: encodeBase58(transaction.subarray(SIGNATURE_AT, SIGNATURE_AT + 64)),
    wallet: payerOf(transaction),
    memo,
    blockhash: encodeAddress(transaction.subarray(blockhashAt, blockhashAt + KEY_BYTES)),
  };
}

const withContext = z.object({ result: z.object({ value: z.unknown() }) });
const landed = z.object({
  result: z.object({
    slot: z.int(),
    transaction: z.object({
      signatures: z.tuple([z.string()]),
      message: z.object({ accountKeys: z.array(z.string()), recentBlockhash: z.string() }),
    }),
  }),
});
const anyResult = z.object({ result: z.unknown() });
const parameters = z.array(z.unknown());
const base64 = z.string().transform((text) => Buffer.from(text, "base64"));

type Landed = Sent & { readonly slot: number; readonly text: string };

export type Recordings = {
  /** Keeps the first answer to each question. `body`: of the answer. */
  readonly keep: (method: string, params: unknown, body: string) => void;
  /** Text of the `value` of an answer with a context, or of the whole `result`; undefined: it was never asked. */
  readonly find: (method: string, params: unknown) => string | undefined;
  /** The `result` of getTransaction for an order of a wallet that was recorded. */
  readonly transaction: (sent: Sent, slot: number) => string | undefined;
  readonly sent: (transaction: Buffer) => Sent;
};

const WITH_CONTEXT = new Set(["getMultipleAccounts", "simulateTransaction"]);

/** What makes two questions one: options and, of a transaction, all but who pays are the same in all orders. */
function keyOf(method: string, params: unknown): string {
  const [first] = parameters.parse(params);
  if (method === "simulateTransaction") return `${method} ${payerOf(base64.parse(first))}`;
  return `${method} ${JSON.stringify(first)}`;
}

export function createRecordings(): Recordings {
  const answers = new Map<string, string>();
  const transactions = new Map<string, Landed>();
  const bySignature = new Map<string, Sent>();

  function keepTransaction(body: unknown): void {
    const parsed = landed.safeParse(body);
    if (!parsed.success) return;
    const { slot, transaction } = parsed.data.result;
    const sent = bySignature.get(transaction.signatures[0]);
    if (!sent || transactions.has(sent.wallet)) return;
    const text = JSON.stringify(anyResult.parse(body).result);
    transactions.set(sent.wallet, { ...sent, slot, text });
  }

  return {
    keep(method, params, body) {
      const json: unknown = JSON.parse(body);
      if (method === "getTransaction") return keepTransaction(json);
      const key = keyOf(method, params);
      if (answers.has(key)) return;
      const value = WITH_CONTEXT.has(method)
        ? withContext.parse(json).result.value
        : anyResult.parse(json).result;
      answers.set(key, JSON.stringify(value));
    },
    find: (method, params) => answers.get(keyOf(method, params)),
    transaction({ signature, wallet, memo, blockhash }, slot) {
      const like = transactions.get(wallet);
      return like?.text
        .replaceAll(like.signature, signature)
        .replaceAll(like.blockhash, blockhash)
        .replaceAll(memoData(like.memo), memoData(memo))
        .replaceAll(like.memo, memo)
        .replace(`"slot":${like.slot}`, `"slot":${slot}`);
    },
    sent(transaction) {
      const sent = readSent(transaction);
      if (bySignature.size < MOST_REMEMBERED) bySignature.set(sent.signature, sent);
      return sent;
    },
  };
}

/** Transactions that are recorded are among the first ones. */
const MOST_REMEMBERED = 1_000;
const memoData = (memo: string): string => encodeBase58(Buffer.from(memo));
