/**
 * What an attempt is made of: instructions, balances, what it may do and what is held for it. Nothing here records anything or leaves a
 * trace outside.
 */
import { LAMPORTS_PER_SIGNATURE } from "../../chain/addresses.ts";
import type { Route, SwapIntent } from "../../chain/intent.ts";
import { readTokenAccount } from "../../chain/token-account.ts";
import type { ReservationLine } from "../../order/events.ts";
import type { OrderState } from "../../order/state.ts";
import { inputMintOf, outputMintOf } from "../../order/trade.ts";
import type { AccountInfo } from "../../ports/chain.ts";
import type { SwapFailure, SwapInstructions, SwapQuote } from "../../ports/swaps.ts";
import { type Mint, SOL_MINT } from "../../primitives/ids.ts";
import { type AttemptParts, intentOf, isSol, openedBeside, ownTokenAccounts } from "./attempt.ts";
import type { WitnessedBlockhash } from "./chain-facts.ts";
import type { LiveConfig } from "./live.types.ts";
import { noChain, type Obstacle, obstacle, type Tools } from "./obstacle.ts";

type OwnAccount = Token & { readonly address: string };

/** All that the message is made of. */
export type Plan = {
  readonly intent: SwapIntent;
  readonly parts: AttemptParts;
  readonly own: readonly OwnAccount[];
  readonly blockhash: WitnessedBlockhash;
  /** The wallet and its own accounts as they were read; before[0] is the wallet. */
  readonly before: readonly (AccountInfo | undefined)[];
  readonly slot: number;
  readonly lines: readonly ReservationLine[];
  /** Smallest units on the chain, by mint, without what the wallet itself must keep. */
  readonly balances: ReadonlyMap<Mint, bigint>;
};

export type PlanRequest = {
  readonly order: OrderState;
  readonly wallet: string;
  readonly quote: SwapQuote;
  readonly route: Route;
  readonly tip: SwapIntent["tip"];
  /** Priority fee that the caller named, without the tip. */
  readonly explicitLamports: bigint | undefined;
  readonly minContextSlot: number;
};

/** Bytes of a token account of each program; of Token-2022 with room for the usual extensions. */
const TOKEN_ACCOUNT_BYTES = 165;
const TOKEN_2022_ACCOUNT_BYTES = 200;
const TOKEN_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";

export async function planOf(
  tools: Tools,
  request: PlanRequest,
): Promise<{ readonly kind: "plan"; readonly plan: Plan } | Obstacle> {
  const { ports, config, facts } = tools;
  const { order, wallet, route, tip } = request;
  const ends = await endsOf(tools, order);
  if (ends.kind === "obstacle") return ends;
  // Nothing of these hangs on another. Which tokens the route has between is known afterwards; as a rule it opens no account for them.
  const [instructions, blockhash, walletRent, rent, rent2022, known] = await Promise.all([
    ports.swaps.instructions({
      quoteAnswer: request.quote.answer,
      wallet,
      feeAccount: order.request.feeAccount,
      trackingAccount: order.request.trackingAccount,
    }),
    facts.blockhash(),
    facts.rentExemption(0),
    facts.rentExemption(TOKEN_ACCOUNT_BYTES),
    facts.rentExemption(TOKEN_2022_ACCOUNT_BYTES),
    readOwn(tools, request, ends.tokens),
  ]);
  if (instructions.kind === "failed") return noSwap(instructions);
  if (blockhash.kind === "failed") return noChain(blockhash);
  if (walletRent.kind === "failed") return noChain(walletRent);
  if (rent.kind === "failed") return noChain(rent);
  if (rent2022.kind === "failed") return noChain(rent2022);
  const between = await intermediatesOf(tools, order, instructions);
  if (between.kind === "obstacle") return between;
  const read =
    between.tokens.length === 0
      ? known
      : await readOwn(tools, request, [...ends.tokens, ...between.tokens]);
  if (read.kind === "obstacle") return read;
  const { own, slot, before } = read;
  const [input, output] = ends.tokens;
  const parts: AttemptParts = {
    ...{ order, wallet, instructions, route, tip },
    tokenPrograms: { input: input.tokenProgram, output: output.tokenProgram },
    feeCapLamports: feeBudgetOf(request, config),
    intermediates: between.tokens,
    platformFeeBps: config.platformFeeBps,
    rentCapLamports: 0n,
  };
  const rents = own
    .filter((_, index) => before[index + 1] === undefined)
    .map(({ tokenProgram }) => (tokenProgram === TOKEN_2022 ? rent2022 : rent).value);
  const rentCapLamports = rents.reduce((sum, lamports) => sum + lamports, 0n);
  const intent = intentOf({ ...parts, rentCapLamports });
  const lines = linesOf(intent, parts, rents);
  const balances = balancesOf(own, before, walletRent.value);
  return {
    kind: "plan",
    plan: { ...{ intent, parts, own, before, slot, lines, balances }, blockhash: blockhash.value },
  };
}

type Token = { readonly mint: string; readonly tokenProgram: string };

/** What is given and what is got, with the programs that they belong to. */
async function endsOf(
  { facts }: Tools,
  { request }: OrderState,
): Promise<{ readonly kind: "ends"; readonly tokens: readonly [Token, Token] } | Obstacle> {
  const mints = [inputMintOf(request), outputMintOf(request)] as const;
  const [input, output] = await Promise.all([facts.mint(mints[0]), facts.mint(mints[1])]);
  if (input.kind === "failed") return noChain(input);
  if (output.kind === "failed") return noChain(output);
  if (!input.value || !output.value) {
    return obstacle("CHAIN_UNAVAILABLE", "a mint could not be read");
  }
  const given = { mint: mints[0], tokenProgram: input.value.tokenProgram };
  return {
    kind: "ends",
    tokens: [given, { mint: mints[1], tokenProgram: output.value.tokenProgram }],
  };
}

type OwnRead = Pick<Plan, "own" | "slot" | "before"> & { readonly kind: "own" };

/** The wallet and its accounts of these tokens. */
async function readOwn(
  { ports: { chain, tokenAccountOf } }: Tools,
  { wallet, minContextSlot }: PlanRequest,
  tokens: readonly Token[],
): Promise<OwnRead | Obstacle> {
  const own = ownTokenAccounts(wallet, tokens, tokenAccountOf);
  const addresses = [wallet, ...own.map(({ address }) => address)];
  const read = await chain.accounts(addresses, minContextSlot);
  if (read.kind === "failed") return noChain(read);
  return { kind: "own", own, slot: read.value.slot, before: read.value.accounts };
}

/** Only tokens of the configuration may stand between: the gate refuses a route over others that opens accounts. */
async function intermediatesOf(
  { facts, tokens }: Tools,
  { request }: OrderState,
  instructions: SwapInstructions,
): Promise<{ readonly kind: "tokens"; readonly tokens: readonly Token[] } | Obstacle> {
  const known = [request.baseMint, request.quoteMint, SOL_MINT];
  const found: Token[] = [];
  for (const mint of openedBeside(instructions, known)) {
    if (!tokens.has(mint as Mint)) continue;
    const answer = await facts.mint(mint);
    if (answer.kind === "failed") return noChain(answer);
    if (answer.value) found.push({ mint, tokenProgram: answer.value.tokenProgram });
  }
  return { kind: "tokens", tokens: found };
}

const noSwap = ({ class: kind, message, retryAfterMs }: SwapFailure): Obstacle => {
  const isFinal = kind === "no-route" || kind === "refused";
  const reason = isFinal ? "QUOTE_REFUSED" : "QUOTE_UNAVAILABLE";
  return { kind: "obstacle", failure: { reason, message, isRetryable: !isFinal, retryAfterMs } };
};

/** Most that priority fee and tip may come to: what was asked for, or the configured cap. Lamports. */
const feeBudgetOf = ({ explicitLamports, tip }: PlanRequest, config: LiveConfig): bigint =>
  explicitLamports === undefined
    ? config.priorityFee.capLamports
    : explicitLamports + (tip?.lamports ?? 0n);

function linesOf(
  { input, tip }: SwapIntent,
  { feeCapLamports }: AttemptParts,
  rents: readonly bigint[],
): ReservationLine[] {
  const tipLamports = tip?.lamports ?? 0n;
  const fee = LAMPORTS_PER_SIGNATURE + feeCapLamports - tipLamports;
  const lines: [string, bigint, ReservationLine["purpose"]][] = [
    [input.mint, input.amount, "input"],
    [SOL_MINT, fee, "fee"],
    [SOL_MINT, tipLamports, "tip"],
    ...rents.map((rent): [string, bigint, "rent"] => [SOL_MINT, rent, "rent"]),
  ];
  return lines
    .filter(([, amount]) => amount > 0n)
    .map(([mint, amount, purpose]) => ({ mint: mint as Mint, amount: amount.toString(), purpose }));
}

/** The wallet keeps what an account without data must hold, or the chain refuses the transaction. */
function balancesOf(
  own: readonly OwnAccount[],
  [wallet, ...accounts]: readonly (AccountInfo | undefined)[],
  walletRent: bigint,
): ReadonlyMap<Mint, bigint> {
  const lamports = (wallet?.lamports ?? 0n) - walletRent;
  const balances = new Map<Mint, bigint>([[SOL_MINT, lamports > 0n ? lamports : 0n]]);
  for (const [index, { mint }] of own.entries()) {
    if (!isSol(mint)) balances.set(mint as Mint, amountIn(accounts[index]));
  }
  return balances;
}

const amountIn = (account: AccountInfo | undefined): bigint =>
  (account && readTokenAccount(account)?.amount) ?? 0n;
