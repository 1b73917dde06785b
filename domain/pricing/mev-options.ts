/**
 * The figures of the MEV model, all of them configurable. Published figures are few and change by the month: the defaults are
 * assumptions, laid out so that what they come to is of the order of what was measured.
 */
import { PPM } from "./paper-fill.ts";

/** By the worth of what is spent, smallest first. */
export const RISK_CLASSES = ["LOW", "MEDIUM", "HIGH", "CRITICAL"] as const;
export type RiskClass = (typeof RISK_CLASSES)[number];

export type RiskFigures = {
  /** The class begins at this worth, whole US dollars, inclusive; 0 for LOW. */
  readonly fromUsd: number;
  /** Chance that a trade without protection is sandwiched, 0 to 1,000,000. */
  readonly probabilityPpm: number;
  /** What a sandwich costs the trader, 0 to 999,999. */
  readonly impactPpm: number;
  /** A trade with at least this protection loses nothing to an attack, 0 to 1,000,000. */
  readonly wantedProtectionPpm: number;
};

/** share(lamports) = maximum × lamports / (lamports + half): grows with every lamport, never reaches the maximum. */
export type Saturation = {
  /** 0 to 999,999. */
  readonly maximumPpm: number;
  /** Lamports that give half of the maximum; at least 1. */
  readonly halfLamports: bigint;
};

export type MevOptions = {
  /** A higher class never has less of anything. */
  readonly classes: Readonly<Record<RiskClass, RiskFigures>>;
  readonly protection: {
    readonly priorityFee: Saturation;
    readonly tip: Saturation;
    /** Share that a demanded protected route takes away, 0 to 999,999. */
    readonly routePpm: number;
  };
};

/**
 * Classes: assumptions. Anchor: sandwiches on Solana took 370 to 500 million US dollars of over a trillion traded in the 16
 * months to May 2025, about 4 to 5 basis points of all volume (sandwiched.me, "State of Solana MEV May 2025"). Unprotected,
 * these classes come to 0.15, 1, 8 and 40 basis points: most trades are small and not worth an attack.
 *
 * Tip: half of its maximum at 100,000 lamports, between the 50th (10,000) and 75th (1,000,000) percentile of tips that landed
 * with Jito (its getTipFloor answer of 2025-04-24). The maxima are assumptions: a priority fee shortens the wait but hides
 * nothing; a tip buys a place; the protected route keeps a transaction from most eyes, but not from the validator that leads.
 */
export const DEFAULT_MEV: MevOptions = {
  classes: {
    LOW: figures(0, 5_000, 3_000, 100_000),
    MEDIUM: figures(1_000, 20_000, 5_000, 300_000),
    HIGH: figures(10_000, 80_000, 10_000, 600_000),
    CRITICAL: figures(100_000, 200_000, 20_000, 800_000),
  },
  protection: {
    priorityFee: { maximumPpm: 200_000, halfLamports: 100_000n },
    tip: { maximumPpm: 600_000, halfLamports: 100_000n },
    routePpm: 700_000,
  },
};

function figures(
  fromUsd: number,
  probabilityPpm: number,
  impactPpm: number,
  wantedProtectionPpm: number,
): RiskFigures {
  return { fromUsd, probabilityPpm, impactPpm, wantedProtectionPpm };
}

export type MevProblem = { readonly path: readonly string[]; readonly message: string };

/** What is wrong between the figures of neighbouring classes; messages continue a sentence that begins with the path. */
export function mevProblems({ classes }: Pick<MevOptions, "classes">): MevProblem[] {
  return RISK_CLASSES.flatMap((name, index) => {
    const lower = RISK_CLASSES[index - 1];
    if (lower === undefined) return [];
    return FIGURES.flatMap((figure): MevProblem[] => {
      const [value, below] = [classes[name][figure], classes[lower][figure]];
      const isRight = figure === "fromUsd" ? value > below : value >= below;
      if (isRight) return [];
      const limit = figure === "fromUsd" ? "be above" : "not be below";
      const message = `must ${limit} that of ${lower}, ${below}`;
      return [{ path: ["classes", name, figure], message }];
    });
  });
}

const FIGURES = ["fromUsd", "probabilityPpm", "impactPpm", "wantedProtectionPpm"] as const;

/** Throws on options that the model was not made for: a rule of the program, the configuration checks the same. */
export function assertMevOptions(options: MevOptions): void {
  const { priorityFee, tip, routePpm } = options.protection;
  const shares = [priorityFee.maximumPpm, tip.maximumPpm, routePpm];
  const figures = RISK_CLASSES.map((name) => options.classes[name]);
  const isWithin =
    options.classes.LOW.fromUsd === 0 &&
    shares.every((share) => isPpm(share, MOST)) &&
    [priorityFee, tip].every(({ halfLamports }) => halfLamports >= 1n) &&
    figures.every(
      ({ probabilityPpm, impactPpm, wantedProtectionPpm }) =>
        isPpm(probabilityPpm, MOST + 1) &&
        isPpm(wantedProtectionPpm, MOST + 1) &&
        isPpm(impactPpm, MOST),
    ) &&
    figures.every(({ fromUsd }) => Number.isSafeInteger(fromUsd));
  const [problem] = mevProblems(options);
  if (!isWithin || problem) {
    throw new Error(`figures of the MEV model: ${problem?.path.join(".") ?? "out of range"}`);
  }
}

const MOST = Number(PPM) - 1;
const isPpm = (value: number, maximum: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value <= maximum;
