/**
 * Reads protobuf bytes as strictly as money deserves. The library's reader and the generated decoders are lenient: they
 * replace invalid UTF-8, cut numbers that are too wide, skip a field of the wrong wire type (which then has its default),
 * and stop silently at a broken tag. Here each of those is an error that names the field.
 *
 * A field that this program does not know is an error as well: it could be a limit that the caller relies on.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire";

/** What is wrong with the bytes. `path`: field numbers from the message inwards. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly path: readonly number[];
  constructor(path: readonly number[], problem: string) {
    super(problem);
    this.path = path;
  }
}

const LENGTH_DELIMITED = 2;
const WIRE_TYPES: ReadonlySet<number> = new Set([0, 1, 2, 5]);
const U32_MAX = 0xffff_ffff;
const I32_MIN = -0x8000_0000n;
const I32_MAX = 0x7fff_ffffn;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The generated decoders call `uint32` for tags, lengths and values alike; the reader knows which one it is. */
export class StrictReader extends BinaryReader {
  readonly #bytes: Uint8Array;
  /** Ends of the length-delimited fields that are open, with the number of each. */
  readonly #open: { readonly end: number; readonly field: number }[] = [];
  #atTag = true;
  #field = 0;
  #wireType = 0;

  constructor(bytes: Uint8Array) {
    super(bytes, (text) => utf8.decode(text));
    this.#bytes = bytes;
  }

  override uint32 = (): number => {
    if (this.#atTag) return this.#tag();
    if (this.#wireType === LENGTH_DELIMITED) return this.#length();
    this.#atTag = true;
    const value = this.#number();
    if (value > U32_MAX) this.#fail("is over the largest uint32, 4294967295");
    return value;
  };

  override int32(): number {
    const value = this.int64();
    if (value < I32_MIN || value > I32_MAX) this.#fail("does not fit in 32 bits");
    return Number(value);
  }

  override uint64(): bigint {
    this.#atTag = true;
    return this.#varint();
  }

  override int64(): bigint {
    this.#atTag = true;
    return BigInt.asIntN(64, this.#varint());
  }

  override bool(): boolean {
    this.#atTag = true;
    return this.#varint() !== 0n;
  }

  override double(): number {
    this.#atTag = true;
    if (this.pos + 8 > this.#end()) this.#fail("ends in the middle of a number");
    return super.double();
  }

  override string(): string {
    try {
      return super.string();
    } catch (error) {
      if (error instanceof WireError) throw error;
      this.#open.pop();
      return this.#fail("is no valid UTF-8");
    }
  }

  override skip(): Uint8Array {
    return this.#fail("has the wrong wire type, or is a field that this version does not know");
  }

  /** Throws unless every byte was read. */
  finish(): void {
    this.#close();
    if (!this.#atTag || this.#open.length > 0 || this.pos !== this.len) {
      this.#fail("has bytes behind its end");
    }
  }

  #tag(): number {
    this.#close();
    this.#field = 0;
    const tag = this.#number();
    this.#field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (tag > U32_MAX || this.#field === 0) this.#fail("has a broken field tag");
    if (!WIRE_TYPES.has(this.#wireType)) {
      this.#fail(`has wire type ${this.#wireType}, which proto3 does not use`);
    }
    this.#atTag = false;
    return tag;
  }

  #length(): number {
    const length = this.#number();
    if (this.pos + length > this.#end()) this.#fail("is longer than the message");
    this.#open.push({ end: this.pos + length, field: this.#field });
    this.#atTag = true;
    return length;
  }

  /** A varint that should be small; one over 2^53 loses digits but stays too large. */
  #number(): number {
    const byte = this.#bytes[this.pos];
    if (byte === undefined || byte >= 0x80 || this.pos >= this.#end()) {
      return Number(this.#varint());
    }
    this.pos += 1;
    return byte;
  }

  /** At most 64 bits in at most ten bytes, inside the enclosing field. */
  #varint(): bigint {
    let value = 0n;
    const end = this.#end();
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.pos < end ? this.#bytes[this.pos] : undefined;
      if (byte === undefined) this.#fail("ends in the middle of a number");
      this.pos += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value >> 64n !== 0n) this.#fail("is over the largest u64, 18446744073709551615");
        return value;
      }
    }
    return this.#fail("holds a number of more than ten bytes");
  }

  #end(): number {
    return this.#open.at(-1)?.end ?? this.len;
  }

  /** Leaves the fields that end here. */
  #close(): void {
    for (let open = this.#open.at(-1); open && this.pos >= open.end; open = this.#open.at(-1)) {
      if (this.pos > open.end) this.#fail("reads over the end of the message that it is in");
      this.#open.pop();
    }
  }

  #fail(problem: string): never {
    const path = this.#open.map(({ field }) => field);
    throw new WireError(this.#field === 0 ? path : [...path, this.#field], problem);
  }
}
