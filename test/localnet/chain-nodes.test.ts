/** Nodes that disagree, faults of their answers, and rules about sent transactions. */
import { describe, expect, test } from "vitest";
import type { ControlInput } from "../../localnet/chain/control.ts";
import type { NodeFault } from "../../localnet/chain/rpc/faults.ts";
import {
  type ChainWorld,
  freshTransfer,
  key,
  newAddress,
  openChain,
  signed,
  transferTo,
} from "./chain-world.ts";

const post = (url: string, body: string) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });

const call = (method: string, params: unknown[] = []) =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });

const urlOf = ({ localnet }: ChainWorld, node = 0) => localnet.nodes[node]?.url ?? "";

const statusOn = async (world: ChainWorld, node: number, signature: string) => {
  const options = { searchTransactionHistory: true };
  const { value } = await world.connect(node).getSignatureStatuses([signature], options);
  return value[0]?.confirmationStatus ?? null;
};

describe("nodes disagree", () => {
  test("a lagging node sees blocks, accounts and transactions late", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    world.localnet.control({ node: { index: 1, settings: { lagBlocks: 3 } } });
    const { raw, signature, to } = freshTransfer(world);
    await world.connect(0).sendRawTransaction(raw);
    const late = world.connect(1);
    expect(await late.getBlockHeight("processed")).toBe(chain.height() - 3);
    expect(await statusOn(world, 0, signature)).toBe("processed");
    expect(await statusOn(world, 1, signature)).toBeNull();
    expect(await late.getBalance(to)).toBe(0);
    // It knows this blockhash not yet, so it refuses what the other one takes.
    await expect(late.sendRawTransaction(freshTransfer(world).raw)).rejects.toThrow(
      /Blockhash not found/,
    );
    world.advance(3);
    expect(await statusOn(world, 0, signature)).toBe("confirmed");
    expect(await statusOn(world, 1, signature)).toBe("processed");
    expect(await late.getBalance(to)).toBe(1_000_000);
  });

  test("a lying node denies what happened, or tells what did not", async () => {
    const world = await openChain();
    const { raw, signature, to } = freshTransfer(world);
    await world.connect(0).sendRawTransaction(raw);
    world.advance(31);
    world.localnet.control({ node: { index: 1, settings: { lie: "absent" } } });
    const liar = world.connect(1);
    const options = { commitment: "confirmed", maxSupportedTransactionVersion: 0 } as const;
    expect(await statusOn(world, 1, signature)).toBeNull();
    expect(await liar.getTransaction(signature, options)).toBeNull();
    expect(await liar.getSignaturesForAddress(to, {}, "confirmed")).toEqual([]);
    world.localnet.control({ node: { index: 1, settings: { lie: "success" } } });
    const never = freshTransfer(world).signature;
    expect(await statusOn(world, 1, never)).toBe("finalized");
    expect(await statusOn(world, 0, never)).toBeNull();
    world.localnet.control({ node: { index: 1, settings: { lie: "none" } } });
    expect(await statusOn(world, 1, never)).toBeNull();
  });

  test("a node without history answers -32011, a pruned one null and its first block", async () => {
    const world = await openChain();
    const { raw, signature, to } = freshTransfer(world);
    await world.connect(0).sendRawTransaction(raw);
    const { slot } = world.localnet.chain.tip();
    world.advance(40);
    const node = world.connect(1);
    const options = { commitment: "confirmed", maxSupportedTransactionVersion: 0 } as const;
    world.localnet.control({ node: { index: 1, settings: { history: "none" } } });
    await expect(node.getTransaction(signature, options)).rejects.toMatchObject({ code: -32011 });
    await expect(statusOn(world, 1, signature)).rejects.toMatchObject({ code: -32011 });
    const recent = await node.getSignatureStatuses([signature]);
    expect(recent.value[0]?.confirmationStatus).toBe("finalized");
    world.localnet.control({ node: { index: 1, settings: { history: "full", keepBlocks: 10 } } });
    expect(await node.getFirstAvailableBlock()).toBe(world.localnet.chain.slot() - 9);
    expect(await node.getTransaction(signature, options)).toBeNull();
    expect(await node.getSignaturesForAddress(to, {}, "confirmed")).toEqual([]);
    await expect(node.getBlock(slot, options)).rejects.toMatchObject({ code: -32001 });
    expect(await world.connect(0).getTransaction(signature, options)).not.toBeNull();
    world.advance(400);
    expect(await statusOn(world, 1, signature)).toBeNull();
    expect(await statusOn(world, 0, signature)).toBe("finalized");
  });

  test("a node behind its own minimum answers -32016 and -32005", async () => {
    const world = await openChain();
    world.localnet.control({ node: { index: 1, settings: { lagBlocks: 2, slotsBehind: 42 } } });
    const minContextSlot = world.localnet.chain.slot();
    const node = world.connect(1);
    await expect(node.getSlot({ commitment: "processed", minContextSlot })).rejects.toMatchObject({
      code: -32016,
      data: { contextSlot: minContextSlot - 2 },
    });
    expect(await world.connect(0).getSlot({ commitment: "processed", minContextSlot })).toBe(
      minContextSlot,
    );
    const answer = await post(urlOf(world, 1), call("getHealth"));
    expect(await answer.json()).toMatchObject({
      error: { code: -32005, data: { numSlotsBehind: 42 } },
    });
  });

  test("a node that is down cuts every connection, and comes back", async () => {
    const world = await openChain();
    expect((await post(urlOf(world), call("getHealth"))).status).toBe(200);
    world.localnet.control({ node: { index: 0, settings: { down: true } } });
    await expect(post(urlOf(world), call("getHealth"))).rejects.toThrow("fetch failed");
    expect((await post(urlOf(world, 1), call("getHealth"))).status).toBe(200);
    world.localnet.control({ node: { index: 0, settings: { down: false } } });
    expect((await post(urlOf(world), call("getHealth"))).status).toBe(200);
  });
});

describe("faulty answers", () => {
  const withFault = async (fault: NodeFault) => {
    const world = await openChain();
    world.localnet.control({ node: { index: 0, faults: [fault] } });
    return world;
  };

  test("429 with Retry-After, for one method and a number of calls", async () => {
    const world = await withFault({ methods: ["getSlot"], count: 2, status: 429, retryAfterS: 7 });
    const statuses: unknown[] = [];
    for (const method of ["getSlot", "getVersion", "getSlot", "getSlot"]) {
      const answer = await post(urlOf(world), call(method));
      statuses.push([answer.status, answer.headers.get("retry-after")]);
    }
    expect(statuses).toEqual([
      [429, "7"],
      [200, null],
      [429, "7"],
      [200, null],
    ]);
    expect(world.localnet.nodes[0]?.stats()).toMatchObject({
      faults: 2,
      calls: { getSlot: 1, getVersion: 1 },
    });
  });

  test("garbage, half an answer, no answer, a cut connection", async () => {
    const world = await openChain();
    const answers: unknown[] = [];
    for (const fault of [{ garbage: true }, { truncated: true }, { reset: true }]) {
      world.localnet.control({ node: { index: 0, faults: [{ ...fault, count: 1 }] } });
      const answer = await post(urlOf(world), call("getVersion"))
        .then((response) => response.text())
        .catch((error: Error) => error.message);
      answers.push(answer);
    }
    expect(answers).toEqual(["<html>this is no answer", "terminated", "fetch failed"]);
    world.localnet.control({ node: { index: 0, faults: [{ hang: true, count: 1 }] } });
    const abort = new AbortController();
    const hanging = fetch(urlOf(world), {
      ...{ method: "POST", body: call("getVersion"), signal: abort.signal },
    });
    // The next call is answered while the first still waits.
    expect((await post(urlOf(world), call("getVersion"))).status).toBe(200);
    abort.abort();
    await expect(hanging).rejects.toThrow("aborted");
  });

  test("errors and results of one's own", async () => {
    const world = await openChain();
    const error = { code: -32603, message: "internal error" };
    world.localnet.control({
      node: {
        index: 0,
        faults: [
          { methods: ["getSlot"], count: 1, error },
          { methods: ["getSlot"], result: 5 },
        ],
      },
    });
    const answers = [];
    for (let count = 0; count < 2; count += 1) {
      answers.push(await (await post(urlOf(world), call("getSlot"))).json());
    }
    expect(answers).toEqual([
      { jsonrpc: "2.0", error, id: 1 },
      { jsonrpc: "2.0", result: 5, id: 1 },
    ]);
  });

  test("a delayed answer is the right one", async () => {
    const world = await withFault({ methods: ["getSlot"], delayMs: 5 });
    const answer = await post(urlOf(world), call("getSlot", [{ commitment: "processed" }]));
    expect(await answer.json()).toMatchObject({ result: world.localnet.chain.slot() });
  });

  test.each([
    [{ status: 503 }, false],
    [{ status: 503, carriedOut: true }, true],
    [{ truncated: true }, true],
    [{ reset: true }, false],
    [{ error: { code: -32005, message: "behind" }, carriedOut: true }, true],
  ])("a send with %j has landed: %s", async (fault, landed) => {
    const world = await withFault({ methods: ["sendTransaction"], ...fault });
    const { raw, signature } = freshTransfer(world);
    await expect(world.connect().sendRawTransaction(raw)).rejects.toThrow();
    expect(world.localnet.chain.status(signature) !== undefined).toBe(landed);
  });
});

describe("sent transactions", () => {
  const sendWith = async (sends: ControlInput["sends"]) => {
    const world = await openChain();
    world.localnet.control({ sends });
    const transfer = freshTransfer(world);
    const skipPreflight = true;
    const send = (node = 0) =>
      world.connect(node).sendRawTransaction(transfer.raw, { skipPreflight });
    const landed = () => world.localnet.chain.status(transfer.signature)?.slot;
    return { world, ...transfer, send, landed };
  };

  test("dropped for their whole life, however often they are sent", async () => {
    const { send, landed, world, signature } = await sendWith([{ action: "drop", count: 1 }]);
    expect([await send(), await send(), await send(1)]).toEqual([signature, signature, signature]);
    expect(landed()).toBeUndefined();
    // The next transaction is not meant.
    const next = freshTransfer(world);
    await world.connect().sendRawTransaction(next.raw);
    expect(world.localnet.chain.status(next.signature)).toBeDefined();
  });

  test("dropped by one node only", async () => {
    const { send, landed } = await sendWith([{ action: "drop", node: 1 }]);
    await send(1);
    expect(landed()).toBeUndefined();
    await send(0);
    expect(landed()).toBeDefined();
  });

  test("held until the last valid block, however often they are sent", async () => {
    const { send, landed, world } = await sendWith([{ action: "hold", until: "last-valid" }]);
    const { chain } = world.localnet;
    const lastValid = chain.latestBlockhash().lastValidBlockHeight;
    await send();
    world.advance(149);
    await send();
    expect([landed(), chain.withheld().length]).toEqual([undefined, 1]);
    world.advance(1);
    expect(landed()).toBe(chain.blocks.at(lastValid)?.slot);
    expect(chain.withheld()).toEqual([]);
  });

  test("held until a height", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const until = chain.height() + 5;
    world.localnet.control({ sends: [{ action: "hold", until }] });
    const { raw, signature } = freshTransfer(world);
    await world.connect().sendRawTransaction(raw);
    world.advance(4);
    expect(chain.status(signature)).toBeUndefined();
    world.advance(1);
    expect(chain.history.get(signature)?.height).toBe(until);
  });

  test("delayed by blocks; released or given up by hand", async () => {
    const { send, landed, world } = await sendWith([{ action: "delay", blocks: 2 }]);
    await send();
    world.advance(1);
    expect(landed()).toBeUndefined();
    world.advance(1);
    expect(landed()).toBe(world.localnet.chain.slot());
    const next = freshTransfer(world);
    await world.connect().sendRawTransaction(next.raw);
    expect(world.localnet.control({ releaseWithheld: "land" })).toEqual({ released: 1 });
    expect(world.localnet.chain.status(next.signature)).toBeDefined();
    const last = freshTransfer(world);
    await world.connect().sendRawTransaction(last.raw);
    expect(world.localnet.control({ releaseWithheld: "drop" })).toEqual({ released: 1 });
    world.advance(5);
    expect(world.localnet.chain.status(last.signature)).toBeUndefined();
  });

  test("taken twice they land once", async () => {
    const { send, world, to, signature } = await sendWith([{ action: "duplicate" }]);
    await send();
    expect(await world.connect().getBalance(to)).toBe(1_000_000);
    expect(world.localnet.chain.rejections()).toEqual([{ signature, reason: "AlreadyProcessed" }]);
  });

  test("revert protection: a failing one does not land and pays nothing", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const send = (lamports: number, revertProtection: boolean) =>
      chain.sendTransaction(
        signed(world.payer, chain.latestBlockhash().blockhash, [
          transferTo(world.payer, newAddress(), lamports),
        ]).serialize(),
        { revertProtection },
      );
    const before = chain.getAccount(world.payer.publicKey.toBase58())?.lamports;
    expect(send(200_000_000_000, true)).toMatchObject({
      kind: "rejected",
      reason: { InstructionError: [0, { Custom: 1 }] },
    });
    expect(chain.getAccount(world.payer.publicKey.toBase58())?.lamports).toBe(before);
    expect(send(200_000_000_000, false).kind).toBe("landed");
    expect(send(1_000_000, true).kind).toBe("landed");
  });

  test("revert protection holds for what was withheld too", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    world.localnet.control({ sends: [{ action: "delay", blocks: 2 }] });
    const failing = signed(world.payer, chain.latestBlockhash().blockhash, [
      transferTo(world.payer, newAddress(), 200_000_000_000),
    ]);
    const before = chain.getAccount(world.payer.publicKey.toBase58())?.lamports;
    chain.sendTransaction(failing.serialize(), { revertProtection: true });
    world.localnet.control({ advance: 5 });
    expect(chain.withheld()).toEqual([]);
    expect(chain.getAccount(world.payer.publicKey.toBase58())?.lamports).toBe(before);
  });
});

describe("the control endpoint", () => {
  test("takes commands, answers the state, and says what is wrong", async () => {
    const world = await openChain();
    const { controlUrl, chain } = world.localnet;
    const answer = await post(controlUrl, JSON.stringify({ advance: 3, quietPriorityFee: 1_000 }));
    expect(await answer.json()).toMatchObject({ height: chain.height(), quietPriorityFee: 1_000 });
    const state = await (await fetch(controlUrl)).json();
    expect(state).toMatchObject({ slot: chain.slot(), nodes: [{ lagBlocks: 0 }, {}] });
    for (const [command, said] of [
      ['{"advence":1}', "advence"],
      ['{"node":{"index":7}}', "there is no node 7, only 2"],
      ['{"fork":{"depth":200}}', "depth must be from 1 to"],
      ['{"sends":[{"action":"hold"}]}', "hold needs until"],
      ["{", "JSON"],
    ] as const) {
      const refused = await post(controlUrl, command);
      expect(refused.status).toBe(400);
      expect(await refused.text()).toContain(said);
    }
  });

  test("funds wallets with SOL and with tokens", async () => {
    const world = await openChain();
    const wallet = world.payer.publicKey.toBase58();
    const mint = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
    const command = {
      airdrop: { address: wallet, lamports: "1000000000" },
      tokens: { wallet, mint, amount: "2500000" },
    };
    const answer = await post(world.localnet.controlUrl, JSON.stringify(command));
    const { done } = (await answer.json()) as { done: { airdrop: string; tokenAccount: string } };
    expect(world.localnet.chain.status(done.airdrop)?.err).toBeNull();
    expect(await world.connect().getBalance(world.payer.publicKey)).toBe(101_000_000_000);
    const held = await world.connect().getParsedTokenAccountsByOwner(world.payer.publicKey, {
      programId: key("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
    });
    expect(held.value[0]?.account.data.parsed.info.tokenAmount.uiAmountString).toBe("2.5");
  });
});
