/** The command line as a whole: help, exit codes, and the documents that name them. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CommandSpec } from "../../adapters/cli/command.ts";
import { EXIT, EXIT_MEANINGS } from "../../adapters/cli/exit-codes.ts";
import { COMMANDS } from "../../adapters/cli/program.ts";
import { environmentName, KEYS } from "../../adapters/config/keys.ts";
import { run } from "./harness.ts";

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** Every command that does something, by its words. */
const leaves = (specs: readonly CommandSpec[], before: readonly string[] = []): string[][] =>
  specs.flatMap((spec) => {
    const words = [...before, spec.name];
    return spec.commands ? leaves(spec.commands, words) : [words];
  });

describe("help", () => {
  it("names every command and every exit code, and ends well", async () => {
    const { code, out, err } = await run(["--help"]);
    expect({ code, err }).toEqual({ code: EXIT.ok, err: "" });
    for (const { name, summary } of COMMANDS) {
      expect(out).toMatch(new RegExp(`^ {2}${name} `, "m"));
      expect(out.replace(/\s+/g, " ")).toContain(summary);
    }
    for (const [exit, meaning] of EXIT_MEANINGS) {
      expect(out).toMatch(new RegExp(`^ {2}${exit} +${meaning}`, "m"));
    }
  });

  it.each(leaves(COMMANDS).map((words) => [words.join(" "), words]))(
    "%s says what it does, where it looks and with which options",
    async (_, words) => {
      const { code, out } = await run([...words, "--help"]);
      expect(code).toBe(EXIT.ok);
      expect(out).toContain(`Usage: orderstream ${words.join(" ")} `);
      expect(out).toMatch(/--(grpc <host:port>|http <host:port>|data <folder>|control)/);
      expect(out).toMatch(/It (talks to|reads|opens) the/);
      expect(out).toContain("--json");
      expect(out).toContain("--config <file>");
    },
  );

  it("has examples that parse: a wrong word in one would end with 2", async () => {
    for (const words of leaves(COMMANDS)) {
      const { out } = await run([...words, "--help"]);
      for (const [, example = ""] of out.matchAll(/^ {2}orderstream (.*)$/gm)) {
        const { code, err } = await run([...example.split(" "), "--config", "/does/not/exist"]);
        expect(err).toContain("cannot read the configuration file");
        expect(code).toBe(EXIT.usage);
      }
    }
  });
});

describe("a wrong command line", () => {
  it.each([
    [["histroy"], "Did you mean history?"],
    [["trade", "by", "1", "SOL"], "unknown command"],
    [["history", "--limt", "5"], "Did you mean --limit?"],
    [["cancel"], "missing required argument"],
    [["verify", "now"], "too many arguments"],
    [["history", "--grpc", "1.2.3.4:5"], "which other machines can reach"],
    [["history", "--grpc", "nonsense"], "must be HOST:PORT"],
  ])("%j ends with 2 and a hint", async (args, hint) => {
    const { code, err } = await run(args);
    expect(code).toBe(EXIT.usage);
    expect(err).toContain(hint);
    expect(err).not.toContain("    at ");
  });

  it("is one JSON object for programs when the configuration is wrong", async () => {
    const { code, json } = await run(["verify", "--json"], { ORDERSTREAM_DTAA: "x" });
    expect(code).toBe(EXIT.usage);
    expect(json()).toEqual([
      {
        error: {
          exitCode: EXIT.usage,
          message:
            "unknown environment variable `ORDERSTREAM_DTAA`; did you mean `ORDERSTREAM_DATA`?",
          problems: [expect.stringContaining("ORDERSTREAM_DATA")],
        },
      },
    ]);
  });
});

describe("the documents", () => {
  it("cli.md has every command and every exit code", () => {
    const text = read("docs/cli.md");
    for (const words of leaves(COMMANDS)) expect(text).toContain(`orderstream ${words.join(" ")}`);
    for (const [code, meaning] of EXIT_MEANINGS) expect(text).toContain(`| ${code} | ${meaning} |`);
  });

  it("configuration.md has every key with its variable", () => {
    const text = read("docs/configuration.md");
    for (const [key, kind] of KEYS) {
      expect(text).toContain(`\`${key}\``);
      if (kind !== "other") expect(text).toContain(`\`${environmentName(key)}\``);
    }
  });
});
