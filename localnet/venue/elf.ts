/**
 * Writes an assembled program as an ELF file that Solana's loader takes: a shared object for
 * machine 247 with one text section, and a relocation for each call of a syscall. Source of the
 * format: elf(5); of the relocation: R_BPF_64_32, docs.kernel.org/bpf/llvm_reloc.html.
 */
import type { Assembly } from "./assembler.ts";

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 16;
const DYNAMIC_BYTES = 16;

const SHARED_OBJECT = 3;
const BPF = 247;
const [LOADABLE, DYNAMIC_SEGMENT] = [1, 2];
const [READ, READ_EXECUTE] = [4, 5];
const SECTION = { data: 1, strings: 3, dynamic: 6, relocations: 9, dynamicSymbols: 11 } as const;
const [ALLOCATED, ALLOCATED_EXECUTABLE] = [2, 6];
const RELOCATE_CALL = 10n;
const GLOBAL_SYMBOL = 0x10;
const TEXTREL = 4n;
const TAG = {
  ...{ strings: 5n, symbols: 6n, stringsSize: 10n, symbolSize: 11n },
  ...{ relocations: 17n, relocationsSize: 18n, relocationSize: 19n, flags: 30n, end: 0n },
} as const;

type Section = {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
  /** Index of the section that this one refers to. */
  readonly link?: number;
  readonly info?: number;
  readonly entryBytes?: number;
};

/** Throws if nothing calls a syscall: the loader takes no empty table of relocations. */
export function writeElf({ text, syscalls }: Assembly): Uint8Array {
  if (syscalls.length === 0) throw new Error("a program without syscalls cannot be written");
  const names = [...new Set(syscalls.map(({ name }) => name))];
  const strings = stringTable(names);
  const offsets = layOut([
    ...[text.length, 9 * DYNAMIC_BYTES, SYMBOL_BYTES * (names.length + 1)],
    ...[strings.bytes.length, RELOCATION_BYTES * syscalls.length],
  ]);
  const [textAt, dynamicAt, symbolsAt, stringsAt, relocationsAt, end] = offsets;
  const relocations = concat(
    syscalls.map(({ offset, name }) =>
      words(BigInt(textAt + offset), (BigInt(names.indexOf(name) + 1) << 32n) | RELOCATE_CALL),
    ),
  );
  const dynamic = words(
    ...[TAG.flags, TEXTREL, TAG.relocations, BigInt(relocationsAt)],
    ...[TAG.relocationsSize, BigInt(relocations.length)],
    ...[TAG.relocationSize, BigInt(RELOCATION_BYTES), TAG.symbols, BigInt(symbolsAt)],
    ...[TAG.symbolSize, BigInt(SYMBOL_BYTES), TAG.strings, BigInt(stringsAt)],
    ...[TAG.stringsSize, BigInt(strings.bytes.length), TAG.end, 0n],
  );
  const sections: readonly Section[] = [
    { name: ".text", type: SECTION.data, flags: ALLOCATED_EXECUTABLE, body: text },
    {
      ...{ name: ".dynamic", type: SECTION.dynamic, flags: ALLOCATED, body: dynamic },
      ...{ link: 4, entryBytes: DYNAMIC_BYTES },
    },
    {
      ...{ name: ".dynsym", type: SECTION.dynamicSymbols, flags: ALLOCATED },
      ...{ body: symbolTable(names, strings), link: 4, info: 1, entryBytes: SYMBOL_BYTES },
    },
    { name: ".dynstr", type: SECTION.strings, flags: ALLOCATED, body: strings.bytes },
    {
      ...{ name: ".rel.dyn", type: SECTION.relocations, flags: ALLOCATED, body: relocations },
      ...{ link: 3, entryBytes: RELOCATION_BYTES },
    },
  ];
  const segments = [
    segment(LOADABLE, READ_EXECUTE, textAt, text.length),
    segment(LOADABLE, READ, dynamicAt, end - dynamicAt),
    segment(DYNAMIC_SEGMENT, READ, dynamicAt, dynamic.length),
  ];
  return file(sections, segments, offsets);
}

type Offsets = readonly [
  text: number,
  dynamic: number,
  symbols: number,
  strings: number,
  relocations: number,
  end: number,
];

/** Offsets of the five parts behind the headers, each a multiple of eight, and the end. */
function layOut(sizes: readonly number[]): Offsets {
  let next = HEADER_BYTES + 3 * PROGRAM_HEADER_BYTES;
  const [text = 0, dynamic = 0, symbols = 0, strings = 0, relocations = 0] = sizes.map((size) => {
    const start = aligned(next);
    next = start + size;
    return start;
  });
  return [text, dynamic, symbols, strings, relocations, aligned(next)];
}

function file(
  sections: readonly Section[],
  segments: readonly Uint8Array[],
  offsets: Offsets,
): Uint8Array {
  const namesAt = offsets[5];
  const names = stringTable([...sections.map(({ name }) => name), ".shstrtab"]);
  const headersAt = aligned(namesAt + names.bytes.length);
  const bytes = new Uint8Array(headersAt + SECTION_HEADER_BYTES * (sections.length + 2));
  bytes.set(header(offsets[0], headersAt, sections.length + 2));
  for (const [index, entry] of segments.entries()) {
    bytes.set(entry, HEADER_BYTES + PROGRAM_HEADER_BYTES * index);
  }
  for (const [index, section] of sections.entries()) {
    const offset = offsets[index] ?? 0;
    bytes.set(section.body, offset);
    bytes.set(
      sectionHeader(section, names.at(section.name), offset),
      headersAt + SECTION_HEADER_BYTES * (index + 1),
    );
  }
  bytes.set(names.bytes, namesAt);
  const own = { name: ".shstrtab", type: SECTION.strings, flags: 0, body: names.bytes };
  bytes.set(
    sectionHeader(own, names.at(own.name), namesAt),
    headersAt + SECTION_HEADER_BYTES * (sections.length + 1),
  );
  return bytes;
}

function header(entry: number, sectionHeadersAt: number, sectionCount: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  // Magic number, 64 bits, little-endian, version 1.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  view.setUint16(16, SHARED_OBJECT, true);
  view.setUint16(18, BPF, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setBigUint64(40, BigInt(sectionHeadersAt), true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, 3, true);
  view.setUint16(58, SECTION_HEADER_BYTES, true);
  view.setUint16(60, sectionCount, true);
  view.setUint16(62, sectionCount - 1, true);
  return bytes;
}

function segment(type: number, flags: number, offset: number, size: number): Uint8Array {
  const bytes = new Uint8Array(PROGRAM_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, flags, true);
  // In the file, in memory and physical: the same.
  for (const place of [8, 16, 24]) view.setBigUint64(place, BigInt(offset), true);
  view.setBigUint64(32, BigInt(size), true);
  view.setBigUint64(40, BigInt(size), true);
  view.setBigUint64(48, 8n, true);
  return bytes;
}

function sectionHeader(section: Section, nameAt: number, offset: number): Uint8Array {
  const bytes = new Uint8Array(SECTION_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, nameAt, true);
  view.setUint32(4, section.type, true);
  view.setBigUint64(8, BigInt(section.flags), true);
  view.setBigUint64(16, BigInt(section.flags === 0 ? 0 : offset), true);
  view.setBigUint64(24, BigInt(offset), true);
  view.setBigUint64(32, BigInt(section.body.length), true);
  view.setUint32(40, section.link ?? 0, true);
  view.setUint32(44, section.info ?? 0, true);
  view.setBigUint64(48, 8n, true);
  view.setBigUint64(56, BigInt(section.entryBytes ?? 0), true);
  return bytes;
}

type StringTable = { readonly bytes: Uint8Array; at(name: string): number };

function stringTable(names: readonly string[]): StringTable {
  const places = new Map<string, number>();
  let text = "\0";
  for (const name of names) {
    places.set(name, text.length);
    text += `${name}\0`;
  }
  return { bytes: new TextEncoder().encode(text), at: (name) => places.get(name) ?? 0 };
}

/** The first symbol is empty by rule. */
function symbolTable(names: readonly string[], strings: StringTable): Uint8Array {
  const bytes = new Uint8Array(SYMBOL_BYTES * (names.length + 1));
  const view = new DataView(bytes.buffer);
  for (const [index, name] of names.entries()) {
    view.setUint32(SYMBOL_BYTES * (index + 1), strings.at(name), true);
    bytes[SYMBOL_BYTES * (index + 1) + 4] = GLOBAL_SYMBOL;
  }
  return bytes;
}

const aligned = (offset: number): number => (offset + 7) & ~7;

const words = (...values: readonly bigint[]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(values).buffer);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let next = 0;
  for (const part of parts) {
    bytes.set(part, next);
    next += part.length;
  }
  return bytes;
}
