/** `wallet`: keystores made, imported and listed, and a passphrase that is never shown and never on the command line. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Keypair } from "@solana/web3.js";
import { beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { askHidden } from "../../adapters/cli/hidden-prompt.ts";
import { runCli } from "../../adapters/cli/program.ts";
import { readKeystore, unlock } from "../../adapters/signer/keystore.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { run } from "./harness.ts";

const folder = temporaryFolder();
const VARIABLE = "ORDERSTREAM_WALLET_PASSPHRASE";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let data = "";
beforeEach(() => {
  data = folder.file("data");
});
const keystore = (name: string): string => join(data, "wallets", `${name}.json`);

async function seedOf(name: string, passphrase: string): Promise<Uint8Array> {
  const read = readKeystore(keystore(name));
  if (read.kind === "wrong") throw new Error(read.sentence);
  const seed = await unlock(read.value, bytes(passphrase), name);
  if (seed.kind === "wrong") throw new Error(seed.sentence);
  return seed.value;
}

/** Runs a command with somebody at the terminal who answers so. */
async function typed(args: readonly string[], answers: readonly (string | undefined)[]) {
  const left = [...answers];
  const asked: string[] = [];
  let said = "";
  const say = (text: string): void => {
    said += text;
  };
  const code = await runCli(args, {
    ...{ out: say, err: say, flushed: async () => true, environment: {}, isTerminal: true },
    askHidden: async (question) => {
      asked.push(question);
      const answer = left.shift();
      return answer === undefined ? undefined : bytes(answer);
    },
  });
  return { code, said, asked };
}

describe("wallet", () => {
  it("new makes one for its owner alone, with the passphrase of the environment", async () => {
    const made = await run(["wallet", "new", "desk", "--data", data, "--json"], {
      [VARIABLE]: "from the environment",
    });
    expect(made.code).toBe(EXIT.ok);
    const [{ name, address, file } = {}] = made.json();
    expect({ name, file }).toEqual({ name: "desk", file: keystore("desk") });
    expect(statSync(keystore("desk")).mode & 0o777).toBe(0o600);
    const seed = await seedOf("desk", "from the environment");
    expect(Keypair.fromSeed(seed).publicKey.toBase58()).toBe(address);
    const shown = await run(["wallet", "address", "desk", "--data", data]);
    expect(shown).toMatchObject({ code: EXIT.ok, out: `${address}\n`, err: "" });
    const list = await run(["wallet", "list", "--data", data]);
    expect(list.out).toBe(`WALLET  ADDRESS\ndesk    ${address}\n`);
  });

  it("import takes solana-keygen's file; a name is never overwritten", async () => {
    const pair = Keypair.fromSeed(new Uint8Array(32).fill(41));
    const id = folder.file("id.json");
    writeFileSync(id, JSON.stringify([...pair.secretKey]));
    const passphrase = folder.file("passphrase");
    writeFileSync(passphrase, "from a file\n", { mode: 0o600 });
    const args = ["wallet", "import", "desk", id, "--data", data, "--passphrase-file", passphrase];
    expect(await run(args)).toMatchObject({
      code: EXIT.ok,
      out: `wallet desk\naddress ${pair.publicKey.toBase58()}\nfile ${keystore("desk")}\n`,
    });
    expect([...(await seedOf("desk", "from a file"))]).toEqual([...new Uint8Array(32).fill(41)]);
    const before = readFileSync(keystore("desk"), "utf8");
    const again = await run(args);
    expect(again.code).toBe(EXIT.store);
    expect(again.err).toContain("there is a wallet desk already");
    expect(readFileSync(keystore("desk"), "utf8")).toBe(before);
  });

  it("asks for the passphrase twice, and writes nothing where the answers will not do", async () => {
    const args = ["wallet", "new", "desk", "--data", data];
    const cases = [
      { answers: ["typed in once", "typed in twice"], said: /the two passphrases differ/ },
      { answers: ["short"], said: /at least 8 characters/ },
      { answers: ["typed in once", undefined], said: /no passphrase was given/ },
      { answers: [undefined], said: /no passphrase was given/ },
    ];
    for (const { answers, said } of cases) {
      const failed = await typed(args, answers);
      expect(failed.code).toBe(EXIT.usage);
      expect(failed.said).toMatch(said);
      expect(failed.said).not.toContain("typed in");
    }
    expect(readdirSync(folder.file("."))).toEqual([]);
    const { code, asked } = await typed(args, ["typed in once", "typed in once"]);
    expect({ code, asked: asked.length }).toEqual({ code: EXIT.ok, asked: 2 });
    expect(await seedOf("desk", "typed in once")).toHaveLength(32);
  });

  it("says what is wrong", async () => {
    const to = ["--data", data];
    const cases = [
      { args: ["new", "a b"], code: EXIT.usage, said: /1 to 64 characters of A-Z/ },
      { args: ["new", "desk"], code: EXIT.usage, said: /no terminal to ask/ },
      { args: ["new", "desk", "--passphrase", "x"], code: EXIT.usage, said: /unknown option/ },
      { args: ["address", "desk"], code: EXIT.notFound, said: /there is no wallet desk/ },
      { args: ["import", "desk", folder.file("none")], code: EXIT.store, said: /no such file/ },
    ];
    for (const { args, code, said } of cases) {
      const ran = await run(["wallet", ...args, ...to]);
      expect(ran.code).toBe(code);
      expect(ran.err).toMatch(said);
    }
    expect(await run(["wallet", "list", ...to])).toMatchObject({
      code: EXIT.ok,
      out: "no wallets\n",
    });
  });
});

describe("the hidden prompt", () => {
  /** What is asked, shown and answered when these chunks are typed. */
  async function type(chunks: readonly (string | Buffer)[]) {
    const output = new PassThrough();
    const shownBefore: [isRaw: boolean, shown: number][] = [];
    const input = Object.assign(new PassThrough(), {
      setRawMode: (isRaw: boolean) => shownBefore.push([isRaw, output.readableLength]),
    });
    const answer = askHidden("Passphrase: ", input, output);
    for (const chunk of chunks) input.write(chunk);
    if (chunks.length === 0) input.end();
    const given = await answer;
    const shown = String(output.read());
    return { given: given && new TextDecoder().decode(given), shown, shownBefore };
  }

  it.each([
    [["secret\r"], "secret"],
    [["sec", "ret", "\n"], "secret"],
    [["secrex\u007ft\r"], "secret"],
    [["grün\b\bün\r"], "grün"],
    [["wrong\u0015right\r"], "right"],
    [["secret\rpasted behind\r"], "secret"],
    [["\u007f\r"], ""],
    [["half\u0003"], undefined],
    [["half\u0004"], undefined],
    [[], undefined],
  ])("%j is %j, without echo", async (chunks, expected) => {
    expect(await type(chunks)).toEqual({
      ...{ given: expected, shown: "Passphrase: \n" },
      // Raw, and so without echo, from before the question to behind the answer.
      shownBefore: [
        [true, 0],
        [false, "Passphrase: ".length],
      ],
    });
  });

  it("takes no more than a passphrase may have", async () => {
    const { given } = await type(["x".repeat(5_000), "\r"]);
    expect(given).toHaveLength(1_024);
  });
});
