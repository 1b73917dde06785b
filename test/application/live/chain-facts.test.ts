/** What may be known of the chain for a while: asked once by however many, and again when it is too old. */
import { describe, expect, it } from "vitest";
import { createChainFacts } from "../../../domain/application/live/chain-facts.ts";
import { TOKEN_PROGRAM } from "../../../domain/chain/addresses.ts";
import type { AccountInfo, Chain, ChainAnswer } from "../../../domain/ports/chain.ts";
import { createFakeChain, UNREACHABLE } from "../../support/fake-chain.ts";
import { createManualTime } from "../../support/manual-time.ts";
import { SOL, USDC } from "../../support/order-samples.ts";

const ok = <T>(value: T): ChainAnswer<T> => ({ kind: "ok", value, node: "a" });
const HASH = { blockhash: "hash", lastValidBlockHeight: 150, slot: 90 };
/** 82 bytes: no authorities, 6 decimals, initialized. */
const MINT_DATA = new Uint8Array(82);
MINT_DATA[44] = 6;
MINT_DATA[45] = 1;
const MINT: AccountInfo = { lamports: 1n, owner: TOKEN_PROGRAM, data: MINT_DATA };

/** Facts over a chain that answers with these parts and notes what it is asked. */
function world(parts: Partial<Chain> = {}) {
  const time = createManualTime();
  const asked: string[] = [];
  const noting = <A extends readonly unknown[], R>(name: string, ask: (...args: A) => R) => {
    return (...args: A): R => {
      asked.push([name, ...args].join(" "));
      return ask(...args);
    };
  };
  const answers = {
    latestBlockhash: () => Promise.resolve(ok(HASH)),
    prioritizationFees: (_: readonly string[]) => Promise.resolve(ok([1n, 2n])),
    rentExemption: (bytes: number) => Promise.resolve(ok(BigInt(bytes))),
    accounts: (_: readonly string[], __: number) =>
      Promise.resolve(ok({ slot: 1, accounts: [MINT] })),
    ...parts,
  };
  const chain = createFakeChain([], {
    latestBlockhash: noting("blockhash", answers.latestBlockhash),
    prioritizationFees: noting("fees", answers.prioritizationFees),
    rentExemption: noting("rent", answers.rentExemption),
    accounts: noting("accounts", answers.accounts),
  });
  return { facts: createChainFacts(chain, time.clock, time.timers), asked, time };
}

describe("a fact", () => {
  it.each([
    ["the blockhash", 1_000, (facts) => facts.blockhash()],
    ["fee prices", 2_000, (facts) => facts.prioritizationFees(["x"])],
    ["the rent", 60_000, (facts) => facts.rentExemption(165)],
    ["a mint", 60_000, (facts) => facts.mint(USDC)],
  ] as readonly [string, number, (facts: ReturnType<typeof world>["facts"]) => Promise<unknown>][])(
    "is asked for again when it is too old: %s after %i ms",
    async (_, ageMs, ask) => {
      const { facts, asked, time } = world();
      const first = await ask(facts);
      expect(first).toMatchObject({ kind: "ok" });
      await time.advanceMs(ageMs - 1);
      expect(await ask(facts)).toEqual(first);
      expect(asked).toHaveLength(1);
      await time.advanceMs(1);
      await ask(facts);
      expect(asked).toHaveLength(2);
    },
  );

  it("is asked for once by whoever comes while the answer is under way, however long that takes", async () => {
    const answers: ((answer: ChainAnswer<typeof HASH>) => void)[] = [];
    const latestBlockhash = () =>
      new Promise<ChainAnswer<typeof HASH>>((resolve) => {
        answers.push(resolve);
      });
    const { facts, time } = world({ latestBlockhash });
    const first = facts.blockhash();
    await time.advanceMs(5_000);
    const second = facts.blockhash();
    expect(answers).toHaveLength(1);
    answers[0]?.(ok(HASH));
    expect(await first).toBe(await second);
    // Its age counts from the answer.
    await time.advanceMs(999);
    expect(await facts.blockhash()).toBe(await first);
  });

  it("that was not to be had is asked for again at once", async () => {
    let isDown = true;
    const { facts, asked } = world({
      rentExemption: (bytes) => Promise.resolve(isDown ? UNREACHABLE : ok(BigInt(bytes))),
    });
    expect(await facts.rentExemption(165)).toEqual(UNREACHABLE);
    isDown = false;
    expect(await facts.rentExemption(165)).toMatchObject({ value: 165n });
    expect(asked).toEqual(["rent 165", "rent 165"]);
  });

  it("of fees belongs to its accounts, in whatever order they are named", async () => {
    const { facts, asked } = world();
    await facts.prioritizationFees(["b", "a"]);
    await facts.prioritizationFees(["a", "b"]);
    await facts.prioritizationFees(["a"]);
    expect(asked).toEqual(["fees b,a", "fees a"]);
  });

  it("of a mint is its program and decimals; none where there is no such account", async () => {
    const { facts, asked } = world({
      accounts: ([address]) =>
        Promise.resolve(ok({ slot: 1, accounts: [address === USDC ? MINT : undefined] })),
    });
    expect(await facts.mint(USDC)).toMatchObject({ value: { tokenProgram: TOKEN_PROGRAM } });
    expect(await facts.mint(SOL)).toMatchObject({ kind: "ok", value: undefined });
    // At whatever slot: a mint is older than any order.
    expect(asked).toEqual([`accounts ${USDC} 0`, `accounts ${SOL} 0`]);
    const down = world({ accounts: () => Promise.resolve(UNREACHABLE) });
    expect(await down.facts.mint(USDC)).toEqual(UNREACHABLE);
  });

  it("is one of 512 at most; the oldest is asked for again first", async () => {
    const { facts, asked } = world();
    for (let bytes = 0; bytes <= 512; bytes += 1) await facts.rentExemption(bytes);
    await facts.rentExemption(1);
    expect(asked).toHaveLength(513);
    await facts.rentExemption(0);
    expect(asked.at(-1)).toBe("rent 0");
    expect(asked).toHaveLength(514);
  });
});
