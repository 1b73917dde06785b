/** How much the group-commit queue holds and sends at once. */
export type GroupCommitLimits = {
  /** Events that wait or are on their way. */
  readonly events: number;
  /** Bytes of data and metadata that wait or are on their way. */
  readonly bytes: number;
  /** Events of one batch; an append is never cut in two. */
  readonly batchEvents: number;
  readonly batchBytes: number;
  readonly batchesInFlight: number;
};

export const GROUP_COMMIT_LIMITS: GroupCommitLimits = {
  events: 50_000,
  bytes: 64 * 1024 * 1024,
  batchEvents: 4_096,
  batchBytes: 8 * 1024 * 1024,
  batchesInFlight: 4,
};
