/**
 * LiteSVM's native module: Solana's runtime inside the process. Only the part of its interface
 * that the local chain calls is written down here; the package brings no types.
 */
import { createRequire } from "node:module";

export type NativeAccount = {
  lamports(): bigint;
  owner(): Uint8Array;
  data(): Uint8Array;
  executable(): boolean;
};

export type NativeInner = {
  instruction(): { programIdIndex(): number; accounts(): Uint8Array; data(): Uint8Array };
  stackHeight(): number;
};

export type NativeMetadata = {
  logs(): string[];
  computeUnitsConsumed(): bigint;
  innerInstructions(): NativeInner[][];
  returnData(): { programId(): Uint8Array; data(): Uint8Array };
};

/** A number where the error has no fields; else an object that names itself by `toString`. */
export type NativeError = number | { toString(): string };

export type NativeFailure = { err(): NativeError; meta(): NativeMetadata };
export type NativeSimulated = {
  meta(): NativeMetadata;
  postAccounts(): { readonly address: Uint8Array; account(): NativeAccount }[];
};

export type NativeVm = {
  withNativeMints(): void;
  setBlockhashCheck(on: boolean): void;
  setSigverify(on: boolean): void;
  setTransactionHistory(capacity: bigint): void;
  getAccount(address: Uint8Array): NativeAccount | null;
  setAccount(address: Uint8Array, account: NativeAccount): void;
  getProgramAccounts(
    program: Uint8Array,
  ): { readonly address: Uint8Array; account(): NativeAccount }[];
  addProgram(address: Uint8Array, elf: Uint8Array): void;
  minimumBalanceForRentExemption(bytes: bigint): bigint;
  setRent(rent: object): void;
  warpToSlot(slot: bigint): void;
  setClock(clock: object): void;
  sendVersionedTransaction(raw: Uint8Array): NativeMetadata | NativeFailure;
  simulateVersionedTransaction(raw: Uint8Array): NativeSimulated | NativeFailure;
  toBytes(): Uint8Array;
};

export type Native = {
  readonly LiteSvm: { new (): NativeVm; fromBytes(bytes: Uint8Array): NativeVm };
  readonly Account: new (
    lamports: bigint,
    data: Uint8Array,
    owner: Uint8Array,
    executable: boolean,
    rentEpoch: bigint,
  ) => NativeAccount;
  readonly Clock: new (
    slot: bigint,
    epochStart: bigint,
    epoch: bigint,
    leaderScheduleEpoch: bigint,
    unixTimestamp: bigint,
  ) => object;
  readonly Rent: new (lamportsPerByte: bigint, exemptionThreshold: number, burn: number) => object;
};

const PACKAGES: { readonly [platform: string]: string } = {
  "linux-x64": "litesvm-linux-x64-gnu",
  "linux-arm64": "litesvm-linux-arm64-gnu",
  "darwin-x64": "litesvm-darwin-x64",
  "darwin-arm64": "litesvm-darwin-arm64",
};

/** Throws a sentence where there is no package for this machine, or where it does not load. */
export function loadNative(platform = `${process.platform}-${process.arch}`): Native {
  const name = PACKAGES[platform];
  if (name === undefined) {
    const known = Object.keys(PACKAGES).join(", ");
    throw new Error(`the local chain does not run on ${platform}; there is LiteSVM for ${known}`);
  }
  try {
    const loaded: Native = createRequire(import.meta.url)(name);
    return loaded;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new Error(`the local chain needs the package ${name}; run npm ci (${reason})`);
  }
}
