/**
 * The route plan of Jupiter's instructions of version 1, read from the front as the program does. A step is a venue (one byte, then its
 * arguments), percent, input and output index. Order and arguments of the venues: enum `Swap` of the program's IDL on the chain
 * (C88XWfp26heEmDkmfSzeXP7Fd7GQJ2j9dDTUsyiZbUTa, as of September 2026); a venue that is not in it is refused.
 */
import { readUint } from "./bytes.ts";

/**
 * Name, and after a colon its arguments, one character each: b bool, s one of two (Side and the like), 1 2 4 8 a number of so many
 * bytes, g 16 bytes, k 32 bytes, h and m enums of eight and three, r remaining accounts (list of two bytes each), c candidate swaps,
 * w candidate swaps with u32 weights; ? before an argument: it is optional. "!": what it holds is not known here.
 */
const VENUES = variants(`
  Saber SaberAddDecimalsDeposit SaberAddDecimalsWithdraw TokenSwap Sencha Step Cropper Raydium Crema:b Lifinity Mercurial Cykura
  Serum:s MarinadeDeposit MarinadeUnstake Aldrin:s AldrinV2:s Whirlpool:b Invariant:b Meteora GooseFX DeltaFi:b Balansol MarcoPolo:b
  Dradex:s LifinityV2 RaydiumClmm Openbook:s Phoenix:s Symmetry:88 TokenSwapV2 HeliumTreasuryManagementRedeemV0
  StakeDexStakeWrappedSol StakeDexSwapViaStake:4 GooseFXV2 Perps PerpsAddLiquidity PerpsRemoveLiquidity MeteoraDlmm OpenBookV2:s
  RaydiumClmmV2 StakeDexPrefundWithdrawStakeAndDepositStake:4 Clone:1bb SanctumS:1144 SanctumSAddLiquidity:14
  SanctumSRemoveLiquidity:14 RaydiumCP WhirlpoolSwapV2:b?r OneIntro PumpWrappedBuy PumpWrappedSell PerpsV2 PerpsV2AddLiquidity
  PerpsV2RemoveLiquidity MoonshotWrappedBuy MoonshotWrappedSell StabbleStableSwap StabbleWeightedSwap Obric:b
  FoxBuyFromEstimatedCost FoxClaimPartial:b SolFi:b SolayerDelegateNoInit SolayerUndelegateNoInit TokenMill:s DaosFunBuy
  DaosFunSell ZeroFi StakeDexWithdrawWrappedSol VirtualsBuy VirtualsSell Perena:11 PumpSwapBuy PumpSwapSell Gamma
  MeteoraDlmmSwapV2:r Woofi MeteoraDammV2 MeteoraDynamicBondingCurveSwap StabbleStableSwapV2 StabbleWeightedSwapV2
  RaydiumLaunchlabBuy:8 RaydiumLaunchlabSell:8 BoopdotfunWrappedBuy BoopdotfunWrappedSell Plasma:s GoonFi:b1 HumidiFi:8b
  MeteoraDynamicBondingCurveSwapWithRemainingAccounts TesseraV:s PumpWrappedBuyV2 PumpWrappedSellV2 PumpSwapBuyV2 PumpSwapSellV2
  Heaven:b SolFiV2:b Aquifer PumpWrappedBuyV3 PumpWrappedSellV3 PumpSwapBuyV3 PumpSwapSellV3 JupiterLendDeposit JupiterLendRedeem
  DefiTuna:b?r AlphaQ:b RaydiumV2 SarosDlmm:b Futarchy:s MeteoraDammV2WithRemainingAccounts Obsidian WhaleStreet:s DynamicV1:c?1
  PumpWrappedBuyV4 PumpWrappedSellV4 CarrotIssue CarrotRedeem Manifest:s BisonFi:b HumidiFiV2:8b PerenaStar:b JupiterRfqV2:!
  GoonFiV2:b Scorch:g VaultLiquidUnstake:888888 XOrca Quantum:s WhaleStreetV2:s88 Riptide:b RunnerRodeo TaurusFi:b Omnipair MSwap
  Hylo:h VoltrDeposit VoltrWithdraw SanctumSV2:1144 LemmingsFi:b ScaleVmmBuy ScaleVmmSell ScaleAmmBuy ScaleAmmSell BisonFiV2:b
  Trends HumaDeposit HumaInstantWithdraw Kipseli:b DynamicV2:w11 PumpSwapBuyV3WithCashbackClaim PumpSwapSellV3WithCashbackClaim
  PumpWrappedBuyV4WithCashbackClaim PumpWrappedSellV4WithCashbackClaim GoonFiV3:b PumpWrappedBuyV5:b PumpWrappedSellV5:b
  ZeroFiSwapV2 BisonFiPredict:sb ByrealDynamicV3 Flux:8b VaultLiquidSellLst VaultLiquidBuyLst:8 KipseliV2:b Deriverse:s4 Hadron:b
  BinaryFi Metric:b JupiterLendDexSwap:b Gatorswap:b Flint:bb Denali:b PerenaStarV2Deposit PerenaStarV2WithdrawFromExternal:1
  SanctumSols:m HyloV2:h SanctumPamm Archer:s TrenchWrappedBuy TrenchWrappedSell BisonFiMarketBacked:b TesseraVV2:s Stableswap
  BinaryFiV2 KipseliV3:b PerenaStarV2TrancheDeposit:s PerenaStarV2TrancheWithdrawFromExternal:s?1 Quay:b HumidiFiRouter:8kgb
  HumidiFiRouterV2:88kgb PumpWrappedBuyV6:bb HyloRouter`);

/** Venues that a dynamic step chooses from while it runs. */
const CANDIDATES = variants(`
  HumidiFi:8b TesseraV:s HumidiFiV2:8b RaydiumV2 RaydiumClmm Whirlpool:b ZeroFi BisonFiV2:b GoonFiV2:b GoonFiV3:b WhirlpoolV2:b?r
  ZeroFiSwapV2 BisonFiMarketBacked:b RaydiumClmmV2 TesseraVV2:s HumidiFiRouter:8kgb HumidiFiRouterV2:88kgb`);

const SIZES: ReadonlyMap<string, number> = new Map(
  Object.entries({ "1": 1, "2": 2, "4": 4, "8": 8, g: 16, k: 32 }),
);
const CHOICES: ReadonlyMap<string, number> = new Map(Object.entries({ b: 2, s: 2, m: 3, h: 8 }));
/** More of either do not fit into a transaction. */
const MAX_STEPS = 32;
const MAX_ITEMS = 64;

type Variant = { readonly name: string; readonly fields: string };

export type RouteStep = {
  readonly venue: string;
  /** Of the amount at the input index, 1 to 100. */
  readonly percent: number;
  readonly inputIndex: number;
  readonly outputIndex: number;
};

export type RoutePlan =
  | { readonly kind: "plan"; readonly steps: readonly RouteStep[]; readonly end: number }
  | { readonly kind: "problem"; readonly problem: string };

/** The plan that begins at `at`; `end` is where the program goes on to read. Never throws. */
export function readRoutePlan(data: Uint8Array, at: number): RoutePlan {
  const cursor: Cursor = { data, at };
  try {
    const steps = list(cursor, MAX_STEPS, () => {
      const venue = variant(cursor, VENUES, "venue");
      const [percent, inputIndex, outputIndex] = [byte(cursor), byte(cursor), byte(cursor)];
      if (percent < 1 || percent > 100) throw new Error(`${percent} percent`);
      if (inputIndex === outputIndex) throw new Error(`a step from ${inputIndex} to itself`);
      return { venue, percent, inputIndex, outputIndex };
    });
    if (steps.length === 0) throw new Error("no step");
    return { kind: "plan", steps, end: cursor.at };
  } catch (error) {
    return { kind: "problem", problem: error instanceof Error ? error.message : String(error) };
  }
}

type Cursor = { readonly data: Uint8Array; at: number };

function variants(text: string): readonly Variant[] {
  return text
    .trim()
    .split(/\s+/)
    .map((each) => {
      const [name = "", fields = ""] = each.split(":");
      return { name, fields };
    });
}

function take(cursor: Cursor, size: number): bigint {
  const value = readUint(cursor.data, cursor.at, size);
  if (value === undefined) throw new Error("the data end within the plan");
  cursor.at += size;
  return value;
}
const byte = (cursor: Cursor): number => Number(take(cursor, 1));

function choice(cursor: Cursor, count: number): number {
  const value = byte(cursor);
  if (value >= count) throw new Error(`${value} where ${count} choices are`);
  return value;
}

function list<T>(cursor: Cursor, most: number, item: () => T): T[] {
  const length = take(cursor, 4);
  if (length > BigInt(most)) throw new Error(`a list of ${length}, of ${most}`);
  return Array.from({ length: Number(length) }, item);
}

function variant(cursor: Cursor, known: readonly Variant[], what: string): string {
  const tag = byte(cursor);
  const found = known[tag];
  if (!found) throw new Error(`${what} ${tag} is not known`);
  const { name, fields } = found;
  for (let index = 0; index < fields.length; index += 1) {
    if (fields[index] === "?") {
      index += 1;
      if (choice(cursor, 2) === 0) continue;
    }
    field(cursor, fields[index] ?? "", name);
  }
  return name;
}

function field(cursor: Cursor, kind: string, name: string): void {
  const size = SIZES.get(kind);
  const choices = CHOICES.get(kind);
  const candidate = (): string => variant(cursor, CANDIDATES, "candidate");
  if (size !== undefined) take(cursor, size);
  else if (choices !== undefined) choice(cursor, choices);
  else if (kind === "r") list(cursor, MAX_ITEMS, () => take(cursor, 2));
  else if (kind === "c") list(cursor, MAX_ITEMS, candidate);
  else if (kind === "w") list(cursor, MAX_ITEMS, () => [candidate(), take(cursor, 4)]);
  else throw new Error(`what ${name} holds cannot be read`);
}
