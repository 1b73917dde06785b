/**
 * The gate: what the bytes of a message would do, held against the intent. Nothing is signed that did not pass; the engine asks it, and
 * the signer asks it again by itself. It fails closed: whatever is not understood is refused.
 */
import { accountsRefusal } from "./gate-accounts.ts";
import { checkFees } from "./gate-budget.ts";
import { type GateContext, intentRefusal, isOwn, ownAccounts } from "./gate-context.ts";
import { checkPrograms } from "./gate-programs.ts";
import { checkSwap } from "./gate-swap.ts";
import { type GateVerdict, refused } from "./gate-verdict.ts";
import type { LookupTable } from "./instruction.ts";
import type { SwapIntent } from "./intent.ts";
import { parseMessage, resolveMessage } from "./message.ts";
import type { TokenAccountOf } from "./program-address.ts";

export type GateInput = {
  /** Bytes of the v0 message, unsigned. */
  readonly message: Uint8Array;
  readonly intent: SwapIntent;
  /** Contents of the tables that the message names, as resolved by a node of ours. */
  readonly lookupTables: readonly LookupTable[];
  /** `createTokenAccounts(hasher.digest)`, kept by the caller: it remembers. */
  readonly tokenAccountOf: TokenAccountOf;
};

/**
 * Passed with what the transaction pays and swaps, or refused by the first rule that it breaks. Never throws.
 * It says nothing of what venues do inside the swap: `checkSimulatedBalances` looks at that.
 */
export function checkTransaction(input: GateInput): GateVerdict {
  try {
    return check(input);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return refused("unreadable", found, "an intent of addresses and amounts");
  }
}

function check({ message: bytes, intent, lookupTables, tokenAccountOf }: GateInput): GateVerdict {
  const wrongIntent = intentRefusal(intent);
  if (wrongIntent) return wrongIntent;
  const parsed = parseMessage(bytes);
  if (parsed.kind === "problem") return refused("message", parsed.problem, "a v0 message");
  const { message } = parsed;
  const resolved = resolveMessage(message, lookupTables);
  if (resolved.kind === "problem") {
    return refused("lookup-table", resolved.problem, "places of the tables as resolved");
  }
  const { accounts, instructions } = resolved;
  const own = ownAccounts(intent, tokenAccountOf);
  const context: GateContext = {
    ...{ intent, own, tokenAccountOf, accounts, instructions },
    ...{ staticCount: message.staticKeys.length, requiredSignatures: message.requiredSignatures },
  };
  const wrongAccounts = accountsRefusal(context);
  if (wrongAccounts) return wrongAccounts;
  const programs = checkPrograms(context);
  if ("kind" in programs) return programs;
  const fees = checkFees(context);
  if ("kind" in fees) return fees;
  const swap = checkSwap(context, programs.swap);
  if ("kind" in swap) return swap;
  const writable = accounts.filter(({ isWritable }) => isWritable).map(({ address }) => address);
  return {
    kind: "passed",
    facts: {
      ...fees,
      ...{ feePayer: intent.wallet, blockhash: message.blockhash, swap, writable },
      programs: [...new Set(instructions.map(({ programId }) => programId))],
      ownWritable: writable.filter((address) => isOwn(own, address)),
    },
  };
}
