/** The platform's hashes against published vectors, and against a second implementation. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNodeHasher } from "../../adapters/hasher/node.ts";

const DNS = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const hasher = createNodeHasher();

/** RFC 9562 section 5.5 word for word: sha1, then the version and variant bits set in the bytes. */
function uuid5ByTheBook(namespace: string, name: string): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(Buffer.from(name, "utf8"))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

describe("uuid5", () => {
  it.each([
    ["RFC 9562, appendix A.4", DNS, "www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2"],
    ["Python's uuid module", DNS, "python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d"],
    ["Boost's tests", DNS, "www.widgets.com", "21f7f8de-8051-5b89-8680-0195ef798b6a"],
  ])("agrees with %s", (_, namespace, name, expected) => {
    expect(hasher.uuid5(namespace, name)).toBe(expected);
  });

  it("agrees with the RFC's own steps for every name and namespace", () => {
    let long = 0;
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ minLength: 250, maxLength: 900 })),
        (namespace, name) => {
          if (name.length > 256) long++;
          expect(hasher.uuid5(namespace, name)).toBe(uuid5ByTheBook(namespace, name));
        },
      ),
      { numRuns: 500 },
    );
    expect(long).toBeGreaterThan(20);
  });

  it("is right at the edge of the reused buffer, with three bytes for each character", () => {
    for (const length of [255, 256, 257]) {
      const name = "€".repeat(length);
      expect(hasher.uuid5(DNS, name)).toBe(uuid5ByTheBook(DNS, name));
    }
  });

  it("does not let one name leak into the next through the reused buffer", () => {
    const short = hasher.uuid5(DNS, "a");
    hasher.uuid5(DNS, "a much longer name");
    expect(hasher.uuid5(DNS, "a")).toBe(short);
  });

  it("takes a namespace in upper case for the same namespace", () => {
    expect(hasher.uuid5(DNS.toUpperCase(), "x")).toBe(hasher.uuid5(DNS, "x"));
  });

  it("keeps answering after more namespaces than it remembers", () => {
    const first = hasher.uuid5(DNS, "x");
    for (let i = 0; i < 600; i++) hasher.uuid5(hasher.uuid5(DNS, String(i)), "x");
    expect(hasher.uuid5(DNS, "x")).toBe(first);
  });

  it.each(["", "no uuid", `${DNS}0`, DNS.replaceAll("-", "")])("refuses namespace %j", (bad) => {
    expect(() => hasher.uuid5(bad, "x")).toThrow("not a UUID");
  });
});

describe("sha256", () => {
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
  ])("of %j is that of FIPS 180", (text, expected) => {
    expect(hasher.sha256(text)).toBe(expected);
  });

  it("is taken over UTF-8 bytes", () => {
    expect(hasher.sha256("ÿ€😀")).toBe(
      createHash("sha256").update(Buffer.from("ÿ€😀", "utf8")).digest("hex"),
    );
  });
});

it("digests bytes as they are, also those that are no text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const expected = createHash("sha256").update(bytes).digest("hex");
      expect(Buffer.from(hasher.digest(bytes)).toString("hex")).toBe(expected);
    }),
  );
});

it("refuses a lone surrogate: unlike texts would have like hashes", () => {
  expect(() => hasher.sha256("\ud800")).toThrow("lone surrogate");
  expect(() => hasher.uuid5(DNS, "\udc00")).toThrow("lone surrogate");
});
