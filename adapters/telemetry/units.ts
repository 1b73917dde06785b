/** Metrics are in base units: seconds, bytes. */
export const US_PER_S = 1_000_000;
