/** Blocks, expiry, commitments and forks of the local chain. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createChain } from "../../localnet/chain/chain.ts";
import { addLamports, addTokens } from "../../localnet/chain/world.ts";
import { tokenBySymbol } from "../../localnet/tokens.ts";
import {
  freshTransfer,
  key,
  newAddress,
  openChain,
  signatureOf,
  signed,
  transferTo,
} from "./chain-world.ts";

describe("blockhashes", () => {
  test.each([
    [150, "landed"],
    [151, "rejected"],
  ])("%i blocks after its hash a transaction is %s", async (blocks, kind) => {
    const world = await openChain();
    const { chain } = world.localnet;
    const connection = world.connect();
    const { lastValidBlockHeight, blockhash } = await connection.getLatestBlockhash("processed");
    expect(lastValidBlockHeight).toBe(chain.height() + 150);
    const { raw } = freshTransfer(world);
    world.advance(blocks);
    const { value } = await connection.isBlockhashValid(blockhash, { commitment: "processed" });
    expect(value).toBe(kind === "landed");
    expect(chain.sendTransaction(raw).kind).toBe(kind);
  });

  test("skipped slots do not age it: height counts blocks", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const before = chain.tip();
    const { raw } = freshTransfer(world);
    world.localnet.control({ skipSlots: 400, advance: 1 });
    expect(chain.slot()).toBe(before.slot + 401);
    expect(chain.height()).toBe(before.height + 1);
    expect(chain.tip().parentSlot).toBe(before.slot);
    expect(chain.sendTransaction(raw).kind).toBe("landed");
  });

  test("two fresh chains share no blockhash; two of one seed share all", () => {
    expect(createChain().tip().blockhash).not.toBe(createChain().tip().blockhash);
    const hashes = ["a", "a", "b"].map((seed) => {
      const chain = createChain({ seed });
      return [chain.genesisHash, chain.produceBlock().blockhash];
    });
    expect(hashes[0]).toEqual(hashes[1]);
    expect(hashes[0]).not.toEqual(hashes[2]);
  });
});

describe("commitments", () => {
  test("a status goes from processed over confirmed to finalized", async () => {
    const world = await openChain({ confirmLag: 2, finalLag: 5 });
    const { raw, signature } = freshTransfer(world);
    const connection = world.connect();
    await connection.sendRawTransaction(raw);
    const seen: unknown[] = [];
    for (let blocks = 0; blocks <= 5; blocks += 1) {
      const { context, value } = await connection.getSignatureStatuses([signature]);
      expect(context.slot).toBe(world.localnet.chain.slot());
      seen.push([value[0]?.confirmationStatus, value[0]?.confirmations]);
      world.advance(1);
    }
    expect(seen).toEqual([
      ["processed", 0],
      ["processed", 1],
      ["confirmed", 2],
      ["confirmed", 3],
      ["confirmed", 4],
      ["finalized", null],
    ]);
  });

  test("accounts are answered as of the commitment's block", async () => {
    const world = await openChain({ confirmLag: 1, finalLag: 3 });
    const { raw, to } = freshTransfer(world);
    const connection = world.connect();
    await connection.sendRawTransaction(raw);
    const balances = async () => [
      await connection.getBalance(to, "processed"),
      await connection.getBalance(to, "confirmed"),
      await connection.getBalance(to, "finalized"),
    ];
    expect(await balances()).toEqual([1_000_000, 0, 0]);
    world.advance(1);
    expect(await balances()).toEqual([1_000_000, 1_000_000, 0]);
    world.advance(2);
    expect(await balances()).toEqual([1_000_000, 1_000_000, 1_000_000]);
  });

  test("a simulation sees the accounts of its commitment", async () => {
    const world = await openChain();
    const owner = newAddress().toBase58();
    const connection = world.connect();
    addLamports(world.localnet.chain, owner, 1_000_000_000n);
    const transaction = freshTransfer(world);
    await connection.sendRawTransaction(transaction.raw);
    const simulate = async (commitment: "processed" | "finalized") => {
      const { value } = await connection.simulateTransaction(transaction.transaction, {
        ...{ commitment, replaceRecentBlockhash: true },
        accounts: { encoding: "base64", addresses: [transaction.to.toBase58()] },
      });
      return value.accounts?.[0]?.lamports;
    };
    expect(await simulate("processed")).toBe(2_000_000);
    expect(await simulate("finalized")).toBe(1_000_000);
  });

  test("without history a status is known for 300 final blocks only", async () => {
    const world = await openChain();
    const { raw, signature } = freshTransfer(world);
    const connection = world.connect();
    await connection.sendRawTransaction(raw);
    const known = async (searchTransactionHistory: boolean) =>
      (await connection.getSignatureStatuses([signature], { searchTransactionHistory }))
        .value[0] !== null;
    world.advance(331);
    expect(await known(false)).toBe(true);
    world.advance(1);
    expect([await known(false), await known(true)]).toEqual([false, true]);
  });
});

describe("forks", () => {
  test("a confirmed transaction vanishes with its effects and may land again", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const connection = world.connect();
    const { raw, signature, to } = freshTransfer(world);
    world.advance(1);
    await connection.sendRawTransaction(raw);
    world.advance(2);
    const before = chain.tip();
    expect((await connection.getSignatureStatus(signature)).value?.confirmationStatus).toBe(
      "confirmed",
    );
    expect(chain.fork({ depth: 3 })).toEqual({ dropped: [signature], kept: [] });
    expect((await connection.getSignatureStatus(signature)).value).toBeNull();
    expect(await connection.getBalance(to)).toBe(0);
    expect(await connection.getBalance(world.payer.publicKey)).toBe(100_000_000_000);
    expect(await connection.getSignaturesForAddress(to, {}, "confirmed")).toEqual([]);
    expect(chain.height()).toBe(before.height);
    expect(chain.slot()).toBe(before.slot + 3);
    expect(chain.tip().blockhash).not.toBe(before.blockhash);
    expect(chain.sendTransaction(raw).kind).toBe("landed");
    expect(await connection.getBalance(to)).toBe(1_000_000);
  });

  test("kept ones land again, and what was set from outside stays", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const kept = freshTransfer(world);
    const dropped = freshTransfer(world);
    const usdc = tokenBySymbol("USDC")?.mint ?? "";
    const owner = newAddress().toBase58();
    world.advance(1);
    for (const { raw } of [kept, dropped]) chain.sendTransaction(raw);
    const account = addTokens(chain, { owner, mint: usdc, amount: 5n });
    const report = chain.fork({ depth: 1, keep: [kept.signature] });
    expect(report).toEqual({ dropped: [dropped.signature], kept: [kept.signature] });
    const balance = await world.connect().getTokenAccountBalance(key(account));
    expect(balance.value.amount).toBe("5");
    expect(chain.getAccount(kept.to.toBase58())?.lamports).toBe(1_000_000n);
    expect(chain.getAccount(dropped.to.toBase58())).toBeUndefined();
  });

  test("a blockhash of the losing fork is dead", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    world.advance(1);
    const { raw } = freshTransfer(world);
    chain.fork({ depth: 1 });
    expect(chain.sendTransaction(raw)).toMatchObject({ reason: "BlockhashNotFound" });
  });

  test("what is final cannot be forked away", async () => {
    const { chain } = (await openChain({ finalLag: 5 })).localnet;
    expect(() => chain.fork({ depth: 6 })).toThrow("depth must be from 1 to 5: the rest is final");
    expect(() => chain.fork({ depth: 0 })).toThrow("depth must be from 1 to 5");
    expect(chain.fork({ depth: 5 }).kept).toEqual([]);
  });

  test("whatever is sent, kept and dropped: balances are those of the transactions left", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const step = fc.record({
      kind: fc.constantFrom("send", "block", "fork"),
      depth: fc.integer({ min: 1, max: 4 }),
      keep: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const to = newAddress();
        // Deep enough that no fork of this run takes a payer's money away.
        for (let count = 0; count < 6; count += 1) chain.produceBlock();
        const { blockhash } = chain.blocks.at(chain.height() - 5) ?? chain.tip();
        const sent = new Map<string, number>();
        steps.forEach(({ kind, depth, keep }, index) => {
          if (kind === "block") chain.produceBlock();
          if (kind === "fork") {
            const signatures = [...sent.keys()].filter((_one, at) => keep || at % 2 === 0);
            chain.fork({ depth, keep: signatures });
          }
          if (kind === "send") {
            const lamports = 1_000_000 + index;
            const one = signed(world.payer, blockhash, [transferTo(world.payer, to, lamports)]);
            if (chain.sendTransaction(one.serialize()).kind === "landed") {
              sent.set(signatureOf(one), lamports);
            }
          }
        });
        const left = [...sent].filter(([signature]) => chain.status(signature) !== undefined);
        const expected = left.reduce((sum, [, lamports]) => sum + lamports, 0);
        expect(Number(chain.getAccount(to.toBase58())?.lamports ?? 0n)).toBe(expected);
      }),
      { numRuns: 40 },
    );
  });
});
