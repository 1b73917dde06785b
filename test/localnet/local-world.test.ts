/**
 * The whole local world: swaps by unmodified clients over the process, in both token programs; what
 * survives a restart; and the handles for tests.
 */
import { createServer } from "node:http";
import { Keypair, LAMPORTS_PER_SOL, PublicKey } from "@solana/web3.js";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type LocalnetProcess,
  type LocalnetProcessOptions,
  startLocalnetProcess,
} from "../../adapters/localnet-process.ts";
import { loadState } from "../../localnet/chain/state-file.ts";
import {
  type LocalWorld,
  type LocalWorldOptions,
  startLocalWorld,
} from "../../localnet/localnet.ts";
import { close, HOST, listen } from "../../localnet/loopback-server.ts";
import { POOLS } from "../../localnet/market/pools.ts";
import { JUPITER_PROGRAM } from "../../localnet/venue/addresses.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import {
  confirmed,
  connectionTo,
  eventually,
  land,
  signedSwap,
  tokensOf,
} from "./support/swaps.ts";
import { token } from "./support/venue-world.ts";

const [SOL, USDC, PYUSD, BERN] = [token("SOL"), token("USDC"), token("PYUSD"), token("BERN")];
const folder = temporaryFolder();
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Ended = { readonly said: string[] };

async function start(options: Partial<LocalnetProcessOptions> & Partial<Ended> = {}) {
  const { said = [], ...rest } = options;
  const started = await startLocalnetProcess({
    ...{ blockTimeMs: 20, onExit: (sentence) => said.push(sentence) },
    ...rest,
  });
  closing.push(started.stop);
  return started;
}

const nodeOf = ({ addresses }: LocalnetProcess, index = 0) =>
  connectionTo(addresses.nodes[index]?.url ?? "");

/** A new wallet with so many SOL, confirmed. */
async function fundedWallet(localnet: LocalnetProcess, sol: number): Promise<Keypair> {
  const wallet = Keypair.generate();
  const connection = nodeOf(localnet);
  const signature = await connection.requestAirdrop(wallet.publicKey, sol * LAMPORTS_PER_SOL);
  await confirmed(connection, signature);
  return wallet;
}

describe("over the process", () => {
  test("a swap lands at both nodes and moves what was quoted, there and back", async () => {
    const localnet = await start();
    const connection = nodeOf(localnet);
    const { swapUrl } = localnet.addresses;
    const wallet = await fundedWallet(localnet, 10);
    const there = { wallet, input: SOL, output: USDC, amount: 2 * LAMPORTS_PER_SOL };
    const { quote, raw } = await signedSwap(connection, swapUrl, there);
    const signature = await land(connection, raw);
    await confirmed(nodeOf(localnet, 1), signature);

    const received = await tokensOf(connection, wallet.publicKey, USDC);
    expect(received).toBeGreaterThanOrEqual(BigInt(quote.otherAmountThreshold));
    // Two SOL are worth some 300 dollars here, whatever the minute.
    expect(received).toBeGreaterThan(200_000_000n);
    const rent = await connection.getMinimumBalanceForRentExemption(165);
    const landed = await connection.getTransaction(signature, {
      maxSupportedTransactionVersion: 0,
    });
    const left = 8 * LAMPORTS_PER_SOL - rent - (landed?.meta?.fee ?? 0);
    expect(await connection.getBalance(wallet.publicKey)).toBe(left);

    const back = { wallet, input: USDC, output: SOL, amount: Number(received) };
    await land(connection, (await signedSwap(connection, swapUrl, back)).raw);
    expect(await tokensOf(connection, wallet.publicKey, USDC)).toBe(0n);
    expect(await connection.getBalance(wallet.publicKey)).toBeGreaterThan(left + 19 * 10 ** 8);
  });

  test("Token-2022 mints trade, without and with a fee on each transfer", async () => {
    const localnet = await start();
    const connection = nodeOf(localnet);
    const { swapUrl } = localnet.addresses;
    const wallet = await fundedWallet(localnet, 10);
    const trades = [
      { wallet, input: SOL, output: PYUSD, amount: LAMPORTS_PER_SOL },
      { wallet, input: SOL, output: BERN, amount: LAMPORTS_PER_SOL },
      { wallet, input: PYUSD, output: USDC, amount: 50_000_000 },
    ];
    for (const trade of trades) {
      const { quote, raw } = await signedSwap(connection, swapUrl, trade);
      const before = await tokensOf(connection, wallet.publicKey, trade.output);
      await land(connection, raw);
      const received = (await tokensOf(connection, wallet.publicKey, trade.output)) - before;
      expect(received).toBeGreaterThanOrEqual(BigInt(quote.otherAmountThreshold));
    }
    // About 150 dollars less 6.9 % at 0.002 dollars: the fee is in the quote.
    expect(await tokensOf(connection, wallet.publicKey, BERN)).toBeLessThan(7_800_000_000n);
  });

  test("a price that moves beyond the limit fails the swap with Jupiter's 6001", async () => {
    const localnet = await start({ blockTimeMs: 20 });
    const { addresses } = localnet;
    const connection = nodeOf(localnet);
    const wallet = await fundedWallet(localnet, 5);
    const trade = { wallet, input: SOL, output: USDC, amount: LAMPORTS_PER_SOL, slippageBps: 50 };
    const { raw } = await signedSwap(connection, addresses.swapUrl, trade);
    const body = JSON.stringify({ price: { token: "SOL", price: "100" } });
    const answer = await fetch(addresses.marketControlUrl, { method: "POST", body });
    expect(answer.status).toBe(200);
    // Preflight would look at the state of a block ago, as a real node does.
    const signature = await connection.sendRawTransaction(raw, { skipPreflight: true });
    const err = { InstructionError: [expect.any(Number), { Custom: 6_001 }] };
    await eventually(async () => {
      expect((await connection.getSignatureStatus(signature)).value?.err).toEqual(err);
    });
    expect(await tokensOf(connection, wallet.publicKey, USDC)).toBe(0n);
  });

  test("the Jito stand-in lands what it is sent", async () => {
    const localnet = await start();
    const connection = nodeOf(localnet);
    const wallet = await fundedWallet(localnet, 5);
    const trade = { wallet, input: SOL, output: USDC, amount: LAMPORTS_PER_SOL };
    const { raw } = await signedSwap(connection, localnet.addresses.swapUrl, trade);
    const text = Buffer.from(raw).toString("base64");
    const params = [text, { encoding: "base64" }];
    const answer = await fetch(`${localnet.addresses.jitoUrl}/api/v1/transactions`, {
      method: "POST",
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sendTransaction", params }),
    });
    const { result } = z.object({ result: z.string() }).parse(await answer.json());
    await confirmed(connection, result);
  });
});

describe("a restart of the process", () => {
  test("balances, history and the chain's identity survive; trading goes on", async () => {
    const stateFile = folder.file("chain.state");
    const first = await start({ stateFile });
    const wallet = await fundedWallet(first, 5);
    const trade = { wallet, input: SOL, output: USDC, amount: LAMPORTS_PER_SOL };
    const { raw } = await signedSwap(nodeOf(first), first.addresses.swapUrl, trade);
    const signature = await land(nodeOf(first), raw);
    const held = await tokensOf(nodeOf(first), wallet.publicKey, USDC);
    const lamports = await nodeOf(first).getBalance(wallet.publicKey);
    await first.stop();

    const second = await start({ stateFile });
    const { genesisHash } = first.addresses;
    expect(second.addresses).toMatchObject({ genesisHash, restored: true });
    const connection = nodeOf(second);
    expect(await connection.getGenesisHash()).toBe(genesisHash);
    expect(await tokensOf(connection, wallet.publicKey, USDC)).toBe(held);
    expect(await connection.getBalance(wallet.publicKey)).toBe(lamports);
    const options = { maxSupportedTransactionVersion: 0 } as const;
    expect((await connection.getTransaction(signature, options))?.meta?.err).toBeNull();
    await land(connection, (await signedSwap(connection, second.addresses.swapUrl, trade)).raw);
    expect(await tokensOf(connection, wallet.publicKey, USDC)).toBeGreaterThan(held);
  });

  test("also after SIGKILL, what was put into accounts by hand included", async () => {
    const stateFile = folder.file("chain.state");
    const said: string[] = [];
    const first = await start({ stateFile, said });
    const wallet = Keypair.generate().publicKey;
    const tokens = { wallet: wallet.toBase58(), mint: PYUSD.mint, amount: "77" };
    const savedAtMs = async () => (await loadState(stateFile))?.savedAtMs ?? 0;
    const before = await savedAtMs();
    const body = JSON.stringify({ tokens });
    expect((await fetch(first.addresses.controlUrl, { method: "POST", body })).status).toBe(200);
    await eventually(async () => expect(await savedAtMs()).toBeGreaterThan(before));
    process.kill(first.pid ?? 0, "SIGKILL");
    await eventually(async () => expect(said).toEqual(["the localnet ended (SIGKILL)"]));

    const second = await start({ stateFile });
    expect(second.addresses).toMatchObject({ genesisHash: first.addresses.genesisHash });
    expect(await tokensOf(nodeOf(second), wallet, PYUSD)).toBe(77n);
  });

  test("one that does not come up says why", async () => {
    await expect(start({ nodes: 17 })).rejects.toThrow("did not start: --nodes: over 16");
    await expect(start({ file: "no-such.csv" })).rejects.toThrow("no-such.csv cannot be read");
  });
});

describe("in process", () => {
  const open = async (options: LocalWorldOptions = {}) => {
    const world = await startLocalWorld({ blockTimeMs: 0, followMs: 0, nodes: 1, ...options });
    closing.push(world.close);
    return world;
  };

  test("funds wallets, mints tokens of both programs, and takes commands", async () => {
    const world = await open();
    const wallet = Keypair.generate().publicKey;
    world.fund(wallet.toBase58(), 3n * 10n ** 9n);
    for (const held of [USDC, PYUSD, BERN]) {
      world.mintTo(wallet.toBase58(), held.mint, 5n);
      world.mintTo(wallet.toBase58(), held.mint, 6n);
    }
    world.control({ advance: 31 });
    const connection = connectionTo(world.addresses.nodes[0]?.url ?? "");
    expect(await connection.getBalance(wallet, "finalized")).toBe(3_000_000_000);
    for (const held of [USDC, PYUSD, BERN]) {
      expect(await tokensOf(connection, wallet, held)).toBe(11n);
    }
    expect(world.state().finalizedHeight).toBe(world.chain.height() - 31);
  });

  test("the venue is final from the start, at the market's prices", async () => {
    const world = await open();
    const api = `${world.addresses.swapUrl}/quote?inputMint=${SOL.mint}&outputMint=${USDC.mint}`;
    const quoted = z.object({ outAmount: z.string(), contextSlot: z.number() });
    const ask = async () => quoted.parse(await (await fetch(`${api}&amount=1000000000`)).json());
    expect((await ask()).contextSlot).toBe(world.chain.slot());
    world.market.setPrice("SOL", "200");
    expect(Number((await ask()).outAmount)).toBeCloseTo(200e6, -6);
    const connection = connectionTo(world.addresses.nodes[0]?.url ?? "");
    const program = new PublicKey(JUPITER_PROGRAM);
    const pools = POOLS.map(({ address }) => new PublicKey(address));
    const final = await connection.getMultipleAccountsInfo([program, ...pools], "finalized");
    expect(final.filter((account) => account?.owner.equals(program))).toHaveLength(POOLS.length);
    expect(final[0]?.executable).toBe(true);
  });

  test("a saved chain keeps its lags and rent, unless others are asked for", async () => {
    const stateFile = folder.file("chain.state");
    await (await open({ stateFile, confirmLag: 2, finalLag: 8, rent: 5_080n })).close();
    const same = await open({ stateFile });
    expect(same.state()).toMatchObject({ confirmLag: 2, finalLag: 8 });
    expect(same.chain.rentExempt(165)).toBe(1_488_440n);
    await same.close();
    const other = await open({ stateFile, finalLag: 4, rent: 6_960n });
    expect(other.state()).toMatchObject({ confirmLag: 2, finalLag: 4 });
    expect(other.chain.rentExempt(165)).toBe(2_039_280n);
  });

  test("a restored chain has the prices of now from the start", async () => {
    // So slow a market stands still.
    const options = { stateFile: folder.file("chain.state"), speed: 0.000_001 };
    const first = await open(options);
    const pool = POOLS[0]?.address ?? "";
    const poolBytes = (world: LocalWorld) => world.chain.getAccount(pool)?.data;
    const before = poolBytes(first);
    first.market.setPrice("SOL", "1000");
    expect(poolBytes(first)).not.toEqual(before);
    await first.close();
    expect(poolBytes(await open(options))).toEqual(before);
  });

  /** A port that was free a moment ago, and one that is taken until the test ends. */
  async function ports() {
    const [free, taken] = [createServer(), createServer()];
    const numbers = { free: await listen(free, 0), taken: await listen(taken, 0) };
    await close(free);
    closing.push(() => close(taken));
    return numbers;
  }

  test.each(["port", "controlPort", "marketPort", "jitoPort"] as const)(
    "where %s is taken a sentence says so",
    async (name) => {
      const { taken } = await ports();
      const refused = open({ [name]: taken });
      await expect(refused).rejects.toThrow(`port ${taken} on ${HOST} is in use`);
    },
  );

  test("what was opened before a failure is closed", async () => {
    const { free, taken } = await ports();
    await expect(open({ controlPort: free, jitoPort: taken })).rejects.toThrow("in use");
    const world = await open({ controlPort: free });
    expect(world.addresses.controlUrl).toBe(`http://${HOST}:${free}/control`);
  });
});
