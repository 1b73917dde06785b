/** Fields of a parsed JSON object, each with its form and limit. They throw an Error that names the field, never its value. */
export type Reader<T> = (value: unknown) => T;

const ADDRESS = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/;
const AMOUNT = /^(0|[1-9]\d{0,19})$/;
const U64_MAX = 2n ** 64n - 1n;

const fail = (name: string, form: string): never => {
  throw new Error(`\`${name}\` must be ${form}`);
};

/** A required field, or an optional one, for which null is as good as nothing. */
export function field(value: unknown, name: string, need: "required" | "optional" = "required") {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
    return need === "optional" ? undefined : fail(name, "there");
  }
  const found: unknown = Reflect.get(value, name);
  return found === null && need === "optional" ? undefined : found;
}

export function textField(value: unknown, name: string, maxLength: number): string {
  const found = field(value, name);
  return typeof found === "string" && found.length > 0 && found.length <= maxLength
    ? found
    : fail(name, `a text of 1 to ${maxLength} characters`);
}

/** From 0. */
export function wholeField(value: unknown, name: string, most: number): number {
  const found = field(value, name);
  return typeof found === "number" && Number.isSafeInteger(found) && found >= 0 && found <= most
    ? found
    : fail(name, `a whole number from 0 to ${most}`);
}

/** A decimal text of a u64. */
export function amountField(value: unknown, name: string): bigint {
  const found = field(value, name);
  const amount = typeof found === "string" && AMOUNT.test(found) ? BigInt(found) : undefined;
  return amount !== undefined && amount <= U64_MAX
    ? amount
    : fail(name, "an amount of at most u64");
}

/** By its form only, as there may be thousands; the gate compares them with the keys of the message. */
export function addressField(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" && ADDRESS.test(found)
    ? found
    : fail(name, "a base58 address of 32 to 44 characters");
}

export function choiceField<const T extends string>(
  value: unknown,
  name: string,
  choices: readonly T[],
): T {
  const found = field(value, name);
  return choices.find((choice) => choice === found) ?? fail(name, `one of ${choices.join(", ")}`);
}

export function listField<T>(value: unknown, name: string, most: number, item: Reader<T>): T[] {
  const found = field(value, name);
  return Array.isArray(found) && found.length <= most
    ? found.map((entry: unknown) => item(entry))
    : fail(name, `a list of at most ${most} entries`);
}

export function base64Field(
  value: unknown,
  name: string,
  maxBytes: number,
): Uint8Array<ArrayBuffer> {
  const found = field(value, name);
  if (typeof found === "string" && found.length <= 4 * Math.ceil(maxBytes / 3)) {
    const bytes = Buffer.from(found, "base64");
    if (bytes.length > 0 && bytes.length <= maxBytes && bytes.toString("base64") === found) {
      return new Uint8Array(bytes);
    }
  }
  return fail(name, `base64 of 1 to ${maxBytes} bytes`);
}
