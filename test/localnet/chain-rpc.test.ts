/** The JSON-RPC interface: limits, errors, simulation, fees; and recorded answers of real nodes. */
import { readFileSync } from "node:fs";
import { ComputeBudgetProgram, VersionedTransaction } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { hasRealData, realDataPath } from "../support/real-data.ts";
import {
  type ChainWorld,
  freshTransfer,
  newAddress,
  openChain,
  signed,
  transferTo,
} from "./chain-world.ts";

const answerSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.unknown(),
  result: z.unknown().optional(),
  error: z
    .object({ code: z.number(), message: z.string(), data: z.looseObject({}).optional() })
    .optional(),
});

async function raw({ localnet }: ChainWorld, body: string) {
  const answer = await fetch(localnet.nodes[0]?.url ?? "", { method: "POST", body });
  return { status: answer.status, text: await answer.text() };
}

async function call(world: ChainWorld, method: string, params?: unknown) {
  const { text } = await raw(world, JSON.stringify({ jsonrpc: "2.0", id: 7, method, params }));
  return answerSchema.parse(JSON.parse(text));
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

describe("requests", () => {
  test.each([
    ["{", -32700],
    ["{}", -32600],
    ["[]", -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"getNothing"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"toString"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"getBalance"}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"getBalance","params":["abc"]}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"getSlot","params":[{"commitment":"soon"}]}', -32602],
  ])("%s is answered with %i", async (body, code) => {
    const { text, status } = await raw(await openChain(), body);
    expect(status).toBe(200);
    expect(answerSchema.parse(JSON.parse(text)).error?.code).toBe(code);
  });

  test("a batch is answered in order, each call by itself", async () => {
    const world = await openChain();
    const body = ["getSlot", "getNothing", "getBlockHeight"].map((method, id) => ({
      ...{ jsonrpc: "2.0", id, method, params: method === "getNothing" ? [] : [null] },
    }));
    const { text } = await raw(world, JSON.stringify(body));
    const { chain } = world.localnet;
    const final = chain.blocks.at(chain.height() - 31);
    expect(JSON.parse(text)).toEqual([
      { jsonrpc: "2.0", id: 0, result: final?.slot },
      { jsonrpc: "2.0", id: 1, error: { code: -32601, message: "Method not found" } },
      { jsonrpc: "2.0", id: 2, result: final?.height },
    ]);
  });

  test("a batch has at most 100 calls", async () => {
    const world = await openChain();
    const batch = (size: number) =>
      JSON.stringify(Array(size).fill({ jsonrpc: "2.0", id: 1, method: "getHealth" }));
    expect(JSON.parse((await raw(world, batch(100))).text)).toHaveLength(100);
    expect(JSON.parse((await raw(world, batch(101))).text)).toMatchObject({
      error: { code: -32600 },
    });
  });

  test("what is too large is refused, whatever says so", async () => {
    const world = await openChain();
    expect((await raw(world, "x".repeat(256 * 1024 + 1))).status).toBe(413);
    const get = await fetch(world.localnet.nodes[0]?.url ?? "");
    expect(get.status).toBe(405);
    const { signature } = freshTransfer(world);
    const statuses = (count: number) =>
      call(world, "getSignatureStatuses", [Array(count).fill(signature)]);
    expect((await statuses(256)).error).toBeUndefined();
    expect((await statuses(257)).error).toMatchObject({
      code: -32602,
      message: "Too many inputs provided; max 256",
    });
    const accounts = Array(101).fill(newAddress().toBase58());
    expect((await call(world, "getMultipleAccounts", [accounts])).error?.code).toBe(-32602);
    const large = base64(new Uint8Array(1_300));
    const sent = await call(world, "sendTransaction", [large, { encoding: "base64" }]);
    expect(sent.error?.message).toContain("too large: 1736 bytes (max: encoded/raw 1644/1232)");
  });
});

describe("cluster and blocks", () => {
  test("the facts of the cluster", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const connection = world.connect();
    expect(await connection.getGenesisHash()).toBe(chain.genesisHash);
    expect(await connection.getVersion()).toMatchObject({ "solana-core": "3.1.8" });
    const info = await connection.getEpochInfo("processed");
    expect(info).toMatchObject({ absoluteSlot: chain.slot(), blockHeight: chain.height() });
    expect(info.epoch * info.slotsInEpoch + info.slotIndex).toBe(chain.slot());
    expect(await connection.getFirstAvailableBlock()).toBe(chain.blocks.oldest().slot);
  });

  test("blocks by slot, skipped ones, and ones to come", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const connection = world.connect(0, { commitment: "confirmed" });
    const { raw: bytes, signature } = freshTransfer(world);
    chain.sendTransaction(bytes);
    const { slot, blockhash, height } = chain.tip();
    world.localnet.control({ skipSlots: 1, advance: 32 });
    const block = await connection.getBlock(slot, { maxSupportedTransactionVersion: 0 });
    expect(block).toMatchObject({ blockhash, blockHeight: height, parentSlot: slot - 1 });
    expect(block?.transactions.map(({ transaction }) => transaction.signatures[0])).toEqual([
      signature,
    ]);
    await expect(
      connection.getBlock(slot + 1, { maxSupportedTransactionVersion: 0 }),
    ).rejects.toMatchObject({ code: -32009 });
    expect(await connection.getBlocks(slot, slot + 3, "confirmed")).toEqual([
      slot,
      slot + 2,
      slot + 3,
    ]);
    expect(await connection.getBlockTime(slot)).toBe(chain.blocks.inSlot(slot)?.time);
    expect((await call(world, "getBlockTime", [slot + 900])).error?.code).toBe(-32004);
  });

  test("priority fees: the minimum that landed, higher where accounts are fought for", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const hot = newAddress();
    const pay = (microLamports: number, to = newAddress()) =>
      chain.sendTransaction(
        signed(world.payer, chain.latestBlockhash().blockhash, [
          ComputeBudgetProgram.setComputeUnitPrice({ microLamports }),
          transferTo(world.payer, to, 1_000_000),
        ]).serialize(),
      );
    pay(900, hot);
    pay(50);
    const { slot } = chain.tip();
    world.localnet.control({ quietPriorityFee: 7, advance: 1 });
    const fees = async (keys: string[]) => {
      const { result } = await call(world, "getRecentPrioritizationFees", [keys]);
      const list = z.array(z.object({ slot: z.number(), prioritizationFee: z.number() }));
      return list.parse(result);
    };
    const all = await fees([]);
    expect(all.at(-1)).toEqual({ slot, prioritizationFee: 50 });
    expect(all.at(-2)?.prioritizationFee).toBe(7);
    expect((await fees([hot.toBase58()])).at(-1)?.prioritizationFee).toBe(900);
    // The payer was locked by both.
    const payer = world.payer.publicKey.toBase58();
    expect((await fees([payer])).at(-1)?.prioritizationFee).toBe(50);
    expect(await world.connect().getRecentPrioritizationFees()).toHaveLength(all.length);
  });
});

describe("preflight and simulation", () => {
  const send = (world: ChainWorld, bytes: Uint8Array, options: object = {}) =>
    call(world, "sendTransaction", [
      base64(bytes),
      { encoding: "base64", preflightCommitment: "processed", ...options },
    ]);

  test("preflight errors have the code and the data of a real node", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const hash = chain.latestBlockhash().blockhash;
    const poor = signed(world.payer, hash, [transferTo(world.payer, newAddress(), 2e11)]);
    const custom = await send(world, poor.serialize());
    expect(custom.error).toMatchObject({
      code: -32002,
      message:
        "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1",
      data: { err: { InstructionError: [0, { Custom: 1 }] }, accounts: null, returnData: null },
    });
    const dead = signed(world.payer, newAddress().toBase58(), []);
    expect((await send(world, dead.serialize())).error).toMatchObject({
      code: -32002,
      message: "Transaction simulation failed: Blockhash not found",
      data: { err: "BlockhashNotFound", logs: [], unitsConsumed: 0 },
    });
    const { raw: bytes } = freshTransfer(world);
    expect((await send(world, bytes.with(5, (bytes[5] ?? 0) ^ 1))).error).toEqual({
      code: -32003,
      message: "Transaction signature verification failure",
    });
    expect((await send(world, bytes)).error).toBeUndefined();
    expect((await send(world, bytes)).error).toMatchObject({
      code: -32002,
      message: "Transaction simulation failed: This transaction has already been processed",
      data: { err: "AlreadyProcessed" },
    });
    const again = await send(world, bytes, { skipPreflight: true });
    expect(again.result).toBe((await send(world, bytes, { skipPreflight: true })).result);
    expect((await send(world, bytes.subarray(0, 20))).error).toMatchObject({
      code: -32602,
      message: expect.stringContaining("failed to fill whole buffer"),
    });
  });

  test("a payer without an account is AccountNotFound", async () => {
    const world = await openChain();
    const { Keypair } = await import("@solana/web3.js");
    const nobody = Keypair.generate();
    const { blockhash } = world.localnet.chain.latestBlockhash();
    const transaction = signed(nobody, blockhash, [transferTo(nobody, newAddress(), 1)]);
    expect((await send(world, transaction.serialize())).error).toMatchObject({
      message:
        "Transaction simulation failed: Attempt to debit an account but found no record of a prior credit.",
      data: { err: "AccountNotFound" },
    });
  });

  test("an unsigned transaction with any blockhash is simulated", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const { transaction, to } = freshTransfer(world);
    const unsigned = new VersionedTransaction(transaction.message);
    unsigned.message.recentBlockhash = newAddress().toBase58();
    const connection = world.connect();
    const simulated = await connection.simulateTransaction(unsigned, {
      ...{ sigVerify: false, replaceRecentBlockhash: true, innerInstructions: true },
      accounts: { encoding: "base64", addresses: [to.toBase58(), newAddress().toBase58()] },
    });
    expect(simulated.value).toMatchObject({
      err: null,
      fee: 5_000,
      unitsConsumed: 150,
      innerInstructions: [],
      preBalances: [100_000_000_000, 0, 1],
      postBalances: [99_998_995_000, 1_000_000, 1],
      replacementBlockhash: chain.latestBlockhash(),
    });
    expect(simulated.value.accounts?.map((account) => account?.lamports)).toEqual([
      1_000_000,
      undefined,
    ]);
    const strict = await connection.simulateTransaction(unsigned, { sigVerify: false });
    expect(strict.value).toMatchObject({ err: "BlockhashNotFound", logs: [] });
    const both = { sigVerify: true, replaceRecentBlockhash: true, encoding: "base64" };
    const refused = await call(world, "simulateTransaction", [base64(unsigned.serialize()), both]);
    expect(refused.error?.message).toBe("sigVerify may not be used with replaceRecentBlockhash");
    expect(chain.history.get(freshTransfer(world).signature)).toBeUndefined();
    expect(await connection.getBalance(to)).toBe(0);
  });
});

const recorded = (name: string) => `rpc/${name}.json`;
const real = hasRealData(recorded("simulateTransaction-failed-agave4-fee-balances"));

/** A recorded answer, with or without the request that was stored beside it. */
function readRecorded(name: string) {
  const json: unknown = JSON.parse(readFileSync(realDataPath(recorded(name)), "utf8"));
  const both = z.object({ response: z.unknown() }).safeParse(json);
  return answerSchema.parse(both.success ? both.data.response : json);
}

/** Names in an object and in what it holds, lists by their first item; values do not matter. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? [shapeOf(value[0])] : [];
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, item]) => [name, shapeOf(item)] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

describe.skipIf(!real)("recorded answers of real nodes have the shape of ours", () => {
  async function landed(lamports: number) {
    const world = await openChain();
    const transaction = signed(world.payer, world.localnet.chain.latestBlockhash().blockhash, [
      transferTo(world.payer, newAddress(), lamports),
    ]);
    const signature = await world.connect().sendTransaction(transaction, { skipPreflight: true });
    world.advance(31);
    return { world, signature };
  }

  test.each([
    ["getSignatureStatuses-failed-custom-1", 2e11],
    ["getSignatureStatuses-finalized-custom-3012", 2e11],
  ])("%s", async (name, lamports) => {
    const { world, signature } = await landed(lamports);
    const ours = await call(world, "getSignatureStatuses", [[signature]]);
    const theirs = z.object({ value: z.array(z.unknown()) }).parse(readRecorded(name).result);
    const mine = z.object({ value: z.array(z.unknown()) }).parse(ours.result);
    expect(shapeOf(mine.value)).toEqual(shapeOf(theirs.value));
  });

  test("getSignatureStatuses: null, finalized, confirmed", async () => {
    const { world, signature } = await landed(1_000_000);
    const fresh = freshTransfer(world);
    await world.connect().sendRawTransaction(fresh.raw);
    world.advance(1);
    const unknown = freshTransfer(world).signature;
    const { result } = await call(world, "getSignatureStatuses", [
      [unknown, signature, fresh.signature],
    ]);
    const value = z.object({ value: z.array(z.unknown()) });
    const mine = value.parse(result).value;
    const [none, final] = value.parse(
      readRecorded("getSignatureStatuses-null-and-finalized").result,
    ).value;
    const [, confirmed] = value.parse(
      readRecorded("getSignatureStatuses-finalized-and-confirmed").result,
    ).value;
    expect(mine.map(shapeOf)).toEqual([none, final, confirmed].map(shapeOf));
  });

  test("getSignaturesForAddress", async () => {
    const { world } = await landed(2e11);
    const ours = await call(world, "getSignaturesForAddress", [world.payer.publicKey.toBase58()]);
    expect(shapeOf(ours.result)).toEqual(
      shapeOf(readRecorded("getSignaturesForAddress-with-failures").result),
    );
  });

  test("getTransaction of a failed one", async () => {
    const { world, signature } = await landed(2e11);
    const ours = await call(world, "getTransaction", [
      signature,
      { maxSupportedTransactionVersion: 0 },
    ]);
    const shape = z.object({ meta: z.looseObject({}), blockTime: z.int(), slot: z.int() });
    const theirs = shape.parse(
      readRecorded("getTransaction-failed-string-instruction-error").result,
    );
    const mine = shape.parse(ours.result);
    expect(Object.keys(mine.meta).sort()).toEqual(Object.keys(theirs.meta).sort());
  });

  test("simulateTransaction of a new node", async () => {
    const world = await openChain();
    const { transaction } = freshTransfer(world);
    const { result } = await call(world, "simulateTransaction", [
      base64(transaction.serialize()),
      { encoding: "base64", replaceRecentBlockhash: true },
    ]);
    const value = z.object({ value: z.looseObject({}) });
    const name = "simulateTransaction-failed-agave4-fee-balances";
    const theirs = value.parse(readRecorded(name).result).value;
    expect(Object.keys(value.parse(result).value).sort()).toEqual(Object.keys(theirs).sort());
  });

  test("preflight errors hold what recorded ones hold", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const poor = signed(world.payer, chain.latestBlockhash().blockhash, [
      transferTo(world.payer, newAddress(), 2e11),
    ]);
    const dead = signed(world.payer, newAddress().toBase58(), []);
    for (const [name, bytes] of [
      ["sendTransaction-32002-insufficient-lamports", poor.serialize()],
      ["sendTransaction-32002-blockhash-not-found-2", dead.serialize()],
      ["sendTransaction-preflight-32002-custom-0x0", poor.serialize()],
    ] as const) {
      const ours = await call(world, "sendTransaction", [base64(bytes), { encoding: "base64" }]);
      const theirs = readRecorded(name).error;
      expect(ours.error?.code).toBe(theirs?.code);
      expect(ours.error?.message.split(":")[0]).toBe(theirs?.message.split(":")[0]);
      expect(Object.keys(ours.error?.data ?? {})).toEqual(
        expect.arrayContaining(Object.keys(theirs?.data ?? {})),
      );
    }
  });

  test("getRecentPrioritizationFees, and the errors of slots and of health", async () => {
    const world = await openChain();
    const fees = await call(world, "getRecentPrioritizationFees", [[]]);
    expect(shapeOf(fees.result)).toEqual(
      shapeOf(readRecorded("getRecentPrioritizationFees-mainnet-150").result),
    );
    world.localnet.control({ node: { index: 0, settings: { slotsBehind: 42 } } });
    const behind = await call(world, "sendTransaction", [
      base64(freshTransfer(world).raw),
      { encoding: "base64", preflightCommitment: "processed" },
    ]);
    expect(behind.error).toEqual(readRecorded("sendTransaction-32005-node-behind").error);
    const slot = world.localnet.chain.slot() + 1;
    const later = await call(world, "getBlockTime", [slot]);
    const unavailable = readRecorded("error-32004-block-not-available").error;
    expect(later.error?.code).toBe(unavailable?.code);
    expect(later.error?.message.replace(/\d+/, "")).toBe(unavailable?.message.replace(/\d+/, ""));
    world.localnet.control({ skipSlots: 1, advance: 3 });
    const skipped = await call(world, "getBlockTime", [slot]);
    const missing = readRecorded("error-32009-slot-skipped").error;
    expect(skipped.error?.code).toBe(missing?.code);
    expect(skipped.error?.message.replace(/\d+/, "")).toBe(missing?.message.replace(/\d+/, ""));
  });
});
