/**
 * Codes that the venue program fails with. Those from 6000 are Jupiter's, by its published IDL;
 * 6024 and 6025 by its documentation; those below are Anchor's (docs.rs/anchor-lang, ErrorCode).
 */
export const ERROR = {
  instructionFallbackNotFound: 101,
  instructionDidNotDeserialize: 102,
  constraintMut: 2_000,
  constraintSigner: 2_002,
  constraintSeeds: 2_006,
  accountDiscriminatorMismatch: 3_002,
  accountNotEnoughKeys: 3_005,
  accountOwnedByWrongProgram: 3_007,
  invalidProgramId: 3_008,
  accountNotSigner: 3_010,
  emptyRoute: 6_000,
  slippageToleranceExceeded: 6_001,
  invalidCalculation: 6_002,
  missingPlatformFeeAccount: 6_003,
  invalidSlippage: 6_004,
  notEnoughPercent: 6_005,
  invalidInputIndex: 6_006,
  invalidOutputIndex: 6_007,
  notEnoughAccountKeys: 6_008,
  incorrectTokenProgramId: 6_014,
  swapNotSupported: 6_016,
  invalidTokenAccount: 6_025,
} as const;
export type ErrorName = keyof typeof ERROR;
