/** Options of every command that runs a local market. */
import type { OptionSpec } from "../command.ts";

export const MARKET_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--market <file>",
    description: "play a CSV of one-minute candles (default: generated)",
  },
  { flags: "--symbol <token>", description: "token that the file drives (default: SOL)" },
  { flags: "--seed <n>", description: "seed of the generated prices (default: 1)" },
  { flags: "--speed <x>", description: "market seconds per second (default: 1)" },
];
