/** The launcher, in a folder of its own with a small program in place of the real one. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";

const REAL = join(import.meta.dirname, "../../adapters/launcher.cjs");
const MODULES = join(import.meta.dirname, "../../node_modules");

/** Says how it was started; waits for a signal when told to. */
const PROGRAM = `
const [word, ...rest]: string[] = process.argv.slice(2);
const { execArgv, version, pid } = process;
if (rest.includes("--wait")) {
  const keepAlive = setInterval(() => {}, 1_000);
  process.on("SIGTERM", () => {
    clearInterval(keepAlive);
    process.exit(5);
  });
  process.on("disconnect", () => process.exit(6));
} else if (rest.includes("--die")) setTimeout(() => process.kill(pid, "SIGKILL"));
else process.exitCode = 3;
// Last: whoever reads it may send signals.
const { NODE_COMPILE_CACHE: cache } = process.env;
console.log(JSON.stringify({ args: [word, ...rest], execArgv, version, pid, cache }));
`;

const folder = temporaryFolder();
let launcher = "";
let children: ChildProcess[] = [];

/** A launcher that fails its test must not outlive it, nor the program behind it. */
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
});

beforeEach(() => {
  launcher = folder.file("adapters/launcher.cjs");
  mkdirSync(folder.file("adapters/cli"), { recursive: true });
  copyFileSync(REAL, launcher);
  writeFileSync(folder.file("adapters/cli/main.ts"), PROGRAM);
  writeFileSync(folder.file("package.json"), '{"type":"module"}');
});

const bundle = (): void => symlinkSync(MODULES, folder.file("node_modules"));

type Started = {
  readonly child: ChildProcess;
  readonly line: Promise<Record<string, unknown>>;
  readonly errors: () => string;
  readonly end: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
};

function start(node: string, args: readonly string[]): Started {
  // What the test run preloads is TypeScript, which an older Node cannot read; and coverage forbids the cache.
  const env = { ...process.env };
  for (const name of ["NODE_OPTIONS", "NODE_DISABLE_COMPILE_CACHE", "NODE_V8_COVERAGE"]) {
    delete env[name];
  }
  const child = spawn(node, [launcher, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let out = "";
  let errors = "";
  const line = new Promise<Record<string, unknown>>((resolve, reject) => {
    child.on("close", () => reject(new Error(`it ended without a line: ${errors}`)));
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes("\n")) resolve(JSON.parse(out.split("\n")[0] ?? ""));
    });
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  // A test that only looks at the end does not wait for the line.
  line.catch(() => undefined);
  const end = once(child, "close").then(([code, signal]) => ({ code, signal }));
  return { child, line, errors: () => errors, end };
}

const HEAP = ["--max-semi-space-size=16", "--max-old-space-size=512"];

describe("started by Node 24", () => {
  const node = process.execPath;

  it("runs most commands in this very process", async () => {
    const { line, end, child } = start(node, ["history", "--json"]);
    expect(await line).toMatchObject({ args: ["history", "--json"], execArgv: [], pid: child.pid });
    expect(await end).toEqual({ code: 3, signal: null });
  });

  it.each(["serve", "start"])("bounds the heap of %s", async (command) => {
    const { line, end } = start(node, [command, "a b", "--x=y"]);
    const { execArgv, args } = await line;
    expect(execArgv).toEqual([...HEAP, "--disable-warning=ExperimentalWarning"]);
    expect(args).toEqual([command, "a b", "--x=y"]);
    expect(await end).toEqual({ code: 3, signal: null });
  });

  it.each(["history", "serve"])(
    "keeps what was compiled of %s beside the code",
    async (command) => {
      const { line, end } = start(node, [command]);
      const cache = folder.file("node_modules/.cache/orderstream");
      expect((await line).cache).toBe(cache);
      await end;
      expect(readdirSync(cache, { recursive: true }).length).toBeGreaterThan(0);
    },
  );

  it("replaces itself: a signal needs no forwarding", async () => {
    const { line, end, child, errors } = start(node, ["serve", "--wait"]);
    expect(await line).toMatchObject({ pid: child.pid });
    child.kill("SIGTERM");
    expect(await end).toEqual({ code: 5, signal: null });
    expect(errors()).toBe("");
  });
});

/** An older Node of this machine, if it has one. */
const older = ["/usr/bin/node", "/usr/local/bin/node", "/opt/node20/bin/node"].find((path) => {
  if (!existsSync(path)) return false;
  const version = execFileSync(path, ["--version"]).toString();
  return Number(/^v(\d+)/.exec(version)?.[1]) < 24;
});
const bundled = existsSync(join(MODULES, ".bin/node"));
const reason = older === undefined ? "no older Node here" : bundled ? "" : "no bundled Node here";

describe.skipIf(reason !== "")(
  `started by an older Node ${reason && `(left out: ${reason})`}`,
  () => {
    const node = older ?? "";

    it("runs the bundled Node and hands on its exit code", async () => {
      bundle();
      const { line, end, errors } = start(node, ["history"]);
      const { version, execArgv } = await line;
      expect(version).toMatch(/^v24\./);
      expect(execArgv).toEqual(["--disable-warning=ExperimentalWarning"]);
      expect(await end).toEqual({ code: 3, signal: null });
      expect(errors()).toBe("");
    });

    it("bounds the heap and forwards signals", async () => {
      bundle();
      const { line, end, child } = start(node, ["serve", "--wait"]);
      expect((await line).execArgv).toEqual(expect.arrayContaining(HEAP));
      child.kill("SIGTERM");
      expect(await end).toEqual({ code: 5, signal: null });
    });

    it("dies of the signal that its program died of", async () => {
      bundle();
      const { end } = start(node, ["serve", "--die"]);
      expect(await end).toEqual({ code: null, signal: "SIGKILL" });
    });

    it("takes the program with it when it is killed", async () => {
      bundle();
      const { line, end, child } = start(node, ["serve", "--wait"]);
      await line;
      child.kill("SIGKILL");
      // The program holds stdout open until it ends.
      expect(await end).toEqual({ code: null, signal: "SIGKILL" });
    });

    it("says in one sentence what is missing without a bundled Node", async () => {
      const { end, errors } = start(node, ["serve"]);
      expect(await end).toEqual({ code: 1, signal: null });
      expect(errors()).toMatch(/^orderstream needs Node 24 or newer; this is v\d+.* `npm ci`.*\n$/);
    });
  },
);

describe("the file", () => {
  it("is executable and starts with a line for Node", () => {
    const mode = execFileSync("ls", ["-l", REAL]).toString();
    expect(mode.slice(0, 10)).toMatch(/^-rwx/);
    expect(execFileSync("head", ["-1", REAL]).toString()).toBe("#!/usr/bin/env node\n");
    expect(dirname(REAL)).toMatch(/adapters$/);
  });
});
