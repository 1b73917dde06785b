/**
 * What can happen to a paper account. Trades are not among it: they are fields of order events, so that no decision
 * ever has to append to two streams.
 */
import { z } from "zod";
import { AMOUNT_PATTERN } from "../primitives/amount.ts";
import type { AccountId, Hash, Mint, Principal, RequestId } from "../primitives/ids.ts";
import { ACCOUNT_ID_PATTERN, ADDRESS_PATTERN, REQUEST_ID_PATTERN } from "../primitives/ids.ts";

const funds = z.object({
  mint: z
    .string()
    .regex(ADDRESS_PATTERN)
    .transform((value) => value as Mint),
  /** Smallest units. */
  amount: z.string().regex(AMOUNT_PATTERN),
  /** What the whole amount cost, in smallest units of the cost mint; absent = unknown. */
  cost: z.string().regex(AMOUNT_PATTERN).optional(),
});

/** Every command leaves its id and the fingerprint of its body: sent again, it changes nothing. */
const command = {
  requestId: z
    .string()
    .regex(REQUEST_ID_PATTERN)
    .transform((value) => value as RequestId),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .transform((value) => value as Hash),
};

export const ACCOUNT_EVENTS = {
  AccountOpened: {
    version: 1,
    schema: z.object({
      ...command,
      account: z
        .string()
        .regex(ACCOUNT_ID_PATTERN)
        .transform((value) => value as AccountId),
      owner: z
        .string()
        .min(1)
        .transform((value) => value as Principal),
      initialFunds: z.array(funds),
    }),
  },
  FundsDeposited: { version: 1, schema: z.object({ ...command, funds }) },
  FundsWithdrawn: { version: 1, schema: z.object({ ...command, funds }) },
  AccountClosed: { version: 1, schema: z.object({ ...command }) },
} as const;

export type AccountEventType = keyof typeof ACCOUNT_EVENTS;
export type AccountEvent = {
  [T in AccountEventType]: {
    readonly type: T;
    readonly data: z.output<(typeof ACCOUNT_EVENTS)[T]["schema"]>;
  };
}[AccountEventType];
export type FundsLine = z.output<typeof funds>;
