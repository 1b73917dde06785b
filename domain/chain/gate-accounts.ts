/** Rules about who pays and signs, what may stand in lookup tables, and the marks of the protected route. */
import { JITO_TIP_ACCOUNTS, MEMO_PROGRAM } from "./addresses.ts";
import { type GateContext, isOwn } from "./gate-context.ts";
import { firstOf, type Refusal, refused } from "./gate-verdict.ts";
import type { AccountMeta, Instruction } from "./instruction.ts";

/** Least tip that Jito's auction looks at: docs.jito.wtf/lowlatencytxnsend. */
export const MIN_TIP_LAMPORTS = 1_000n;

/** Any address that begins so keeps others from running before, as far as Jito's block engine decides. */
const DONT_FRONT = /^jitodontfront/;
export const isDontFront = ({ address }: AccountMeta): boolean => DONT_FRONT.test(address);

export const accountsRefusal = (context: GateContext): Refusal | undefined =>
  firstOf(
    () => payerRefusal(context),
    () => staticRefusal(context),
    () => dontFrontRefusal(context),
    () => tipAccountRefusal(context),
  );

function payerRefusal({ intent, accounts, requiredSignatures }: GateContext): Refusal | undefined {
  const payer = accounts[0];
  if (payer?.address !== intent.wallet) {
    return refused("fee-payer", payer?.address ?? "none", intent.wallet);
  }
  if (requiredSignatures !== 1) {
    const signers = accounts.filter(({ isSigner }) => isSigner).map(({ address }) => address);
    return refused("only-signer", signers.slice(1).join(", "), intent.wallet);
  }
  return undefined;
}

/** Whoever lies about a table's contents must not reach what is ours. */
function staticRefusal({ accounts, own, staticCount }: GateContext): Refusal | undefined {
  const loaded = accounts.slice(staticCount);
  const wrong = loaded.find(
    (meta) => isOwn(own, meta.address) || JITO_TIP_ACCOUNTS.has(meta.address) || isDontFront(meta),
  );
  return wrong && refused("static-key", `${wrong.address} through a lookup table`, "a static key");
}

function dontFrontRefusal(context: GateContext): Refusal | undefined {
  const { intent, instructions, accounts } = context;
  const marks = accounts.filter(isDontFront);
  if (intent.route === "public") {
    return marks[0] && refused("dont-front", marks[0].address, "none on the public route");
  }
  const wrong = marks.find(({ isSigner, isWritable }) => isSigner || isWritable);
  if (wrong) return refused("dont-front", `${wrong.address} can be written`, "read-only");
  const carriesMark = ({ programId, accounts: metas }: Instruction): boolean =>
    programId !== MEMO_PROGRAM && metas.some(isDontFront);
  return instructions.some(carriesMark)
    ? undefined
    : refused("dont-front", "none", "jitodontfront… on an instruction but the memo");
}

function tipAccountRefusal({ intent: { tip } }: GateContext): Refusal | undefined {
  if (!tip) return undefined;
  if (!JITO_TIP_ACCOUNTS.has(tip.account)) {
    return refused("tip-account", tip.account, "one of Jito's eight");
  }
  return tip.lamports < MIN_TIP_LAMPORTS
    ? refused("tip-minimum", `${tip.lamports} lamports`, `${MIN_TIP_LAMPORTS} or more`)
    : undefined;
}
