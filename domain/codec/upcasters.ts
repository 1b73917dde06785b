/**
 * Old versions in, current ones out: one step per version, `upcasters[type][version]` turns version into version + 1.
 * The frozen fixture of every version that ever was stays.
 */
import type { DomainEventType } from "./registry.ts";

type Upcaster = (data: unknown) => unknown;

export const UPCASTERS: { readonly [T in DomainEventType]?: Readonly<Record<number, Upcaster>> } = {
  // What came with live orders may be absent: nothing is made up for orders before it.
  OrderRequested: { 1: (data) => data },
  FundsReserved: { 1: (data) => data },
  OrderFilled: { 1: (data) => data },
  QuoteObtained: {
    // Version 1 never gave out a quote that was older than the cache's time to live.
    1: (data) => ({ ...fields(data), stale: false }),
    2: (data) => data,
  },
  // Version 1 knew neither market facts nor MEV: the model's slippage was all there was.
  PaperExecutionSimulated: {
    1: (data) => {
      const before = fields(data);
      return { ...before, modelSlippagePpm: before.slippagePpm, terms: {}, market: {} };
    },
  },
  // Version 1 did not say by which model; the fixed one was the only one.
  SimulationFailed: {
    1: (data) => ({ ...fields(data), model: "fixed", slippagePpm: 0, terms: {}, market: {} }),
    // Until version 2 there was the paper venue only.
    2: (data) => {
      const { limit, value, model, slippagePpm, terms, market, ...rest } = fields(data);
      return { ...rest, paper: { limit, value, model, slippagePpm, terms, market } };
    },
  },
};

/** Whatever is no object has no fields: the schema refuses it afterwards. */
const fields = (data: unknown): Readonly<Record<string, unknown>> =>
  typeof data === "object" && data !== null ? { ...data } : {};

/** Brings data of `version` to `current`; throws when a step is missing. */
export function upcast(
  type: DomainEventType,
  data: unknown,
  versions: { readonly from: number; readonly current: number },
): unknown {
  let result = data;
  for (let version = versions.from; version < versions.current; version++) {
    const step = UPCASTERS[type]?.[version];
    if (!step) throw new Error(`no upcaster for ${type} version ${version}`);
    result = step(result);
  }
  return result;
}
