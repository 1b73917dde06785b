/** What nobody may sign inside Jupiter's instruction or by its intent, and the rule that has to say so. */
import { JUPITER_PROGRAM, NATIVE_MINT } from "../../domain/chain/addresses.ts";
import {
  type Attack,
  account,
  FEE,
  intent,
  JUP,
  meta,
  SELL,
  SELL_SHARED,
  swapAccount,
  swapData,
  token,
  USDC,
  u64,
  WRAPPED,
  withParts,
} from "./gate-attack-tools.ts";
import { addressNamed, partsOf, STRANGER, WALLET } from "./swap-parts.ts";

/** Where the swap should be: a transaction without one. */
const NOTHING = token(17, [meta(WRAPPED, "w")]);

/** In Jupiter's instruction. Places: those of `route`, and where SELL_SHARED is meant those of `shared_accounts_route`. */
export const SWAP_ATTACKS: readonly Attack[] = [
  ["no swap", "swap-count", withParts(SELL, () => ({ swap: NOTHING }))],
  [
    "the swap twice",
    "swap-count",
    withParts(SELL, ({ swap, other }) => ({ other: [swap, ...other] })),
  ],
  [
    "exact_out_route",
    "swap-kind",
    swapData(SELL, 0, 0xd0, 0x33, 0xef, 0x97, 0x7b, 0x2b, 0xed, 0x5c),
  ],
  [
    "route_with_token_ledger",
    "swap-kind",
    swapData(SELL, 0, 0x96, 0x56, 0x47, 0x74, 0xa7, 0x5d, 0x0e, 0x68),
  ],
  ["route_v2", "swap-kind", swapData(SELL, 0, 0xbb, 0x64, 0xfa, 0xcc, 0x31, 0xc4, 0xaf, 0x14)],
  ["closing an account of the program", "swap-kind", swapData(SELL, 0, 1, 2, 3, 4, 5, 6, 7, 8)],
  ["an unknown venue", "route-plan", swapData(SELL, 12, 250)],
  ["a venue with opaque data", "route-plan", swapData(SELL, 12, 120)],
  ["a venue that takes arguments", "swap-data-length", swapData(SELL, 12, 17, 1, 100)],
  ["no step", "route-plan", swapData(SELL, 8, 0)],
  ["more steps than there are", "route-plan", swapData(SELL, 8, 33)],
  ["0 percent", "route-plan", swapData(SELL, 13, 0)],
  ["101 percent", "route-plan", swapData(SELL, 13, 101)],
  [
    "an honest tail behind other arguments",
    "swap-data-length",
    withParts(SELL, ({ swap }) => ({
      swap: {
        ...swap,
        data: Uint8Array.from([
          ...swap.data.subarray(0, -11),
          ...new Uint8Array(8),
          ...swap.data.subarray(-3),
          ...swap.data.subarray(-19),
        ]),
      },
    })),
  ],
  [
    "a byte behind the arguments",
    "swap-data-length",
    withParts(SELL, ({ swap }) => ({
      swap: { ...swap, data: Uint8Array.from([...swap.data, 0]) },
    })),
  ],
  [
    "a byte short",
    "swap-data-length",
    withParts(SELL, ({ swap }) => ({ swap: { ...swap, data: swap.data.slice(0, -1) } })),
  ],
  ["one unit more in", "swap-amount-in", swapData(SELL, -19, ...u64(1_000_000_001n))],
  ["one unit less in", "swap-amount-in", swapData(SELL, -19, ...u64(999_999_999n))],
  ["another quoted amount", "swap-quoted-out", swapData(SELL, -11, ...u64(148_999_999n))],
  ["one bps more of slippage", "swap-minimum-out", swapData(SELL, -3, 51, 0)],
  ["all of it slippage", "swap-minimum-out", swapData(SELL, -3, 0x10, 0x27)],
  ["more than all", "swap-slippage", swapData(SELL, -3, 0x11, 0x27)],
  ["a platform fee nobody asked for", "platform-fee", swapData(SELL, -1, 1)],
  ["a higher platform fee", "platform-fee", swapData(FEE, -1, 21)],
  ["a fee account nobody asked for", "platform-fee", swapAccount(SELL, 6, STRANGER)],
  ["another fee account", "platform-fee", swapAccount(FEE, 6, STRANGER)],
  ["a stranger's authority", "only-signer", swapAccount(SELL, 1, STRANGER, "s")],
  ["no authority", "swap-authority", swapAccount(SELL, 1, STRANGER, "")],
  ["a stranger's source", "swap-source", swapAccount(SELL, 2, account("SOL", STRANGER))],
  ["another source of ours", "swap-source", swapAccount(SELL, 2, account("JUP"))],
  ["a stranger's destination", "swap-destination", swapAccount(SELL, 3, account("USDC", STRANGER))],
  [
    "a stranger behind the destination",
    "swap-destination",
    swapAccount(SELL, 4, account("USDC", STRANGER)),
  ],
  ["the wallet as destination", "swap-destination", swapAccount(SELL, 4, WALLET)],
  ["another destination mint", "swap-mint", swapAccount(SELL, 5, JUP, "")],
  ["a foreign token program", "swap-token-program", swapAccount(SELL, 0, STRANGER, "")],
  ["another event authority", "swap-program-accounts", swapAccount(SELL, 7, STRANGER, "")],
  ["another program", "swap-program-accounts", swapAccount(SELL, 8, STRANGER, "")],
  [
    "too few accounts",
    "swap-program-accounts",
    withParts(SELL, ({ swap }) => ({ swap: { ...swap, accounts: swap.accounts.slice(0, 8) } })),
  ],
  [
    "a read-only destination",
    "swap-privileges",
    withParts({ ...SELL, exists: true }, ({ swap }) => ({
      swap: {
        ...swap,
        accounts: swap.accounts.map((each) =>
          each.address === USDC ? { ...each, isWritable: false } : each,
        ),
      },
    })),
  ],
  ["a second signer among the venues", "only-signer", swapAccount(SELL, -1, STRANGER, "s")],
  [
    "a writable tracking account",
    "tracking-account",
    swapAccount({ ...SELL, tracks: true }, -1, addressNamed("a tracking account")),
  ],
  ["shared: another id", "swap-program-accounts", swapData(SELL_SHARED, 8, 9)],
  ["shared: an id without authority", "swap-program-accounts", swapData(SELL_SHARED, 8, 200)],
  [
    "shared: a stranger's authority",
    "swap-program-accounts",
    swapAccount(SELL_SHARED, 1, STRANGER, ""),
  ],
  [
    "shared: a stranger's program source",
    "swap-program-accounts",
    swapAccount(SELL_SHARED, 4, STRANGER),
  ],
  [
    "shared: a stranger's program destination",
    "swap-program-accounts",
    swapAccount(SELL_SHARED, 5, STRANGER),
  ],
  ["shared: a stranger's source", "swap-source", swapAccount(SELL_SHARED, 3, STRANGER)],
  [
    "shared: a stranger's destination",
    "swap-destination",
    swapAccount(SELL_SHARED, 6, account("USDC", STRANGER)),
  ],
  ["shared: another source mint", "swap-mint", swapAccount(SELL_SHARED, 7, JUP, "")],
  ["shared: another destination mint", "swap-mint", swapAccount(SELL_SHARED, 8, JUP, "")],
  [
    "shared: a foreign Token-2022",
    "swap-token-program",
    swapAccount(SELL_SHARED, 10, STRANGER, ""),
  ],
  [
    "shared: the wallet among the venues",
    "swap-venue-accounts",
    swapAccount(SELL_SHARED, -1, WALLET),
  ],
  [
    "shared: our account among the venues",
    "swap-venue-accounts",
    swapAccount(SELL_SHARED, -1, USDC),
  ],
  ["shared: a fee account nobody asked for", "platform-fee", swapAccount(SELL_SHARED, 9, STRANGER)],
];

/** An intent that allows nothing. */
export const INTENT_ATTACKS: readonly Attack[] = [
  [
    "one mint",
    "intent",
    intent(SELL, { output: { ...partsOf(SELL).intent.output, mint: NATIVE_MINT } }),
  ],
  [
    "no minimum",
    "intent",
    intent(SELL, { output: { ...partsOf(SELL).intent.output, minimumAmount: 0n } }),
  ],
  [
    "a minimum over the quote",
    "intent",
    intent(SELL, { output: { ...partsOf(SELL).intent.output, minimumAmount: 149_000_001n } }),
  ],
  [
    "an amount of nothing",
    "intent",
    intent(SELL, { input: { ...partsOf(SELL).intent.input, amount: 0n } }),
  ],
  [
    "a foreign token program",
    "intent",
    intent(SELL, { input: { ...partsOf(SELL).intent.input, tokenProgram: JUPITER_PROGRAM } }),
  ],
  [
    "a platform fee of half a bps",
    "intent",
    intent(FEE, { platformFee: { bps: 0.5, feeAccount: STRANGER } }),
  ],
  ["no memo", "intent", intent(SELL, { memo: "" })],
  ["a wallet that is no address", "unreadable", intent(SELL, { wallet: "wallet" })],
  ["another wallet", "fee-payer", intent(SELL, { wallet: STRANGER })],
];
