/**
 * Runs one transaction in the virtual machine and reports what a real node's metadata says about
 * it: balances before and after, loaded addresses, inner instructions, fee.
 */
import { encodeAddress } from "./base58.ts";
import type {
  Account,
  Address,
  Balances,
  Execution,
  LoadedAddresses,
  Simulation,
  TransactionError,
} from "./chain.types.ts";
import { feesOf } from "./fees.ts";
import { isWritable, type ParsedTransaction } from "./message.ts";
import { LOOKUP_TABLE_PROGRAM, MEMO_PROGRAM, MEMO_V1_PROGRAM } from "./programs.ts";
import { balancesOf } from "./token-account.ts";
import type { Run, Vm } from "./vm.ts";

/** Addresses begin behind the table's own fields. */
const TABLE_HEADER_BYTES = 56;

/**
 * Errors found while accounts are loaded: since SIMD-0082 such a transaction lands and pays its
 * fee. LiteSVM turns it away, so the fee is taken here.
 */
const FEE_ONLY: ReadonlySet<unknown> = new Set([
  "ProgramAccountNotFound",
  "InvalidProgramForExecution",
  "MaxLoadedAccountsDataSizeExceeded",
]);

export type Resolved = { readonly keys: readonly Address[]; readonly loaded: LoadedAddresses };

/** Undefined if a table is missing or too short: the transaction cannot land then. */
export function resolveKeys(
  { staticKeys, lookups }: ParsedTransaction,
  accountOf: (address: Address) => Account | undefined,
): Resolved | undefined {
  const writable: Address[] = [];
  const readonly: Address[] = [];
  for (const { accountKey, writableIndexes, readonlyIndexes } of lookups) {
    const table = accountOf(accountKey);
    if (table?.owner !== LOOKUP_TABLE_PROGRAM) return undefined;
    for (const [list, indexes] of [
      [writable, writableIndexes],
      [readonly, readonlyIndexes],
    ] as const) {
      for (const index of indexes) {
        const at = TABLE_HEADER_BYTES + 32 * index;
        if (at + 32 > table.data.length) return undefined;
        list.push(encodeAddress(table.data.subarray(at, at + 32)));
      }
    }
  }
  return { keys: [...staticKeys, ...writable, ...readonly], loaded: { writable, readonly } };
}

/** Each account read once. */
function remembering(accountOf: (address: Address) => Account | undefined) {
  const seen = new Map<Address, Account | undefined>();
  return (address: Address) => {
    if (!seen.has(address)) seen.set(address, accountOf(address));
    return seen.get(address);
  };
}

export type LandedExecution = Execution & {
  /** Writable accounts as they were, for undoing. */
  readonly before: ReadonlyMap<Address, Account | undefined>;
};

export type ExecuteResult =
  | { readonly kind: "landed"; readonly execution: LandedExecution }
  | { readonly kind: "rejected"; readonly reason: TransactionError };

/** Changes the machine's state only if it lands. */
export function execute(vm: Vm, parsed: ParsedTransaction): ExecuteResult {
  const accountOf = remembering(vm.getAccount);
  const resolved = resolveKeys(parsed, accountOf);
  if (!resolved) return { kind: "rejected", reason: tableError(parsed, accountOf) };
  const { keys, loaded } = resolved;
  const payer = keys[0] ?? "";
  const pre = balancesOf(keys, accountOf);
  const before = new Map(
    keys.filter((_key, index) => isWritable(parsed, index)).map((key) => [key, accountOf(key)]),
  );
  const { fee } = feesOf(parsed);
  const run = withProgramError(vm.execute(parsed.raw), parsed, accountOf);
  const left = vm.getAccount(payer)?.lamports ?? 0n;
  const unpaid = run.err !== null && left === pre.lamports[0];
  if (unpaid) {
    const account = accountOf(payer);
    // A real leader would not have put it into a block.
    if (!FEE_ONLY.has(run.err)) return { kind: "rejected", reason: run.err ?? "SanitizeFailure" };
    if (!account || account.lamports < fee) {
      return { kind: "rejected", reason: "InsufficientFundsForFee" };
    }
    vm.setAccount(payer, { ...account, lamports: account.lamports - fee });
  }
  const post = balancesOf(keys, remembering(vm.getAccount));
  const execution = { ...run, loadedAddresses: loaded, pre, post, fee, keys, before };
  return { kind: "landed", execution };
}

/** Changes nothing. */
export function simulate(vm: Vm, parsed: ParsedTransaction, sigVerify: boolean): Simulation {
  const accountOf = remembering(vm.getAccount);
  const resolved = resolveKeys(parsed, accountOf);
  if (!resolved) return refused(tableError(parsed, accountOf));
  const { keys, loaded } = resolved;
  const pre = balancesOf(keys, accountOf);
  const { fee } = feesOf(parsed);
  const result = vm.simulate(parsed.raw, sigVerify);
  const run = withProgramError(result, parsed, accountOf);
  const post =
    run.err === null
      ? balancesOf(
          keys,
          remembering((address) => result.accounts.get(address) ?? accountOf(address)),
        )
      : afterFee(pre, fee);
  return { ...run, accounts: result.accounts, loadedAddresses: loaded, pre, post, fee, keys };
}

const NOTHING: Balances = { lamports: [], tokens: [] };

/** The answer for a transaction that was refused before it ran. */
export const refused = (err: TransactionError): Simulation => ({
  err,
  logs: [],
  unitsConsumed: 0,
  innerInstructions: [],
  returnData: null,
  loadedAddresses: { writable: [], readonly: [] },
  pre: NOTHING,
  post: NOTHING,
  fee: 0n,
  keys: [],
  accounts: new Map(),
});

/** A failed transaction changes nothing but what its fee takes. */
const afterFee = (pre: Balances, fee: bigint): Balances => ({
  tokens: pre.tokens,
  lamports: pre.lamports.map((lamports, index) =>
    index === 0 && lamports >= fee ? lamports - fee : lamports,
  ),
});

/** LiteSVM has one name for programs that are missing and for accounts that are none. */
function withProgramError<R extends Run>(
  run: R,
  { instructions, staticKeys }: ParsedTransaction,
  accountOf: (address: Address) => Account | undefined,
): R {
  if (run.err !== "InvalidProgramForExecution") return run;
  const missing = instructions.some(
    ({ programIdIndex }) => !accountOf(staticKeys[programIdIndex] ?? ""),
  );
  return missing ? { ...run, err: "ProgramAccountNotFound" } : run;
}

function tableError(
  { lookups }: ParsedTransaction,
  accountOf: (address: Address) => Account | undefined,
): TransactionError {
  for (const { accountKey } of lookups) {
    const table = accountOf(accountKey);
    if (!table) return "AddressLookupTableNotFound";
    if (table.owner !== LOOKUP_TABLE_PROGRAM) return "InvalidAddressLookupTableOwner";
    if (table.data.length < TABLE_HEADER_BYTES) return "InvalidAddressLookupTableData";
  }
  return "InvalidAddressLookupTableIndex";
}

/** As `getSignaturesForAddress` lists it: `[bytes] text` of each memo instruction. */
export function memoOf({ instructions, staticKeys }: ParsedTransaction): string | null {
  const memos = instructions.flatMap(({ programIdIndex, data }) => {
    const program = staticKeys[programIdIndex];
    if (program !== MEMO_PROGRAM && program !== MEMO_V1_PROGRAM) return [];
    return [`[${data.length}] ${Buffer.from(data).toString("utf8")}`];
  });
  return memos.length === 0 ? null : memos.join("; ");
}
