/**
 * A small assembler for sBPF version 0, the bytecode of Solana programs: instructions are added one
 * by one, labels are resolved at the end. Source of the encoding: the eBPF instruction set
 * (RFC 9669); Solana's sBPF keeps it, and calls syscalls by a relocation.
 */

const LOAD = { 1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79 } as const;
const STORE_CONSTANT = { 1: 0x72, 2: 0x6a, 4: 0x62, 8: 0x7a } as const;
const STORE = { 1: 0x73, 2: 0x6b, 4: 0x63, 8: 0x7b } as const;
const ARITHMETIC = {
  ...{ add: 0x07, sub: 0x17, mul: 0x27, div: 0x37, or: 0x47, and: 0x57 },
  ...{ lsh: 0x67, rsh: 0x77, mod: 0x97, xor: 0xa7, mov: 0xb7 },
} as const;
/** Comparisons are unsigned. */
const JUMP = { eq: 0x15, gt: 0x25, ge: 0x35, ne: 0x55, lt: 0xa5, le: 0xb5 } as const;
const FROM_REGISTER = 0x08;
const LOAD_64 = 0x18;
const JUMP_ALWAYS = 0x05;
const CALL = 0x85;
const EXIT = 0x95;
/** Source "register" of a call inside the program. */
const CALL_RELATIVE = 1;

export const INSTRUCTION_BYTES = 8;

export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
export type Size = keyof typeof LOAD;
export type Arithmetic = keyof typeof ARITHMETIC;
export type Comparison = keyof typeof JUMP;

/** A place in memory: the address in a register and an offset from it. */
export type Place = { readonly base: Register; readonly offset: number };

export type Assembly = {
  readonly text: Uint8Array;
  /** Calls of syscalls, in order: byte offset in the text, and the name. */
  readonly syscalls: readonly { readonly offset: number; readonly name: string }[];
};

/** One slot of eight bytes; a label stands for the distance to it. */
type Slot = {
  readonly opcode: number;
  readonly destination?: Register;
  readonly source?: Register;
  readonly offset?: number | { readonly label: string };
  readonly immediate?: number | { readonly label: string };
  readonly syscall?: string;
};

export type Assembler = {
  /** Throws if the name is taken. */
  label(name: string): void;
  /** to = the little-endian number at the place. */
  load(size: Size, to: Register, from: Place): void;
  /** The number at the place = the register. */
  store(size: Size, to: Place, from: Register): void;
  /** The number at the place = the constant, whose 32 bits are sign-extended. */
  storeConstant(size: Size, to: Place, value: number): void;
  /** to = to (operation) value; `mov` sets it. The constant's 32 bits are sign-extended. */
  constant(operation: Arithmetic, to: Register, value: number): void;
  /** to = to (operation) from. */
  register(operation: Arithmetic, to: Register, from: Register): void;
  /** to = a constant of 64 bits, from -2^63 to 2^64 - 1. */
  wide(to: Register, value: bigint): void;
  /** Jumps if left (comparison) right, both unsigned; the constant's 32 bits are sign-extended. */
  jumpIf(comparison: Comparison, left: Register, right: Register | bigint, label: string): void;
  jump(label: string): void;
  /** Calls a function of the program: registers 6 to 9 survive it, 0 is its result. */
  call(label: string): void;
  /** Calls a syscall by name: arguments in registers 1 to 5, result in 0. */
  syscall(name: string): void;
  exit(): void;
  /** Throws on an unknown label, and on a jump that is too far. */
  assemble(): Assembly;
};

export const at = (base: Register, offset: number): Place => ({ base, offset });

export function createAssembler(): Assembler {
  const slots: Slot[] = [];
  const labels = new Map<string, number>();
  const push = (slot: Slot) => {
    slots.push(slot);
  };

  return {
    label(name) {
      if (labels.has(name)) throw new Error(`label ${name} is taken`);
      labels.set(name, slots.length);
    },
    load: (size, to, { base, offset }) =>
      push({ opcode: LOAD[size], destination: to, source: base, offset }),
    store: (size, { base, offset }, from) =>
      push({ opcode: STORE[size], destination: base, source: from, offset }),
    storeConstant: (size, { base, offset }, immediate) =>
      push({ opcode: STORE_CONSTANT[size], destination: base, offset, immediate }),
    constant: (operation, destination, immediate) =>
      push({ opcode: ARITHMETIC[operation], destination, immediate }),
    register: (operation, destination, source) =>
      push({ opcode: ARITHMETIC[operation] | FROM_REGISTER, destination, source }),
    wide(destination, value) {
      const bits = BigInt.asUintN(64, value);
      if (bits !== value && BigInt.asIntN(64, value) !== value) throw outside(value, 64);
      push({ opcode: LOAD_64, destination, immediate: Number(BigInt.asIntN(32, bits)) });
      push({ opcode: 0, immediate: Number(BigInt.asIntN(32, bits >> 32n)) });
    },
    jumpIf(comparison, left, right, label) {
      const opcode = JUMP[comparison];
      const jump = { destination: left, offset: { label } };
      if (typeof right === "bigint") push({ ...jump, opcode, immediate: Number(right) });
      else push({ ...jump, opcode: opcode | FROM_REGISTER, source: right });
    },
    jump: (label) => push({ opcode: JUMP_ALWAYS, offset: { label } }),
    call: (label) => push({ opcode: CALL, source: CALL_RELATIVE, immediate: { label } }),
    syscall: (name) => push({ opcode: CALL, source: CALL_RELATIVE, immediate: -1, syscall: name }),
    exit: () => push({ opcode: EXIT }),
    assemble: () => assemble(slots, labels),
  };
}

function assemble(slots: readonly Slot[], labels: ReadonlyMap<string, number>): Assembly {
  const text = new Uint8Array(slots.length * INSTRUCTION_BYTES);
  const view = new DataView(text.buffer);
  const syscalls: { offset: number; name: string }[] = [];
  for (const [index, slot] of slots.entries()) {
    /** A distance counts slots from the next one. */
    const resolved = (field: Slot["offset"]): number => {
      if (typeof field !== "object") return field ?? 0;
      const target = labels.get(field.label);
      if (target === undefined) throw new Error(`no label ${field.label}`);
      return target - index - 1;
    };
    const start = index * INSTRUCTION_BYTES;
    view.setUint8(start, slot.opcode);
    view.setUint8(start + 1, (slot.destination ?? 0) | ((slot.source ?? 0) << 4));
    view.setInt16(start + 2, checked(resolved(slot.offset), 16), true);
    view.setInt32(start + 4, checked(resolved(slot.immediate), 32), true);
    if (slot.syscall !== undefined) syscalls.push({ offset: start, name: slot.syscall });
  }
  return { text, syscalls };
}

function checked(value: number, bits: 16 | 32): number {
  const limit = 2 ** (bits - 1);
  if (!Number.isInteger(value) || value < -limit || value >= limit) throw outside(value, bits);
  return value;
}

const outside = (value: number | bigint, bits: number): Error =>
  new Error(`${value} does not fit into ${bits} bits`);
