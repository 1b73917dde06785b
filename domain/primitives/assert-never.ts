/** Fails to compile when a union has a case that a switch does not handle; throws if it is reached all the same. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
