/**
 * Answers of a Jupiter that was taken over: every kind changes what would be signed, in both forms
 * of the swap, and those that the chain lets through do harm.
 */
import type { QuoteResponse } from "@jup-ag/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ATTACKER, createDrains, DRAINS, type DrainName } from "../../localnet/market/drains.ts";
import { type Market, startMarket } from "../../localnet/market/server.ts";
import { planSwap, type SwapPlan } from "../../localnet/market/swap-plan.ts";
import { LOOKUP_TABLES } from "../../localnet/venue/world.ts";
import { customCode, orderOn } from "./support/venue-orders.ts";
import { type Ran, token, type VenueWorld, venueWorld } from "./support/venue-world.ts";

const [SOL, USDC] = [token("SOL"), token("USDC")];
const wanted = { input: SOL, output: USDC, amount: 1_000_000_000n, slippageBps: 50 };

let world: VenueWorld;
beforeEach(() => {
  world = venueWorld();
});

function plans(kind: DrainName, useSharedAccounts: boolean) {
  const request = { useSharedAccounts, wrapAndUnwrapSol: true };
  const order = orderOn(world, { ...wanted, request });
  const honest = planSwap(order, () => false);
  const drains = createDrains();
  drains.set({ kind });
  return { honest, drained: drains.apply(honest, order) };
}

const run = ({ setup, swap, cleanup, other }: SwapPlan): Ran =>
  world.run([...setup, swap, ...(cleanup ? [cleanup] : []), ...other]);

describe.each([false, true])("shared accounts: %s", (shared) => {
  test.each(DRAINS)("%s is another answer", (kind) => {
    const { honest, drained } = plans(kind, shared);
    expect(drained).not.toEqual(honest);
  });

  test("an honest plan runs", () => {
    expect(run(plans("approve", shared).honest).err).toBeNull();
  });

  /** What would be lost, if it were signed. */
  test.each<[DrainName, () => void]>([
    ["transfer-sol", () => expect(world.lamports(ATTACKER)).toBe(1_000_000n)],
    ["transfer-sol-after", () => expect(world.lamports(ATTACKER)).toBe(1_000_000n)],
    ["close-to-foreign", () => expect(world.lamports(ATTACKER)).toBeGreaterThan(2_000_000n)],
    ["assign", () => expect(world.chain.getAccount(world.wallet)?.owner).toBe(ATTACKER)],
    ["huge-tip", () => expect(world.lamports(world.wallet)).toBeLessThan(98_100_000_000n)],
    ["honest-tail", () => expect(world.balance(world.accountOf(USDC))).toBeGreaterThan(0n)],
    ["account-for-foreign", () => expect(world.lamports(account())).toBeGreaterThan(0n)],
  ])("%s does harm on the chain", (kind, harm) => {
    expect(run(plans(kind, shared).drained).err).toBeNull();
    harm();
  });

  test.each<DrainName>(["other-destination", "fee-account"])("%s takes tokens", (kind) => {
    world.give(USDC, 0n, ATTACKER);
    const { drained } = plans(kind, shared);
    // The fee does not fit into the minimum: such an answer lowers it as well.
    const data = drained.swap.data.slice();
    data.fill(0, data.length - 11, data.length - 3);
    expect(run({ ...drained, swap: { ...drained.swap, data } }).err).toBeNull();
    expect(world.balance(account())).toBeGreaterThan(1_000_000n);
  });
});

const account = () => world.accountOf(USDC, ATTACKER);

test("approve and set-authority give the account away", () => {
  expect(run(plans("approve", false).drained).err).toBeNull();
  world = venueWorld();
  expect(run(plans("set-authority", false).drained).err).toBeNull();
  const owner = world.chain.getAccount(world.accountOf(USDC))?.data.slice(32, 64);
  const stolen = world.chain.getAccount(world.give(USDC, 0n, ATTACKER))?.data.slice(32, 64);
  expect(owner).toEqual(stolen);
});

test("an expired table serves nobody", () => {
  const { drained } = plans("expired-table", false);
  expect(drained.tables).toEqual([LOOKUP_TABLES.expired]);
  const table = world.table(LOOKUP_TABLES.expired);
  expect(table.isActive()).toBe(false);
  const { setup, swap } = drained;
  const refused = world.run([...setup, swap], [table]);
  expect(customCode(refused)).toBe("AddressLookupTableNotFound");
  expect(world.run([...setup, swap], [world.table(LOOKUP_TABLES.pools)]).err).toBeNull();
});

describe("over HTTP", () => {
  let market: Market;
  beforeEach(async () => {
    market = await startMarket({ chain: world.chain, followMs: 0, nowMs: () => 0 });
  });
  afterEach(() => market.close());

  const quote = async (): Promise<QuoteResponse> => {
    const query = `inputMint=${SOL.mint}&outputMint=${USDC.mint}&amount=1000000000`;
    return JSON.parse(await (await fetch(`${market.swapUrl}/quote?${query}`)).text());
  };
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${market.url}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    const read: { setupInstructions?: unknown[]; swapTransaction?: string; error?: string } =
      JSON.parse(await answer.text());
    return read;
  };

  test("as many answers as it says, of both endpoints", async () => {
    const request = { userPublicKey: world.wallet, quoteResponse: await quote() };
    const honest = await post("/swap/v1/swap-instructions", request);
    await post("/control", { drain: { kind: "transfer-sol", count: 2 } });
    const drained = await post("/swap/v1/swap-instructions", request);
    expect(drained.setupInstructions).toHaveLength((honest.setupInstructions?.length ?? 0) + 1);
    const { swapTransaction = "" } = await post("/swap/v1/swap", request);
    expect(Buffer.from(swapTransaction, "base64").toString("hex")).toContain(
      Buffer.from(world.keyBytes(ATTACKER)).toString("hex"),
    );
    expect(await post("/swap/v1/swap-instructions", request)).toMatchObject({
      setupInstructions: honest.setupInstructions,
    });
  });

  test("an unknown kind is refused with the ones that are known", async () => {
    expect((await post("/control", { drain: { kind: "rob" } })).error).toContain("transfer-sol");
  });
});
