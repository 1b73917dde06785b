/** Exported logs as texts: made from stored events, and read back through the check. */
import { createHash } from "node:crypto";
import {
  eventLine,
  headerLine,
  type LogFilters,
  MAX_LINE_BYTES,
  trailerLine,
} from "../../domain/application/audit/log-file.ts";
import { createLogFileCheck } from "../../domain/application/audit/log-file-check.ts";
import type { EncodedEvent, StoredEvent } from "../../domain/ports/event-store.ts";
import { codec, LOG_ID } from "./given.ts";

const sha256 = (bytes: string | Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/** Lines without their ends, the trailer last. */
export function linesOf(stored: readonly StoredEvent[], filters: LogFilters = {}): string[] {
  const lines = [
    headerLine({ logId: LOG_ID, filters }),
    ...stored.map((event) => eventLine(event, codec)),
  ];
  return sealed(lines);
}

/** With a trailer that fits what stands before it, for lies that only the chains can find. */
export function sealed(lines: readonly string[], events = lines.length - 1): string[] {
  const before = lines.map((line) => `${line}\n`).join("");
  return [...lines, trailerLine({ events, sha256: sha256(before) })];
}

export const textOf = (lines: readonly string[]): string =>
  lines.map((line) => `${line}\n`).join("");

export type CheckedFile = {
  readonly stored: readonly StoredEvent[];
  readonly encoded: readonly EncodedEvent[];
  /** `line 3: …`; undefined where all was well. */
  readonly problem: string | undefined;
};

/** The whole file at once; cut into lines without the reader that `import` uses. */
export function checkFile(file: Uint8Array): CheckedFile {
  const check = createLogFileCheck(codec);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const stored: StoredEvent[] = [];
  const encoded: EncodedEvent[] = [];
  let number = 0;
  let at = 0;
  const ended = (problem: string | undefined): CheckedFile => ({
    ...{ stored, encoded },
    problem: problem && `line ${number}: ${problem}`,
  });
  while (at < file.length) {
    number += 1;
    const end = file.indexOf(10, at);
    if (end < 0 || end - at > MAX_LINE_BYTES) return ended("no line");
    let text: string;
    try {
      text = decoder.decode(file.subarray(at, end));
    } catch {
      return ended("no text");
    }
    const before = file.subarray(0, at);
    const checked = check.next(text, () => sha256(before));
    if (checked.kind === "wrong") return ended(checked.problem);
    if (checked.kind === "event") {
      stored.push(checked.stored);
      encoded.push(checked.encoded);
    }
    at = end + 1;
  }
  number += 1;
  return ended(check.missing());
}
