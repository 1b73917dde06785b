/**
 * What every adapter behind the chain port must do, shown against a chain that really executes. `open` makes a new one for each test,
 * with two nodes, and closes it by itself.
 */
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Chain, ChainAnswer } from "../../domain/ports/chain.ts";

export type ChainUnderTest = {
  readonly chain: Chain;
  /** A wallet, and what it holds. */
  readonly wallet: string;
  readonly lamports: bigint;
  readonly newAddress: () => string;
  /** Takes one transfer of `lamports` from the wallet into the next block; answers its signature. */
  land(to: string, lamports: bigint): Promise<string>;
  /** The v0 message of such a transfer, which nobody signed. */
  message(to: string, lamports: bigint): Uint8Array;
  /** So many blocks more; two confirm, `finalLag` finalize. */
  advance(blocks: number): void;
  readonly finalLag: number;
  /** Puts a lookup table there, or replaces it. */
  setTable(address: string, addresses: readonly string[]): void;
  /** Slot of the newest confirmed block. */
  confirmedSlot(): number;
};

/** The value of an answer that must be one. */
export function told<T>(answer: ChainAnswer<T>): T {
  if (answer.kind === "ok") return answer.value;
  throw new Error(`${answer.class}: ${answer.message}`);
}

export const UNKNOWN_SIGNATURE = "1".repeat(64);
const MANY = 1_000_000n;

export function chainContract(name: string, open: () => Promise<ChainUnderTest>): void {
  describe(`chain contract: ${name}`, () => {
    let world: ChainUnderTest;
    let chain: Chain;
    beforeEach(async () => {
      world = await open();
      chain = world.chain;
    });

    test("each node is evidence of its own, under its own name", async () => {
      expect(chain.nodes).toHaveLength(2);
      const names = new Set(chain.nodes.map((node) => node.name));
      expect(names.size).toBe(2);
      for (const node of chain.nodes) {
        expect(await node.firstAvailableBlock()).toMatchObject({ kind: "ok", node: node.name });
      }
    });

    test("finalized height and its slot, which grow with the chain", async () => {
      const [node] = chain.nodes;
      if (!node) throw new Error("no node");
      const before = told(await node.finalizedHeight());
      expect(before.blockHeight).toBeLessThanOrEqual(before.slot);
      world.advance(3);
      const after = told(await node.finalizedHeight());
      expect(after.blockHeight).toBe(before.blockHeight + 3);
      expect(after.slot).toBeGreaterThanOrEqual(before.slot + 3);
      expect(told(await node.firstAvailableBlock())).toBeLessThanOrEqual(before.slot);
    });

    test("a status goes from processed over confirmed to finalized; others are not found", async () => {
      const signature = await world.land(world.newAddress(), MANY);
      const statuses = async () => {
        const asked = [UNKNOWN_SIGNATURE, signature];
        const answers = await Promise.all(
          chain.nodes.map((node) => node.statuses(asked, { searchHistory: true })),
        );
        const [first, second] = answers.map(told);
        expect(second).toEqual(first);
        expect(first?.statuses[0]).toBeUndefined();
        const found = first?.statuses[1];
        expect(found?.slot).toBeLessThanOrEqual(first?.slot ?? 0);
        expect(found?.error).toBeUndefined();
        return found?.commitment;
      };
      expect(await statuses()).toBe("processed");
      world.advance(2);
      expect(await statuses()).toBe("confirmed");
      world.advance(world.finalLag);
      expect(await statuses()).toBe("finalized");
    });

    test("a transaction that failed has its error, in its status and by itself", async () => {
      const signature = await world.land(world.newAddress(), world.lamports * 2n);
      world.advance(2);
      const [node] = chain.nodes;
      const answer = await node?.statuses([signature], { searchHistory: false });
      const error = { InstructionError: [0, { Custom: 1 }] };
      expect(answer).toMatchObject({ value: { statuses: [{ error }] } });
      const found = await node?.transaction(signature, "confirmed");
      expect(found).toMatchObject({ value: { signature, error, feeLamports: 5_000n } });
    });

    test("a transaction with its balances, once it is as certain as asked for", async () => {
      const to = world.newAddress();
      const signature = await world.land(to, MANY);
      const [node] = chain.nodes;
      if (!node) throw new Error("no node");
      expect(told(await node.transaction(signature, "confirmed"))).toBeUndefined();
      world.advance(2);
      const found = told(await node.transaction(signature, "confirmed"));
      expect(found).toMatchObject({ signature, feeLamports: 5_000n, error: undefined });
      expect(found?.accountKeys).toContain(to);
      const at = found?.accountKeys.indexOf(to) ?? -1;
      expect(found?.postBalances[at]).toBe(MANY);
      expect(told(await node.transaction(signature, "finalized"))).toBeUndefined();
      world.advance(world.finalLag);
      expect(told(await node.transaction(signature, "finalized"))).toEqual(found);
    });

    test("a blockhash that transactions land with, and how long", async () => {
      const info = told(await chain.latestBlockhash());
      expect(info.slot).toBe(world.confirmedSlot());
      world.advance(1);
      const next = told(await chain.latestBlockhash());
      expect(next.lastValidBlockHeight).toBe(info.lastValidBlockHeight + 1);
      expect(next.blockhash).not.toBe(info.blockhash);
    });

    test("accounts in the order asked for, and undefined for those that are not there", async () => {
      const nobody = world.newAddress();
      const { slot, accounts } = told(await chain.accounts([nobody, world.wallet], 0));
      expect(slot).toBe(world.confirmedSlot());
      expect(accounts).toHaveLength(2);
      expect(accounts[0]).toBeUndefined();
      expect(accounts[1]).toMatchObject({
        lamports: world.lamports,
        owner: "11111111111111111111111111111111",
      });
      expect(accounts[1]?.data).toEqual(new Uint8Array());
    });

    test("no account of a slot before the one that is asked for", async () => {
      const slot = world.confirmedSlot();
      expect(await chain.accounts([world.wallet], slot)).toMatchObject({ kind: "ok" });
      expect(await chain.accounts([world.wallet], slot + 1)).toMatchObject({
        kind: "failed",
        class: "behind",
      });
    });

    test("lookup tables, kept until they are asked for afresh", async () => {
      const [address, one, two] = [world.newAddress(), world.newAddress(), world.newAddress()];
      world.setTable(address, [one]);
      world.advance(2);
      const kept = { isFresh: false };
      const before = [{ address, addresses: [one] }];
      expect(told(await chain.lookupTables([address], kept))).toEqual(before);
      world.setTable(address, [one, two]);
      world.advance(2);
      expect(told(await chain.lookupTables([address], kept))).toEqual(before);
      const after = [{ address, addresses: [one, two] }];
      expect(told(await chain.lookupTables([address], { isFresh: true }))).toEqual(after);
      expect(told(await chain.lookupTables([address], kept))).toEqual(after);
    });

    test("what is no lookup table is refused by its address", async () => {
      for (const address of [world.wallet, world.newAddress()]) {
        expect(await chain.lookupTables([address], { isFresh: false })).toMatchObject({
          ...{ kind: "failed", class: "refused" },
          message: expect.stringContaining(address),
        });
      }
      expect(told(await chain.lookupTables([], { isFresh: true }))).toEqual([]);
    });

    test("a simulation: units, and the accounts that are watched as they would be", async () => {
      const to = world.newAddress();
      const watched = [to, world.newAddress(), world.wallet];
      const wanted = { watched, minContextSlot: world.confirmedSlot() };
      const found = told(await chain.simulate(world.message(to, MANY), wanted));
      expect(found.error).toBeUndefined();
      expect(found.unitsConsumed).toBeGreaterThan(0);
      expect(found.logs.length).toBeGreaterThan(0);
      expect(found.slot).toBe(world.confirmedSlot());
      expect(found.accounts.map((account) => account?.lamports)).toEqual([
        ...[MANY, undefined, world.lamports - MANY - 5_000n],
      ]);
    });

    test("a simulation that fails says why, and knows no accounts", async () => {
      const to = world.newAddress();
      const wanted = { watched: [to], minContextSlot: 0 };
      const found = told(await chain.simulate(world.message(to, world.lamports * 2n), wanted));
      expect(found.error).toEqual({ InstructionError: [0, { Custom: 1 }] });
      expect(found.accounts).toEqual([undefined]);
      const early = { watched: [], minContextSlot: world.confirmedSlot() + 1 };
      expect(await chain.simulate(world.message(to, MANY), early)).toMatchObject({
        class: "behind",
      });
    });

    test("prices that landed, and the rent of an account", async () => {
      const fees = told(await chain.prioritizationFees([world.wallet]));
      expect(fees.length).toBeGreaterThan(0);
      expect(fees.every((fee) => typeof fee === "bigint")).toBe(true);
      const rent = told(await chain.rentExemption(165));
      expect(rent).toBe(2_039_280n);
      expect(told(await chain.rentExemption(0))).toBeLessThan(rent);
    });

    test("a hint comes after a landing; none after it was ended", async () => {
      const hint = vi.fn();
      const unwanted = vi.fn();
      const first = await world.land(world.newAddress(), MANY);
      const end = chain.onSignature(first, hint);
      chain.onSignature(first, unwanted)();
      world.advance(2);
      await vi.waitFor(() => expect(hint).toHaveBeenCalled(), { timeout: 10_000 });
      end();
      end();
      expect(unwanted).not.toHaveBeenCalled();
    });

    test("more than a node takes at once is refused, not sent", async () => {
      const [node] = chain.nodes;
      const many = Array.from({ length: 257 }, () => UNKNOWN_SIGNATURE);
      expect(await node?.statuses(many, { searchHistory: false })).toMatchObject({
        ...{ kind: "failed", class: "refused", message: "at most 256 signatures in one call" },
      });
      const addresses = Array.from({ length: 101 }, () => world.wallet);
      expect(await chain.accounts(addresses, 0)).toMatchObject({ class: "refused" });
    });
  });
}
