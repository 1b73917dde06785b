/** Where a command takes the passphrase of a wallet from: a file, the environment, or somebody at the terminal. Never the command line. */
import {
  PASSPHRASE_VARIABLE,
  passphraseProblem,
  readPassphraseFile,
} from "../../signer/passphrase.ts";
import type { Call, OptionSpec } from "../command.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";

export const PASSPHRASE_OPTION: OptionSpec = {
  flags: "--passphrase-file <file>",
  description: `file with the passphrase (else ${PASSPHRASE_VARIABLE}, else it is asked for)`,
};

/** The passphrase of a new wallet, asked for twice. The caller zeroes it. */
export async function newPassphrase(call: Call): Promise<Uint8Array> {
  const passphrase = await givenOrAsked(call);
  const problem = passphraseProblem(passphrase);
  if (problem === undefined) return passphrase;
  passphrase.fill(0);
  throw usageError(problem);
}

async function givenOrAsked({ options, io }: Call): Promise<Uint8Array> {
  const file = options.text("passphrase-file");
  if (file !== undefined) {
    const read = readPassphraseFile(file);
    if (read.kind === "ok") return read.value;
    throw usageError(read.sentence);
  }
  const variable = io.environment[PASSPHRASE_VARIABLE];
  if (variable !== undefined) return Buffer.from(variable);
  const { askHidden } = io;
  if (!askHidden) {
    throw usageError(
      `there is no terminal to ask for a passphrase: give --passphrase-file FILE or ${PASSPHRASE_VARIABLE}`,
    );
  }
  const ask = async (question: string): Promise<Uint8Array> => {
    const answer = await askHidden(question);
    if (answer) return answer;
    throw new CliError(EXIT.usage, "no passphrase was given; nothing was written");
  };
  const first = await ask("Passphrase for the new wallet: ");
  const problem = passphraseProblem(first);
  if (problem !== undefined) throw usageError(problem);
  const second = await ask("The same again: ");
  const isSame = Buffer.from(first).equals(second);
  second.fill(0);
  if (isSame) return first;
  first.fill(0);
  throw usageError("the two passphrases differ; nothing was written");
}
