/**
 * Changes to a finished v0 message that keep every other byte: the compute budget after a simulation, the blockhash before the
 * signature; and the transaction that it becomes. These throw where the message is not one of ours: a broken invariant.
 */
import { COMPUTE_BUDGET_PROGRAM } from "./addresses.ts";
import { decodeBase58, encodeBase58 } from "./bytes.ts";
import { type MessageV0, parseMessage, parseTransaction, SIGNATURE_BYTES } from "./message.ts";

/** First bytes of SetComputeUnitLimit (u32) and SetComputeUnitPrice (u64). */
export const UNIT_LIMIT_TAG = 2;
export const UNIT_PRICE_TAG = 3;
export const UNIT_LIMIT_BYTES = 5;
export const UNIT_PRICE_BYTES = 9;

export type UnitBudget = {
  /** Compute units. */
  readonly unitLimit: number;
  readonly unitPriceMicroLamports: bigint;
};

type Places = {
  readonly limitAt: number;
  readonly priceAt: number;
  readonly blockhashAt: number;
};

/** Another limit and price in the same places. Throws unless the message has exactly one of each. */
export function withComputeBudget(bytes: Uint8Array, budget: UnitBudget): Uint8Array {
  const { unitLimit, unitPriceMicroLamports: price } = budget;
  if (!Number.isInteger(unitLimit) || unitLimit < 0 || unitLimit > 0xffff_ffff) {
    throw new Error(`a compute unit limit of ${unitLimit} is no u32`);
  }
  if (price < 0n || price >= 2n ** 64n) throw new Error(`a price of ${price} is no u64`);
  const { limitAt, priceAt } = placesOf(bytes);
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  view.setUint32(limitAt, unitLimit, true);
  view.setBigUint64(priceAt, price, true);
  return changed;
}

/** The same message on another blockhash (base58). */
export function withBlockhash(bytes: Uint8Array, blockhash: string): Uint8Array {
  const hash = decodeBase58(blockhash);
  if (hash?.length !== 32) throw new Error(`${blockhash} is no blockhash`);
  const changed = bytes.slice();
  changed.set(hash, messageOf(bytes).blockhashAt);
  return changed;
}

/** The transaction of a message that needs one signature, 64 bytes. */
export function signedTransaction(message: Uint8Array, signature: Uint8Array): Uint8Array {
  const { requiredSignatures } = messageOf(message);
  if (requiredSignatures !== 1)
    throw new Error(`the message needs ${requiredSignatures} signatures`);
  if (signature.length !== SIGNATURE_BYTES)
    throw new Error(`${signature.length} bytes of signature`);
  const bytes = new Uint8Array(1 + SIGNATURE_BYTES + message.length);
  bytes[0] = 1;
  bytes.set(signature, 1);
  bytes.set(message, 1 + SIGNATURE_BYTES);
  return bytes;
}

/** A transaction's first signature, base58: its name on the chain. Throws where the bytes are no transaction of version 0. */
export function signatureOf(transaction: Uint8Array): string {
  const parsed = parseTransaction(transaction);
  if (parsed.kind === "problem") throw new Error(`no transaction: ${parsed.problem}`);
  return encodeBase58(transaction.subarray(1, 1 + SIGNATURE_BYTES));
}

/** Two messages that differ in nothing but compute unit limit, price and blockhash. Never throws. */
export function sameButBudget(simulated: Uint8Array, final: Uint8Array): boolean {
  if (simulated.length !== final.length) return false;
  try {
    const places = placesOf(final);
    const changed = simulated.slice();
    for (const [at, length] of [
      [places.limitAt, UNIT_LIMIT_BYTES - 1],
      [places.priceAt, UNIT_PRICE_BYTES - 1],
      [places.blockhashAt, 32],
    ] as const) {
      changed.set(final.subarray(at, at + length), at);
    }
    return changed.every((byte, index) => byte === final[index]);
  } catch {
    return false;
  }
}

function messageOf(bytes: Uint8Array): MessageV0 {
  const parsed = parseMessage(bytes);
  if (parsed.kind === "problem") throw new Error(`no message: ${parsed.problem}`);
  return parsed.message;
}

function placesOf(bytes: Uint8Array): Places {
  const message = messageOf(bytes);
  const budget = message.instructions.filter(
    ({ programIdIndex }) => message.staticKeys[programIdIndex] === COMPUTE_BUDGET_PROGRAM,
  );
  const at = (tag: number, length: number): number => {
    const found = budget.filter(({ data }) => data[0] === tag && data.length === length);
    const [one] = found;
    if (!one || found.length > 1)
      throw new Error(`${found.length} instructions ${tag} of the budget`);
    return one.dataAt + 1;
  };
  return {
    limitAt: at(UNIT_LIMIT_TAG, UNIT_LIMIT_BYTES),
    priceAt: at(UNIT_PRICE_TAG, UNIT_PRICE_BYTES),
    blockhashAt: message.blockhashAt,
  };
}
