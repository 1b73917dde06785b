/** Senders, signer and swap source of one life of the process, with their faults. Every call parks before and after. */
import { createHash } from "node:crypto";
import type { SendAnswer, Sender } from "../../../domain/ports/sender.ts";
import type { Signer, SignRequest } from "../../../domain/ports/signer.ts";
import type { SwapFailure, SwapQuote, Swaps } from "../../../domain/ports/swaps.ts";
import { divCeil } from "../../../domain/primitives/amount.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { ACCOUNTS, walletOf } from "./addresses.ts";
import type { ChainModel } from "./chain-model.types.ts";
import { outOf } from "./execute.ts";
import type { LivePlan } from "./live-plan.ts";
import { swapInstructions } from "./wire.ts";

export type EdgeParts = {
  readonly plan: LivePlan;
  readonly model: ChainModel;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly faulty: () => boolean;
  readonly wallUs: () => number;
  /** Before the bytes go anywhere. */
  readonly onSend: (sender: Sender, transaction: Uint8Array) => void;
  readonly onSignAsked: (request: SignRequest) => void;
  /** The engine has the signature. */
  readonly onSignTold: (signature: Uint8Array) => void;
  /** It has signed, and nobody will hear of it. */
  readonly onUnheard: () => void;
};

const TIMEOUT_US = 2_000_000;

const latencyOf = ({ plan, random, faulty }: EdgeParts): number =>
  faulty() && random.chance(plan.edges.slow)
    ? random.between(100_000, 1_900_000)
    : random.between(200, 30_000);

export function createSimSenders(parts: EdgeParts): readonly Sender[] {
  const { plan } = parts;
  return [
    ...plan.nodes.map(({ name }) => createSender(parts, name, "public")),
    ...(plan.hasJito ? [createSender(parts, "http://127.0.0.1:8700", "protected")] : []),
  ];
}

function createSender(parts: EdgeParts, name: string, route: Sender["route"]): Sender {
  const { plan, model, random, scheduler, faulty } = parts;
  const { edges } = plan;
  const short = name.slice(-4);
  const isFault = (rate: number): boolean => faulty() && random.chance(rate);

  async function send(transaction: Uint8Array): Promise<SendAnswer> {
    parts.onSend(sender, transaction);
    await scheduler.park(`${short} send`, latencyOf(parts));
    if (isFault(edges.sendLimited)) {
      await scheduler.park(`${short} send limited`, latencyOf(parts));
      return { kind: "refused", reason: "simulated: 429", isTransient: true };
    }
    if (isFault(edges.sendRefused)) {
      await scheduler.park(`${short} send refused`, latencyOf(parts));
      return { kind: "refused", reason: "simulated: preflight says no", isTransient: false };
    }
    const isLost = isFault(edges.sendLost);
    if (!isLost) model.receive(transaction);
    if (isLost || isFault(edges.sendUnheard)) {
      await scheduler.park(`${short} send unheard`, TIMEOUT_US);
      return { kind: "unknown", cause: "simulated: no answer in time" };
    }
    await scheduler.park(`${short} send answers`, latencyOf(parts));
    return { kind: "accepted", answer: "simulated" };
  }

  const sender: Sender = { name, route, send };
  return sender;
}

/** The same message is the same signature, as with Ed25519. */
const signatureFor = (wallet: string, message: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("sha512").update(wallet).update(message).digest());

export function createSimSigner(parts: EdgeParts): Signer {
  const { plan, random, scheduler, faulty } = parts;
  const { edges } = plan;
  const isFault = (rate: number): boolean => faulty() && random.chance(rate);
  return {
    wallets: ACCOUNTS.map(walletOf),
    sign: async (request) => {
      parts.onSignAsked(request);
      await scheduler.park("sign", latencyOf(parts));
      if (isFault(edges.signAway)) return { kind: "unavailable", message: "simulated: away" };
      if (isFault(edges.signRefused)) {
        return { kind: "refused", rule: "daily-limit", message: "simulated: enough for today" };
      }
      const signature = signatureFor(request.wallet, request.message);
      if (isFault(edges.signUnheard)) {
        parts.onUnheard();
        await scheduler.park("sign unheard", TIMEOUT_US);
        return { kind: "unavailable", message: "simulated: no answer in time" };
      }
      await scheduler.park("sign answers", latencyOf(parts));
      parts.onSignTold(signature);
      return { kind: "signed", signature };
    },
  };
}

const BPS = 10_000n;

export function createSimSwaps(parts: EdgeParts): Swaps {
  const { plan, model, random, scheduler, faulty } = parts;
  const { edges } = plan;
  const isFault = (rate: number): boolean => faulty() && random.chance(rate);

  async function ask<T>(label: string, effect: () => T): Promise<T | SwapFailure> {
    await scheduler.park(label, latencyOf(parts));
    if (isFault(edges.quoteHangs)) {
      await scheduler.park(`${label} hangs`, TIMEOUT_US);
      return failure("timeout");
    }
    const outcome = isFault(edges.quoteFails)
      ? failure(random.pick(["rate-limited", "unreachable", "malformed", "no-route"] as const))
      : effect();
    await scheduler.park(`${label} answers`, latencyOf(parts));
    return outcome;
  }

  const failure = (kind: SwapFailure["class"]): SwapFailure => ({
    ...{ kind: "failed", class: kind, message: `simulated: ${kind}` },
    retryAfterMs: random.pick([undefined, 0, 700]),
  });

  return {
    quote: (request) =>
      ask("quote", () => {
        const { inputMint, outputMint, amount, slippageBps } = request;
        const { tip } = model.now();
        const outAmount = outOf(tip.prices, inputMint as Mint, outputMint as Mint, amount);
        const answer = {
          inputMint,
          outputMint,
          amount: `${amount}`,
          out: `${outAmount}`,
          slippageBps,
        };
        const quote: SwapQuote = {
          quote: {
            ...{ source: "http://127.0.0.1/swap", outAmount, inAmount: amount, route: [] },
            ...{ inputMint: inputMint as Mint, outputMint: outputMint as Mint, priceImpact: "0" },
            contextSlot: String(tip.slot),
            obtainedAtUs: parts.wallUs(),
          },
          minimumOut: divCeil(outAmount * (BPS - BigInt(slippageBps)), BPS),
          slippageBps,
          answer: JSON.stringify(answer),
        };
        return { kind: "quoted", ...quote } as const;
      }),
    instructions: ({ quoteAnswer, wallet }) =>
      ask("instructions", () => {
        const { inputMint, outputMint, amount, out, slippageBps } = JSON.parse(quoteAnswer);
        const swap = swapInstructions({
          ...{ wallet, inputMint, outputMint, slippageBps },
          ...{ amount: BigInt(amount), quotedOut: BigInt(out) },
        });
        return { kind: "instructions", ...swap, answer: `instructions of ${quoteAnswer}` } as const;
      }),
  };
}
