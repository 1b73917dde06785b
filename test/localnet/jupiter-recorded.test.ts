/**
 * The layouts that the venue takes and the local Jupiter sends, against recorded transactions and
 * the recorded answer of `/swap-instructions`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeBase58, hexOf } from "../../domain/chain/bytes.ts";
import { hopsOf } from "../../domain/chain/jupiter-events.ts";
import { jupiterRouteOf } from "../../domain/chain/jupiter-route.ts";
import {
  type ChainInstruction,
  type ChainTransaction,
  readTransaction,
} from "../../domain/chain/transaction.ts";
import { associatedTokenAddress } from "../../localnet/chain/derived-address.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../../localnet/chain/programs.ts";
import {
  closeAccount,
  createTokenAccount,
  type Instruction,
  syncNative,
  transferLamports,
  unitLimit,
  unitPrice,
} from "../../localnet/market/plain-instructions.ts";
import {
  EVENT_AUTHORITY,
  JUPITER_PROGRAM,
  PROGRAM_AUTHORITIES,
} from "../../localnet/venue/addresses.ts";
import {
  type AccountMeta,
  routeAccounts,
  routeData,
  sharedRouteAccounts,
  sharedRouteData,
  TAIL_BYTES,
} from "../../localnet/venue/route-layout.ts";
import { hasRealData, REAL_DATA, realDataPath } from "../support/real-data.ts";
import { token } from "./support/venue-world.ts";

const SLIPPAGE = 6_001;
const bytesOf = ({ data }: ChainInstruction): Uint8Array =>
  typeof data === "string" ? (decodeBase58(data) ?? new Uint8Array()) : data;
const json = (path: string): unknown => JSON.parse(readFileSync(realDataPath(path), "utf8"));

type Recorded = {
  readonly file: string;
  readonly transaction: ChainTransaction;
  readonly swap: ChainInstruction;
};

function recordedSwaps(name: string): Recorded[] {
  return readdirSync(`${REAL_DATA}/transactions`)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      const read = readTransaction(json(`transactions/${file}`));
      if (read.kind === "problem") throw new Error(`${file}: ${read.problem}`);
      const { transaction } = read;
      return transaction.instructions
        .filter((each) => jupiterRouteOf(each)?.name === name)
        .map((swap) => ({ file, transaction, swap }));
    });
}

/** The account of an optional place, undefined where the program stands for it. */
const optional = (account: string | undefined): string | undefined =>
  account === JUPITER_PROGRAM ? undefined : account;
const pubkeys = (accounts: readonly AccountMeta[]): string[] =>
  accounts.map(({ pubkey }) => pubkey);

function mintAndOwner({ transaction }: Recorded, account: string | undefined) {
  const index = transaction.accountKeys.indexOf(account ?? "");
  return [...transaction.preTokenBalances, ...transaction.postTokenBalances].find(
    ({ accountIndex }) => accountIndex === index,
  );
}

/** Data with the recorded route plan and everything else written by us. */
function rewritten(recorded: Recorded, made: Uint8Array, planAt: number): string {
  const bytes = bytesOf(recorded.swap);
  const plan = bytes.subarray(planAt, bytes.length - TAIL_BYTES);
  return hexOf(Uint8Array.from([...made.subarray(0, planAt), ...plan, ...made.slice(-TAIL_BYTES)]));
}

function argumentsOf({ swap }: Recorded) {
  const { amountIn, amountOut, slippageBps, platformFeeBps } = jupiterRouteOf(swap) ?? {};
  return {
    ...{ inAmount: amountIn ?? 0n, quotedOutAmount: amountOut ?? 0n },
    ...{ slippageBps: slippageBps ?? 0, platformFeeBps: platformFeeBps ?? 0 },
  };
}

/** What the hops gave in the end, by the events of this instruction. */
function gross({ transaction, swap }: Recorded): bigint {
  const start = transaction.instructions.indexOf(swap);
  const rest = transaction.instructions.slice(start + 1);
  const end = rest.findIndex(({ depth }) => depth <= swap.depth);
  const events = (end < 0 ? rest : rest.slice(0, end)).flatMap(hopsOf);
  const last = events.at(-1);
  return events
    .filter(({ outputMint }) => outputMint === last?.outputMint)
    .reduce((sum, { outputAmount }) => sum + outputAmount, 0n);
}

/** Our rule: net of the fee, against the ceiling of quoted × (1 - slippage). */
function meetsMinimum(recorded: Recorded): boolean {
  const { quotedOutAmount, slippageBps, platformFeeBps } = argumentsOf(recorded);
  const out = gross(recorded);
  const net = out - (out * BigInt(platformFeeBps)) / 10_000n;
  return net >= (quotedOutAmount * BigInt(10_000 - slippageBps) + 9_999n) / 10_000n;
}

function expectMinimum(recorded: Recorded): void {
  const failed = JSON.stringify(recorded.transaction.error ?? null).includes(String(SLIPPAGE));
  expect(meetsMinimum(recorded), recorded.file).toBe(!failed);
}

describe.skipIf(!hasRealData("transactions"))("recorded transactions", () => {
  test("route: accounts, data and minimum of every one", () => {
    const all = recordedSwaps("route");
    for (const recorded of all) {
      const { swap, file } = recorded;
      const [tokenProgram = "", user = "", source = "", userDestination = ""] = swap.accounts;
      const [destination, destinationMint = "", platformFee] = swap.accounts.slice(4);
      const made = routeAccounts({
        ...{ tokenProgram, user, source, userDestination, destinationMint },
        ...{ destination: optional(destination), platformFee: optional(platformFee) },
      });
      expect(pubkeys(made), file).toEqual(swap.accounts.slice(0, made.length));
      expect([TOKEN_PROGRAM, TOKEN_2022_PROGRAM]).toContain(tokenProgram);
      const given = mintAndOwner(recorded, source);
      if (given) expect(given.owner, file).toBe(user);
      const got = mintAndOwner(recorded, userDestination);
      if (got) expect([got.mint, got.owner], file).toEqual([destinationMint, user]);
      const data = routeData(1, argumentsOf(recorded));
      expect(rewritten(recorded, data, 8), file).toBe(hexOf(bytesOf(swap)));
      expectMinimum(recorded);
    }
    console.info(`route: ${all.length} of ${all.length} recorded instructions`);
    expect(all.length).toBeGreaterThanOrEqual(15);
  });

  test("shared_accounts_route: accounts, authorities, data and minimum of every one", () => {
    const all = recordedSwaps("shared_accounts_route");
    for (const recorded of all) {
      const { swap, file } = recorded;
      const [tokenProgram = "", programAuthority = "", user = "", source = ""] = swap.accounts;
      const [programSource = "", programDestination = "", destination = ""] =
        swap.accounts.slice(4);
      const [sourceMint = "", destinationMint = "", platformFee, token2022] =
        swap.accounts.slice(7);
      const made = sharedRouteAccounts({
        ...{ tokenProgram, programAuthority, user, source, programSource, programDestination },
        ...{ destination, sourceMint, destinationMint },
        ...{ platformFee: optional(platformFee), token2022Program: optional(token2022) },
      });
      expect(pubkeys(made), file).toEqual(swap.accounts.slice(0, made.length));
      const id = bytesOf(swap)[8] ?? 0;
      expect(PROGRAM_AUTHORITIES[id]?.address, file).toBe(programAuthority);
      expect(associatedTokenAddress(programAuthority, sourceMint), file).toBe(programSource);
      expect(associatedTokenAddress(programAuthority, destinationMint), file).toBe(
        programDestination,
      );
      const given = mintAndOwner(recorded, source);
      if (given) expect([given.mint, given.owner], file).toEqual([sourceMint, user]);
      const got = mintAndOwner(recorded, destination);
      if (got) expect(got.mint, file).toBe(destinationMint);
      const data = sharedRouteData(id, 1, argumentsOf(recorded));
      expect(rewritten(recorded, data, 9), file).toBe(hexOf(bytesOf(swap)));
      expectMinimum(recorded);
    }
    console.info(`shared_accounts_route: ${all.length} of ${all.length} recorded instructions`);
    expect(all.length).toBeGreaterThanOrEqual(8);
  });
});

const ANSWER = "jupiter/swap-instructions-v1-sol-usdt-2hop.json";
const hasAnswer = hasRealData(ANSWER);
describe.skipIf(!hasAnswer)("the recorded answer of /swap-instructions", () => {
  // Read while the tests are collected, also where they are left out.
  const answer = JSON.parse(hasAnswer ? readFileSync(realDataPath(ANSWER), "utf8") : "{}");
  const asJson = ({ programId, accounts, data }: Instruction) => ({
    ...{ programId, accounts },
    data: Buffer.from(data).toString("base64"),
  });
  const [SOL, USDT] = [token("SOL"), token("USDT")];
  const user = "GDDMwNyyx8uB6zrqwBFHjLLG3TBYk2F8Az4yrQC5RzMp";
  const wrapped = associatedTokenAddress(user, SOL.mint);
  const destination = associatedTokenAddress(user, USDT.mint);

  test("its set-up, clean-up and compute budget are ours to the byte", () => {
    expect(answer.setupInstructions).toEqual(
      [
        createTokenAccount(user, user, SOL),
        transferLamports(user, wrapped, 100_000_000n),
        syncNative(SOL, wrapped),
        createTokenAccount(user, user, USDT),
      ].map(asJson),
    );
    const closed = { token: SOL, account: wrapped, receiver: user, owner: user };
    expect(answer.cleanupInstruction).toEqual(asJson(closeAccount(closed)));
    expect(answer.computeBudgetInstructions).toEqual(
      [unitLimit(1_400_000), unitPrice(71_428n)].map(asJson),
    );
  });

  test("its swap has our accounts with their privileges, and our data but for the DEXes", () => {
    const authority = PROGRAM_AUTHORITIES[4]?.address ?? "";
    const made = sharedRouteAccounts({
      ...{ tokenProgram: TOKEN_PROGRAM, programAuthority: authority, user, source: wrapped },
      programSource: associatedTokenAddress(authority, SOL.mint),
      programDestination: associatedTokenAddress(authority, USDT.mint),
      ...{ destination, sourceMint: SOL.mint, destinationMint: USDT.mint },
    });
    expect(answer.swapInstruction.programId).toBe(JUPITER_PROGRAM);
    expect(answer.swapInstruction.accounts.slice(0, made.length)).toEqual(made);
    expect(made[11]?.pubkey).toBe(EVENT_AUTHORITY.address);
    const recorded = Buffer.from(answer.swapInstruction.data, "base64");
    const ours = sharedRouteData(4, 2, {
      ...{ inAmount: 100_000_000n, quotedOutAmount: 8_308_221n },
      ...{ slippageBps: 50, platformFeeBps: 0 },
    });
    // Discriminator, id and number of steps; in, out, slippage and fee.
    expect(hexOf(recorded.subarray(0, 13))).toBe(hexOf(ours.subarray(0, 13)));
    expect(hexOf(recorded.subarray(-TAIL_BYTES))).toBe(hexOf(ours.slice(-TAIL_BYTES)));
  });
});
