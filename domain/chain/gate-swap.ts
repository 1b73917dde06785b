/**
 * Rules about Jupiter's instruction: `route` or `shared_accounts_route` of version 1, its arguments read from the front to the last byte,
 * and every account that its layout gives a meaning. Orders of accounts: the program's IDL, equal to all recorded transactions.
 */
import {
  JUPITER_EVENT_AUTHORITY,
  JUPITER_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "./addresses.ts";
import { hexOf, readUint } from "./bytes.ts";
import { type GateContext, isOwn } from "./gate-context.ts";
import { firstOf, type Refusal, refused, type SwapFacts } from "./gate-verdict.ts";
import type { AccountMeta, Instruction } from "./instruction.ts";
import { JUPITER_AUTHORITIES } from "./jupiter-authorities.ts";
import { readRoutePlan } from "./route-plan.ts";

/** Places in the list of accounts. */
const ROUTE = {
  ...{ tokenProgram: 0, user: 1, source: 2, destination: 3, otherDestination: 4 },
  ...{ destinationMint: 5, platformFee: 6, eventAuthority: 7, program: 8, length: 9 },
};
const SHARED = {
  ...{ tokenProgram: 0, authority: 1, user: 2, source: 3, programSource: 4 },
  ...{ programDestination: 5, destination: 6, sourceMint: 7, destinationMint: 8, platformFee: 9 },
  ...{ token2022: 10, eventAuthority: 11, program: 12, length: 13 },
};
const ROUTE_DISCRIMINATOR = "e517cb977ae3ad2a";
const SHARED_DISCRIMINATOR = "c1209b3341d69c81";
const DISCRIMINATOR_BYTES = 8;
/** in_amount u64, quoted_out_amount u64, slippage_bps u16, platform_fee_bps u8. */
const ARGUMENT_BYTES = 19;
const ALL_BPS = 10_000n;

type Kind = { readonly name: SwapFacts["name"]; readonly planAt: number };

/** The swap as the program will read it, or why it is refused. */
export function checkSwap(context: GateContext, swap: Instruction): SwapFacts | Refusal {
  const discriminator = hexOf(swap.data.subarray(0, DISCRIMINATOR_BYTES));
  const kind: Kind | undefined =
    discriminator === ROUTE_DISCRIMINATOR
      ? { name: "route", planAt: DISCRIMINATOR_BYTES }
      : discriminator === SHARED_DISCRIMINATOR
        ? { name: "shared_accounts_route", planAt: DISCRIMINATOR_BYTES + 1 }
        : undefined;
  if (!kind) return refused("swap-kind", discriminator, "route or shared_accounts_route");
  const facts = readArguments(swap.data, kind);
  if ("kind" in facts) return facts;
  return (
    argumentsRefusal(context, facts) ??
    (kind.name === "route"
      ? routeRefusal(context, swap.accounts)
      : sharedRefusal(context, swap.accounts, swap.data[DISCRIMINATOR_BYTES] ?? 0)) ??
    facts
  );
}

function readArguments(data: Uint8Array, { name, planAt }: Kind): SwapFacts | Refusal {
  const plan = readRoutePlan(data, planAt);
  if (plan.kind === "problem") return refused("route-plan", plan.problem, "a plan of known venues");
  const { end, steps } = plan;
  if (end + ARGUMENT_BYTES !== data.length) {
    const found = `${data.length - end} bytes after the plan`;
    return refused("swap-data-length", found, `${ARGUMENT_BYTES}`);
  }
  const number = (at: number, size: number): bigint => readUint(data, end + at, size) ?? 0n;
  const quotedOutAmount = number(8, 8);
  const slippage = number(16, 2);
  if (slippage > ALL_BPS) return refused("swap-slippage", `${slippage} bps`, `${ALL_BPS}`);
  return {
    ...{ name, inAmount: number(0, 8), quotedOutAmount },
    venues: steps.map(({ venue }) => venue),
    minimumOutAmount: (quotedOutAmount * (ALL_BPS - slippage) + ALL_BPS - 1n) / ALL_BPS,
    slippageBps: Number(slippage),
    platformFeeBps: Number(number(18, 1)),
  };
}

function argumentsRefusal({ intent }: GateContext, facts: SwapFacts): Refusal | undefined {
  const { input, output, platformFee } = intent;
  const equal = (rule: string, found: bigint | number, wanted: bigint | number) => () =>
    found === wanted ? undefined : refused(rule, `${found}`, `${wanted}`);
  return firstOf(
    equal("swap-amount-in", facts.inAmount, input.amount),
    equal("swap-quoted-out", facts.quotedOutAmount, output.quotedAmount),
    () =>
      facts.minimumOutAmount < output.minimumAmount
        ? refused(
            "swap-minimum-out",
            `${facts.minimumOutAmount}`,
            `${output.minimumAmount} or more`,
          )
        : undefined,
    equal("platform-fee", facts.platformFeeBps, platformFee?.bps ?? 0),
  );
}

type Wanted = readonly [rule: string, place: number, allowed: readonly string[]];

/** Each place holds one of the addresses that are allowed there. */
function placesRefusal(
  accounts: readonly AccountMeta[],
  wanted: readonly Wanted[],
): Refusal | undefined {
  for (const [rule, place, allowed] of wanted) {
    const found = accounts[place]?.address ?? "nothing";
    if (!allowed.includes(found)) return refused(rule, found, allowed.join(" or "));
  }
  return undefined;
}

/** The chain would refuse it as well; but what the header says of ours is part of what was asked for. */
function privilegesRefusal(
  accounts: readonly AccountMeta[],
  places: { readonly user: number; readonly written: readonly number[] },
): Refusal | undefined {
  const user = accounts[places.user];
  if (!user?.isSigner) return refused("swap-privileges", "no signature", "the wallet signs");
  const wrong = places.written.map((place) => accounts[place]).find((meta) => !meta?.isWritable);
  return wrong && refused("swap-privileges", `${wrong.address} is read-only`, "writable");
}

function routeRefusal(context: GateContext, accounts: readonly AccountMeta[]): Refusal | undefined {
  const { intent, own } = context;
  const programs = [intent.output.tokenProgram, intent.input.tokenProgram];
  return (
    placesRefusal(accounts, [
      ["swap-authority", ROUTE.user, [own.wallet]],
      ["swap-source", ROUTE.source, [own.input]],
      ["swap-destination", ROUTE.destination, [own.output]],
      ["swap-destination", ROUTE.otherDestination, [JUPITER_PROGRAM, own.output]],
      ["swap-mint", ROUTE.destinationMint, [intent.output.mint]],
      ["platform-fee", ROUTE.platformFee, [feeAccountOf(context)]],
      ["swap-token-program", ROUTE.tokenProgram, programs],
      ["swap-program-accounts", ROUTE.eventAuthority, [JUPITER_EVENT_AUTHORITY]],
      ["swap-program-accounts", ROUTE.program, [JUPITER_PROGRAM]],
    ]) ??
    privilegesRefusal(accounts, writtenAt(context, ROUTE)) ??
    trackingRefusal(context, accounts.slice(ROUTE.length))
  );
}

/** Venues get the program's own accounts here: the wallet and its accounts have no business among theirs. */
function sharedRefusal(
  context: GateContext,
  accounts: readonly AccountMeta[],
  id: number,
): Refusal | undefined {
  const { intent, own, tokenAccountOf } = context;
  const { input, output } = intent;
  const authority = JUPITER_AUTHORITIES[id];
  if (authority === undefined)
    return refused("swap-program-accounts", `authority ${id}`, "0 to 15");
  const rest = accounts.slice(SHARED.length);
  const ownInRest = rest.find(({ address }) => isOwn(own, address));
  const programs = [TOKEN_PROGRAM, output.tokenProgram, input.tokenProgram];
  const programSource = tokenAccountOf(authority, input.mint, input.tokenProgram);
  const programDestination = tokenAccountOf(authority, output.mint, output.tokenProgram);
  return (
    placesRefusal(accounts, [
      ["swap-authority", SHARED.user, [own.wallet]],
      ["swap-source", SHARED.source, [own.input]],
      ["swap-destination", SHARED.destination, [own.output]],
      ["swap-mint", SHARED.sourceMint, [input.mint]],
      ["swap-mint", SHARED.destinationMint, [output.mint]],
      ["platform-fee", SHARED.platformFee, [feeAccountOf(context)]],
      ["swap-token-program", SHARED.tokenProgram, programs],
      ["swap-token-program", SHARED.token2022, [JUPITER_PROGRAM, TOKEN_2022_PROGRAM]],
      ["swap-program-accounts", SHARED.authority, [authority]],
      ["swap-program-accounts", SHARED.programSource, [programSource]],
      ["swap-program-accounts", SHARED.programDestination, [programDestination]],
      ["swap-program-accounts", SHARED.eventAuthority, [JUPITER_EVENT_AUTHORITY]],
      ["swap-program-accounts", SHARED.program, [JUPITER_PROGRAM]],
    ]) ??
    privilegesRefusal(accounts, writtenAt(context, SHARED)) ??
    (ownInRest && refused("swap-venue-accounts", ownInRest.address, "nothing of the wallet")) ??
    trackingRefusal(context, rest)
  );
}

const writtenAt = (
  { intent }: GateContext,
  { user, source, destination, platformFee }: typeof ROUTE | typeof SHARED,
) => ({ user, written: [source, destination, ...(intent.platformFee ? [platformFee] : [])] });

/** An account that is optional and absent is the program itself. */
const feeAccountOf = ({ intent }: GateContext): string =>
  intent.platformFee?.feeAccount ?? JUPITER_PROGRAM;

function trackingRefusal(
  { intent }: GateContext,
  rest: readonly AccountMeta[],
): Refusal | undefined {
  const tracking = rest.find(({ address }) => address === intent.trackingAccount);
  return tracking?.isWritable || tracking?.isSigner
    ? refused("tracking-account", `${tracking.address} can be written`, "read-only")
    : undefined;
}
