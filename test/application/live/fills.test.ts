/** Live orders that are filled: both directions, token to token, wrapped SOL, Token-2022, old and new rent; exact to the lamport. */
import { afterEach, expect, it } from "vitest";
import type { Mint } from "../../../domain/primitives/ids.ts";
import { SOL_MINT } from "../../../domain/primitives/ids.ts";
import { CONFIG, token, USDC_MINT } from "../../support/engine-world.ts";
import { type LiveWorld, type LiveWorldOptions, openLiveWorld } from "../../support/live-world.ts";
import { eventsOf, filled, lamportsOf, onChain, typesOf } from "./scenarios.ts";

const JUP = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN" as Mint;
const PYUSD = "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo" as Mint;
const BERN = "CKfatsPMUf8SkiURsDXs7eK6GWb4Jsd6UDbs7twMCWxo" as Mint;
const SOL = 1_000_000_000n;
const POLICY = {
  ...CONFIG.policy,
  tokens: new Map([
    ...CONFIG.policy.tokens,
    token(JUP, "JUP", 6),
    token(PYUSD, "PYUSD", 6),
    token(BERN, "BERN", 5),
  ]),
};

let world: LiveWorld;
const open = async (options: LiveWorldOptions = {}): Promise<LiveWorld> => {
  world = await openLiveWorld({ ...options, config: { policy: POLICY } });
  return world;
};
afterEach(() => world.close());

/** The lines of the fill add up to what the wallet gained or lost, and that is what the chain says. */
async function expectConserved(changes: Parameters<typeof filled>[2], solSign: -1n | 0n | 1n) {
  const before = lamportsOf(world);
  const { order, fill } = await filled(world, `conserved-${before}`, changes);
  const { fees, live } = fill;
  if (!live) throw new Error("not live");
  const swapped = solSign * BigInt(solSign === -1n ? fill.amountIn : fill.amountOut);
  const spent =
    BigInt(fees.baseFeeLamports) +
    BigInt(fees.priorityFeeLamports) +
    BigInt(fees.tipLamports) +
    BigInt(live.rentLockedLamports) +
    BigInt(live.otherTransfersLamports);
  const recovered = BigInt(live.rentRecoveredLamports) + BigInt(live.unwrappedLamports);
  expect(swapped - spent + recovered).toBe(BigInt(live.walletLamportsChange));
  expect(lamportsOf(world) - before).toBe(BigInt(live.walletLamportsChange));
  expect(onChain(world, order)).toEqual({ landed: 1, failed: 0 });
  expect(world.faults).toEqual([]);
  return { order, fill, live };
}

it("sells SOL for USDC: every step is an event, the fill is the chain's own", async () => {
  await open();
  const { order, fill, live } = await expectConserved({}, -1n);
  expect(fill.amountIn).toBe(SOL.toString());
  expect(live.otherTransfersLamports).toBe("0");
  expect(typesOf(world.events(order.orderId))).toEqual([
    ...["OrderRequested", "OrderValidated", "QuoteObtained", "FundsReserved", "SimulationPassed"],
    ...["AttemptSigned", "AttemptSubmitted", "AttemptSubmitted", "AttemptConfirmed"],
    ...["OrderFilled", "FillFinalized"],
  ]);
});

it("buys SOL with USDC", async () => {
  await open();
  const { fill } = await expectConserved({ action: "BUY", amount: 150_000_000n }, 1n);
  expect(fill.amountIn).toBe("150000000");
});

it("keeps apart what an existing account of wrapped SOL gives back", async () => {
  await open();
  world.local.mintTo(world.wallet, SOL_MINT, 2n * SOL);
  const { live } = await expectConserved({}, -1n);
  expect(live.unwrappedLamports).toBe((2n * SOL).toString());
});

it("swaps token to token, through an account that is opened for it", async () => {
  await open();
  const changes = { action: "SWAP", baseMint: USDC_MINT, quoteMint: JUP, amount: 50_000_000n };
  const { live } = await expectConserved(changes as never, 0n);
  expect(live.rentLockedLamports).toBe("2039280");
});

it("asks for the rent instead of knowing it", async () => {
  await open({ local: { rent: 5_080n } });
  const changes = { action: "SWAP", baseMint: USDC_MINT, quoteMint: JUP, amount: 50_000_000n };
  const { order, live } = await expectConserved(changes as never, 0n);
  expect(live.rentLockedLamports).toBe("1488440");
  const reserved = eventsOf(world, order, "FundsReserved")[0]?.lines;
  expect(reserved?.find(({ purpose }) => purpose === "rent")?.amount).toBe("1488440");
});

it("buys and sells a token of Token-2022", async () => {
  await open({ live: { allowedExtensions: new Map([[PYUSD, everyExtension]]) } });
  const bought = await expectConserved({ quoteMint: PYUSD }, -1n);
  const amount = BigInt(bought.fill.amountOut);
  const sold = { action: "BUY" as const, quoteMint: PYUSD, amount };
  await expectConserved(sold, 1n);
});

const everyExtension = [
  ...["TransferFeeConfig", "TransferHook", "PermanentDelegate", "ConfidentialTransferFeeConfig"],
  ...["Pausable", "NonTransferable", "ConfidentialMintBurn", "ConfidentialTransferMint"],
];

it("refuses a mint whose extensions are not allowed", async () => {
  await open();
  const order = await filled(world, "bern", { quoteMint: BERN }).catch((error: Error) => error);
  expect(String(order)).toContain("TransferFeeConfig");
});

it("goes the protected way with a tip where there is one", async () => {
  await open({ jito: true });
  const { order, fill, live } = await expectConserved({}, -1n);
  expect(live.mevProtected).toBe(true);
  expect(BigInt(fill.fees.tipLamports)).toBeGreaterThanOrEqual(1_000n);
  expect(eventsOf(world, order, "AttemptSigned")[0]?.route).toBe("protected");
});

it("goes the public way where the caller declines protection", async () => {
  await open({ jito: true });
  const mev = { simulate: false, protect: false };
  const { live, fill } = await expectConserved({ mev }, -1n);
  expect([live.mevProtected, fill.fees.tipLamports]).toEqual([false, "0"]);
});

it("executes two equal intents as two trades", async () => {
  await open();
  const [one, two] = await Promise.all([filled(world, "one"), filled(world, "two")]);
  expect(one.fill.txSignature).not.toBe(two.fill.txSignature);
  expect([onChain(world, one.order).landed, onChain(world, two.order).landed]).toEqual([1, 1]);
});
