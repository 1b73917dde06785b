import type { Hash } from "../primitives/ids.ts";

/** Hash functions and the bytes that they are about; pure, but their fast implementation belongs to the platform. */
export interface Hasher {
  /** The UTF-8 bytes of a well-formed text. */
  utf8(text: string): Uint8Array;
  /** sha256 over the UTF-8 bytes, lower-case hex. */
  sha256(text: string): Hash;
  /** sha256 over bytes, 32 bytes. */
  digest(bytes: Uint8Array): Uint8Array;
  /** RFC 9562 version 5 UUID of a name in a namespace (itself a UUID). */
  uuid5(namespace: string, name: string): string;
}
