/** Files that only their owner may read: written in one step and never over another one, their mode checked before they are read. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { type Outcome, ok, wrong } from "./outcome.ts";

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
/** Read, write or run by the group or by everybody. */
const OTHERS = 0o077;

/** A code such as EACCES as words; never the text of an error, which can show what it met. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    EPERM: "not permitted",
    ERR_ACCESS_DENIED: "it is not among the files that the signer may use",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of its path is no folder",
    EEXIST: "it exists already",
    ENOSPC: "the disk is full",
    EROFS: "the file system is read-only",
  };
  return words[code] ?? (/^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : "it cannot be used");
}

/**
 * Bytes of a file of at most `maxBytes`. `what` begins the sentence of every problem, such as "the keystore". Wrong where others may
 * use it (POSIX systems; Windows keeps no such mode).
 */
export const readSecretFile = (file: string, what: string, maxBytes: number): Outcome<Buffer> =>
  readChecked({ file, what, maxBytes, check: modeProblem });

/** The same for a file of somebody else's making, whatever its mode. */
export const readBoundedFile = (file: string, what: string, maxBytes: number): Outcome<Buffer> =>
  readChecked({ file, what, maxBytes, check: () => undefined });

type Reading = {
  readonly file: string;
  readonly what: string;
  readonly maxBytes: number;
  /** Continues a sentence. */
  readonly check: (stats: Stats, file: string) => string | undefined;
};

function readChecked({ file, what, maxBytes, check }: Reading): Outcome<Buffer> {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (error) {
    return wrong(`${what} ${file} cannot be read: ${reasonOf(error)}`);
  }
  try {
    const problem = check(fstatSync(handle), file);
    if (problem !== undefined) return wrong(`${what} ${file} ${problem}`);
    const bytes = readBounded(handle, maxBytes);
    return bytes ? ok(bytes) : wrong(`${what} ${file} is larger than ${maxBytes} bytes`);
  } catch (error) {
    return wrong(`${what} ${file} cannot be read: ${reasonOf(error)}`);
  } finally {
    closeSync(handle);
  }
}

function modeProblem({ mode }: Stats, file: string): string | undefined {
  if (process.platform === "win32" || (mode & OTHERS) === 0) return undefined;
  return (
    `is open to other users of this machine (mode 0${(mode & 0o777).toString(8)}); ` +
    `make it yours alone: chmod 600 ${file}`
  );
}

/** Undefined where there is more. What was read of it is zeroed then. */
export function readBounded(handle: number, maxBytes: number): Buffer | undefined {
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  for (;;) {
    const read = readSync(handle, buffer, length, buffer.length - length, null);
    length += read;
    if (read === 0) return buffer.subarray(0, length);
    if (length > maxBytes) break;
  }
  buffer.fill(0);
  return undefined;
}

/** Writes a new file of mode 0600 that is there whole or not at all; wrong where there is one already. */
export function writeSecretFile(file: string, what: string, bytes: Uint8Array): Outcome<void> {
  const draft = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const folder = dirname(file);
    mkdirSync(dirname(folder), { recursive: true });
    if (!existsSync(folder)) mkdirSync(folder, PRIVATE_FOLDER);
    const handle = openSync(draft, "wx", PRIVATE_FILE);
    try {
      writeFileSync(handle, bytes);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    // Unlike a rename, a link never takes another file's place.
    linkSync(draft, file);
    syncFolder(folder);
    return ok(undefined);
  } catch (error) {
    return wrong(`${what} ${file} cannot be written: ${reasonOf(error)}`);
  } finally {
    rmSync(draft, { force: true });
  }
}

function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
