/** Forms of single values, with messages that continue a sentence that begins with the key. */
import { z } from "zod";
import { U64_MAX } from "../../domain/primitives/amount.ts";

export const whole = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int(message).min(min, message).max(max, message);
};

export const text = (max: number) => {
  const message = `must be a text of 1 to ${max} characters`;
  return z.string(message).min(1, message).max(max, message);
};

const LAMPORTS = 'must be a whole number of lamports as a text such as "5000", at most u64';

/** A number would lose digits: amounts are texts, though a small number does no harm. */
export const lamports = z
  .union([z.string(), z.int().min(0)], LAMPORTS)
  .refine((value) => /^\d{1,20}$/.test(String(value)) && BigInt(value) <= U64_MAX, LAMPORTS)
  .transform((value) => BigInt(value));

const WHOLE_TOKENS = 'must be an amount of whole tokens as a text such as "1.5"';
export const wholeTokens = z.string(WHOLE_TOKENS).regex(/^\d{1,20}(\.\d{1,20})?$/, WHOLE_TOKENS);

/** Message of a list that is none, is too long or too short. */
export const list = (min: number, max: number) => `must be a list of ${min} to ${max} entries`;

export const textList = (max: number, message: string) => z.array(text(max), message);
