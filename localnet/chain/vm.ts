/**
 * LiteSVM in the chain's terms: accounts as plain data, errors as JSON, one slot at a time. It
 * knows nothing of blocks, blockhashes or history; signatures are its business.
 */
import { addressBytes, encodeAddress, encodeBase58, requireAddress } from "./base58.ts";
import type {
  Account,
  Address,
  InnerInstructions,
  ReturnData,
  TransactionError,
} from "./chain.types.ts";
import type { Native, NativeAccount, NativeFailure, NativeMetadata, NativeVm } from "./native.ts";
import { SLOT_HASHES_SYSVAR, SYSVAR_OWNER } from "./programs.ts";
import { transactionError } from "./transaction-error.ts";

export const SLOTS_PER_EPOCH = 432_000;
const U64_MAX = 2n ** 64n - 1n;

/** What running the bytes gave, without balances. */
export type Run = {
  readonly err: TransactionError | null;
  readonly logs: readonly string[];
  readonly unitsConsumed: number;
  readonly innerInstructions: readonly InnerInstructions[];
  readonly returnData: ReturnData | null;
};

export type Vm = {
  getAccount(address: Address): Account | undefined;
  /** 0 lamports remove it. Throws a sentence if the runtime refuses it. */
  setAccount(address: Address, account: Account | undefined): void;
  accountsOf(program: Address): Address[];
  addProgram(address: Address, elf: Uint8Array): void;
  rentExempt(bytes: number): bigint;
  setRent(lamportsPerByte: bigint): void;
  /** Unix seconds. */
  enterSlot(slot: number, time: number): void;
  /** The sysvar that lookup tables are made and switched off by. */
  setSlotHashes(data: Uint8Array): void;
  /** Bytes that `parseTransaction` has read; anything else may end the process. */
  execute(raw: Uint8Array): Run;
  simulate(raw: Uint8Array, sigVerify: boolean): Run & { accounts: Map<Address, Account> };
  snapshot(): Uint8Array;
};

export function createVm(native: Native, snapshot?: Uint8Array): Vm {
  const svm = snapshot ? native.LiteSvm.fromBytes(snapshot) : new native.LiteSvm();
  if (!snapshot) svm.withNativeMints();
  svm.setBlockhashCheck(false);
  svm.setTransactionHistory(0n);
  const sysvarOwner = requireAddress(SYSVAR_OWNER);
  return {
    getAccount(address) {
      const bytes = addressBytes(address);
      const found = bytes && svm.getAccount(bytes);
      return found ? plainAccount(found) : undefined;
    },
    setAccount: (address, account) => setAccount(native, svm, { address, account }),
    accountsOf: (program) =>
      svm.getProgramAccounts(requireAddress(program)).map((found) => encodeAddress(found.address)),
    addProgram: (address, elf) => svm.addProgram(requireAddress(address), elf),
    rentExempt: (bytes) => svm.minimumBalanceForRentExemption(BigInt(bytes)),
    setRent: (lamportsPerByte) => svm.setRent(new native.Rent(lamportsPerByte, 1, 50)),
    enterSlot(slot, time) {
      const epoch = BigInt(Math.floor(slot / SLOTS_PER_EPOCH));
      svm.warpToSlot(BigInt(slot));
      const seconds = BigInt(time);
      svm.setClock(new native.Clock(BigInt(slot), seconds, epoch, epoch + 1n, seconds));
    },
    setSlotHashes: (data) =>
      svm.setAccount(
        requireAddress(SLOT_HASHES_SYSVAR),
        new native.Account(
          svm.minimumBalanceForRentExemption(20_488n),
          data,
          sysvarOwner,
          false,
          0n,
        ),
      ),
    execute(raw) {
      const result = svm.sendVersionedTransaction(raw);
      return isFailure(result) ? failedRun(result) : plainRun(null, result);
    },
    simulate(raw, sigVerify) {
      svm.setSigverify(sigVerify);
      try {
        const result = svm.simulateVersionedTransaction(raw);
        if (isFailure(result)) return { ...failedRun(result), accounts: new Map() };
        // Methods of a native object: they must be called on it.
        const accounts = result
          .postAccounts()
          .map((post) => [encodeAddress(post.address), plainAccount(post.account())] as const);
        return { ...plainRun(null, result.meta()), accounts: new Map(accounts) };
      } finally {
        svm.setSigverify(true);
      }
    },
    snapshot: () => svm.toBytes(),
  };
}

function setAccount(
  native: Native,
  svm: NativeVm,
  { address, account }: { address: Address; account: Account | undefined },
): void {
  const { lamports = 0n, data = new Uint8Array(), owner, executable = false } = account ?? {};
  if (lamports < 0n || lamports > U64_MAX) throw new Error(`lamports ${lamports} are not a u64`);
  const ownerBytes = owner === undefined ? new Uint8Array(32) : requireAddress(owner);
  const bytes = lamports === 0n ? new Uint8Array() : data;
  svm.setAccount(
    requireAddress(address),
    new native.Account(lamports, bytes, ownerBytes, executable, 0n),
  );
}

const plainAccount = (account: NativeAccount): Account => ({
  lamports: account.lamports(),
  owner: encodeAddress(account.owner()),
  data: account.data(),
  executable: account.executable(),
});

const isFailure = (result: object): result is NativeFailure => "err" in result;

const failedRun = (result: NativeFailure): Run =>
  plainRun(transactionError(result.err()), result.meta());

function plainRun(err: TransactionError | null, meta: NativeMetadata): Run {
  const returned = meta.returnData();
  const data = returned.data();
  const programId = data.length > 0 ? encodeAddress(returned.programId()) : "";
  return {
    err,
    logs: meta.logs(),
    unitsConsumed: Number(meta.computeUnitsConsumed()),
    innerInstructions: innerOf(meta),
    returnData:
      data.length > 0
        ? { programId, data: [Buffer.from(data).toString("base64"), "base64"] }
        : null,
  };
}

const innerOf = (meta: NativeMetadata): InnerInstructions[] =>
  meta
    .innerInstructions()
    .map((instructions, index) => ({
      index,
      instructions: instructions.map((inner) => {
        const instruction = inner.instruction();
        return {
          programIdIndex: instruction.programIdIndex(),
          accounts: [...instruction.accounts()],
          data: encodeBase58(instruction.data()),
          stackHeight: inner.stackHeight(),
        };
      }),
    }))
    .filter(({ instructions }) => instructions.length > 0);
