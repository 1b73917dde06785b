/** Runs command lines in this process and keeps what they print. */
import type { Io } from "../../adapters/cli/command.ts";
import { runCli } from "../../adapters/cli/program.ts";

export type Ran = {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Lines of stdout as JSON. */
  readonly json: () => Record<string, unknown>[];
};

/** `npx orderstream <args>`, without a terminal and with an environment of its own. */
export async function run(
  args: readonly string[],
  environment: Io["environment"] = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    flushed: async () => true,
    environment,
    isTerminal: false,
  });
  const lines = () => out.split("\n").filter((line) => line !== "");
  return { code, out, err, json: () => lines().map((line) => JSON.parse(line)) };
}
