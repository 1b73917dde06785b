/** What a landed attempt moved, as the nodes tell it: the first answer that can be true, and a second node's word on it. */

import type { LandedSwap } from "../../chain/landed-swap.ts";
import {
  differencesOf,
  type LandedAmounts,
  type OwnSwapQuestion,
  ownSwap,
} from "../../chain/own-swap.ts";
import type { OrderEventData } from "../../order/events.ts";
import type { OrderState } from "../../order/state.ts";
import { inputMintOf, outputMintOf, required } from "../../order/trade.ts";
import type { ChainNode } from "../../ports/chain.ts";
import type { Timers } from "../../ports/clock.ts";

/** A node that has not told it by then is not waited for before the next is asked. */
const NEXT_NODE_MS = 100;
/** Nor longer for a second word. */
const SECOND_NODE_MS = 5_000;

export type Told = { readonly swap: LandedSwap; readonly node: string };
/** Not the transaction that was signed, or amounts that the chain would not have let pass. */
export type OddAnswer = { readonly node: string; readonly message: string };

export type LandedReader = {
  /** Never rejects. `told` undefined: no node has it, or all answers are odd. */
  first(
    order: OrderState,
    landing: { readonly nodes: readonly string[]; readonly slot: number },
  ): Promise<{ readonly told: Told | undefined; readonly odd: readonly OddAnswer[] }>;
  /** What another node tells at `finalized`; "": the same. Undefined: there is no other, or none that tells it in time. */
  second(
    order: OrderState,
    told: { readonly swap: LandedAmounts; readonly node: string; readonly slot: number },
  ): Promise<{ readonly node: string; readonly differences: string } | undefined>;
};

/** What a node's answer to an order's attempt is judged by. */
export const questionOf = ({ request, signed }: OrderState): OwnSwapQuestion => ({
  signed: required(signed, "signature"),
  wallet: required(signed, "signature").wallet,
  inputMint: inputMintOf(request),
  outputMint: outputMintOf(request),
  feeAccount: request.feeAccount,
  amount: BigInt(request.amount),
});

/** The amounts that a live fill was booked with. */
export function amountsOf(fill: OrderEventData<"OrderFilled">): LandedAmounts {
  const { amountIn, amountOut, fees } = fill;
  const live = required(fill.live, "live fill");
  return {
    ...{ amountIn, amountOut },
    baseFeeLamports: fees.baseFeeLamports,
    priorityFeeLamports: fees.priorityFeeLamports,
    tipLamports: fees.tipLamports,
    platformFee: fees.platformFee,
    rentLockedLamports: live.rentLockedLamports,
    rentRecoveredLamports: live.rentRecoveredLamports,
    unwrappedLamports: live.unwrappedLamports,
    otherTransfersLamports: live.otherTransfersLamports,
    walletLamportsChange: live.walletLamportsChange,
  };
}

type Question = {
  readonly order: OrderState;
  readonly slot: number;
  readonly commitment: "confirmed" | "finalized";
  readonly odd: OddAnswer[];
};

export function createLandedReader(nodes: readonly ChainNode[], timers: Timers): LandedReader {
  /** Undefined where it takes longer. */
  function within<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const cancel = timers.schedule(limitMs, () => resolve(undefined));
      void promise.then((value) => {
        cancel();
        resolve(value);
      });
    });
  }

  return {
    async first(order, landing) {
      const odd: OddAnswer[] = [];
      const question: Question = { order, slot: landing.slot, commitment: "confirmed", odd };
      const saw = ({ name }: ChainNode): number => Number(landing.nodes.includes(name));
      const asked: Promise<Told>[] = [];
      // One node after the other, those that saw it land first.
      for (const node of nodes.toSorted((a, b) => saw(b) - saw(a))) {
        asked.push(readFrom(node, question));
        const told = await within(NEXT_NODE_MS, firstOf(asked));
        if (told) return { told, odd };
      }
      return { told: await firstOf(asked), odd };
    },
    async second(order, { swap, node, slot }) {
      const others = nodes.filter(({ name }) => name !== node);
      if (others.length === 0) return undefined;
      const question: Question = { order, slot, commitment: "finalized", odd: [] };
      const asked = firstOf(others.map((other) => readFrom(other, question)));
      const told = await within(SECOND_NODE_MS, asked);
      return told && { node: told.node, differences: differencesOf(swap, told.swap) };
    },
  };
}

async function readFrom(
  node: ChainNode,
  { order, slot, commitment, odd }: Question,
): Promise<Told> {
  const { signature } = required(order.signed, "signature");
  const answer = await node.transaction(signature, commitment);
  if (answer.kind === "ok" && answer.value && Number(answer.value.slot) === slot) {
    const outcome = ownSwap(answer.value, questionOf(order));
    if (outcome.kind === "swap") return { swap: outcome.swap, node: node.name };
    odd.push({ node: node.name, message: outcome.message });
  }
  throw new Error("not found");
}

const firstOf = (asked: readonly Promise<Told>[]): Promise<Told | undefined> =>
  Promise.any(asked).catch(() => undefined);
