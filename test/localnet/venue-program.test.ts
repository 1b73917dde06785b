/** The venue's program on the real runtime: fills, fees, events, and each way to be refused. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { hopsOf, routeTotals } from "../../domain/chain/jupiter-events.ts";
import { type Pool, swapOut } from "../../localnet/market/pools.ts";
import { TOKENS, type Token } from "../../localnet/tokens.ts";
import { AMM_PROGRAM, EVENT_AUTHORITY, JUPITER_PROGRAM } from "../../localnet/venue/addresses.ts";
import { decodePool, encodePool, type PoolState } from "../../localnet/venue/pool-account.ts";
import {
  type AccountMeta,
  EVENT_TAG,
  readonly,
  signer,
  TAIL_BYTES,
  writable,
} from "../../localnet/venue/route-layout.ts";
import { vaultAddress } from "../../localnet/venue/world.ts";
import { customCode, quoteOn, swapOn, trade, type Wanted } from "./support/venue-orders.ts";
import {
  type PlainInstruction,
  type Ran,
  token,
  type VenueWorld,
  venueWorld,
} from "./support/venue-world.ts";

const [SOL, USDC, JUP, BONK] = [token("SOL"), token("USDC"), token("JUP"), token("BONK")];
const [PYUSD, BERN] = [token("PYUSD"), token("BERN")];
const STRANGER = "9wFFyRfZBsuAha4YcuxcXLKwMxJR43S7fPfQLusDBzvT";

let world: VenueWorld;
beforeEach(() => {
  world = venueWorld();
});

const eventsOf = ({ innerInstructions, keys }: Ran) =>
  innerInstructions.flatMap(({ instructions }) =>
    instructions.flatMap(({ programIdIndex, accounts, data }) =>
      hopsOf({
        ...{ outer: 0, depth: 2, data, programId: keys[programIdIndex] ?? "" },
        accounts: accounts.map((index) => keys[index] ?? ""),
      }),
    ),
  );

const returned = ({ returnData }: Ran): bigint =>
  Buffer.from(returnData?.data[0] ?? "", "base64").readBigUInt64LE(0);

/** Each pair that has a route, amounts from dust to what nobody trades. */
const wanted = fc
  .record({
    input: fc.constantFrom(...TOKENS, PYUSD, BERN),
    output: fc.constantFrom(...TOKENS, PYUSD, BERN),
    amount: fc.bigInt({ min: 1n, max: 10n ** 15n }),
    shared: fc.boolean(),
  })
  .filter(({ input, output }) => input !== output);

describe("fills", () => {
  test("are the quote to the unit, whatever the pair, the size, and who owns the accounts", () => {
    let filled = 0;
    fc.assert(
      fc.property(wanted, ({ shared, ...order }) => {
        fc.pre(routed(order));
        const request = {
          useSharedAccounts: shared && order.input !== BERN && order.output !== BERN,
        };
        const { outAmount, legs } = quoteOn(world, order);
        const run = trade(world, { ...order, request });
        expect(run.err).toBeNull();
        expect(world.balance(world.accountOf(order.output))).toBe(outAmount);
        expect(world.balance(world.accountOf(order.input))).toBe(0n);
        expect(returned(run)).toBe(outAmount);
        expect(eventsOf(run)).toEqual(
          legs.map((leg) => ({
            inputMint: leg.input.mint,
            inputAmount: leg.inAmount,
            outputMint: leg.output.mint,
            outputAmount: leg.outAmount,
          })),
        );
        filled += 1;
      }),
      { numRuns: 120 },
    );
    expect(filled).toBeGreaterThan(100);
  });

  function routed(order: Wanted): boolean {
    try {
      return quoteOn(world, order).outAmount > 0n;
    } catch {
      return false;
    }
  }

  test("of a route in two hops leave nothing in between", () => {
    const order = { input: JUP, output: BONK, amount: 10_000_000_000n };
    const { legs, outAmount } = quoteOn(world, order);
    expect(legs).toHaveLength(2);
    const run = trade(world, { ...order, request: { useSharedAccounts: false } });
    expect(run.err).toBeNull();
    const between = legs[0]?.output ?? SOL;
    expect(world.balance(world.accountOf(between))).toBe(0n);
    expect(routeTotals(eventsOf(run), JUP.mint, BONK.mint)).toEqual({
      amountIn: order.amount,
      amountOut: outAmount,
    });
  });

  test("move the pool: the same order again gets less, the way back does not earn", () => {
    const order = { input: SOL, output: USDC, amount: 10_000_000_000_000n, directOnly: true };
    const first = quoteOn(world, order).outAmount;
    expect(trade(world, order).err).toBeNull();
    const second = quoteOn(world, order).outAmount;
    expect(second).toBeLessThan(first);
    const back = { input: USDC, output: SOL, amount: first, directOnly: true };
    expect(quoteOn(world, back).outAmount).toBeLessThan(order.amount);
    expect(trade(world, back).err).toBeNull();
  });

  test("go on to another's account, direct and shared", () => {
    for (const useSharedAccounts of [false, true]) {
      const destination = world.give(USDC, 5n, STRANGER);
      const order = {
        ...{ input: SOL, output: USDC, amount: 1_000_000n },
        request: { useSharedAccounts, destinationTokenAccount: destination },
      };
      const { outAmount } = quoteOn(world, order);
      expect(trade(world, order).err).toBeNull();
      expect(world.balance(destination)).toBe(5n + outAmount);
      expect(world.balance(world.accountOf(USDC))).toBe(0n);
    }
  });

  test("by Token-2022 with a fee: both transfers pay it, and the quote knows", () => {
    const order = { input: SOL, output: BERN, amount: 1_000_000_000n, directOnly: true };
    const pool = quoteOn(world, order).legs[0]?.pool;
    if (!pool) throw new Error("no pool");
    const state = poolState(pool.address);
    // SOL is the second token of BERN/SOL.
    const gross = swapOut({ in: state.reserveB, out: state.reserveA }, order.amount, pool.feeBps);
    const net = gross - (gross * 690n + 9_999n) / 10_000n;
    expect(trade(world, order).err).toBeNull();
    expect(world.balance(world.accountOf(BERN))).toBe(net);

    const before = poolState(pool.address).reserveA;
    expect(trade(world, { input: BERN, output: SOL, amount: 100_001n }).err).toBeNull();
    expect(poolState(pool.address).reserveA - before).toBe(100_001n - 6_901n);
  });
});

function poolState(address: string) {
  const account = world.chain.getAccount(address);
  const state = account && decodePool(account.data);
  if (!account || !state) throw new Error(`no pool at ${address}`);
  return { ...state, account };
}

describe("the minimum", () => {
  const order = { input: SOL, output: USDC, amount: 1_234_567_890n, directOnly: true };
  const quotes = fc.record({
    quoted: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    slippageBps: fc.integer({ min: 0, max: 10_000 }),
  });

  test("is the ceiling of quoted × (1 - slippage), one unit below it fails with 6001", () => {
    const outcome = (quoted: bigint, slippageBps: number) => {
      const out = quoteOn(world, order).outAmount;
      const run = trade(world, { ...order, quoted, slippageBps });
      const floor = (quoted * BigInt(10_000 - slippageBps) + 9_999n) / 10_000n;
      expect(customCode(run)).toBe(out < floor ? 6_001 : null);
    };
    fc.assert(fc.property(quotes, (each) => outcome(each.quoted, each.slippageBps)));
    world = venueWorld();
    const exact = quoteOn(world, order).outAmount;
    for (const slippageBps of [0, 1, 50, 333, 9_999]) {
      // The largest quote that this output still meets, and one more.
      const most = (exact * 10_000n) / BigInt(10_000 - slippageBps);
      expect(customCode(simulated(most, slippageBps))).toBeNull();
      expect(customCode(simulated(most + 1n, slippageBps))).toBe(6_001);
    }
  });

  /** In a world of its own, so that the pool stands where it was. */
  function simulated(quoted: bigint, slippageBps: number): Ran {
    world = venueWorld();
    return trade(world, { ...order, quoted, slippageBps });
  }

  test("missed: nothing has moved, the fee of the network is paid, and the log says 0x1771", () => {
    const quoted = quoteOn(world, order).outAmount + 1n;
    const before = world.lamports(world.wallet);
    const run = trade(world, { ...order, quoted });
    expect(run.err).toEqual({ InstructionError: [0, { Custom: 6_001 }] });
    expect(run.logs.at(-1)).toBe(`Program ${JUPITER_PROGRAM} failed: custom program error: 0x1771`);
    expect(world.balance(world.accountOf(SOL))).toBe(order.amount);
    expect(world.balance(world.accountOf(USDC))).toBe(0n);
    expect(before - world.lamports(world.wallet)).toBe(5_000n);
    // As in the record of a real one, the events are there all the same.
    expect(eventsOf(run)).toHaveLength(1);
  });
});

describe("the platform fee", () => {
  const order = { input: SOL, output: USDC, amount: 1_000_000_000n, platformFeeBps: 85 };

  test.each([false, true])("leaves the output, rounded down; shared accounts: %s", (shared) => {
    const feeAccount = world.give(USDC, 7n, STRANGER);
    const { outAmount } = quoteOn(world, order);
    const fee = (outAmount * 85n) / 10_000n;
    const request = { feeAccount, useSharedAccounts: shared };
    const run = trade(world, { ...order, request });
    expect(run.err).toBeNull();
    expect(world.balance(feeAccount)).toBe(7n + fee);
    expect(world.balance(world.accountOf(USDC))).toBe(outAmount - fee);
    expect(returned(run)).toBe(outAmount - fee);
    expect(feeEvents(run)).toEqual([fee]);
  });

  /** FeeEvent: account, mint, amount. */
  const feeEvents = ({ innerInstructions }: Ran): bigint[] =>
    innerInstructions
      .flatMap(({ instructions }) => instructions.map(({ data }) => Buffer.from(base58(data))))
      .filter((data) => data.subarray(8, 16).toString("hex") === "494f4e7fb8d50ddc")
      .map((data) => data.readBigUInt64LE(80));

  test("counts against the minimum", () => {
    const feeAccount = world.give(USDC, 0n, STRANGER);
    const { outAmount } = quoteOn(world, order);
    const quoted = outAmount - (outAmount * 85n) / 10_000n + 1n;
    expect(customCode(trade(world, { ...order, quoted, request: { feeAccount } }))).toBe(6_001);
  });

  test("without an account for it fails with 6003, of another token program with 6014", () => {
    const swap = swapOn(world, {
      ...order,
      request: { feeAccount: world.give(USDC, 0n, STRANGER) },
    });
    world.give(SOL, order.amount);
    world.give(USDC, 0n);
    expect(customCode(world.run([replaced(swap, 6, readonly(JUPITER_PROGRAM))]))).toBe(6_003);

    const feeAccount = world.give(PYUSD, 0n, STRANGER);
    const request = { feeAccount, useSharedAccounts: true };
    const run = trade(world, { ...order, input: USDC, output: PYUSD, amount: 1_000_000n, request });
    expect(customCode(run)).toBe(6_014);
  });
});

const replaced = (swap: PlainInstruction, place: number, account: AccountMeta) => ({
  ...swap,
  accounts: swap.accounts.with(place, account),
});

describe("refusals", () => {
  const order = { input: SOL, output: USDC, amount: 1_000_000n, directOnly: true };
  const HOP = 9;

  function direct(): PlainInstruction {
    world.give(SOL, order.amount);
    world.give(USDC, 0n);
    return swapOn(world, order);
  }

  const otherPool = () =>
    quoteOn(world, { input: JUP, output: USDC, amount: 10_000n }).legs[0]?.pool;
  test.each<[string, number, () => AccountMeta, unknown]>([
    ["a token program that is none", 0, () => readonly(STRANGER), 3_008],
    ["another event authority", 7, () => readonly(STRANGER), 2_006],
    ["another program", 8, () => readonly(AMM_PROGRAM), 3_008],
    ["a mint that is not the output's", 5, () => readonly(JUP.mint), 6_025],
    ["a source that no hop takes from", 2, () => writable(world.give(JUP, 1n)), 6_025],
    ["a destination that no hop gives to", 3, () => writable(world.give(JUP, 1n)), 6_025],
    ["another DEX", HOP, () => readonly(STRANGER), 3_008],
    ["another payer", HOP + 1, () => readonly(STRANGER), 6_025],
    ["another vault authority", HOP + 2, () => readonly(STRANGER), 2_006],
    ["a pool that is nobody's", HOP + 4, () => writable(STRANGER), 3_007],
    ["another pool", HOP + 4, () => writable(otherPool()?.address ?? ""), 6_025],
    ["another vault", HOP + 8, () => writable(world.give(USDC, 10n ** 12n, STRANGER)), 6_025],
    ["an input mint of another pool", HOP + 11, () => readonly(JUP.mint), 6_025],
    ["an output account that is no account", HOP + 6, () => writable(STRANGER), 6_025],
  ])("%s", (_, place, account, code) => {
    expect(customCode(world.run([replaced(direct(), place, account())]))).toBe(code);
  });

  test("a user who does not sign", () => {
    const swap = direct();
    const accounts = swap.accounts.with(1, readonly(STRANGER));
    expect(customCode(world.run([{ ...swap, accounts }]))).toBe(3_010);
  });

  test("accounts cut off: of the instruction 3005, of a hop 6008", () => {
    const swap = direct();
    const cut = (count: number) => ({ ...swap, accounts: swap.accounts.slice(0, count) });
    expect(customCode(world.run([cut(8)]))).toBe(3_005);
    expect(customCode(world.run([cut(swap.accounts.length - 1)]))).toBe(6_008);
  });

  /** Offsets in `route`: 8 number of steps, then swap, percent, input and output index. */
  test.each<[string, number, number, unknown]>([
    ["no step", 8, 0, 6_000],
    ["more steps than bytes", 8, 200, 102],
    ["a DEX that is not here", 12, 7, 6_016],
    ["a split", 13, 99, 6_005],
    ["an input index out of order", 14, 1, 6_006],
    ["an output index out of order", 15, 2, 6_007],
    ["slippage above all", 12 + 4 + 17, 0xff, 6_004],
    ["an unknown instruction", 0, 0, 101],
  ])("%s", (_, offset, byte, code) => {
    const swap = direct();
    expect(customCode(world.run([{ ...swap, data: swap.data.with(offset, byte) }]))).toBe(code);
  });

  test("data cut off at any place", () => {
    const swap = direct();
    for (let length = 0; length < swap.data.length; length += 1) {
      const run = world.run([{ ...swap, data: swap.data.slice(0, length) }]);
      expect(customCode(run)).toBe(length < 8 ? 101 : 102);
    }
  });

  test("what stands behind the arguments is ignored, so that a tail proves nothing", () => {
    const swap = direct();
    const tail = swap.data.slice(-TAIL_BYTES);
    const front = swap.data.slice();
    front.fill(0, front.length - TAIL_BYTES + 8, front.length - TAIL_BYTES + 16);
    const run = world.run([{ ...swap, data: Uint8Array.from([...front, ...tail]) }]);
    expect(run.err).toBeNull();
  });

  test("more than the source holds is the token program's to refuse", () => {
    const swap = direct();
    world.give(SOL, order.amount - 1n);
    expect(customCode(world.run([swap]))).toBe(1);
  });

  test("a shared authority that is not the one of the id", () => {
    const shared = { ...order, request: { useSharedAccounts: true } };
    direct();
    const swap = swapOn(world, shared);
    expect(world.run([swap]).err).toBeNull();
    direct();
    const id = swap.data[8] ?? 0;
    for (const other of [(id + 1) % 8, 8, 255]) {
      const run = world.run([{ ...swap, data: swap.data.with(8, other) }]);
      expect(customCode(run)).toBe(2_006);
    }
  });

  test("an event from outside", () => {
    const data = new Uint8Array(128);
    new DataView(data.buffer).setBigUint64(0, EVENT_TAG, true);
    const send = (accounts: AccountMeta[]) =>
      customCode(world.run([{ programId: JUPITER_PROGRAM, accounts, data }]));
    expect(send([signer(world.wallet)])).toBe(2_006);
    expect(send([readonly(EVENT_AUTHORITY.address)])).toBe(2_002);
    expect(send([])).toBe(3_005);
  });
});

describe("edges of the arithmetic", () => {
  const U64_MAX = 2n ** 64n - 1n;

  const order = { input: SOL, output: USDC, amount: 1_000_000n, quoted: 0n, directOnly: true };
  let swap: PlainInstruction;
  let pool: Pool | undefined;
  beforeEach(() => {
    swap = swapOn(world, order);
    pool = quoteOn(world, order).legs[0]?.pool;
  });

  /** The pool with reserves as wanted, and vaults that hold enough. */
  function withReserves(
    state: Pick<PoolState, "reserveA" | "reserveB" | "feeBps">,
    amount: bigint,
  ) {
    if (!pool) throw new Error("no pool");
    const { account, ...present } = poolState(pool.address);
    const data = encodePool({ ...present, ...state });
    world.chain.setAccount(pool.address, { ...account, data });
    for (const held of pool.tokens) put(vaultAddress(pool, held), held);
    world.give(SOL, amount);
    world.give(USDC, 0n);
    const bytes = swap.data.slice();
    new DataView(bytes.buffer).setBigUint64(bytes.length - TAIL_BYTES, amount, true);
    return world.run([{ ...swap, data: bytes }]);
  }

  function put(vault: string, held: Token): void {
    const account = world.chain.getAccount(vault);
    if (!account) throw new Error(`no vault of ${held.symbol}`);
    const data = account.data.slice();
    const amount = held === SOL ? 0n : U64_MAX;
    new DataView(data.buffer).setBigUint64(64, amount, true);
    const lamports = world.chain.rentExempt(account.data.length);
    world.chain.setAccount(vault, { ...account, data, lamports });
  }

  test("exact for reserves, fees and amounts up to the limits of u64", () => {
    const near = fc.oneof(
      fc.bigInt({ min: 1n, max: 1_000n }),
      fc.bigInt({ min: 1n, max: U64_MAX / 2n }),
      fc.bigInt({ min: U64_MAX / 2n - 1_000n, max: U64_MAX / 2n }),
    );
    const amounts = fc.bigInt({ min: 1n, max: 2n ** 62n });
    const fees = fc.bigInt({ min: 0n, max: 9_999n });
    fc.assert(
      fc.property(near, near, fees, amounts, (reserveA, reserveB, feeBps, amount) => {
        const run = withReserves({ reserveA, reserveB, feeBps }, amount);
        expect(run.err).toBeNull();
        const out = swapOut({ in: reserveA, out: reserveB }, amount, feeBps);
        expect(world.balance(world.accountOf(USDC))).toBe(out);
      }),
      { numRuns: 200 },
    );
  });

  test("a pool that would outgrow u64, or is empty, fails with 6002", () => {
    const full = { reserveA: U64_MAX - 5n, reserveB: 10n ** 15n, feeBps: 0n };
    expect(customCode(withReserves(full, 5n))).toBeNull();
    expect(customCode(withReserves(full, 6n))).toBe(6_002);
    expect(customCode(withReserves({ ...full, reserveA: 0n }, 5n))).toBe(6_002);
    expect(customCode(withReserves({ ...full, reserveA: 5n, feeBps: 10_000n }, 5n))).toBe(6_002);
  });
});

function base58(text: string): Uint8Array {
  const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let value = 0n;
  for (const character of text) value = value * 58n + BigInt(alphabet.indexOf(character));
  const hex = value.toString(16);
  const zeros = /^1*/.exec(text)?.[0].length ?? 0;
  const body = Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...body]);
}
