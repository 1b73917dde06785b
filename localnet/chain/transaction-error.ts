/**
 * Why a transaction failed: from LiteSVM's form into the JSON and the sentences of a real node.
 * Names and sentences are those of solana-transaction-error and solana-instruction-error.
 */
import type { TransactionError } from "./chain.types.ts";
import type { NativeError } from "./native.ts";

/** By the number that LiteSVM gives for an error without fields. */
const NAMES = [
  "AccountInUse",
  "AccountLoadedTwice",
  "AccountNotFound",
  "ProgramAccountNotFound",
  "InsufficientFundsForFee",
  "InvalidAccountForFee",
  "AlreadyProcessed",
  "BlockhashNotFound",
  "CallChainTooDeep",
  "MissingSignatureForFee",
  "InvalidAccountIndex",
  "SignatureFailure",
  "InvalidProgramForExecution",
  "SanitizeFailure",
  "ClusterMaintenance",
  "AccountBorrowOutstanding",
  "WouldExceedMaxBlockCostLimit",
  "UnsupportedVersion",
  "InvalidWritableAccount",
  "WouldExceedMaxAccountCostLimit",
  "WouldExceedAccountDataBlockLimit",
  "TooManyAccountLocks",
  "AddressLookupTableNotFound",
  "InvalidAddressLookupTableOwner",
  "InvalidAddressLookupTableData",
  "InvalidAddressLookupTableIndex",
  "InvalidRentPayingAccount",
  "WouldExceedMaxVoteCostLimit",
  "WouldExceedAccountDataTotalLimit",
  "MaxLoadedAccountsDataSizeExceeded",
  "ResanitizationNeeded",
  "InvalidLoadedAccountsDataSizeLimit",
  "UnbalancedTransaction",
  "ProgramCacheHitMaxLimit",
  "CommitCancelled",
] as const;

const SENTENCES: { readonly [name: string]: string } = {
  AccountNotFound: "Attempt to debit an account but found no record of a prior credit.",
  AccountLoadedTwice: "Account loaded twice",
  AddressLookupTableNotFound: "Transaction loads an address table account that doesn't exist",
  AlreadyProcessed: "This transaction has already been processed",
  BlockhashNotFound: "Blockhash not found",
  InsufficientFundsForFee: "Insufficient funds for fee",
  InvalidAccountForFee: "This account may not be used to pay transaction fees",
  InvalidAddressLookupTableData:
    "Transaction loads an address table account with invalid account data",
  InvalidAddressLookupTableIndex: "Transaction address table lookup uses an invalid index",
  InvalidAddressLookupTableOwner:
    "Transaction loads an address table account with an invalid owner",
  InvalidProgramForExecution: "This program may not be used for executing instructions",
  ProgramAccountNotFound: "Attempt to load a program that does not exist",
  SanitizeFailure: "Transaction failed to sanitize accounts offsets correctly",
  SignatureFailure: "Transaction did not pass signature verification",
};

const INSTRUCTION_SENTENCES: { readonly [name: string]: string } = {
  AccountAlreadyInitialized: "instruction requires an uninitialized account",
  ComputationalBudgetExceeded: "Computational budget exceeded",
  IllegalOwner: "Provided owner is not allowed",
  IncorrectProgramId: "incorrect program id for instruction",
  InsufficientFunds: "insufficient funds for instruction",
  InvalidAccountData: "invalid account data for instruction",
  InvalidArgument: "invalid program argument",
  InvalidInstructionData: "invalid instruction data",
  MissingAccount: "An account required by the instruction is missing",
  MissingRequiredSignature: "missing required signature for instruction",
  ProgramFailedToComplete: "Program failed to complete",
  UninitializedAccount: "instruction requires an initialized account",
};

/** LiteSVM's error as a real node writes it in JSON. */
export function transactionError(error: NativeError): TransactionError {
  if (typeof error === "number") return NAMES[error] ?? `Unknown(${error})`;
  const text = error.toString();
  const instruction = /InstructionError \{ index: (\d+), error: (.*) \}$/.exec(text);
  if (instruction) {
    const [, index, inner = ""] = instruction;
    const custom = /Custom \{ code: (\d+) \}/.exec(inner);
    const name = /^(?:InstructionError)?(\w+)/.exec(inner)?.[1] ?? "GenericError";
    return { InstructionError: [Number(index), custom ? { Custom: Number(custom[1]) } : name] };
  }
  const rent = /InsufficientFundsForRent \{ account_index: (\d+) \}/.exec(text);
  if (rent) return { InsufficientFundsForRent: { account_index: Number(rent[1]) } };
  const duplicate = /DuplicateInstruction \{ index: (\d+) \}/.exec(text);
  if (duplicate) return { DuplicateInstruction: Number(duplicate[1]) };
  return /(\w+)/.exec(text.replace(/^TransactionError/, ""))?.[1] ?? "SanitizeFailure";
}

/** The sentence that a node puts behind "Transaction simulation failed: ". */
export function errorSentence(error: TransactionError): string {
  if (typeof error === "string") return SENTENCES[error] ?? error;
  if (Array.isArray(error.InstructionError)) {
    const [index, inner] = error.InstructionError;
    return `Error processing Instruction ${index}: ${instructionSentence(inner)}`;
  }
  if (typeof error.DuplicateInstruction === "number") {
    const index = error.DuplicateInstruction;
    return `Transaction contains a duplicate instruction (${index}) that is not allowed`;
  }
  const rent = error.InsufficientFundsForRent;
  if (typeof rent === "object" && rent && "account_index" in rent) {
    const account = rent.account_index;
    return `Transaction results in an account (${account}) with insufficient funds for rent`;
  }
  return JSON.stringify(error);
}

function instructionSentence(inner: unknown): string {
  if (typeof inner === "object" && inner && "Custom" in inner) {
    return `custom program error: 0x${Number(inner.Custom).toString(16)}`;
  }
  const name = String(inner);
  return INSTRUCTION_SENTENCES[name] ?? name;
}
