/**
 * A chain without a virtual machine: answers JSON-RPC for transactions that land as soon as they come, or a drawn time later, and are
 * final a moment after that. Accounts, simulations and landed transactions are those that were recorded.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { encodeAddress } from "../../../localnet/chain/base58.ts";
import type { Recordings, Sent } from "./recordings.ts";

export type Landing = {
  /** From the first copy until it is in a block, drawn evenly. Milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** From there until it is final. Milliseconds. */
  readonly finalMs: number;
};

/** Times of one order, microseconds of the system's monotonic clock, which all processes share. */
export type Seen = {
  readonly orderId: string;
  /** The first copy came. */
  readonly sentUs: number;
  readonly landedUs: number;
};

export type StandInChain = {
  /** Text of the result. Throws for what was never recorded. */
  readonly answer: (method: string, params: unknown) => string;
  /** Calls back at once, or as soon as it has landed. The answer ends the waiting. */
  readonly onLanded: (signature: string, tell: (slot: number) => void) => () => void;
  readonly seen: () => Seen[];
  /** How later transactions land; forgets all that were seen. */
  readonly begin: (landing: Landing) => void;
  readonly close: () => void;
};

const SLOT_MS = 400;
const BLOCKHASH_LIFE = 150;
const FINAL_SLOTS = 32;

type Landed = Sent & { readonly sentUs: number; readonly landsUs: number };

const sendParams = z.tuple([z.string(), z.unknown()]);
const statusParams = z.tuple([z.array(z.string()), z.unknown()]);
const signatureParams = z.tuple([z.string(), z.unknown()]);

export const monotonicUs = (): number => Number(process.hrtime.bigint() / 1_000n);

export function createStandInChain(
  recordings: Recordings,
  first: { readonly slot: number; readonly blockHeight: number },
): StandInChain {
  const startUs = monotonicUs();
  let landing: Landing = { fromMs: 0, toMs: 0, finalMs: 0 };
  const landed = new Map<string, Landed>();
  /** By the text that was sent: every copy is the same. */
  const texts = new Map<string, Landed>();
  const waiting = new Map<string, Set<(slot: number) => void>>();
  const timers = new Set<NodeJS.Timeout>();
  let newest = { slot: -1, hash: "" };

  const slotAt = (us: number): number =>
    first.slot + Math.floor(Math.max(0, us - startUs) / (SLOT_MS * 1_000));
  const heightAt = (us: number): number => first.blockHeight + slotAt(us) - first.slot;
  const context = (us: number): string => `{"apiVersion":"3.0.0","slot":${slotAt(us)}}`;
  const inContext = (us: number, value: string): string =>
    `{"context":${context(us)},"value":${value}}`;

  function tellLanded({ signature, landsUs }: Landed): void {
    for (const tell of waiting.get(signature) ?? []) tell(slotAt(landsUs));
    waiting.delete(signature);
  }

  function send(text: string, nowUs: number): string {
    const known = texts.get(text);
    if (known) return JSON.stringify(known.signature);
    const sent = recordings.sent(Buffer.from(text, "base64"));
    const { fromMs, toMs } = landing;
    const delayMs = fromMs + Math.random() * (toMs - fromMs);
    const entry = { ...sent, sentUs: nowUs, landsUs: nowUs + Math.round(delayMs * 1_000) };
    texts.set(text, entry);
    landed.set(sent.signature, entry);
    if (delayMs > 0) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        tellLanded(entry);
      }, delayMs);
      timers.add(timer);
    }
    return JSON.stringify(sent.signature);
  }

  function statusOf(signature: string, nowUs: number): string {
    const entry = landed.get(signature);
    if (!entry || entry.landsUs > nowUs) return "null";
    const isFinal = nowUs - entry.landsUs >= landing.finalMs * 1_000;
    const [confirmations, status] = isFinal ? ["null", "finalized"] : ["1", "confirmed"];
    return (
      `{"slot":${slotAt(entry.landsUs)},"confirmations":${confirmations},"err":null,` +
      `"status":{"Ok":null},"confirmationStatus":"${status}"}`
    );
  }

  function blockhash(nowUs: number): string {
    const slot = slotAt(nowUs);
    if (slot !== newest.slot) newest = { slot, hash: encodeAddress(randomBytes(32)) };
    const lastValidBlockHeight = heightAt(nowUs) + BLOCKHASH_LIFE;
    return inContext(nowUs, JSON.stringify({ blockhash: newest.hash, lastValidBlockHeight }));
  }

  function answer(method: string, params: unknown): string {
    const nowUs = monotonicUs();
    switch (method) {
      case "sendTransaction":
        return send(sendParams.parse(params)[0], nowUs);
      case "getSignatureStatuses": {
        const statuses = statusParams.parse(params)[0].map((one) => statusOf(one, nowUs));
        return inContext(nowUs, `[${statuses.join(",")}]`);
      }
      case "getTransaction": {
        const entry = landed.get(signatureParams.parse(params)[0]);
        if (!entry || entry.landsUs > nowUs) return "null";
        return recordings.transaction(entry, slotAt(entry.landsUs)) ?? "null";
      }
      case "getLatestBlockhash":
        return blockhash(nowUs);
      case "getEpochInfo": {
        const absoluteSlot = slotAt(nowUs) - FINAL_SLOTS;
        const blockHeight = heightAt(nowUs) - FINAL_SLOTS;
        return JSON.stringify({ absoluteSlot, blockHeight });
      }
      case "getFirstAvailableBlock":
        return "0";
      default: {
        const found = recordings.find(method, params);
        if (found === undefined) throw new Error(`${method} was never recorded`);
        const hasContext = method === "getMultipleAccounts" || method === "simulateTransaction";
        return hasContext ? inContext(nowUs, found) : found;
      }
    }
  }

  return {
    answer,
    onLanded(signature, tell) {
      const entry = landed.get(signature);
      if (entry && entry.landsUs <= monotonicUs()) {
        tell(slotAt(entry.landsUs));
        return () => undefined;
      }
      const tellers = waiting.get(signature) ?? new Set();
      waiting.set(signature, tellers.add(tell));
      return () => tellers.delete(tell);
    },
    seen: () =>
      [...landed.values()].map(({ memo, sentUs, landsUs }) => ({
        orderId: memo.slice(0, memo.indexOf("#")),
        ...{ sentUs, landedUs: landsUs },
      })),
    begin(next) {
      landing = next;
      for (const map of [landed, texts, waiting]) map.clear();
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
