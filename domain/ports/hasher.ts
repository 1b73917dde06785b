import type { Hash } from "../primitives/ids.ts";

/** Hash functions; pure, but their fast implementation belongs to the platform. */
export interface Hasher {
  /** sha256 over the UTF-8 bytes, lower-case hex. */
  sha256(text: string): Hash;
  /** RFC 9562 version 5 UUID of a name in a namespace (itself a UUID). */
  uuid5(namespace: string, name: string): string;
}
