/** Shapes of the parameters that many methods share. Unknown options are taken and ignored. */
import { z } from "zod";
import { addressBytes, decodeBase58 } from "../base58.ts";

export const address = z
  .string()
  .max(64)
  .refine((text) => addressBytes(text) !== undefined, { error: "Invalid param: WrongSize" });

export const signature = z
  .string()
  .max(96)
  .refine((text) => decodeBase58(text)?.length === 64, { error: "Invalid param: WrongSize" });

/** Left out, null and undefined all mean the default. */
const optional = <T extends z.ZodType>(type: T) =>
  type.nullish().transform((value) => value ?? undefined);

export const commitment = z.enum(["processed", "confirmed", "finalized"]);
export const slot = z.int().nonnegative();

export const contextOptions = {
  commitment: optional(commitment),
  minContextSlot: optional(slot),
};

/** The options object of a method: the usual two and its own. */
export const options = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z
    .object({ ...contextOptions, ...shape })
    .nullish()
    .transform((value) => value ?? undefined);

export const plainOptions = options({});
export type PlainOptions = z.infer<typeof plainOptions>;

export const accountEncoding = optional(
  z.enum(["base58", "base64", "base64+zstd", "jsonParsed", "binary"]),
);
export const dataSlice = optional(
  z.object({ offset: z.int().nonnegative(), length: z.int().nonnegative() }),
);
export const accountOptions = options({ encoding: accountEncoding, dataSlice });
export type AccountOptions = z.infer<typeof accountOptions>;

export const transactionEncoding = optional(z.enum(["json", "jsonParsed", "base58", "base64"]));
export const version = optional(z.int().min(0).max(255));
export const flag = optional(z.boolean());
export const wireEncoding = optional(z.enum(["base58", "base64"]));
export { optional };
