/** What costs, profits and prices are counted in, by the engine and by whoever folds its log. */
import type { Mint } from "../../domain/primitives/ids.ts";

/** USDC. */
export const COST_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
