/**
 * Decodes requests strictly. One that cannot be decoded is a value, not an exception: grpc would answer INTERNAL for an
 * exception here, without saying which field is wrong.
 */
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Violation } from "./errors.ts";
import { StrictReader, WireError } from "./strict-reader.ts";

export type Decoded<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly violation: Violation };

export type Decoder<T> = { decode(input: BinaryReader | Uint8Array): T };

export function strictDecode<T extends object>(bytes: Uint8Array, decoder: Decoder<T>): Decoded<T> {
  const reader = new StrictReader(bytes);
  try {
    const message = decoder.decode(reader);
    reader.finish();
    return { ok: true, message };
  } catch (error) {
    if (error instanceof WireError) return { ok: false, violation: violationOf(error, decoder) };
    // The library's own limits (nesting, running out of bytes).
    return {
      ok: false,
      violation: { field: "", description: "the bytes are no message of this type" },
    };
  }
}

function violationOf<T extends object>(error: WireError, decoder: Decoder<T>): Violation {
  const [outer, ...inner] = error.path;
  if (outer === undefined) return { field: "", description: `the message ${error.message}` };
  const name = fieldName(outer, decoder) ?? `field ${outer}`;
  const field = [name, ...inner.map((number) => `field ${number}`)].join(".");
  return { field, description: error.message };
}

/**
 * The name of a field by its number. The generated code holds no names, so small messages with just that field are decoded
 * to see which key changes. Only used to word an error.
 */
export function fieldName<T extends object>(
  number: number,
  decoder: Decoder<T>,
): string | undefined {
  const empty = new Map(Object.entries(decoder.decode(new Uint8Array())));
  for (const probe of probes(number)) {
    const message = tryDecode(probe, decoder);
    for (const [key, value] of Object.entries(message ?? {})) {
      if (text(value) === text(empty.get(key))) continue;
      return snakeCase(isCase(value) ? value.$case : key);
    }
  }
  return undefined;
}

function* probes(number: number): Generator<Uint8Array> {
  if (number > 0x1fff_ffff) return;
  const writer = () => new BinaryWriter();
  yield writer().tag(number, 0).uint32(1).finish();
  yield writer().tag(number, 2).string("a").finish();
  yield writer().tag(number, 2).string("").finish();
  yield writer().tag(number, 1).double(1).finish();
}

function tryDecode<T extends object>(bytes: Uint8Array, decoder: Decoder<T>): T | undefined {
  try {
    return decoder.decode(new BinaryReader(bytes));
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "bigint" ? part.toString() : part,
  ) ?? "";

const isCase = (value: unknown): value is { readonly $case: string } =>
  typeof value === "object" &&
  value !== null &&
  "$case" in value &&
  typeof value.$case === "string";

/** isBaseInput → is_base_input. */
export const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
