/** What the result of a live order has beside that of a paper one. */
import type { OrderEventData } from "../../../domain/order/events.ts";
import type { OrderState, SignedAttempt } from "../../../domain/order/state.ts";
import { formatAmount } from "../../../domain/primitives/amount.ts";
import type {
  FeeLines,
  TradeResult,
  SignedAttempt as WireAttempt,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { ATTEMPT_OUTCOMES } from "./enums.ts";

type LiveFields = Pick<
  TradeResult,
  | "mevProtected"
  | "provisional"
  | "slot"
  | "wallet"
  | "route"
  | "signedAttempts"
  | "failedAttemptsFeeLamports"
>;

/** Empty or absent for paper orders. */
export const liveFieldsOf = ({
  fill,
  phase,
  wallet,
  signedAttempts = [],
  feesOfFailedAttempts,
}: OrderState): LiveFields => ({
  mevProtected: fill?.live?.mevProtected ?? false,
  provisional: phase === "provisional",
  slot: fill?.live && BigInt(fill.live.slot),
  wallet: wallet ?? "",
  route: signedAttempts.at(-1)?.route ?? "",
  signedAttempts: signedAttempts.map(attemptOf),
  failedAttemptsFeeLamports: BigInt(feesOfFailedAttempts ?? 0),
});

const attemptOf = (signed: SignedAttempt): WireAttempt => ({
  attempt: signed.attempt,
  txSignature: signed.signature,
  route: signed.route,
  attemptOutcome: ATTEMPT_OUTCOMES[signed.outcome],
  slot: signed.slot === undefined ? undefined : BigInt(signed.slot),
  feeLamports: BigInt(signed.feeLamports ?? 0),
});

type LiveFees = Pick<
  FeeLines,
  "rentRecoveredLamports" | "unwrappedLamports" | "otherTransfersLamports" | "walletChangeLamports"
>;

export const liveFeesOf = ({ live }: OrderEventData<"OrderFilled">): LiveFees => ({
  rentRecoveredLamports: BigInt(live?.rentRecoveredLamports ?? 0),
  unwrappedLamports: BigInt(live?.unwrappedLamports ?? 0),
  otherTransfersLamports: BigInt(live?.otherTransfersLamports ?? 0),
  walletChangeLamports: live && BigInt(live.walletLamportsChange),
});

/** What a caller should look at. */
export function liveWarnings({ fill, request, signedAttempts }: OrderState): readonly string[] {
  const isPublic = signedAttempts?.at(-1)?.route === "public" && request.mev.protect !== false;
  const others = BigInt(fill?.live?.otherTransfersLamports ?? 0);
  return [
    ...(isPublic
      ? ["PUBLIC_ROUTE: sent to public nodes, where nothing protects it from being front-run"]
      : []),
    ...(others === 0n
      ? []
      : [
          `OTHER_TRANSFERS: ${formatAmount(others, 9)} SOL left the wallet beside swap, fees and rent`,
        ]),
  ];
}
