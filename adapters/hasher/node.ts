/**
 * Hash functions by node:crypto. Every event takes one sha256 and one uuid5, so both use the one-shot `hash()`, and the
 * bytes of a namespace are kept: there are few of them (event ids, order ids, one per principal).
 */
import { hash } from "node:crypto";
import type { Hasher } from "../../domain/ports/hasher.ts";
import type { Hash } from "../../domain/primitives/ids.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NAMESPACE_BYTES = 16;
const MAX_NAMESPACES = 256;
/** Names up to this many UTF-16 units are hashed from a buffer that is used again and again. */
const SHORT_NAME = 256;

/** Throws on a namespace that is no UUID string, and on text with a lone surrogate, which has no UTF-8 bytes. */
export function createNodeHasher(): Hasher {
  const namespaces = new Map<string, Buffer>();
  // A UTF-16 unit takes at most three bytes of UTF-8.
  const scratch = Buffer.alloc(NAMESPACE_BYTES + SHORT_NAME * 3);

  const bytesOf = (namespace: string): Buffer => {
    const known = namespaces.get(namespace);
    if (known) return known;
    if (!UUID.test(namespace)) throw new Error(`not a UUID: ${JSON.stringify(namespace)}`);
    const bytes = Buffer.from(namespace.replaceAll("-", ""), "hex");
    if (namespaces.size >= MAX_NAMESPACES) namespaces.clear();
    namespaces.set(namespace, bytes);
    return bytes;
  };

  return {
    // Small texts share their memory, which costs less than a TextEncoder's arrays.
    utf8: (text) => Buffer.from(text, "utf8"),
    sha256: (text) => hash("sha256", wellFormed(text), "hex") as Hash,
    digest: (bytes) => hash("sha256", bytes, "buffer"),
    uuid5: (namespace, name) => {
      const prefix = bytesOf(namespace);
      if (wellFormed(name).length > SHORT_NAME) {
        return version5(hash("sha1", Buffer.concat([prefix, Buffer.from(name, "utf8")]), "hex"));
      }
      scratch.set(prefix);
      const length = NAMESPACE_BYTES + scratch.write(name, NAMESPACE_BYTES, "utf8");
      return version5(hash("sha1", scratch.subarray(0, length), "hex"));
    },
  };
}

/** Different ill-formed texts would have the same bytes: U+FFFD for each lone surrogate. */
function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Error("text with a lone surrogate has no UTF-8 bytes");
  return text;
}

const VARIANT = ["8", "9", "a", "b"] as const;

/** The first 128 bits of a sha1 as a UUID: version 5, the variant of RFC 9562. */
function version5(sha1: string): string {
  const variant = VARIANT[Number.parseInt(sha1.charAt(16), 16) % 4];
  return `${sha1.slice(0, 8)}-${sha1.slice(8, 12)}-5${sha1.slice(13, 16)}-${variant}${sha1.slice(17, 20)}-${sha1.slice(20, 32)}`;
}
