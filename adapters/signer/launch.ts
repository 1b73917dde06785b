/** Starts the signer's process with nothing that it does not need: no environment, no network tools, only the files that are named. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { draftOf } from "./day-counters.ts";
import { NODE_FLAGS, PROCESS_LIMITS } from "./hardening.ts";

const ROOT = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));
const MAIN = join(ROOT, "adapters", "signer", "signer-main.ts");
/** What Node reads of this program to run it. */
const CODE = ["package.json", join("adapters", "signer"), "domain"];
const SHELL = "/bin/sh";

export type SignerChild = {
  readonly child: ChildProcess;
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
};

/** The path as Node's permissions see it, also of a file that is not there yet. */
function realPath(file: string): string {
  const path = resolve(file);
  if (existsSync(path)) return realpathSync(path);
  const folder = dirname(path);
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path;
}

export type LaunchFiles = {
  /** Keystores and passphrase files. */
  readonly reads: readonly string[];
  readonly stateFile: string;
};

function argumentsOf({ reads, stateFile }: LaunchFiles): string[] {
  const state = realPath(stateFile);
  const writes = [state, draftOf(state)];
  const code = CODE.map((path) => join(ROOT, path));
  // A link is looked at under the name that it is opened by, too.
  const named = reads.flatMap((file) => [resolve(file), realPath(file)]);
  return [
    ...NODE_FLAGS,
    "--disable-warning=ExperimentalWarning",
    ...[...new Set([...code, ...named, ...writes, PROCESS_LIMITS])].map(
      (path) => `--allow-fs-read=${path}`,
    ),
    ...writes.map((path) => `--allow-fs-write=${path}`),
    MAIN,
  ];
}

/**
 * `passphrases` go over a pipe of their own: each two bytes of length (little-endian) and its bytes. They are zeroed once the pipe has
 * them. A core file would hold the keys: where there is a shell, the limit for one is 0.
 */
export function launchSigner(files: LaunchFiles, passphrases: readonly Uint8Array[]): SignerChild {
  const args = argumentsOf(files);
  const hasShell = process.platform !== "win32" && existsSync(SHELL);
  const [command, all] = hasShell
    ? [SHELL, ["-c", 'ulimit -c 0; exec "$0" "$@"', process.execPath, ...args]]
    : [process.execPath, args];
  const child = spawn(command, all, {
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    env: {},
    cwd: ROOT,
    windowsHide: true,
  });
  const { stdin: input, stdout: output, stderr: errors } = child;
  const secrets = child.stdio[3];
  if (!input || !output || !errors || !secrets || !("write" in secrets)) {
    throw new Error("the signer has no pipes");
  }
  const frames = Buffer.concat(
    passphrases.flatMap((bytes) => [lengthOf(bytes.length), Buffer.from(bytes)]),
  );
  // Its end may have been closed by a signer that failed: its sentence says why.
  for (const pipe of [input, secrets]) pipe.on("error", () => undefined);
  secrets.end(frames, () => frames.fill(0));
  return { child, input, output, errors };
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(bytes);
  return length;
}
