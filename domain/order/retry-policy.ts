/** How often something is tried, and how long it is waited between. */
export type RetryPolicy = {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  /** Delay before the second attempt in milliseconds; doubles with each further one. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
};
