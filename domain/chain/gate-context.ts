/** What every rule of the gate looks at: the resolved message, the intent, and the accounts that are known to be ours. */
import { NATIVE_MINT, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./addresses.ts";
import { type Refusal, refused } from "./gate-verdict.ts";
import type { AccountMeta, Instruction } from "./instruction.ts";
import type { SwapIntent } from "./intent.ts";
import type { TokenAccountOf } from "./program-address.ts";

export type OwnAccounts = {
  readonly wallet: string;
  /** Associated token accounts of the wallet. */
  readonly input: string;
  readonly output: string;
  readonly wrapped: string;
  /** Those three and the ones of intermediates, by their mint and token program. */
  readonly byAddress: ReadonlyMap<string, { readonly mint: string; readonly tokenProgram: string }>;
};

export type GateContext = {
  readonly intent: SwapIntent;
  readonly own: OwnAccounts;
  readonly tokenAccountOf: TokenAccountOf;
  readonly instructions: readonly Instruction[];
  readonly accounts: readonly AccountMeta[];
  /** How many of the accounts are static keys: the first ones. */
  readonly staticCount: number;
  readonly requiredSignatures: number;
};

/** Throws where an address of the intent is none. */
export function ownAccounts(intent: SwapIntent, tokenAccountOf: TokenAccountOf): OwnAccounts {
  const { wallet, input, output, intermediates = [] } = intent;
  const native = { mint: NATIVE_MINT, tokenProgram: TOKEN_PROGRAM };
  const accountOf = (token: { readonly mint: string; readonly tokenProgram: string }): string =>
    tokenAccountOf(wallet, token.mint, token.tokenProgram);
  return {
    wallet,
    input: accountOf(input),
    output: accountOf(output),
    wrapped: accountOf(native),
    byAddress: new Map(
      [input, output, native, ...intermediates].map((token) => [accountOf(token), token]),
    ),
  };
}

export const isOwn = ({ wallet, byAddress }: OwnAccounts, address: string): boolean =>
  address === wallet || byAddress.has(address);

const MAX_INTERMEDIATES = 8;
const U64_MAX = 2n ** 64n - 1n;

/** An intent that says nothing sensible allows nothing. */
export function intentRefusal(intent: SwapIntent): Refusal | undefined {
  const { input, output, intermediates = [], platformFee, tip, route } = intent;
  const say = (found: string, allowed: string): Refusal => refused("intent", found, allowed);
  for (const { tokenProgram } of [input, output, ...intermediates]) {
    if (tokenProgram !== TOKEN_PROGRAM && tokenProgram !== TOKEN_2022_PROGRAM) {
      return say(`token program ${tokenProgram}`, "SPL Token or Token-2022");
    }
  }
  if (input.mint === output.mint) return say("one mint for input and output", "two");
  if (intermediates.length > MAX_INTERMEDIATES) {
    return say(`${intermediates.length} intermediates`, `${MAX_INTERMEDIATES}`);
  }
  const amounts = [input.amount, output.quotedAmount, output.minimumAmount];
  if (amounts.some((amount) => amount < 1n || amount > U64_MAX)) {
    return say(`amounts ${amounts.join(", ")}`, `1 to ${U64_MAX}`);
  }
  if (output.minimumAmount > output.quotedAmount) {
    return say(`a minimum of ${output.minimumAmount}`, `at most the quoted ${output.quotedAmount}`);
  }
  if (
    platformFee &&
    !(Number.isInteger(platformFee.bps) && platformFee.bps > 0 && platformFee.bps < 256)
  ) {
    return say(`a platform fee of ${platformFee.bps} bps`, "1 to 255");
  }
  if (!/^[\x20-\x7e]{1,200}$/.test(intent.memo))
    return say("its memo", "1 to 200 characters of ASCII");
  if (route === "protected" && !tip) return say("no tip", "one on the protected route");
  if (route === "public" && tip) return say("a tip", "none on the public route");
  return undefined;
}
