/** `wallet`: keystores of wallets for live trading, one file each in the data folder. A secret is never shown. */

import { existsSync } from "node:fs";
import { newSeed } from "../../signer/ed25519.ts";
import { createKeystore, readKeystore } from "../../signer/keystore.ts";
import type { Outcome } from "../../signer/outcome.ts";
import { keystoreFileOf, listWallets, readKeyFile } from "../../signer/wallets.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { jsonLine, table } from "../output.ts";
import { newPassphrase, PASSPHRASE_OPTION } from "./wallet-passphrase.ts";

export const walletCommand: CommandSpec = {
  name: "wallet",
  summary: "make, import and list wallets for live trading",
  needs: "wallets",
  commands: [
    {
      name: "new",
      operands: "<name>",
      summary: "make a wallet with a new key, encrypted with a passphrase",
      needs: "wallets",
      options: [PASSPHRASE_OPTION],
      examples: ["wallet new desk", "wallet new desk --passphrase-file desk.passphrase"],
      notes:
        "Without its passphrase a wallet is lost: keep passphrase and file, apart from each other.",
      run: (call) => create(call, newSeed),
    },
    {
      name: "import",
      operands: "<name> <file>",
      summary: "make a wallet of a key file with 64 numbers, as solana-keygen writes it",
      needs: "wallets",
      options: [PASSPHRASE_OPTION],
      examples: ["wallet import desk id.json"],
      notes: "The key file stays where it is, in clear: remove it once the wallet works.",
      run: (call) => create(call, () => valueOrEnd(readKeyFile(call.operands[1] ?? ""))),
    },
    {
      name: "list",
      summary: "list the wallets with their addresses",
      needs: "wallets",
      run: list,
    },
    {
      name: "address",
      operands: "<name>",
      summary: "print the address of a wallet",
      needs: "wallets",
      examples: ["wallet address desk"],
      run: address,
    },
  ],
};

function valueOrEnd<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "ok") return outcome.value;
  throw new CliError(EXIT.store, outcome.sentence);
}

/** Data folder and name as the keystore's file. */
function fileOf(call: Call): { readonly name: string; readonly file: string } {
  const { data } = configOf(call);
  const [name = ""] = call.operands;
  const file = keystoreFileOf(data, name);
  if (file.kind === "wrong") throw usageError(file.sentence);
  return { name, file: file.value };
}

async function create(call: Call, seedOf: () => Buffer): Promise<ExitCode> {
  const { name, file } = fileOf(call);
  if (existsSync(file))
    throw new CliError(EXIT.store, `there is a wallet ${name} already: ${file}`);
  const seed = seedOf();
  try {
    const passphrase = await newPassphrase(call);
    try {
      const created = valueOrEnd(await createKeystore(file, seed, passphrase));
      show(call, { name, address: created, file });
    } finally {
      passphrase.fill(0);
    }
  } finally {
    seed.fill(0);
  }
  return EXIT.ok;
}

type Shown = { readonly name: string; readonly address: string; readonly file: string };

function show({ io, options }: Call, shown: Shown): void {
  if (options.flag("json")) io.out(jsonLine(shown));
  else io.out(`wallet ${shown.name}\naddress ${shown.address}\nfile ${shown.file}\n`);
}

async function list(call: Call): Promise<ExitCode> {
  const { io, options } = call;
  const wallets = valueOrEnd(listWallets(configOf(call).data));
  if (options.flag("json")) {
    for (const { name, file, address } of wallets) {
      const found =
        address.kind === "ok" ? { address: address.value } : { problem: address.sentence };
      io.out(jsonLine({ name, file, ...found }));
    }
    return EXIT.ok;
  }
  const rows = wallets.map(({ name, address }) => [
    name,
    address.kind === "ok" ? address.value : address.sentence,
  ]);
  io.out(rows.length > 0 ? table(["WALLET", "ADDRESS"], rows) : "no wallets\n");
  return EXIT.ok;
}

async function address(call: Call): Promise<ExitCode> {
  const { name, file } = fileOf(call);
  if (!existsSync(file)) throw new CliError(EXIT.notFound, `there is no wallet ${name}: ${file}`);
  const found = valueOrEnd(readKeystore(file)).address;
  if (call.options.flag("json")) call.io.out(jsonLine({ name, address: found, file }));
  else call.io.out(`${found}\n`);
  return EXIT.ok;
}
