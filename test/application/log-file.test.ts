/** A log as text: the same bytes come out of it again, and no other text passes for it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  eventLine,
  headerLine,
  MAX_LINE_BYTES,
  readHeader,
  readLine,
} from "../../domain/application/audit/log-file.ts";
import { MAX_EVENT_BYTES, type StoredEvent } from "../../domain/ports/event-store.ts";
import { canonicalJson } from "../../domain/primitives/canonical-json.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { codec, hasher, LOG_ID } from "../support/given.ts";
import { checkFile, linesOf, sealed, textOf } from "../support/log-file-text.ts";
import { createLogWriter, type LogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";
import { randomLogs } from "../support/random-log.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
/** Arrays of bytes are of many kinds. */
const plain = ({ data, metadata, ...place }: StoredEvent) => ({
  ...place,
  data: text(data),
  metadata: text(metadata),
});
const check = (lines: readonly string[]) => checkFile(bytes(textOf(lines)));

function someLog(): LogWriter {
  const log = createLogWriter();
  log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
  log.order({ retries: 1, request: { metadata: { note: 'ł🚀 "\\' } } }).finish();
  log.deposit("main", { mint: SOL, amount: "5" });
  return log;
}

describe("a line of an event", () => {
  it("embeds the stored data as it is, and holds all of the metadata", () => {
    for (const stored of someLog().stored) {
      const line = eventLine(stored, codec);
      expect(line).not.toContain("\n");
      const { data, ...rest } = JSON.parse(line);
      expect(canonicalJson(data)).toBe(text(stored.data));
      expect(line.endsWith(`"data":${text(stored.data)}}`)).toBe(true);
      const { stream, revision, type } = stored;
      expect(rest).toMatchObject({ stream, revision, type, position: String(stored.position) });
      const metadata = JSON.parse(text(stored.metadata));
      const { actor, hash, prevHash, version, correlationId, causationId } = metadata;
      expect(rest).toMatchObject({ actor, hash, prevHash, version, correlationId, causationId });
      expect(rest.eventId).toBe(codec.decode(stored).eventId);
    }
  });

  it("is not made of damaged bytes", () => {
    const [, stored] = someLog().stored;
    if (!stored) throw new Error("no event");
    const data = bytes(text(stored.data).replace("100000000000", "100000000001"));
    expect(() => eventLine({ ...stored, data }, codec)).toThrow("do not fit its hash");
    const spaced = bytes(text(stored.data).replace("{", "{ "));
    expect(() => eventLine({ ...stored, data: spaced }, codec)).toThrow("do not fit its hash");
  });

  it("is not made of bytes that the engine does not write, also where their hash fits", () => {
    const [, stored] = someLog().stored;
    if (!stored) throw new Error("no event");
    const spaced = text(stored.data).replace("{", "{ ");
    const { hash: _, version, ...rest } = JSON.parse(text(stored.metadata));
    const { stream, revision, type } = stored;
    const place = `"revision":${revision},"stream":"${stream}","type":"${type}"`;
    const whole = `{"data":${spaced},"metadata":${canonicalJson(rest)},${place},"version":${version}}`;
    const metadata = bytes(canonicalJson({ ...rest, hash: hasher.sha256(whole), version }));
    const forged = { ...stored, data: bytes(spaced), metadata };
    expect(codec.decodeAndVerify(forged).isIntact).toBe(true);
    expect(() => eventLine(forged, codec)).toThrow("its data is not canonical JSON");
  });

  it("fits into the limit of a line also where the event is as large as one can be", () => {
    const log = someLog();
    const longest = Math.max(
      ...log.stored.map((stored) => {
        const { data, metadata } = stored;
        return bytes(eventLine(stored, codec)).length - data.length - metadata.length;
      }),
    );
    // Names may have 256 characters of up to six bytes each.
    expect(longest + 4 * 256 * 6).toBeLessThan(MAX_LINE_BYTES - MAX_EVENT_BYTES);
  });
});

describe("a whole file", () => {
  it("gives back every byte of any log, in its order", () => {
    fc.assert(
      fc.property(randomLogs, ({ stored, recorded }) => {
        const lines = linesOf(stored);
        const checked = check(lines);
        expect(checked.problem).toBeUndefined();
        expect(checked.stored.map(plain)).toEqual(stored.map(plain));
        expect(checked.encoded.map(({ hash }) => hash)).toEqual(recorded.map(({ hash }) => hash));
        expect(checked.encoded.map(({ eventId }) => eventId)).toEqual(
          recorded.map(({ eventId }) => eventId),
        );
        // What was read writes the same file.
        expect(linesOf(checked.stored)).toEqual(lines);
      }),
      { numRuns: 60 },
    );
  });

  it("is refused with any flipped bit, at the place of it or at the trailer", () => {
    const file = bytes(textOf(linesOf(someLog().stored)));
    expect(checkFile(file).problem).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(7), (at, bit) => {
        const changed = Uint8Array.from(file);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(checkFile(changed).problem).toEqual(expect.stringMatching(/^line \d+: /));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is refused when it is cut anywhere", () => {
    const file = bytes(textOf(linesOf(someLog().stored)));
    fc.assert(
      fc.property(fc.nat(file.length - 1), (end) => {
        expect(checkFile(file.subarray(0, end)).problem).toEqual(expect.any(String));
      }),
      { numRuns: 200 },
    );
  });

  it("is refused when lines of it moved, came twice or are gone, whatever the trailer says", () => {
    const { stored } = someLog();
    const body = linesOf(stored).slice(0, -1);
    // The end of a stream can be taken out unseen where the trailer is made anew: then it is another log, and a whole one.
    const isLast = (at: number): boolean =>
      !stored.slice(at).some(({ stream }) => stream === stored[at - 1]?.stream);
    for (let at = 1; at < body.length; at++) {
      const line = body[at] ?? "";
      const without = check(sealed(body.toSpliced(at, 1))).problem;
      if (!isLast(at)) expect(without).toEqual(expect.any(String));
      expect(check(sealed(body.toSpliced(at, 0, line))).problem).toContain("stands here again");
      const next = body[at + 1];
      if (next === undefined) continue;
      const swapped = body.with(at, next).with(at + 1, line);
      expect(check(sealed(swapped)).problem).toEqual(
        expect.stringMatching(new RegExp(`^line (${at + 1}|${at + 2}): `)),
      );
    }
  });
});

describe("a lie that is sealed again", () => {
  const body = () => linesOf(someLog().stored).slice(0, -1);
  const changed = (change: (line: string) => string, at: number): string[] =>
    sealed(body().map((line, index) => (index === at ? change(line) : line)));

  it.each<[string, (line: string) => string, number, RegExp]>([
    ["an amount", (line) => line.replace('"100000000000"', '"900000000000"'), 2, /was changed/],
    ["a space", (line) => line.replace(",", ", "), 2, /is not written as an export writes it/],
    [
      "the order of keys",
      (line) => line.replace(/("hash":"\w+"),("prevHash":"\w+")/, "$2,$1"),
      2,
      /not written as/,
    ],
    [
      "the order of keys inside",
      (line) => line.replace(/("account":"main"),("fingerprint":"\w+")/, "$2,$1"),
      2,
      /not written as/,
    ],
    [
      "deep nesting inside",
      (line) =>
        line.replace('"account":"main"', `"account":${"[".repeat(99_999)}${"]".repeat(99_999)}`),
      2,
      /does not write/,
    ],
    [
      "a revision",
      (line) => line.replace('"revision":0', '"revision":1'),
      2,
      /begins with revision 1/,
    ],
    ["the actor", (line) => line.replace('"actor":"local"', '"actor":"other"'), 2, /was changed/],
    ["the event id", (line) => line.replace(/"eventId":"./, '"eventId":"g'), 2, /not written as/],
    ["a null", (line) => line.replace('"account":"main"', '"account":null'), 2, /does not write/],
    [
      "a fraction",
      (line) => line.replace('"revision":0', '"revision":0.5'),
      2,
      /revision is not a whole number/,
    ],
    [
      "a key twice",
      (line) => line.replace('"stream":', '"stream":"x","stream":'),
      2,
      /not written as/,
    ],
    ["a key more", (line) => line.replace('"stream":', '"more":1,"stream":'), 2, /no line of/],
    ["no object", () => "[1]", 2, /no line of an exported log/],
    ["deep nesting", () => `${"[".repeat(5_000)}${"]".repeat(5_000)}`, 2, /no line of/],
    [
      "an event of a newer program",
      (line) => line.replace("AccountOpened", "AccountMerged"),
      2,
      /newer/,
    ],
    ["a log id", (line) => line.replace(LOG_ID, LOG_ID.replace("0", "1")), 0, /the header says/],
    [
      "a filter",
      (line) => line.replace('"filters":{}', '"filters":{"account":"main"}'),
      0,
      /^line 1/,
    ],
  ])("about %s is found", (_, change, at, sentence) => {
    const lines = changed(change, at);
    expect(lines[at]).not.toBe(body()[at]);
    expect(check(lines).problem).toEqual(expect.stringMatching(sentence));
  });

  it("about the count or the digest is found at the trailer", () => {
    const lines = linesOf(someLog().stored);
    const [count, last] = [lines.length - 2, lines.length];
    const other = (change: (trailer: string) => string) =>
      check(lines.with(-1, change(lines.at(-1) ?? ""))).problem;
    expect(other((line) => line.replace(`:${count}`, `:${count + 1}`))).toBe(
      `line ${last}: counts ${count + 1} events, and ${count} stand before it`,
    );
    expect(
      other((line) => line.replace(/"sha256":"[0-9a-f]{64}/, `"sha256":"${"0".repeat(64)}`)),
    ).toBe(`line ${last}: has another sha256 than the lines before it: one of them was changed`);
    expect(check([...lines, lines.at(-1) ?? ""]).problem).toContain("stands after the last line");
  });
});

describe("a part of a log", () => {
  const parts = (keep: (event: StoredEvent) => boolean, filters: Record<string, string>) =>
    check(linesOf(someLog().stored.filter(keep), filters)).problem;

  it("up to a time is a log by itself", () => {
    const to = "2026-01-01T00:00:01.000000Z";
    expect(parts(({ position }) => position <= 5n, { to })).toBeUndefined();
  });

  it("that begins in the middle of a stream is refused, with the stream", () => {
    const from = "2026-01-01T00:00:00.000000Z";
    const { stream } = someLog().stored[4] as StoredEvent;
    expect(parts(({ position }) => position >= 5n, { from })).toBe(
      `line 2: ${stream} begins with revision 2, in its middle: the file is a part of a log ` +
        `(--from ${from}); import needs every stream from its beginning; only --to may have been given`,
    );
  });

  it("without the log's beginning is refused", () => {
    const account = "main";
    expect(parts(({ stream }) => stream === "account-main", { account })).toEqual(
      expect.stringContaining("line 2: the log does not begin with LogCreated: the file is a part"),
    );
  });
});

describe("a header", () => {
  it.each<[string, RegExp]>([
    ["", /not the header/],
    ["{}", /not the header/],
    [
      '{"format":"orderstream-log","version":2,"anything":[]}',
      /version 2, and this program reads up to 1/,
    ],
    ['{"format":"orderstream-log","version":1}', /no line of an exported log: logId/],
  ])("%s is refused", (line, sentence) => {
    const read = readHeader(line);
    expect(read.kind === "wrong" && read.problem).toEqual(expect.stringMatching(sentence));
  });

  it("says what was chosen, and whether it is all", () => {
    const all = headerLine({ logId: LOG_ID, filters: {} });
    expect(all).toContain('"complete":true');
    const filters = { to: "2026-01-01T00:00:00.000000Z", account: "main" };
    const part = headerLine({ logId: LOG_ID, filters });
    expect(part).toContain('"complete":false');
    expect(readHeader(part)).toEqual({ kind: "header", header: { logId: LOG_ID, filters } });
    expect(readHeader(part.replace("false", "true")).kind).toBe("wrong");
  });

  it("is no line of its own later", () => {
    const line = readLine(headerLine({ logId: LOG_ID, filters: {} }));
    expect(line.kind).toBe("wrong");
    expect(readLine("nonsense")).toEqual({ kind: "wrong", problem: "is not JSON" });
  });
});

it("has streams of any name that a store takes", () => {
  const stream = `account-${"x".repeat(248)}` as StreamName;
  const log = createLogWriter();
  const [first] = log.stored;
  if (!first) throw new Error("no event");
  const { event, metadata } = codec.decode(first);
  const { encoded } = codec.encode(stream, 0, { event, metadata });
  const read = readLine(eventLine({ ...first, stream, ...encoded }, codec));
  expect(read.kind === "event" && read.stored.stream).toBe(stream);
});
