/** The local world as a process, and what the chain's state file brings back. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { Connection, Keypair } from "@solana/web3.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { blocksToCatchUp, createKeeper } from "../../localnet/chain/keeper.ts";
import type { ChainState } from "../../localnet/chain/local-chain.types.ts";
import { type LocalnetOptions, startLocalnet } from "../../localnet/chain/localnet.ts";
import { loadNative } from "../../localnet/chain/native.ts";
import { loadState } from "../../localnet/chain/state-file.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { closeLater, newAddress, signatureOf, signed, transferTo } from "./chain-world.ts";

const MAIN = resolve(import.meta.dirname, "../../localnet/main.ts");
const folder = temporaryFolder();
let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill("SIGKILL");
});

const readySchema = z.strictObject({
  genesisHash: z.string(),
  restored: z.boolean(),
  nodes: z.array(z.strictObject({ url: z.url(), wsUrl: z.url() })),
  ...{ swapUrl: z.url(), marketUrl: z.url(), jitoUrl: z.url() },
  ...{ controlUrl: z.url(), marketControlUrl: z.url() },
});

const start = (...options: string[]) => {
  child = spawn(process.execPath, [MAIN, ...options], { stdio: ["pipe", "pipe", "pipe"] });
  return child;
};

async function ready(started: ChildProcess) {
  if (!started.stdout) throw new Error("no stdout");
  const [line] = await once(createInterface(started.stdout), "line");
  return readySchema.parse(JSON.parse(line));
}

async function stop(started: ChildProcess, signal: NodeJS.Signals) {
  started.kill(signal);
  return once(started, "exit");
}

const connect = (url: string | undefined) =>
  new Connection(url ?? "", { commitment: "processed", disableRetryOnRateLimit: true });

describe("the local world as a process", () => {
  test("says where it listens, executes, saves on SIGTERM and goes on", async () => {
    const state = folder.file("chain.state");
    const first = start("--state", state, "--block-time-ms", "20", "--nodes", "3");
    const before = await ready(first);
    expect(before).toMatchObject({ restored: false });
    expect(before.nodes).toHaveLength(3);
    const wallet = Keypair.generate().publicKey;
    const signature = await connect(before.nodes[2]?.url).requestAirdrop(wallet, 5_000_000_000);
    expect(await stop(first, "SIGTERM")).toEqual([0, null]);

    const second = start("--state", state, "--block-time-ms", "0", "--nodes", "1");
    const after = await ready(second);
    expect(after).toMatchObject({ restored: true, genesisHash: before.genesisHash });
    const connection = connect(after.nodes[0]?.url);
    expect(await connection.getBalance(wallet)).toBe(5_000_000_000);
    expect((await connection.getSignatureStatus(signature)).value).toMatchObject({ err: null });
    expect(await stop(second, "SIGTERM")).toEqual([0, null]);
  });

  test("a kill leaves a whole state, and no height comes twice", async () => {
    const state = folder.file("chain.state");
    const first = start("--state", state, "--block-time-ms", "5");
    const { nodes } = await ready(first);
    const connection = connect(nodes[0]?.url);
    const wallet = Keypair.generate().publicKey;
    await connection.requestAirdrop(wallet, 1_000_000_000);
    // In the file when its transaction has been saved.
    await vi.waitFor(
      async () => expect((await loadState(state))?.state.records.length).toBeGreaterThan(0),
      { timeout: 10_000 },
    );
    const seen = await connection.getBlockHeight("processed");
    expect(await stop(first, "SIGKILL")).toEqual([null, "SIGKILL"]);
    const after = await ready(start("--state", state, "--block-time-ms", "5"));
    const again = connect(after.nodes[0]?.url);
    expect(await again.getBlockHeight("processed")).toBeGreaterThan(seen);
    expect(await again.getBalance(wallet)).toBe(1_000_000_000);
  });

  test("ends when its standard input ends", async () => {
    const started = start();
    await ready(started);
    started.stdin?.end();
    expect(await once(started, "exit")).toEqual([0, null]);
  });

  test.each([
    [["--prot", "1"], "--prot"],
    [["--nodes", "17"], "--nodes: over 16"],
    [["--nodes", "0"], "--nodes: under 1"],
    [["--market", "no-such.csv"], "no-such.csv cannot be read"],
    [["--state", "/no/such/folder/x"], "state /no/such/folder/x cannot be written"],
  ])("%j ends with a sentence", async (options, message) => {
    const started = start(...options);
    const said: string[] = [];
    started.stderr?.on("data", (chunk) => said.push(String(chunk)));
    const [code] = await once(started, "close");
    expect(code).toBe(1);
    expect(said.join("")).toContain(message);
  });
});

describe("the state file", () => {
  const open = async (options: LocalnetOptions = {}) => {
    const stateFile = folder.file("chain.state");
    const localnet = await startLocalnet({ blockTimeMs: 0, nodes: 1, stateFile, ...options });
    closeLater(localnet.close);
    return localnet;
  };

  test("brings back blockhashes, statuses, history, accounts, rent and withheld ones", async () => {
    const payer = Keypair.generate();
    const first = await open({ confirmLag: 2, finalLag: 7 });
    first.chain.airdrop(payer.publicKey.toBase58(), 10n ** 10n);
    const { blockhash } = first.chain.latestBlockhash();
    const to = newAddress();
    const make = (lamports: number) => signed(payer, blockhash, [transferTo(payer, to, lamports)]);
    const landed = make(1_000_000);
    const withheld = make(2_000_000);
    const later = make(3_000_000);
    first.chain.sendTransaction(landed.serialize());
    first.control({ sends: [{ action: "hold", until: "last-valid" }], rent: 5_080 });
    first.chain.sendTransaction(withheld.serialize());
    first.control({ advance: 3 });
    const tip = first.chain.tip();
    await first.close();

    const second = await open();
    expect(second.restored).toBe(true);
    const { chain } = second;
    expect([chain.genesisHash, chain.tip()]).toEqual([first.chain.genesisHash, tip]);
    expect(chain.settings).toMatchObject({ confirmLag: 2, finalLag: 7 });
    expect(chain.rentExempt(165)).toBe(1_488_440n);
    expect(chain.status(signatureOf(landed))).toMatchObject({ confirmationStatus: "confirmed" });
    expect(chain.transaction(signatureOf(landed))).toEqual(
      first.chain.transaction(signatureOf(landed)),
    );
    expect(chain.history.ofAddress(to.toBase58()).map(({ signature }) => signature)).toEqual([
      signatureOf(landed),
    ]);
    // The same bytes land no second time, and the old blockhash still serves new ones.
    expect(chain.sendTransaction(landed.serialize())).toMatchObject({ reason: "AlreadyProcessed" });
    expect(chain.sendTransaction(later.serialize()).kind).toBe("landed");
    expect(chain.withheld()).toHaveLength(1);
    second.control({ advance: 150 });
    expect(chain.getAccount(to.toBase58())?.lamports).toBe(6_000_000n);
    expect(chain.produceBlock().height).toBeGreaterThan(tip.height);
    await second.close();
  });

  test("a fork right after a restart is refused beyond it", async () => {
    const first = await open();
    first.control({ advance: 5 });
    await first.close();
    const second = await open();
    expect(() => second.chain.fork({ depth: 1 })).toThrow("depth must be from 1 to 0");
    second.control({ advance: 1 });
    expect(second.chain.fork({ depth: 1 })).toEqual({ dropped: [], kept: [] });
    await second.close();
  });

  test("a damaged one is refused with a sentence", async () => {
    const file = folder.file("chain.state");
    await (await open()).close();
    const whole = await readFile(file);
    const middle = Math.floor(whole.length / 2);
    const flipped = Buffer.from([(whole[middle] ?? 0) ^ 1]);
    for (const bytes of [
      whole.subarray(0, middle),
      Buffer.concat([whole.subarray(0, middle), flipped, whole.subarray(middle + 1)]),
      Buffer.from("{}\n"),
      Buffer.alloc(0),
    ]) {
      await writeFile(file, bytes);
      await expect(open()).rejects.toThrow(
        /chain\.state is no whole state of a local chain; remove it to begin anew/,
      );
    }
  });

  test("after a kill the blocks that may be lost are made up for, up to 400", () => {
    const at = (clean: boolean, nowMs: number, blockTimeMs = 400) =>
      blocksToCatchUp({ clean, savedAtMs: 1_000 }, { nowMs, blockTimeMs });
    expect([at(true, 9_000), at(false, 1_000), at(false, 9_000)]).toEqual([0, 1, 21]);
    expect([at(false, 10 ** 9), at(false, 9_000, 0), at(false, 500)]).toEqual([400, 0, 1]);
  });
});

describe("the keeper", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Each write takes so long; answers when they began, in milliseconds. */
  function writesOf(takesMs: number) {
    const begun: number[] = [];
    const state: ChainState = {
      ...{ genesisHash: "", blocks: [], airdrops: 0, prunedBelow: 0, withheld: [], records: [] },
      ...{ settings: { confirmLag: 1, finalLag: 31, quietPriorityFee: 0 } },
      machine: new Uint8Array(),
    };
    const keeper = createKeeper({
      chain: { save: () => state, onTransaction: () => () => undefined },
      write: () => {
        begun.push(Date.now());
        const { promise, resolve } = Promise.withResolvers<void>();
        setTimeout(() => resolve(), takesMs);
        return promise;
      },
      nowMs: Date.now,
      onError: (reason) => expect.unreachable(reason),
    });
    return { begun, keeper };
  }

  test("saves within a second of a change, and every 30 without", async () => {
    vi.setSystemTime(0);
    const { begun, keeper } = writesOf(0);
    keeper.changed();
    await vi.advanceTimersByTimeAsync(62_000);
    keeper.close();
    expect(begun).toEqual([1_000, 31_000, 61_000]);
  });

  test("rests nine times as long as a write took, four seconds at most", async () => {
    const starts = async (takesMs: number) => {
      vi.setSystemTime(0);
      const { begun, keeper } = writesOf(takesMs);
      for (let second = 0; second < 14; second += 1) {
        keeper.changed();
        await vi.advanceTimersByTimeAsync(1_000);
      }
      keeper.close();
      return begun;
    };
    expect((await starts(10)).slice(0, 3)).toEqual([1_000, 2_000, 3_000]);
    expect((await starts(300)).slice(0, 3)).toEqual([1_000, 4_000, 7_000]);
    expect((await starts(2_000)).slice(0, 2)).toEqual([1_000, 7_000]);
  });
});

test("where LiteSVM has no package, a sentence says so", () => {
  expect(() => loadNative("win32-x64")).toThrow(
    "the local chain does not run on win32-x64; there is LiteSVM for linux-x64",
  );
  expect(() => loadNative("darwin-arm64")).toThrow(
    /needs the package litesvm-darwin-arm64; run npm ci/,
  );
});
