/**
 * Functions of the venue program that call others: a token transfer, and Jupiter's events, which
 * the program sends to itself.
 */
import {
  EVENT_AUTHORITY,
  EVENT_AUTHORITY_SEED,
  PROGRAM_AUTHORITIES,
  PROGRAM_AUTHORITY_SEED,
  VAULT_AUTHORITY,
  VAULT_AUTHORITY_SEED,
} from "./addresses.ts";
import { type Assembler, at, type Register } from "./assembler.ts";
import {
  addressOfSlot,
  HEAP,
  INFO_BYTES,
  MINT,
  RECORD,
  SIGNER,
  SLOT,
  slot,
} from "./program-memory.ts";
import { EVENT_TAG } from "./route-layout.ts";

const META_BYTES = 16;
const TRANSFER_CHECKED = 12;
const TRANSFER_CHECKED_BYTES = 10;
const SEED_BYTES = 16;

/** Writes the seeds' texts into the heap; to be called once, before all else. */
export function writeSeeds(a: Assembler): void {
  writeText(a, SLOT.authoritySeed, PROGRAM_AUTHORITY_SEED);
  writeText(a, SLOT.vaultSeed, VAULT_AUTHORITY_SEED);
  writeText(a, SLOT.eventSeed, EVENT_AUTHORITY_SEED);
}

/** Puts bytes into the heap, eight at a time; the last ones are filled up with zeros. */
export function writeBytes(a: Assembler, offset: number, bytes: Uint8Array): void {
  const padded = new Uint8Array((bytes.length + 7) & ~7);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  for (let index = 0; index < padded.length; index += 8) {
    a.wide(1, view.getBigUint64(index, true));
    a.store(8, at(HEAP, offset + index), 1);
  }
}

export const writeText = (a: Assembler, offset: number, text: string): void =>
  writeBytes(a, offset, new TextEncoder().encode(text));

/**
 * Function `transfer`: `TransferChecked` of the program that owns the mint, with the slots source,
 * mint, target, authority, transferAmount and signer.
 */
export function transferFunction(a: Assembler): void {
  a.label("transfer");
  meta(a, 0, "source", { isWritable: true, isSigner: false });
  meta(a, 1, "mint", { isWritable: false, isSigner: false });
  meta(a, 2, "target", { isWritable: true, isSigner: false });
  meta(a, 3, "authority", { isWritable: false, isSigner: true });
  a.storeConstant(1, slot("callData"), TRANSFER_CHECKED);
  a.load(8, 1, slot("transferAmount"));
  a.store(8, at(HEAP, SLOT.callData + 1), 1);
  a.load(8, 1, slot("mint"));
  a.load(1, 2, at(1, RECORD.data + MINT.decimals));
  a.store(1, at(HEAP, SLOT.callData + 9), 2);
  a.constant("add", 1, RECORD.owner);
  a.constant("mov", 2, TRANSFER_CHECKED_BYTES);
  instruction(a, { program: 1, dataLength: 2, accounts: 4 });
  a.jump("invoke");
}

/**
 * Function `emit`: sends the event whose bytes are in callData behind the tag; register 1 = their
 * number, the tag included.
 */
export function emitFunction(a: Assembler): void {
  a.label("emit");
  a.register("mov", 2, 1);
  a.wide(1, EVENT_TAG);
  a.store(8, slot("callData"), 1);
  meta(a, 0, "eventAuthority", { isWritable: false, isSigner: true });
  a.load(8, 1, slot("programId"));
  instruction(a, { program: 1, dataLength: 2, accounts: 1 });
  a.storeConstant(8, slot("signer"), SIGNER.eventAuthority);
  a.jump("invoke");
}

type Privileges = { readonly isWritable: boolean; readonly isSigner: boolean };

/** One account of the call; uses register 1. */
function meta(a: Assembler, index: number, record: keyof typeof SLOT, privileges: Privileges) {
  const offset = SLOT.metas + META_BYTES * index;
  a.load(8, 1, slot(record));
  a.constant("add", 1, RECORD.key);
  a.store(8, at(HEAP, offset), 1);
  const flags = (privileges.isWritable ? 1 : 0) | (privileges.isSigner ? 0x100 : 0);
  a.storeConstant(8, at(HEAP, offset + 8), flags);
}

function instruction(
  a: Assembler,
  parts: {
    readonly program: Register;
    readonly dataLength: Register;
    readonly accounts: number;
  },
): void {
  a.store(8, slot("instruction"), parts.program);
  a.store(8, at(HEAP, SLOT.instruction + 32), parts.dataLength);
  addressOfSlot(a, 3, SLOT.metas);
  a.store(8, at(HEAP, SLOT.instruction + 8), 3);
  a.storeConstant(8, at(HEAP, SLOT.instruction + 16), parts.accounts);
  addressOfSlot(a, 3, SLOT.callData);
  a.store(8, at(HEAP, SLOT.instruction + 24), 3);
}

/** The end of `transfer` and `emit`: the call, signed as the slot signer says. */
export function invokeTail(a: Assembler): void {
  a.label("invoke");
  a.load(8, 6, slot("signer"));
  a.constant("mov", 5, 0);
  a.jumpIf("eq", 6, BigInt(SIGNER.none), "invokeNow");
  a.jumpIf("eq", 6, BigInt(SIGNER.vaultAuthority), "signVault");
  a.jumpIf("eq", 6, BigInt(SIGNER.eventAuthority), "signEvent");
  authoritySeeds(a);
  a.jump("invokeSigned");
  a.label("signVault");
  fixedSeeds(a, SLOT.vaultSeed, VAULT_AUTHORITY_SEED, VAULT_AUTHORITY.bump);
  a.jump("invokeSigned");
  a.label("signEvent");
  fixedSeeds(a, SLOT.eventSeed, EVENT_AUTHORITY_SEED, EVENT_AUTHORITY.bump);
  a.label("invokeSigned");
  addressOfSlot(a, 1, SLOT.seeds);
  a.store(8, slot("signerSeeds"), 1);
  a.store(8, at(HEAP, SLOT.signerSeeds + 8), 2);
  a.constant("mov", 5, 1);
  a.label("invokeNow");
  addressOfSlot(a, 1, SLOT.instruction);
  addressOfSlot(a, 2, SLOT.infos);
  a.load(8, 3, slot("accountCount"));
  addressOfSlot(a, 4, SLOT.signerSeeds);
  a.syscall("sol_invoke_signed_c");
  a.exit();
}

/** One seed: register 1 = address, a constant length. */
function seed(a: Assembler, index: number, length: number): void {
  a.store(8, at(HEAP, SLOT.seeds + SEED_BYTES * index), 1);
  a.storeConstant(8, at(HEAP, SLOT.seeds + SEED_BYTES * index + 8), length);
}

/** Leaves the number of seeds in register 2. */
function fixedSeeds(a: Assembler, textAt: number, text: string, bump: number): void {
  addressOfSlot(a, 1, textAt);
  seed(a, 0, text.length);
  a.storeConstant(1, slot("bump"), bump);
  addressOfSlot(a, 1, SLOT.bump);
  seed(a, 1, 1);
  a.constant("mov", 2, 2);
}

/** Seeds of the authority whose id is in its slot; leaves their number in register 2. */
export function authoritySeeds(a: Assembler): void {
  const bumps = PROGRAM_AUTHORITIES.reduceRight((all, { bump }) => (all << 8n) | BigInt(bump), 0n);
  a.wide(1, bumps);
  a.load(8, 2, slot("authorityId"));
  a.constant("lsh", 2, 3);
  a.register("rsh", 1, 2);
  a.store(1, slot("bump"), 1);
  addressOfSlot(a, 1, SLOT.authoritySeed);
  seed(a, 0, PROGRAM_AUTHORITY_SEED.length);
  addressOfSlot(a, 1, SLOT.authorityId);
  seed(a, 1, 1);
  addressOfSlot(a, 1, SLOT.bump);
  seed(a, 2, 1);
  a.constant("mov", 2, 3);
}

/** Number of bytes that an account's information takes in the table for calls. */
export const INFO = {
  ...{ key: 0, lamports: 8, dataLength: 16, data: 24, owner: 32, rentEpoch: 40 },
  ...{ isSigner: 48, isWritable: 49, isExecutable: 50, bytes: INFO_BYTES },
} as const;
