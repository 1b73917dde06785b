/** What differs between two states of an order, field by field, exactly and as people read it. */
import { type OrderState, statusOf } from "../../../domain/order/state.ts";
import { inputMintOf, outputMintOf } from "../../../domain/order/trade.ts";
import { priceFromRatio } from "../../../domain/primitives/ratio.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import { showLamports, type TokenTable } from "../tokens.ts";

export type Leaf = string | number | boolean;

export type Change = {
  /** Such as `quote.route[0].label`. */
  readonly path: string;
  /** As the state has it; absent where the field is. */
  readonly before?: Leaf;
  readonly after?: Leaf;
  /** For people: whole tokens, times; absent where the value says it itself. */
  readonly beforeText?: string;
  readonly afterText?: string;
};

/** Fields in the order of the later state; those that are gone stand at the end. */
export function diffOf(before: OrderState, after: OrderState, tokens: TokenTable): Change[] {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const paths = new Set([...now.keys(), ...old.keys()]);
  return [...paths].flatMap((path): Change[] => {
    const [was, is] = [old.get(path), now.get(path)];
    if (was === is) return [];
    const wasText = was === undefined ? undefined : humanOf(path, was, { state: before, tokens });
    const isText = is === undefined ? undefined : humanOf(path, is, { state: after, tokens });
    return [
      {
        path,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
        ...(wasText === undefined ? {} : { beforeText: wasText }),
        ...(isText === undefined ? {} : { afterText: isText }),
      },
    ];
  });
}

function leavesOf(state: OrderState): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>([["status", statusOf(state)]]);
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, `${path}[${index}]`);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        walk(item, path === "" ? key : `${path}.${key}`);
      }
    } else if (
      typeof value === "string" ||
      typeof value === "number" ||
      typeof value === "boolean"
    ) {
      leaves.set(path, value);
    }
  };
  walk(withPrices(state), "");
  return leaves;
}

/** An exact price is one value, not two. */
function withPrices(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPrices);
  if (typeof value !== "object" || value === null) return value;
  if ("numerator" in value && "denominator" in value) {
    return `${String(value.numerator)}/${String(value.denominator)}`;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPrices(item)]));
}

/** Prices of compute units are counted in millionths of a lamport, and are no amounts. */
const LAMPORTS = /(?<!Micro)Lamports(?:Change)?$|^feesOfFailedAttempts$/;

type Reader = { readonly state: OrderState; readonly tokens: TokenTable };

/** Times of the state; other microseconds are durations. */
const TIMES = /^(?:requestedAtUs|updatedAtUs|nextRetryAtUs|stepsUs\.\w+|request\.expiresAtUs)$/;

function humanOf(path: string, value: Leaf, reader: Reader): string | undefined {
  if (typeof value === "number") return TIMES.test(path) ? formatTimestamp(value) : undefined;
  if (typeof value !== "string") return undefined;
  if (/^(?:firstQuotePrice|quote\.price|fill\.price)$/.test(path)) return priceText(value, reader);
  if (!/^-?\d+$/.test(value)) return undefined;
  if (LAMPORTS.test(path)) return showLamports(BigInt(value));
  const mint = mintOf(path, reader.state);
  return mint === undefined ? undefined : reader.tokens.show(mint, BigInt(value));
}

/** Whose units an amount counts. */
function mintOf(path: string, { request, quote, reservation }: OrderState): string | undefined {
  if (path === "request.amount") return request.isBaseInput ? request.baseMint : request.quoteMint;
  if (path === "quote.inAmount") return quote?.inputMint;
  if (path === "quote.outAmount") return quote?.outputMint;
  if (/^(?:quote|signed)\.minimumOut$/.test(path)) return outputMintOf(request);
  const [, list, index = "", field] =
    /^(quote\.route|reservation)\[(\d+)\]\.(\w+)$/.exec(path) ?? [];
  if (list === "reservation" && field === "amount") return reservation?.[Number(index)]?.mint;
  const leg = list === "quote.route" ? quote?.route[Number(index)] : undefined;
  if (field === "inAmount") return leg?.inputMint;
  if (field === "outAmount") return leg?.outputMint;
  if (/^(?:execution|fill)\.(?:quoted|limit|amount)In$/.test(path)) return inputMintOf(request);
  if (/^(?:execution|fill)\.(?:quoted|limit|amount)Out$/.test(path)) return outputMintOf(request);
  return undefined;
}

function priceText(text: string, { state, tokens }: Reader): string | undefined {
  const [numerator = "0", denominator = "1"] = text.split("/");
  const { request, decimals } = state;
  if (!decimals) return undefined;
  const ratio = { numerator: BigInt(numerator), denominator: BigInt(denominator) };
  const price = priceFromRatio(ratio, decimals, 12);
  return `${price} ${tokens.symbol(request.quoteMint)} per ${tokens.symbol(request.baseMint)}`;
}
