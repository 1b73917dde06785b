/** `POST /control` of the local market: faults, prices, drains and limits. */
import { z } from "zod";
import type { Drain } from "./drains.ts";
import { type Answer, type Fault, faultSchema } from "./faults.ts";
import { refusal } from "./quote.ts";
import { type RateLimit, rateLimitSchema } from "./rate-limit.ts";
import type { SwapSide } from "./swap-side.ts";

const controlSchema = z.strictObject({
  fault: faultSchema.nullable().optional(),
  price: z
    .strictObject({ token: z.string().max(64), price: z.string().max(32).nullable() })
    .optional(),
  drain: z.unknown().optional(),
  rateLimit: rateLimitSchema.nullable().optional(),
});

export type Controlled = {
  setFault(fault: Fault | undefined): void;
  setPrice(token: string, price: string | undefined): void;
  setDrain(drain: Drain | undefined): void;
  setRateLimit(limit: RateLimit | undefined): void;
};

/** The part that is attached to a chain; throws a sentence if there is none. */
export function attached(side: SwapSide | undefined): SwapSide {
  if (!side) throw new Error("this market has no chain, so that there is nothing to drain");
  return side;
}

export function control(market: Controlled, side: SwapSide | undefined, text: string): Answer {
  try {
    const command = controlSchema.parse(JSON.parse(text));
    if (command.price) market.setPrice(command.price.token, command.price.price ?? undefined);
    if (command.fault !== undefined) market.setFault(command.fault ?? undefined);
    if (command.drain !== undefined) {
      market.setDrain(
        command.drain === null ? undefined : attached(side).parseDrain(command.drain),
      );
    }
    if (command.rateLimit !== undefined) market.setRateLimit(command.rateLimit ?? undefined);
    return { status: 200, body: { ok: true } };
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return refusal("INVALID_REQUEST", message);
  }
}
