/**
 * Function `hop` of the venue program: one pool of the route. Takes the slot amount from the
 * account in the slot input, gives to the next one, and leaves there what arrived: tokens may take
 * a fee from each transfer, so only balances count.
 */
import { type Assembler, at, type Register } from "./assembler.ts";
import { POOL, POOL_MAGIC } from "./pool-account.ts";
import { compareKeys, copyKey, type Failing, sameKey } from "./program-keys.ts";
import { HEAP, RECORD, SIGNER, SLOT, slot, TOKEN_ACCOUNT } from "./program-memory.ts";
import { HOP_ACCOUNTS, SWAP_EVENT } from "./route-layout.ts";

/** Places in a hop's list, behind the address of the DEX. */
const HOP = {
  ...{ dex: 0, payer: 1, vaultAuthority: 2, pool: 4, input: 5, output: 6 },
  ...{ inputVault: 7, outputVault: 8, inputMint: 11, outputMint: 12 },
} as const;

const SWAP_EVENT_BYTES = 128;
const BALANCE = RECORD.data + TOKEN_ACCOUNT.amount;

export function hopFunction(a: Assembler, failing: Failing): void {
  const record = (to: Register, name: keyof typeof HOP) => {
    a.load(8, to, slot("hopRecords"));
    a.load(8, to, at(to, 8 * HOP[name]));
  };
  a.label("hop");
  a.load(8, 1, slot("cursor"));
  a.register("mov", 2, 1);
  a.constant("add", 2, HOP_ACCOUNTS);
  a.load(8, 3, slot("accountCount"));
  a.jumpIf("gt", 2, 3, failing("notEnoughAccountKeys"));
  a.store(8, slot("cursor"), 2);
  a.constant("lsh", 1, 3);
  a.register("add", 1, HEAP);
  a.constant("add", 1, SLOT.records);
  a.store(8, slot("hopRecords"), 1);

  record(1, "dex");
  sameKey(a, { record: 1, offset: RECORD.key }, SLOT.ammKey, failing("invalidProgramId"));
  record(1, "vaultAuthority");
  sameKey(a, { record: 1, offset: RECORD.key }, SLOT.vaultKey, failing("constraintSeeds"));
  record(1, "payer");
  a.load(8, 2, slot("payer"));
  a.jumpIf("ne", 1, 2, failing("invalidTokenAccount"));
  record(1, "input");
  a.load(8, 2, slot("input"));
  a.jumpIf("ne", 1, 2, failing("invalidTokenAccount"));
  record(1, "output");
  a.load(8, 2, at(1, RECORD.dataLength));
  a.jumpIf("lt", 2, BigInt(TOKEN_ACCOUNT.bytes), failing("invalidTokenAccount"));
  checkPool(a, record, failing);
  chooseDirection(a, record, failing);

  take(a, record);
  price(a, failing);
  give(a, record);
  swapEvent(a, record);
  record(1, "output");
  a.store(8, slot("input"), 1);
  a.exit();
}

type RecordOf = (to: Register, name: keyof typeof HOP) => void;

/** The pool is ours, writable, and a pool; leaves the address of its data in its slot. */
function checkPool(a: Assembler, record: RecordOf, failing: Failing): void {
  record(1, "pool");
  a.load(8, 2, slot("programId"));
  a.register("mov", 3, 1);
  a.constant("add", 3, RECORD.owner);
  compareKeys(a, 3, 2, failing("accountOwnedByWrongProgram"));
  a.load(1, 2, at(1, RECORD.isWritable));
  a.jumpIf("eq", 2, 0n, failing("constraintMut"));
  a.load(8, 2, at(1, RECORD.dataLength));
  a.jumpIf("ne", 2, BigInt(POOL.bytes), failing("accountDiscriminatorMismatch"));
  a.load(8, 2, at(1, RECORD.data + POOL.magic));
  a.wide(3, POOL_MAGIC);
  a.jumpIf("ne", 2, 3, failing("accountDiscriminatorMismatch"));
  a.constant("add", 1, RECORD.data);
  a.store(8, slot("pool"), 1);
}

/** A to B if the input mint is mint A, else B to A; vaults and mints are those of the pool. */
function chooseDirection(a: Assembler, record: RecordOf, failing: Failing): void {
  const wrong = failing("invalidTokenAccount");
  const check = (name: keyof typeof HOP, offset: number) => {
    record(3, name);
    a.constant("add", 3, RECORD.key);
    a.load(8, 2, slot("pool"));
    a.constant("add", 2, offset);
    compareKeys(a, 3, 2, wrong);
  };
  const reserve = (name: "reserveIn" | "reserveOut", offset: number) => {
    a.load(8, 2, slot("pool"));
    a.constant("add", 2, offset);
    a.store(8, slot(name), 2);
  };
  record(3, "inputMint");
  a.constant("add", 3, RECORD.key);
  a.load(8, 2, slot("pool"));
  a.constant("add", 2, POOL.mintA);
  compareKeys(a, 3, 2, "hopBackward");
  check("outputMint", POOL.mintB);
  check("inputVault", POOL.vaultA);
  check("outputVault", POOL.vaultB);
  reserve("reserveIn", POOL.reserveA);
  reserve("reserveOut", POOL.reserveB);
  a.jump("hopDirected");
  a.label("hopBackward");
  check("inputMint", POOL.mintB);
  check("outputMint", POOL.mintA);
  check("inputVault", POOL.vaultB);
  check("outputVault", POOL.vaultA);
  reserve("reserveIn", POOL.reserveB);
  reserve("reserveOut", POOL.reserveA);
  a.label("hopDirected");
}

/** From the payer into the vault; the slot received = what arrived there. */
function take(a: Assembler, record: RecordOf): void {
  record(1, "inputVault");
  a.store(8, slot("target"), 1);
  a.load(8, 1, at(1, BALANCE));
  a.store(8, slot("before"), 1);
  record(1, "input");
  a.store(8, slot("source"), 1);
  record(1, "inputMint");
  a.store(8, slot("mint"), 1);
  record(1, "payer");
  a.store(8, slot("authority"), 1);
  a.load(8, 1, slot("amount"));
  a.store(8, slot("transferAmount"), 1);
  a.load(8, 1, slot("payerSigner"));
  a.store(8, slot("signer"), 1);
  a.call("transfer");
  a.jumpIf("ne", 0, 0n, "return");
  record(1, "inputVault");
  arrived(a, "received");
}

/** Slot = the balance of the account whose record is in register 1, less the slot before. */
function arrived(a: Assembler, name: "received" | "amount"): void {
  a.load(8, 1, at(1, BALANCE));
  a.load(8, 2, slot("before"));
  a.register("sub", 1, 2);
  a.store(8, slot(name), 1);
}

/** Slot out = what the pool gives; the reserves move by it. */
function price(a: Assembler, failing: Failing): void {
  const wrong = failing("invalidCalculation");
  a.load(8, 1, slot("pool"));
  a.load(8, 2, at(1, POOL.feeBps));
  a.jumpIf("ge", 2, 10_000n, wrong);
  a.load(8, 1, slot("reserveIn"));
  a.load(8, 2, at(1, 0));
  a.jumpIf("eq", 2, 0n, wrong);
  a.load(8, 3, slot("received"));
  a.register("add", 3, 2);
  a.jumpIf("lt", 3, 2, wrong);
  a.call("poolOut");
  a.store(8, slot("out"), 0);
  a.load(8, 1, slot("reserveIn"));
  a.load(8, 2, at(1, 0));
  a.load(8, 3, slot("received"));
  a.register("add", 2, 3);
  a.store(8, at(1, 0), 2);
  a.load(8, 1, slot("reserveOut"));
  a.load(8, 2, at(1, 0));
  a.register("sub", 2, 0);
  a.store(8, at(1, 0), 2);
}

/** From the vault to the output account. */
function give(a: Assembler, record: RecordOf): void {
  record(1, "output");
  a.store(8, slot("target"), 1);
  a.load(8, 1, at(1, BALANCE));
  a.store(8, slot("before"), 1);
  record(1, "outputVault");
  a.store(8, slot("source"), 1);
  record(1, "outputMint");
  a.store(8, slot("mint"), 1);
  record(1, "vaultAuthority");
  a.store(8, slot("authority"), 1);
  a.load(8, 1, slot("out"));
  a.store(8, slot("transferAmount"), 1);
  a.storeConstant(8, slot("signer"), SIGNER.vaultAuthority);
  a.call("transfer");
  a.jumpIf("ne", 0, 0n, "return");
}

/** SwapEvent: amm, input mint, amount, output mint, amount. The slot amount = what arrived. */
function swapEvent(a: Assembler, record: RecordOf): void {
  a.wide(1, SWAP_EVENT);
  a.store(8, at(HEAP, SLOT.callData + 8), 1);
  record(1, "dex");
  copyKey(a, SLOT.callData + 16);
  record(1, "inputMint");
  copyKey(a, SLOT.callData + 48);
  a.load(8, 1, slot("amount"));
  a.store(8, at(HEAP, SLOT.callData + 80), 1);
  record(1, "outputMint");
  copyKey(a, SLOT.callData + 88);
  record(1, "output");
  arrived(a, "amount");
  a.store(8, at(HEAP, SLOT.callData + 120), 1);
  a.constant("mov", 1, SWAP_EVENT_BYTES);
  a.call("emit");
  a.jumpIf("ne", 0, 0n, "return");
}
