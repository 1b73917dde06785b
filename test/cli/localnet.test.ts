/** `localnet` as a process of its own, and `faucet` against it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { Connection, Keypair, PublicKey } from "@solana/web3.js";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { startLocalWorld } from "../../localnet/localnet.ts";
import { tokensOf } from "../localnet/support/swaps.ts";
import { token } from "../localnet/support/venue-world.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { run } from "./harness.ts";

const MAIN = resolve(import.meta.dirname, "../../adapters/cli/main.ts");
const folder = temporaryFolder();
const [USDC, BERN] = [token("USDC"), token("BERN")];
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const FREE_PORTS = ["--port=0", "--control-port=0", "--market-port=0", "--jito-port=0"];

function start(...options: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, "localnet", ...options]);
  closing.push(() => child.kill("SIGKILL"));
  return child;
}

const linesOf = ({ stdout }: ChildProcess) => {
  if (!stdout) throw new Error("no stdout");
  return createInterface(stdout);
};

const readySchema = z.object({
  genesisHash: z.string(),
  restored: z.boolean(),
  nodes: z.array(z.object({ url: z.url(), wsUrl: z.url() })),
  ...{ swapUrl: z.url(), jitoUrl: z.url(), controlUrl: z.url() },
  pid: z.int(),
});

async function ready(child: ChildProcess) {
  const [line] = await once(linesOf(child), "line");
  return readySchema.parse(JSON.parse(line));
}

describe("localnet", () => {
  test("prints its addresses, is funded, keeps its chain, ends on SIGINT", async () => {
    const options = ["--json", ...FREE_PORTS, "--nodes", "1", "--state", folder.file("state")];
    const first = start(...options);
    const before = await ready(first);
    expect(before).toMatchObject({ restored: false });
    expect(before.nodes).toHaveLength(1);
    const wallet = Keypair.generate().publicKey;
    const control = ["--control", before.controlUrl];
    const funded = await run(["faucet", wallet.toBase58(), "--sol", "2.5", ...control]);
    expect(funded).toMatchObject({ code: EXIT.ok, out: `2.5 SOL for ${wallet}\n` });
    first.kill("SIGINT");
    expect(await once(first, "exit")).toEqual([EXIT.ok, null]);

    const after = await ready(start(...options));
    expect(after).toMatchObject({ restored: true, genesisHash: before.genesisHash });
    const connection = new Connection(after.nodes[0]?.url ?? "", "processed");
    expect(await connection.getBalance(wallet)).toBe(2_500_000_000);
  });

  test("tells people what to try", async () => {
    const child = start(...FREE_PORTS);
    const said: string[] = [];
    for await (const line of linesOf(child)) {
      said.push(line);
      if (line.includes("Ctrl-C")) break;
    }
    const text = said.join("\n");
    expect(text).toContain("the localnet is ready, with a new chain");
    expect(text).toMatch(/RPC node 1 +http:\/\/127\.0\.0\.1:\d+ +ws:\/\/127\.0\.0\.1:\d+/);
    expect(text).toMatch(/Jupiter +http:\/\/127\.0\.0\.1:\d+\/swap\/v1/);
    expect(text).toMatch(/faucet <address> .* --control http:\/\/127\.0\.0\.1:\d+\/control/);
  });

  test("when its chain goes away it ends with a sentence", async () => {
    const child = start("--json", ...FREE_PORTS);
    const { pid } = await ready(child);
    const [error] = await Promise.all([
      once(createInterface(child.stdout ?? process.stdin), "line"),
      process.kill(pid, "SIGKILL"),
    ]);
    expect(String(error)).toContain("the localnet ended (SIGKILL)");
    expect(await once(child, "exit")).toEqual([EXIT.store, null]);
  });

  test.each([
    [["--nodes", "17"], EXIT.usage, "--nodes must be a whole number from 1 to 16"],
    [["--rent", "0"], EXIT.usage, "--rent must be a whole number from 1 to 1000000"],
    [[...FREE_PORTS, "--market", "no-such.csv"], EXIT.store, "no-such.csv cannot be read"],
  ])("%j ends with %d", async (options, code, sentence) => {
    const ran = await run(["localnet", ...options]);
    expect(ran).toMatchObject({ code, err: expect.stringContaining(sentence) });
  });
});

describe("faucet", () => {
  const open = async () => {
    const world = await startLocalWorld({ blockTimeMs: 0, nodes: 1 });
    closing.push(world.close);
    const url = world.addresses.nodes[0]?.url ?? "";
    const wallet = Keypair.generate().publicKey;
    return {
      ...{ world, wallet, url, connection: new Connection(url, "processed") },
      control: ["--control", world.addresses.controlUrl],
    };
  };

  test("gives SOL and tokens, by symbol in any case and by the address of a mint", async () => {
    const { control, connection, wallet, world } = await open();
    const tokens = ["--token", "usdc=1000.5", "--token", `${BERN.mint}=0.00007`];
    const args = ["faucet", wallet.toBase58(), "--sol=0.5", ...tokens, ...control, "--json"];
    const { code, json } = await run(args);
    expect(code).toBe(EXIT.ok);
    expect(json()).toEqual([
      {
        ...{ address: wallet.toBase58(), lamports: "500000000", signature: expect.any(String) },
        tokens: [
          { mint: USDC.mint, amount: "1000500000", account: expect.any(String) },
          { mint: BERN.mint, amount: "7", account: expect.any(String) },
        ],
      },
    ]);
    const signature = String(json()[0]?.signature);
    expect(world.chain.transaction(signature)?.err).toBeNull();
    expect(await connection.getBalance(wallet)).toBe(500_000_000);
    expect(await tokensOf(connection, wallet, USDC)).toBe(1_000_500_000n);
    expect(await tokensOf(connection, wallet, BERN)).toBe(7n);
  });

  test("10 SOL without an option, none beside tokens", async () => {
    const { control, connection, wallet } = await open();
    await run(["faucet", wallet.toBase58(), "--token", "JUP=3", ...control]);
    expect(await connection.getBalance(wallet)).toBe(0);
    await run(["faucet", wallet.toBase58(), ...control]);
    expect(await connection.getBalance(wallet)).toBe(10_000_000_000);
  });

  test("--rpc asks a node for an airdrop", async () => {
    const { url, connection, wallet } = await open();
    const { code } = await run(["faucet", wallet.toBase58(), "--sol", "3", "--rpc", url]);
    expect(code).toBe(EXIT.ok);
    expect(await connection.getBalance(wallet)).toBe(3_000_000_000);
  });

  test("a mint that is not on the chain is refused by it", async () => {
    const { control, wallet } = await open();
    const other = new PublicKey(new Uint8Array(32).fill(7)).toBase58();
    const { code, err } = await run([
      "faucet",
      String(wallet),
      "--token",
      `${other}=1`,
      ...control,
    ]);
    expect(code).toBe(EXIT.refused);
    expect(err).toContain("getTokenSupply was refused");
  });

  const ADDRESS = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU";
  test.each([
    [["x"], EXIT.usage, '"x" is no address of a wallet'],
    [[ADDRESS, "--rpc", "https://api.mainnet-beta.solana.com"], EXIT.usage, "not on this machine"],
    [[ADDRESS, "--control", "http://10.0.0.1:8898"], EXIT.usage, "not on this machine"],
    [[ADDRESS, "--rpc", "https://127.0.0.1:8899"], EXIT.usage, "must begin with http://"],
    [[ADDRESS, "--rpc", "nonsense"], EXIT.usage, "--rpc must be a URL such as"],
    [[ADDRESS, "--token", "USDC"], EXIT.usage, "must be SYMBOL=AMOUNT"],
    [[ADDRESS, "--token", "USDC=0"], EXIT.usage, "greater than 0, with at most 6 decimals"],
    [[ADDRESS, "--sol", "1000000.1"], EXIT.usage, "from 0 to 1000000"],
    [[ADDRESS, "--token", "USDC=1", "--rpc", "http://127.0.0.1:1"], EXIT.usage, "needs --control"],
    [[ADDRESS, "--control", "http://127.0.0.1:1/control"], EXIT.unreachable, "no localnet answers"],
  ])("%j ends with %d and a sentence", async (args, code, sentence) => {
    const ran = await run(["faucet", ...args]);
    expect(ran).toMatchObject({ code, err: expect.stringContaining(sentence), out: "" });
  });
});
