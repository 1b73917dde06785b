/** The live smoke test refuses what is not complete, does nothing without a yes, and trades: here on a chain of this machine. */
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Keypair } from "@solana/web3.js";
import { afterEach, describe, expect, it } from "vitest";
import { type LocalWorld, startLocalWorld } from "../../localnet/localnet.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SCRIPT = resolve(import.meta.dirname, "live.ts");
const OTHER_HASH = "11111111111111111111111111111112";

const folder = temporaryFolder();
let world: LocalWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

type Ran = { readonly code: unknown; readonly out: string; readonly err: string };

function smoke(args: readonly string[], environment: Record<string, string>): Promise<Ran> {
  const { CI: _, ...inherited } = process.env;
  const env = { ...inherited, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { env }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err });
    });
  });
}

const wallet = Keypair.generate();

/** All that is needed on a new local chain. */
async function complete(): Promise<Record<string, string>> {
  world = await startLocalWorld({ blockTimeMs: 20, finalLag: 4 });
  const { nodes, swapUrl, genesisHash } = world.addresses;
  world.fund(wallet.publicKey.toBase58(), 1_000_000_000n);
  world.control({ advance: 10 });
  writeFileSync(folder.file("id.json"), JSON.stringify([...wallet.secretKey]), { mode: 0o600 });
  writeFileSync(folder.file("jupiter.key"), "any-key\n", { mode: 0o600 });
  return {
    ...{ SMOKE_NETWORK: "custom", SMOKE_GENESIS_HASH: genesisHash, SMOKE_JUPITER_URL: swapUrl },
    SMOKE_RPC_URLS: nodes.map(({ url }) => url).join(","),
    SMOKE_JUPITER_KEY_FILE: folder.file("jupiter.key"),
    SMOKE_KEY_FILE: folder.file("id.json"),
    SMOKE_AMOUNT_SOL: "0.001",
    SMOKE_DATA: folder.file("data"),
  };
}

const transactions = () => world?.chain.history.ofAddress(wallet.publicKey.toBase58()) ?? [];

describe("smoke:live refuses", () => {
  it("to run without its variables, and names each", async () => {
    const { code, out, err } = await smoke(["--yes"], {});
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(
      err
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual(["SMOKE_RPC_URLS", "SMOKE_JUPITER_KEY_FILE", "SMOKE_KEYSTORE", "SMOKE_AMOUNT_SOL"]);
  });

  it.each<[string, Record<string, string>, string]>([
    ["a CI", { CI: "true" }, "CI is set"],
    ["much money", { SMOKE_AMOUNT_SOL: "0.011" }, "SMOKE_AMOUNT_SOL must be 0.0001 to 0.01"],
    [
      "one node",
      { SMOKE_RPC_URLS: "https://a.example/KEY,https://a.example/OTHER" },
      "SMOKE_RPC_URLS must name two hosts",
    ],
    [
      "a public node as custom",
      {
        ...{ SMOKE_NETWORK: "custom", SMOKE_GENESIS_HASH: OTHER_HASH, SMOKE_JUPITER_URL: "x" },
        SMOKE_RPC_URLS: "https://a.example/KEY,https://b.example",
      },
      "must be on this machine",
    ],
  ])("%s", async (_, changes, message) => {
    const enough = {
      SMOKE_RPC_URLS: "https://a.example/KEY,https://b.example",
      ...{ SMOKE_JUPITER_KEY_FILE: "a", SMOKE_KEY_FILE: "b", SMOKE_AMOUNT_SOL: "0.001" },
    };
    const { code, err, out } = await smoke(["--yes"], { ...enough, ...changes });
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
    expect(err).not.toContain("KEY,");
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  it("a node of another chain, before it touches the wallet", async () => {
    const environment = { ...(await complete()), SMOKE_GENESIS_HASH: OTHER_HASH };
    const { code, err } = await smoke(["--yes"], environment);
    expect(code).toBe(1);
    expect(err).toMatch(/is on another chain, .*; nothing was signed/);
    expect(existsSync(folder.file("data"))).toBe(false);
  });
});

describe("smoke:live", () => {
  it("says what it would do, and does it only with --yes", async () => {
    const environment = await complete();
    const before = transactions().length;
    const shown = await smoke([], environment);
    expect(shown).toMatchObject({ code: 0, err: "" });
    expect(shown.out).toContain("This sells 0.001 SOL for USDC: a chain on this machine");
    expect(shown.out).toContain("at most 0.006 SOL a transaction");
    expect(existsSync(folder.file("data"))).toBe(false);
    expect(transactions()).toHaveLength(before);

    const done = await smoke(["--yes"], environment);
    expect(done.err).not.toContain("any-key");
    expect(done.out, done.err).toMatch(/FILLED: sold 0\.001 SOL for 0\.1\d* USDC/);
    expect(done.out).toContain("The fill is final");
    expect(done.code).toBe(0);
    expect(transactions()).toHaveLength(before + 1);
  });
});
