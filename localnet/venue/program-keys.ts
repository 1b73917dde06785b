/** Addresses in the venue program: comparing and copying 32 bytes, and where to go if they differ. */
import { type Assembler, at, type Register } from "./assembler.ts";
import type { ErrorName } from "./program-errors.ts";
import { addressOfSlot, HEAP, RECORD } from "./program-memory.ts";

/** The label that ends the program with this error. */
export type Failing = (name: ErrorName) => string;

/** Copies the address of the account whose record is in register 1 into the heap. */
export function copyKey(a: Assembler, offset: number): void {
  for (const word of [0, 8, 16, 24]) {
    a.load(8, 2, at(1, RECORD.key + word));
    a.store(8, at(HEAP, offset + word), 2);
  }
}

/** Jumps unless the 32 bytes at both registers are equal; uses registers 4 and 5. */
export function compareKeys(a: Assembler, left: Register, right: Register, label: string): void {
  for (const word of [0, 8, 16, 24]) {
    a.load(8, 4, at(left, word));
    a.load(8, 5, at(right, word));
    a.jumpIf("ne", 4, 5, label);
  }
}

/** Jumps unless 32 bytes of the record are those of a constant in the heap; uses 2 to 5. */
export function sameKey(
  a: Assembler,
  { record, offset }: { readonly record: Register; readonly offset: number },
  constantAt: number,
  label: string,
): void {
  a.register("mov", 3, record);
  a.constant("add", 3, offset);
  addressOfSlot(a, 2, constantAt);
  compareKeys(a, 3, 2, label);
}
