/**
 * The local Jupiter attached to a chain: its own client reads the answers, and what is built from
 * them runs on the real runtime and moves what was quoted.
 */
import { existsSync, readFileSync } from "node:fs";
import {
  Configuration,
  type QuoteGetRequest,
  type QuoteResponse,
  ResponseError,
  SwapApi,
  type SwapInstructionsResponse,
  type SwapRequest,
} from "@jup-ag/api";
import { VersionedTransaction } from "@solana/web3.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NATIVE_MINT, TOKEN_2022_PROGRAM } from "../../localnet/chain/programs.ts";
import { type Market, startMarket } from "../../localnet/market/server.ts";
import type { Token } from "../../localnet/tokens.ts";
import { LOOKUP_TABLES } from "../../localnet/venue/world.ts";
import { realDataPath } from "../support/real-data.ts";
import { customCode } from "./support/venue-orders.ts";
import {
  type PlainInstruction,
  type Ran,
  token,
  type VenueWorld,
  venueWorld,
} from "./support/venue-world.ts";

const [SOL, USDC, USDT] = [token("SOL"), token("USDC"), token("USDT")];
const [JUP, BONK] = [token("JUP"), token("BONK")];
const [PYUSD, BERN] = [token("PYUSD"), token("BERN")];
const STRANGER = "9wFFyRfZBsuAha4YcuxcXLKwMxJR43S7fPfQLusDBzvT";

let world: VenueWorld;
let market: Market;
beforeEach(async () => {
  world = venueWorld();
  market = await startMarket({ chain: world.chain, followMs: 0, nowMs: () => 0 });
});
afterEach(() => market.close());

const api = () => new SwapApi(new Configuration({ basePath: market.swapUrl }));

function quote(input: Token, output: Token, amount: number, more: Partial<QuoteGetRequest> = {}) {
  const wanted = { inputMint: input.mint, outputMint: output.mint, amount, ...more };
  return api().quoteGet(wanted);
}

type Body = { readonly [name: string]: unknown };

/** The whole answer, as an engine journals it; the client's own reading of it must not fail. */
async function instructionsFor(quoted: QuoteResponse, more: Partial<SwapRequest> = {}) {
  const swapRequest = { userPublicKey: world.wallet, quoteResponse: quoted, ...more };
  const answer = await api().swapInstructionsPostRaw({ swapRequest });
  const body: Body = JSON.parse(await answer.raw.clone().text());
  return { read: await answer.value(), body };
}

const plain = (each: SwapInstructionsResponse["swapInstruction"]): PlainInstruction => ({
  ...{ programId: each.programId, accounts: each.accounts },
  data: Buffer.from(each.data, "base64"),
});

const instructionsOf = (read: SwapInstructionsResponse): PlainInstruction[] =>
  [
    ...read.computeBudgetInstructions,
    ...read.setupInstructions,
    read.swapInstruction,
    ...(read.cleanupInstruction ? [read.cleanupInstruction] : []),
    ...read.otherInstructions,
  ].map(plain);

const runRead = (read: SwapInstructionsResponse): Ran =>
  world.run(instructionsOf(read), read.addressLookupTableAddresses.map(world.table));

describe("a swap from /swap-instructions", () => {
  const rent = () => world.chain.rentExempt(165);

  async function swapped(input: Token, output: Token, amount: number, more: Partial<SwapRequest>) {
    const quoted = await quote(input, output, amount, { slippageBps: 0 });
    const { read } = await instructionsFor(quoted, more);
    const before = world.lamports(world.wallet);
    const run = runRead(read);
    expect(run.err).toBeNull();
    return { out: BigInt(quoted.outAmount), spent: before - world.lamports(world.wallet), read };
  }

  test.each([true, false])("SOL to a token, shared accounts: %s", async (useSharedAccounts) => {
    const { out, spent } = await swapped(SOL, USDC, 1_000_000_000, { useSharedAccounts });
    expect(world.balance(world.accountOf(USDC))).toBe(out);
    // The wrapped account is opened and closed; the one for the token stays.
    expect(spent).toBe(1_000_000_000n + rent() + 5_000n);
    expect(world.chain.getAccount(world.accountOf(SOL))).toBeUndefined();
  });

  test("SOL to a token with wrapped SOL there already: all of it is unwrapped", async () => {
    world.give(SOL, 7_000n);
    world.give(USDC, 0n);
    const { out, spent, read } = await swapped(SOL, USDC, 1_000_000_000, {});
    // Nothing to create: set-up is the transfer and the sync.
    expect(read.setupInstructions).toHaveLength(2);
    expect(world.balance(world.accountOf(USDC))).toBe(out);
    expect(spent).toBe(1_000_000_000n - 7_000n - rent() + 5_000n);
  });

  test("SOL to a token without wrapping spends the wrapped account", async () => {
    world.give(SOL, 1_000_000_007n);
    const { read } = await swapped(SOL, USDC, 1_000_000_000, { wrapAndUnwrapSol: false });
    expect(read.cleanupInstruction).toBeUndefined();
    expect(world.balance(world.accountOf(SOL))).toBe(7n);
  });

  test.each([true, false])("a token to SOL, shared accounts: %s", async (useSharedAccounts) => {
    world.give(USDC, 150_000_000n);
    const { out, spent } = await swapped(USDC, SOL, 150_000_000, { useSharedAccounts });
    expect(-spent).toBe(out - 5_000n);
    expect(world.balance(world.accountOf(USDC))).toBe(0n);
    expect(world.chain.getAccount(world.accountOf(SOL))).toBeUndefined();
  });

  test("a token to a token", async () => {
    world.give(USDC, 25_000_000n);
    const { out } = await swapped(USDC, USDT, 25_000_000, {});
    expect(world.balance(world.accountOf(USDT))).toBe(out);
  });

  test.each([true, false, undefined])("two hops, shared accounts: %s", async (shared) => {
    world.give(JUP, 10_000_000n);
    const more = shared === undefined ? {} : { useSharedAccounts: shared };
    const { out, read } = await swapped(JUP, BONK, 10_000_000, more);
    expect(world.balance(world.accountOf(BONK))).toBe(out);
    // The router takes shared accounts, as the recorded one did: no account in between.
    expect(read.setupInstructions).toHaveLength(shared === false ? 2 : 1);
  });

  test.each([PYUSD, BERN])("Token-2022 there and back: $symbol", async (held) => {
    const { out } = await swapped(SOL, held, 1_000_000_000, {});
    const account = world.accountOf(held);
    expect(world.balance(account)).toBe(out);
    expect(world.chain.getAccount(account)?.owner).toBe(TOKEN_2022_PROGRAM);
    await swapped(held, SOL, Number(out), {});
    expect(world.balance(account)).toBe(0n);
  });

  test("another's account gets the output, the platform its fee", async () => {
    const destinationTokenAccount = world.give(USDC, 0n, STRANGER);
    const feeAccount = world.give(USDC, 0n, LOOKUP_TABLES.pools);
    const fee = { platformFeeBps: 20, slippageBps: 0 };
    const quoted = await quote(SOL, USDC, 1_000_000_000, fee);
    for (const useSharedAccounts of [true, false]) {
      world = await renewed();
      world.give(USDC, 0n, STRANGER);
      world.give(USDC, 0n, LOOKUP_TABLES.pools);
      const { read } = await instructionsFor(quoted, {
        ...{ destinationTokenAccount, feeAccount, useSharedAccounts },
        trackingAccount: STRANGER,
      });
      expect(read.swapInstruction.accounts.at(-1)?.pubkey).toBe(STRANGER);
      expect(runRead(read).err).toBeNull();
      expect(world.balance(destinationTokenAccount)).toBe(BigInt(quoted.outAmount));
      expect(world.balance(feeAccount)).toBe(BigInt(quoted.platformFee?.amount ?? 0));
    }
  });

  /** The same market over a fresh chain, so that the pools stand where they were quoted. */
  async function renewed(): Promise<VenueWorld> {
    await market.close();
    const fresh = venueWorld();
    market = await startMarket({ chain: fresh.chain, followMs: 0, nowMs: () => 0 });
    return fresh;
  }

  test("takes half a packet with its tables, and twice that in the legacy form", async () => {
    world.give(JUP, 10_000_000n);
    const quoted = await quote(JUP, BONK, 10_000_000);
    const { read } = await instructionsFor(quoted);
    expect(read.addressLookupTableAddresses).toEqual([LOOKUP_TABLES.pools, LOOKUP_TABLES.shared]);
    const legacy = await instructionsFor(quoted, { asLegacyTransaction: true });
    expect(legacy.read.addressLookupTableAddresses).toEqual([]);
    const [compact, long] = [runRead(read), world.run(instructionsOf(legacy.read))];
    expect([compact.err, customCode(long)]).toEqual([null, 1]);
    expect(compact.bytes).toBeLessThan(620);
    expect(long.bytes).toBeGreaterThan(1_000);
  });
});

describe("/swap", () => {
  test("is a whole transaction that the wallet signs", async () => {
    const quoted = await quote(SOL, USDC, 2_000_000_000, { slippageBps: 0 });
    const swapRequest = { userPublicKey: world.wallet, quoteResponse: quoted };
    const answer = await api().swapPostRaw({ swapRequest });
    const body = await answer.raw.clone().json();
    expect(body).toMatchObject({ simulationError: null, computeUnitLimit: 1_400_000 });
    const { swapTransaction, lastValidBlockHeight } = await answer.value();
    expect(lastValidBlockHeight).toBe(150);
    const bytes = Buffer.from(swapTransaction, "base64");
    const transaction = VersionedTransaction.deserialize(bytes);
    transaction.sign([world.user]);
    expect(world.runBytes(transaction.serialize()).err).toBeNull();
    expect(world.balance(world.accountOf(USDC))).toBe(BigInt(quoted.outAmount));
  });

  test("simulates when asked, and says what went wrong without refusing", async () => {
    const quoted = await quote(USDC, SOL, 1_000_000);
    const swapRequest = {
      ...{ userPublicKey: world.wallet, quoteResponse: quoted },
      dynamicComputeUnitLimit: true,
    };
    const failing = await (await api().swapPostRaw({ swapRequest })).raw.json();
    expect(failing).toMatchObject({
      computeUnitLimit: 1_400_000,
      simulationError: { errorCode: "TRANSACTION_ERROR" },
    });
    world.give(USDC, 1_000_000n);
    const right: Body = JSON.parse(await (await api().swapPostRaw({ swapRequest })).raw.text());
    expect(right.simulationError).toBeNull();
    expect(right.computeUnitLimit).toBeLessThan(200_000);
  });
});

describe("priority fee and tip", () => {
  const dataOf = (read: SwapInstructionsResponse) =>
    read.computeBudgetInstructions.map(({ data }) => Buffer.from(data, "base64"));

  test("a level with its maximum is a price for the whole limit", async () => {
    const quoted = await quote(SOL, USDC, 1_000_000);
    const { read, body } = await instructionsFor(quoted, {
      prioritizationFeeLamports: {
        priorityLevelWithMaxLamports: { priorityLevel: "veryHigh", maxLamports: 7_000 },
      },
    });
    // 7,000 lamports over 1,400,000 units
    expect(dataOf(read)[1]?.readBigUInt64LE(1)).toBe(5_000n);
    expect(body.prioritizationFeeLamports).toBe(7_000);
    expect(read.otherInstructions).toEqual([]);
  });

  test("a tip is another instruction", async () => {
    const quoted = await quote(SOL, USDC, 1_000_000);
    const { read } = await instructionsFor(quoted, {
      prioritizationFeeLamports: { jitoTipLamports: 4_321 },
    });
    expect(read.computeBudgetInstructions).toHaveLength(1);
    const [tip] = read.otherInstructions;
    expect(Buffer.from(tip?.data ?? "", "base64").readBigUInt64LE(4)).toBe(4_321n);
    expect(runRead(read).err).toBeNull();
  });
});

const RECORDED = "jupiter/swap-instructions-v1-sol-usdt-2hop.json";
test.skipIf(!existsSync(realDataPath(RECORDED)))("all keys of the recorded answer", async () => {
  const recorded = JSON.parse(readFileSync(realDataPath(RECORDED), "utf8"));
  const quoted = await quote(SOL, USDC, 100_000_000);
  const { body } = await instructionsFor(quoted, { computeUnitPriceMicroLamports: 71_428 });
  expect(Object.keys(body).sort()).toEqual(Object.keys(recorded).sort());
  expect(shapeOf(body)).toEqual(shapeOf({ ...recorded, simulationError: null }));
});

/** Names and types; of a list, its first entry. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== "object" || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]));
}

describe("pools on the chain", () => {
  const order = { slippageBps: 0, onlyDirectRoutes: true };

  test("are what is quoted: a trade moves the next quote, and following the prices undoes it", async () => {
    const amount = 1_000_000_000_000;
    const first = await quote(SOL, USDC, amount, order);
    world.chain.setAccount(world.wallet, {
      ...{ lamports: 5_000_000_000_000n, owner: "11111111111111111111111111111111" },
      ...{ data: new Uint8Array(), executable: false },
    });
    expect(runRead((await instructionsFor(first)).read).err).toBeNull();
    const second = await quote(SOL, USDC, amount, order);
    expect(BigInt(second.outAmount)).toBeLessThan(BigInt(first.outAmount));
    market.followPrices();
    expect((await quote(SOL, USDC, amount, order)).outAmount).toBe(first.outAmount);
  });

  test("follow a price that is set: the earlier quote misses its minimum on the chain", async () => {
    const quoted = await quote(SOL, USDC, 1_000_000_000, { ...order, slippageBps: 100 });
    const { read } = await instructionsFor(quoted);
    market.setPrice("SOL", "140");
    expect(customCode(runRead(read))).toBe(6_001);
    const cheaper = await quote(SOL, USDC, 1_000_000_000, order);
    expect(Number(cheaper.outAmount)).toBeLessThan(140_000_000);
    expect(runRead((await instructionsFor(cheaper)).read).err).toBeNull();
  });

  test("an edited quote is taken as it is: the chain has the last word", async () => {
    const quoted = await quote(SOL, USDC, 1_000_000_000, order);
    const more = { ...quoted, outAmount: String(BigInt(quoted.outAmount) + 1n) };
    expect(customCode(runRead((await instructionsFor(more)).read))).toBe(6_001);
    const less = { ...quoted, outAmount: "1" };
    expect(runRead((await instructionsFor(less)).read).err).toBeNull();
    expect(world.balance(world.accountOf(USDC))).toBe(BigInt(quoted.outAmount));
  });

  test("say the slot of the chain", async () => {
    expect((await quote(SOL, USDC, 1_000)).contextSlot).toBe(400_000_000);
  });
});

describe("refusals", () => {
  const post = (body: string, path = "swap-instructions") =>
    fetch(`${market.swapUrl}/${path}`, { method: "POST", body });

  const cases: [string, (request: SwapRequest) => object][] = [
    [
      "NOT_SUPPORTED",
      (r) => ({ ...r, quoteResponse: { ...r.quoteResponse, swapMode: "ExactOut" } }),
    ],
    ["NOT_SUPPORTED", (r) => ({ ...r, useTokenLedger: true })],
    ["NOT_SUPPORTED", (r) => ({ ...r, nativeDestinationAccount: STRANGER })],
    [
      "NOT_SUPPORTED",
      (r) => ({ ...r, quoteResponse: { ...r.quoteResponse, instructionVersion: "V2" } }),
    ],
    [
      "INVALID_COMPUTE_UNIT_PRICE_AND_PRIORITIZATION_FEE",
      (r) => ({ ...r, computeUnitPriceMicroLamports: 1, prioritizationFeeLamports: "auto" }),
    ],
    [
      "TOKEN_NOT_TRADABLE",
      (r) => ({ ...r, quoteResponse: { ...r.quoteResponse, outputMint: STRANGER } }),
    ],
    ["MARKET_NOT_FOUND", (r) => withLeg(r, { ammKey: STRANGER })],
    ["MARKET_NOT_FOUND", (r) => withLeg(r, { outputMint: JUP.mint })],
    ["INVALID_REQUEST", (r) => ({ ...r, quoteResponse: { ...r.quoteResponse, routePlan: [] } })],
    [
      "ROUTE_PLAN_DOES_NOT_CONSUME_ALL_THE_AMOUNT",
      (r) => ({
        ...r,
        quoteResponse: {
          ...r.quoteResponse,
          routePlan: r.quoteResponse.routePlan.map((leg) => ({ ...leg, percent: 60 })),
        },
      }),
    ],
  ];

  function withLeg(request: SwapRequest, change: object): object {
    const [leg, ...rest] = request.quoteResponse.routePlan;
    const swapInfo = { ...leg?.swapInfo, ...change };
    const routePlan = [{ ...leg, swapInfo }, ...rest];
    return { ...request, quoteResponse: { ...request.quoteResponse, routePlan } };
  }

  test.each(cases)("%s", async (errorCode, change) => {
    const quoteResponse = await quote(SOL, USDC, 1_000_000, { onlyDirectRoutes: true });
    const request = { userPublicKey: world.wallet, quoteResponse };
    expect((await post(JSON.stringify(request))).status).toBe(200);
    for (const path of ["swap-instructions", "swap"]) {
      const answer = await post(JSON.stringify(change(request)), path);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ errorCode, error: expect.any(String) });
    }
  });

  test.each([
    ["{", 400, "Failed to parse the request body as JSON"],
    ["{}", 422, "Failed to deserialize the JSON body into the target type: userPublicKey"],
    ['{"userPublicKey":"0x0","quoteResponse":{}}', 422, "userPublicKey: Invalid public key"],
    [`{"userPublicKey":"${NATIVE_MINT}"}`, 422, "quoteResponse"],
  ])("a body that cannot be read: %s", async (body, status, text) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(text);
  });

  test("shared accounts for a token that takes a fee", async () => {
    const quoted = await quote(SOL, BERN, 1_000_000);
    const refused = await instructionsFor(quoted, { useSharedAccounts: true }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(ResponseError);
  });

  test("without a chain there is nothing to swap on", async () => {
    const alone = await startMarket({ nowMs: () => 0 });
    const answer = await fetch(`${alone.swapUrl}/swap-instructions`, {
      method: "POST",
      body: "{}",
    });
    expect(answer.status).toBe(404);
    expect(() => alone.setDrain({ kind: "approve" })).toThrow("no chain");
    await alone.close();
  });
});

describe("limits and faults", () => {
  const control = (body: unknown) =>
    fetch(`${market.url}/control`, { method: "POST", body: JSON.stringify(body) });

  test("over the limit 429, with the headers that tell when it ends", async () => {
    await control({ rateLimit: { requests: 2, windowMs: 60_000 } });
    const get = () =>
      fetch(`${market.swapUrl}/quote?inputMint=${SOL.mint}&outputMint=${USDC.mint}&amount=1000`);
    const [first, second, third] = [await get(), await get(), await get()];
    expect([first.status, second.status, third.status]).toEqual([200, 200, 429]);
    expect(first.headers.get("x-ratelimit-remaining")).toBe("1");
    expect(third.headers.get("x-ratelimit-remaining")).toBe("0");
    expect(third.headers.get("x-ratelimit-current")).toBe("2");
    const reset = Number(third.headers.get("x-ratelimit-reset")) - Date.now() / 1000;
    expect(reset).toBeGreaterThan(50);
    expect(reset).toBeLessThanOrEqual(61);
    await control({ rateLimit: null });
    expect((await get()).status).toBe(200);
  });

  test("a fault hits the endpoints that it is for", async () => {
    await control({ fault: { on: ["swap-instructions"], status: 500, count: 1 } });
    const quoted = await quote(SOL, USDC, 1_000_000);
    await expect(instructionsFor(quoted)).rejects.toBeInstanceOf(ResponseError);
    expect(market.stats()).toMatchObject({ quotes: 1, swaps: 1, faults: 1 });
    await instructionsFor(quoted);
  });

  test("fields of the answer can be replaced", async () => {
    market.setFault({ on: ["swap-instructions"], fields: { swapInstruction: null } });
    const quoted = await quote(SOL, USDC, 1_000_000);
    expect((await instructionsFor(quoted)).body).toMatchObject({ swapInstruction: null });
  });
});
