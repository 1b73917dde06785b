/** Token accounts and mints as bytes, hand-made and recorded. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../../domain/chain/addresses.ts";
import { readTokenAccount } from "../../domain/chain/token-account.ts";
import { readTokenMint, refusedExtensions } from "../../domain/chain/token-mint.ts";
import { keyOf, uint } from "../support/chain-answers.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";

const key = (byte: number): number[] => new Array<number>(32).fill(byte);
const none = [...uint(0, 4), ...key(0)];
const some = (byte: number): number[] => [...uint(1, 4), ...key(byte)];

const ACCOUNT = [
  ...[...key(1), ...key(2), ...uint(77, 8), ...some(3), 1],
  ...[...uint(1, 4), ...uint(2_039_280, 8), ...uint(5, 8), ...some(4)],
];
const account = (data: readonly number[], owner = TOKEN_PROGRAM) =>
  readTokenAccount({ lamports: 1n, owner, data: Uint8Array.from(data) });

describe("token accounts", () => {
  test("are read to the last field", () => {
    expect(ACCOUNT).toHaveLength(165);
    expect(account(ACCOUNT)).toEqual({
      ...{ mint: keyOf(1), owner: keyOf(2), amount: 77n, delegate: keyOf(3), delegatedAmount: 5n },
      ...{ state: "initialized", nativeReserve: 2_039_280n, closeAuthority: keyOf(4) },
    });
  });

  test("without the optional fields", () => {
    const bare = ACCOUNT.slice();
    bare.splice(72, 36, ...none);
    bare.splice(109, 4, 0, 0, 0, 0);
    bare.splice(129, 36, ...none);
    bare[108] = 2;
    expect(account(bare, TOKEN_2022_PROGRAM)).toMatchObject({
      ...{ delegate: undefined, nativeReserve: undefined, closeAuthority: undefined },
      state: "frozen",
    });
  });

  test.each<[string, readonly number[], string]>([
    ["another program's", ACCOUNT, SYSTEM_PROGRAM],
    ["too short", ACCOUNT.slice(1), TOKEN_PROGRAM],
    ["not initialized", ACCOUNT.with(108, 0), TOKEN_PROGRAM],
    ["of a state that is none", ACCOUNT.with(108, 3), TOKEN_PROGRAM],
    ["longer, but of the older program", [...ACCOUNT, 2], TOKEN_PROGRAM],
    ["a mint with extensions", [...ACCOUNT, 1], TOKEN_2022_PROGRAM],
    ["a multisig, padded", [...ACCOUNT, 0], TOKEN_2022_PROGRAM],
  ])("%s is none", (_, data, owner) => {
    expect(account(data, owner)).toBeUndefined();
  });

  test("with extensions behind it", () => {
    expect(account([...ACCOUNT, 2, 7, 0, 0, 0], TOKEN_2022_PROGRAM)?.amount).toBe(77n);
  });
});

const MINT = [...some(5), ...uint(1_000, 8), 6, 1, ...none];
const padded = [...MINT, ...new Array<number>(83).fill(0), 1];
const extension = (type: number, length: number, first = 0): number[] => [
  ...[...uint(type, 2), ...uint(length, 2)],
  ...new Array<number>(length).fill(0).map((_, at) => (at === 0 ? first : 0)),
];
const mint = (data: readonly number[], owner = TOKEN_2022_PROGRAM) =>
  readTokenMint({ lamports: 1n, owner, data: Uint8Array.from(data) });

describe("mints", () => {
  test("are read", () => {
    expect(MINT).toHaveLength(82);
    const read = {
      ...{ supply: 1_000n, decimals: 6, mintAuthority: keyOf(5), freezeAuthority: undefined },
      extensions: [],
    };
    expect(mint(MINT, TOKEN_PROGRAM)).toEqual({ ...read, tokenProgram: TOKEN_PROGRAM });
    expect(mint(MINT)).toEqual({ ...read, tokenProgram: TOKEN_2022_PROGRAM });
  });

  test.each<[string, readonly number[], readonly string[], readonly string[]]>([
    ["none", [], [], []],
    ["a fee", extension(1, 108), ["TransferFeeConfig"], ["TransferFeeConfig"]],
    ["a hook", extension(14, 64), ["TransferHook"], ["TransferHook"]],
    ["a delegate over all", extension(12, 32), ["PermanentDelegate"], ["PermanentDelegate"]],
    ["a pause", extension(26, 33), ["Pausable"], ["Pausable"]],
    ["not to be transferred", extension(9, 0), ["NonTransferable"], ["NonTransferable"]],
    [
      "frozen accounts",
      extension(6, 1, 2),
      ["DefaultAccountStateFrozen"],
      ["DefaultAccountStateFrozen"],
    ],
    ["accounts that are not frozen", extension(6, 1, 1), ["DefaultAccountState"], []],
    [
      "a name",
      [...extension(18, 64), ...extension(19, 90)],
      ["MetadataPointer", "TokenMetadata"],
      [],
    ],
    [
      "a name and a fee",
      [...extension(18, 64), ...extension(1, 108)],
      ["MetadataPointer", "TransferFeeConfig"],
      ["TransferFeeConfig"],
    ],
    ["what is not known", extension(999, 3), ["Unknown999"], ["Unknown999"]],
    ["room behind", [...extension(18, 64), 0, 0, 0, 0, 0], ["MetadataPointer"], []],
    ["one byte of room", [...extension(18, 64), 0], ["MetadataPointer"], []],
    [
      "one byte that is none",
      [...extension(18, 64), 7],
      ["MetadataPointer", "Malformed"],
      ["Malformed"],
    ],
    ["cut short", extension(1, 108).slice(0, 50), ["Malformed"], ["Malformed"]],
  ])("with %s", (_, bytes, names, refused) => {
    const read = mint([...padded, ...bytes]);
    expect(read?.extensions).toEqual(names);
    expect(read && refusedExtensions(read)).toEqual(refused);
    expect(read && refusedExtensions(read, new Set(names))).toEqual([]);
  });

  test.each<[string, readonly number[], string]>([
    ["another program's", MINT, SYSTEM_PROGRAM],
    ["not initialized", MINT.with(45, 0), TOKEN_PROGRAM],
    ["too short", MINT.slice(1), TOKEN_PROGRAM],
    ["a token account", ACCOUNT.with(45, 1), TOKEN_PROGRAM],
    ["with extensions, of the older program", padded, TOKEN_PROGRAM],
    ["a token account with extensions", padded.with(165, 2), TOKEN_2022_PROGRAM],
  ])("%s is none", (_, data, owner) => {
    expect(mint(data, owner)).toBeUndefined();
  });
});

const FOLDER = "accounts";
describe.skipIf(!hasRealData(FOLDER))("recorded accounts of Token-2022", () => {
  const form = z.object({ owner: z.string(), data: z.tuple([z.string(), z.literal("base64")]) });
  const recorded = (name: string) => {
    const { owner, data } = form.parse(
      JSON.parse(readFileSync(realDataPath(`${FOLDER}/${name}.json`), "utf8")),
    );
    return { lamports: 1n, owner, data: Uint8Array.from(Buffer.from(data[0], "base64")) };
  };

  test("are read as expected.json has them", () => {
    expect(readdirSync(realDataPath(FOLDER)).length).toBeGreaterThan(0);
    expect(readTokenMint(recorded("token2022-mint-transfer-fee-300bps-5dec"))).toMatchObject({
      ...{ supply: 49_999_926_084_701n, decimals: 5, extensions: ["TransferFeeConfig"] },
    });
    const two = readTokenMint(recorded("token2022-mint-transfer-fee-300bps-interest-bearing"));
    expect(two).toMatchObject({ supply: 8_151_890_602_662_552_490n, decimals: 2 });
    expect(two?.extensions).toContain("InterestBearingConfig");
    expect(two && refusedExtensions(two)).toEqual(["TransferFeeConfig"]);
    expect(readTokenAccount(recorded("token2022-token-account-immutable-owner"))).toMatchObject({
      mint: "8nxJnGJDyvehdEHw4PgRc7ccJ1Zi134PhM2USK3WE8mS",
      owner: "E8E6GvyCpbGu7YSFxfhTXGx6SW4VhzVmxWh3gbrgXZNd",
      amount: 0n,
    });
  });
});
