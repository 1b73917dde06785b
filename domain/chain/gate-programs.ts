/**
 * Rules about the instructions around the swap: which programs, and of each of them which instructions with which accounts. Whatever is
 * not named here is refused.
 */
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  JUPITER_PROGRAM,
  MEMO_PROGRAM,
  NATIVE_MINT,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "./addresses.ts";
import { readUint } from "./bytes.ts";
import { isDontFront } from "./gate-accounts.ts";
import type { GateContext } from "./gate-context.ts";
import { type Refusal, refused } from "./gate-verdict.ts";
import type { Instruction } from "./instruction.ts";

/** What one instruction is, as far as the others have to know; "other": nothing that is counted. */
type Piece = "swap" | "memo" | "wrap" | "tip" | "before-swap" | "after-swap" | "other";
type Rule = (
  context: GateContext,
  instruction: Instruction,
  accounts: readonly string[],
) => Piece | Refusal;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [COMPUTE_BUDGET_PROGRAM, () => "other"],
  [JUPITER_PROGRAM, () => "swap"],
  [MEMO_PROGRAM, memoRule],
  [SYSTEM_PROGRAM, systemRule],
  [TOKEN_PROGRAM, tokenRule],
  [TOKEN_2022_PROGRAM, token2022Rule],
  [ASSOCIATED_TOKEN_PROGRAM, createRule],
]);

/** The one swap instruction, or why the transaction is refused. */
export function checkPrograms(context: GateContext): { readonly swap: Instruction } | Refusal {
  const pieces: Piece[] = [];
  for (const instruction of context.instructions) {
    const rule = RULES.get(instruction.programId);
    if (!rule) return refused("program-allowed", instruction.programId, allowedPrograms());
    const addresses = instruction.accounts.filter((meta) => !isDontFront(meta));
    const accounts = addresses.map(({ address }) => address);
    const piece = rule(context, instruction, accounts);
    if (typeof piece !== "string") return piece;
    pieces.push(piece);
  }
  const refusal = countRefusal(context, pieces) ?? orderRefusal(pieces);
  if (refusal) return refusal;
  const swap = context.instructions[pieces.indexOf("swap")];
  return swap ? { swap } : refused("swap-count", "none", "1");
}

const allowedPrograms = (): string => `one of ${[...RULES.keys()].join(", ")}`.slice(0, 400);

function countRefusal({ intent }: GateContext, pieces: readonly Piece[]): Refusal | undefined {
  const count = (piece: Piece): number => pieces.filter((each) => each === piece).length;
  const swaps = count("swap");
  if (swaps !== 1) return refused("swap-count", `${swaps} swaps`, "1");
  const memos = count("memo");
  if (memos !== 1) return refused("memo", `${memos} memos`, "1");
  const tips = count("tip");
  const wanted = intent.tip ? 1 : 0;
  if (tips !== wanted) return refused("tip", `${tips} tips`, `${wanted}`);
  const wraps = count("wrap");
  return wraps > 1 ? refused("wrap-amount", `${wraps} transfers to be wrapped`, "1") : undefined;
}

/** Lamports that come to a wrapped account after its swap, or accounts opened then, would serve nothing that is meant. */
function orderRefusal(pieces: readonly Piece[]): Refusal | undefined {
  const swap = pieces.indexOf("swap");
  const wrong = pieces.some((piece, index) =>
    index > swap ? piece === "wrap" || piece === "before-swap" : piece === "after-swap",
  );
  return wrong
    ? refused("order", "set-up or clean-up on the wrong side of the swap", "set-up, swap, clean-up")
    : undefined;
}

function memoRule({ intent }: GateContext, { data, accounts }: Instruction): Piece | Refusal {
  const text = String.fromCharCode(...data.subarray(0, 600));
  if (text !== intent.memo)
    return refused("memo", JSON.stringify(text), JSON.stringify(intent.memo));
  const foreign = accounts.find(({ address }) => address !== intent.wallet);
  return foreign
    ? refused("memo", `account ${foreign.address}`, "no account but the wallet")
    : "memo";
}

const SYSTEM_NAMES = [
  ...[
    "createAccount",
    "assign",
    "transfer",
    "createAccountWithSeed",
    "advanceNonce",
    "withdrawNonce",
  ],
  ...["initializeNonce", "authorizeNonce", "allocate", "allocateWithSeed", "assignWithSeed"],
  ...["transferWithSeed", "upgradeNonce"],
];
const TRANSFER = 2;
const ADVANCE_NONCE = 4;

/** Lamports of the wallet go to its own wrapped account, exactly those that are to be spent, or are the tip. */
function systemRule(
  context: GateContext,
  { data }: Instruction,
  accounts: readonly string[],
): Piece | Refusal {
  const { intent, own } = context;
  const kind = Number(readUint(data, 0, 4) ?? -1n);
  if (kind === ADVANCE_NONCE) return refused("durable-nonce", "advanceNonce", "a recent blockhash");
  if (kind !== TRANSFER || data.length !== 12 || accounts.length !== 2) {
    return refused("system-instruction", SYSTEM_NAMES[kind] ?? `instruction ${kind}`, "transfer");
  }
  const lamports = readUint(data, 4, 8) ?? 0n;
  const [from, to] = accounts;
  if (from !== own.wallet)
    return refused("system-instruction", `transfer from ${from}`, own.wallet);
  if (to === own.wrapped) {
    const wanted = intent.input.mint === NATIVE_MINT ? intent.input.amount : undefined;
    return lamports === wanted
      ? "wrap"
      : refused("wrap-amount", `${lamports} lamports`, wanted ? `${wanted} lamports` : "none");
  }
  if (intent.tip && to === intent.tip.account) {
    const { lamports: wanted } = intent.tip;
    return lamports === wanted
      ? "tip"
      : refused("tip", `${lamports} lamports`, `${wanted} lamports`);
  }
  const allowed = intent.tip ? "own wrapped account or the tip account" : "own wrapped account";
  return refused("foreign-transfer", `${lamports} lamports to ${to}`, allowed);
}

const TOKEN_NAMES = [
  ...["initializeMint", "initializeAccount", "initializeMultisig", "transfer", "approve", "revoke"],
  ...["setAuthority", "mintTo", "burn", "closeAccount", "freezeAccount", "thawAccount"],
  ...["transferChecked", "approveChecked", "mintToChecked", "burnChecked", "initializeAccount2"],
  ...["syncNative"],
];
const CLOSE_ACCOUNT = 9;
const SYNC_NATIVE = 17;
const tokenName = (data: Uint8Array): string =>
  TOKEN_NAMES[data[0] ?? -1] ?? `instruction ${data[0]}`;

function tokenRule(
  context: GateContext,
  { data }: Instruction,
  accounts: readonly string[],
): Piece | Refusal {
  const { wallet, wrapped } = context.own;
  const [account, second, third] = accounts;
  if (data.length === 1 && data[0] === SYNC_NATIVE) {
    return accounts.length === 1 && account === wrapped
      ? "before-swap"
      : refused("sync-native", accounts.join(", "), wrapped);
  }
  if (data.length === 1 && data[0] === CLOSE_ACCOUNT) {
    const isOurs = account === wrapped && second === wallet && third === wallet;
    return isOurs && accounts.length === 3
      ? "after-swap"
      : refused("close-account", accounts.join(", "), `${wrapped} to ${wallet}`);
  }
  return refused("token-instruction", tokenName(data), "syncNative or closeAccount of wrapped SOL");
}

/** Wrapped SOL is of the older program, and nothing else is synced or closed. */
function token2022Rule(_: GateContext, { data }: Instruction): Refusal {
  return refused("token-instruction", `${tokenName(data)} of Token-2022`, "none");
}

/** create and createIdempotent of the associated token program; recoverNested is not among them. */
function createRule(
  context: GateContext,
  { data }: Instruction,
  accounts: readonly string[],
): Piece | Refusal {
  const say = (found: string, allowed: string) => refused("token-account-create", found, allowed);
  if (data.length > 1 || (data[0] ?? 0) > 1) return say(`instruction ${data[0]}`, "create");
  const [payer, account = "", owner, mint, system, tokenProgram] = accounts;
  const { wallet, byAddress } = context.own;
  if (accounts.length !== 6 || system !== SYSTEM_PROGRAM) return say("other accounts", "six");
  if (payer !== wallet) return say(`payer ${payer}`, wallet);
  if (owner !== wallet) return say(`owner ${owner}`, wallet);
  const own = byAddress.get(account);
  if (!own) return say(`account ${account} of mint ${mint}`, "own accounts of the route's mints");
  return own.mint === mint && own.tokenProgram === tokenProgram
    ? "before-swap"
    : say(`mint ${mint} of ${tokenProgram}`, `${own.mint} of ${own.tokenProgram}`);
}
