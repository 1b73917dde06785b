/** The local chain as an unmodified web3.js `Connection` sees it. */
import {
  AddressLookupTableProgram,
  ComputeBudgetProgram,
  Keypair,
  SystemProgram,
  sendAndConfirmTransaction,
  Transaction,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { associatedTokenAddress } from "../../localnet/chain/derived-address.ts";
import { MEMO_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../../localnet/chain/programs.ts";
import { addMint, addTokens } from "../../localnet/chain/world.ts";
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

const memo = (text: string) =>
  new TransactionInstruction({ keys: [], programId: key(MEMO_PROGRAM), data: Buffer.from(text) });

/** SPL Token's TransferChecked. */
function transferChecked(
  at: { program: string; from: string; mint: string; to: string },
  owner: Keypair,
  { amount, decimals }: { amount: bigint; decimals: number },
) {
  const data = Buffer.alloc(10);
  data[0] = 12;
  data.writeBigUInt64LE(amount, 1);
  data[9] = decimals;
  const account = (address: string, isWritable: boolean) => ({
    pubkey: key(address),
    isSigner: false,
    isWritable,
  });
  return new TransactionInstruction({
    programId: key(at.program),
    keys: [
      account(at.from, true),
      account(at.mint, false),
      account(at.to, true),
      { pubkey: owner.publicKey, isSigner: true, isWritable: false },
    ],
    data,
  });
}

describe("transactions", () => {
  test("sendAndConfirmTransaction of a legacy transfer runs unchanged", async () => {
    const world = await openChain({ blockTimeMs: 10 });
    const connection = world.connect();
    const to = newAddress();
    const signature = await sendAndConfirmTransaction(
      connection,
      new Transaction().add(transferTo(world.payer, to, 2_000_000)),
      [world.payer],
      { commitment: "confirmed" },
    );
    expect(await connection.getBalance(to, "confirmed")).toBe(2_000_000);
    const found = await connection.getTransaction(signature, {
      commitment: "confirmed",
      maxSupportedTransactionVersion: 0,
    });
    expect(found?.meta?.err).toBeNull();
    expect(found?.version).toBe("legacy");
  });

  test("a version 0 transfer with a memo: fee, balances and history", async () => {
    const world = await openChain();
    const connection = world.connect();
    const { blockhash } = await connection.getLatestBlockhash("confirmed");
    const to = newAddress();
    const transaction = signed(world.payer, blockhash, [
      ComputeBudgetProgram.setComputeUnitLimit({ units: 100_001 }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 33 }),
      transferTo(world.payer, to, 1_000_000),
      memo("order-1#1"),
    ]);
    const signature = await connection.sendTransaction(transaction);
    expect(signature).toBe(signatureOf(transaction));
    world.advance(1);
    const found = await connection.getTransaction(signature, {
      commitment: "confirmed",
      maxSupportedTransactionVersion: 0,
    });
    const meta = found?.meta;
    // ceil(33 x 100,001 / 1e6) = ceil(3.300033) = 4
    expect(meta?.fee).toBe(5_004);
    expect(meta?.preBalances.slice(0, 2)).toEqual([100_000_000_000, 0]);
    expect(meta?.postBalances.slice(0, 2)).toEqual([99_998_994_996, 1_000_000]);
    expect(meta?.computeUnitsConsumed).toBeGreaterThan(0);
    expect(meta?.logMessages?.at(-1)).toBe(`Program ${MEMO_PROGRAM} success`);
    const [listed] = await connection.getSignaturesForAddress(to, {}, "confirmed");
    expect(listed).toMatchObject({ signature, memo: "[9] order-1#1", err: null });
  });

  test("tokens move, and both sides of token balances say so", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const usdc = tokenBySymbol("USDC")?.mint ?? "";
    const owner = world.payer.publicKey.toBase58();
    const other = newAddress().toBase58();
    const from = addTokens(chain, { owner, mint: usdc, amount: 5_000_000n });
    const to = addTokens(chain, { owner: other, mint: usdc, amount: 0n });
    const at = { program: TOKEN_PROGRAM, from, mint: usdc, to };
    const { blockhash } = chain.latestBlockhash();
    const instruction = transferChecked(at, world.payer, { amount: 1_500_000n, decimals: 6 });
    const connection = world.connect();
    const signature = await connection.sendTransaction(
      signed(world.payer, blockhash, [instruction]),
    );
    world.advance(31);
    const found = await connection.getTransaction(signature, {
      commitment: "finalized",
      maxSupportedTransactionVersion: 0,
    });
    const amounts = (list: typeof found extends null ? never : unknown) => list;
    expect(amounts(found?.meta?.preTokenBalances)).toEqual([
      expect.objectContaining({ owner, mint: usdc, programId: TOKEN_PROGRAM }),
      expect.objectContaining({
        owner: other,
        uiTokenAmount: { amount: "0", decimals: 6, uiAmount: null, uiAmountString: "0" },
      }),
    ]);
    expect(found?.meta?.postTokenBalances?.map(({ uiTokenAmount }) => uiTokenAmount)).toEqual([
      { amount: "3500000", decimals: 6, uiAmount: 3.5, uiAmountString: "3.5" },
      { amount: "1500000", decimals: 6, uiAmount: 1.5, uiAmountString: "1.5" },
    ]);
    const balance = await connection.getTokenAccountBalance(key(to), "finalized");
    expect(balance.value.amount).toBe("1500000");
    const parsed = await connection.getParsedTokenAccountsByOwner(key(owner), { mint: key(usdc) });
    expect(parsed.value.map(({ pubkey }) => pubkey.toBase58())).toEqual([from]);
    expect(parsed.value[0]?.account.data.parsed.info.tokenAmount.amount).toBe("3500000");
  });

  test("a Token-2022 mint with a transfer fee withholds it", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const mint = addMint(chain, {
      decimals: 6,
      extensions: [{ kind: "transfer-fee", bps: 100, maximumFee: 10n ** 12n }],
    });
    const owner = world.payer.publicKey.toBase58();
    const from = addTokens(chain, { owner, mint, amount: 1_000_000n });
    const to = addTokens(chain, { owner: newAddress().toBase58(), mint, amount: 0n });
    const at = { program: TOKEN_2022_PROGRAM, from, mint, to };
    const { blockhash } = chain.latestBlockhash();
    const outcome = chain.sendTransaction(
      signed(world.payer, blockhash, [
        transferChecked(at, world.payer, { amount: 500_000n, decimals: 6 }),
      ]).serialize(),
    );
    expect(outcome).toMatchObject({ kind: "landed", transaction: { err: null } });
    const balance = await world.connect().getTokenAccountBalance(key(to));
    expect(balance.value.amount).toBe("495000");
    expect(from).toBe(associatedTokenAddress(owner, mint, TOKEN_2022_PROGRAM));
  });

  test("a permanent delegate moves what is not his; a hook that is missing stops a transfer", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const delegate = world.payer.publicKey.toBase58();
    const move = (mint: string) => {
      const holder = newAddress().toBase58();
      const from = addTokens(chain, { owner: holder, mint, amount: 1_000n });
      const to = addTokens(chain, { owner: delegate, mint, amount: 0n });
      const at = { program: TOKEN_2022_PROGRAM, from, mint, to };
      const { blockhash } = chain.latestBlockhash();
      return chain.sendTransaction(
        signed(world.payer, blockhash, [
          transferChecked(at, world.payer, { amount: 400n, decimals: 6 }),
        ]).serialize(),
      );
    };
    const owned = { kind: "permanent-delegate", delegate } as const;
    const hook = { kind: "transfer-hook", program: newAddress().toBase58() } as const;
    const fee = { kind: "transfer-fee", bps: 100, maximumFee: 5n } as const;
    expect(move(addMint(chain, { extensions: [owned] }))).toMatchObject({
      transaction: { err: null },
    });
    const all = addMint(chain, { extensions: [fee, hook, owned] });
    expect(move(all)).toMatchObject({
      kind: "landed",
      transaction: { err: { InstructionError: [0, expect.anything()] } },
    });
    const info = await world.connect().getParsedAccountInfo(key(all), "processed");
    expect(info.value?.data).toMatchObject({
      program: "spl-token-2022",
      parsed: { type: "mint", info: { decimals: 6, supply: "1000" } },
    });
  });

  test("a lookup table made by the real program serves a version 0 transaction", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const connection = world.connect();
    const recentSlot = await connection.getSlot("finalized");
    const authority = world.payer.publicKey;
    const to = newAddress();
    const [create, table] = AddressLookupTableProgram.createLookupTable({
      ...{ authority, payer: authority, recentSlot },
    });
    const extend = AddressLookupTableProgram.extendLookupTable({
      ...{ lookupTable: table, authority, payer: authority, addresses: [to, newAddress()] },
    });
    await connection.sendTransaction(
      signed(world.payer, chain.latestBlockhash().blockhash, [create, extend]),
    );
    expect(chain.rejections()).toEqual([]);
    world.advance(2);
    const found = await connection.getAddressLookupTable(table);
    if (!found.value) throw new Error("no table");
    const transaction = new VersionedTransaction(
      new TransactionMessage({
        payerKey: authority,
        recentBlockhash: chain.latestBlockhash().blockhash,
        instructions: [transferTo(world.payer, to, 3_000_000)],
      }).compileToV0Message([found.value]),
    );
    transaction.sign([world.payer]);
    const signature = await connection.sendTransaction(transaction);
    world.advance(1);
    const landed = await connection.getTransaction(signature, {
      commitment: "confirmed",
      maxSupportedTransactionVersion: 0,
    });
    expect(landed?.meta?.loadedAddresses).toEqual({ writable: [to], readonly: [] });
    const keys = landed?.transaction.message.getAccountKeys({
      accountKeysFromLookups: landed.meta?.loadedAddresses ?? null,
    });
    const at =
      keys
        ?.keySegments()
        .flat()
        .findIndex((one) => one.equals(to)) ?? -1;
    expect(landed?.meta?.postBalances[at]).toBe(3_000_000);
  });

  test("without maxSupportedTransactionVersion a version 0 transaction is refused", async () => {
    const world = await openChain();
    const { raw, signature } = freshTransfer(world);
    await world.connect().sendRawTransaction(raw);
    world.advance(1);
    await expect(
      world.connect().getTransaction(signature, { commitment: "confirmed" }),
    ).rejects.toThrow(/Transaction version \(0\) is not supported/);
  });

  test("a transaction that fails on chain lands, pays its fee and moves nothing", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const to = newAddress();
    const transaction = signed(world.payer, chain.latestBlockhash().blockhash, [
      transferTo(world.payer, to, 200_000_000_000),
    ]);
    const connection = world.connect();
    const signature = await connection.sendTransaction(transaction, { skipPreflight: true });
    world.advance(1);
    const { value } = await connection.getSignatureStatuses([signature]);
    const err = { InstructionError: [0, { Custom: 1 }] };
    expect(value[0]).toMatchObject({ err, status: { Err: err }, confirmationStatus: "confirmed" });
    expect(await connection.getBalance(world.payer.publicKey)).toBe(99_999_995_000);
    expect(await connection.getBalance(to)).toBe(0);
    const found = await connection.getTransaction(signature, {
      commitment: "confirmed",
      maxSupportedTransactionVersion: 0,
    });
    expect(found?.meta).toMatchObject({ err, fee: 5_000 });
    expect(found?.meta?.logMessages?.[1]).toContain("insufficient lamports");
  });

  test("a program that does not exist costs the fee", async () => {
    const world = await openChain();
    const instruction = new TransactionInstruction({
      ...{ keys: [], programId: newAddress(), data: Buffer.alloc(0) },
    });
    const { blockhash } = world.localnet.chain.latestBlockhash();
    const outcome = world.localnet.chain.sendTransaction(
      signed(world.payer, blockhash, [instruction]).serialize(),
    );
    expect(outcome).toMatchObject({
      kind: "landed",
      transaction: { err: "ProgramAccountNotFound", fee: 5_000n },
    });
    expect(await world.connect().getBalance(world.payer.publicKey)).toBe(99_999_995_000);
  });

  test("equal transactions on one blockhash share a signature and land once", async () => {
    const world = await openChain();
    const connection = world.connect();
    const { blockhash } = world.localnet.chain.latestBlockhash();
    const to = newAddress();
    const send = () =>
      connection.sendTransaction(
        signed(world.payer, blockhash, [transferTo(world.payer, to, 1e6)]),
        {
          skipPreflight: true,
        },
      );
    const first = await send();
    expect(await send()).toBe(first);
    expect(await connection.getBalance(to)).toBe(1_000_000);
    expect(world.localnet.chain.rejections()).toEqual([
      { signature: first, reason: "AlreadyProcessed" },
    ]);
  });

  test("fees: what the virtual machine takes is what the metadata says", async () => {
    const world = await openChain();
    const { chain } = world.localnet;
    const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1_000_001 });
    const limit = (units: number) => ComputeBudgetProgram.setComputeUnitLimit({ units });
    const one = transferTo(world.payer, world.payer.publicKey, 1);
    for (const [instructions, fee] of [
      [[one], 5_000],
      [[price, one], 5_000 + 6_001],
      [[price, memo("x")], 5_000 + 203_001],
      [[price, limit(1_000), one], 5_000 + 1_001],
      [[price, limit(2_000_000), one], 5_000 + 1_400_002],
    ] as const) {
      world.advance(1);
      const { blockhash } = chain.latestBlockhash();
      const before = chain.getAccount(world.payer.publicKey.toBase58())?.lamports ?? 0n;
      const transaction = signed(world.payer, blockhash, [...instructions]);
      const asked = await world.connect().getFeeForMessage(transaction.message);
      const outcome = chain.sendTransaction(transaction.serialize());
      const after = chain.getAccount(world.payer.publicKey.toBase58())?.lamports ?? 0n;
      expect(outcome).toMatchObject({ kind: "landed", transaction: { fee: BigInt(fee) } });
      expect(before - after).toBe(BigInt(fee));
      expect(asked.value).toBe(fee);
    }
  });

  test("the rent can be the old one and the new one", async () => {
    const world = await openChain();
    const connection = world.connect();
    expect(await connection.getMinimumBalanceForRentExemption(165)).toBe(2_039_280);
    world.localnet.control({ rent: 5_080 });
    expect(await connection.getMinimumBalanceForRentExemption(165)).toBe(1_488_440);
    // Below the rent of an empty account: 128 x 5,080 = 650,240.
    const { chain } = world.localnet;
    const send = (lamports: number) =>
      chain.sendTransaction(
        signed(world.payer, chain.latestBlockhash().blockhash, [
          transferTo(world.payer, newAddress(), lamports),
        ]).serialize(),
      );
    const tooLittle = { InsufficientFundsForRent: { account_index: 1 } };
    expect(send(650_239)).toMatchObject({ kind: "landed", transaction: { err: tooLittle } });
    expect(send(650_240)).toMatchObject({ kind: "landed", transaction: { err: null } });
  });

  test("bytes that are no transaction never reach the virtual machine", async () => {
    const world = await openChain();
    const { raw } = freshTransfer(world);
    const { chain } = world.localnet;
    for (const bad of [
      new Uint8Array(),
      raw.subarray(0, raw.length - 1),
      Buffer.concat([raw, Buffer.from([0])]),
      Buffer.alloc(1_233, 1),
      // Version 1, and a program index that does not exist.
      raw.with(65, 0x81),
    ]) {
      expect(() => chain.sendTransaction(bad)).toThrow(/^not a transaction: /);
    }
    for (let at = 0; at < raw.length; at += 1) {
      const changed = raw.with(at, (raw[at] ?? 0) ^ 0x81);
      let outcome = "thrown";
      try {
        outcome = chain.sendTransaction(changed).kind;
      } catch (error) {
        expect(String(error)).toContain("not a transaction");
      }
      expect([at, outcome]).not.toEqual([at, "landed"]);
    }
  });

  test("a program can be deployed only if its bytes load", async () => {
    const { chain } = (await openChain()).localnet;
    expect(() => chain.addProgram(newAddress().toBase58(), new Uint8Array([1, 2, 3]))).toThrow(
      /Failed to add program/,
    );
  });

  test("SystemProgram.createAccount and inner accounts see the local clock", async () => {
    const world = await openChain({ nowMs: () => 1_800_000_000_000 });
    const account = Keypair.generate();
    const { chain } = world.localnet;
    const create = SystemProgram.createAccount({
      fromPubkey: world.payer.publicKey,
      newAccountPubkey: account.publicKey,
      lamports: Number(chain.rentExempt(10)),
      space: 10,
      programId: SystemProgram.programId,
    });
    const connection = world.connect();
    const signature = await connection.sendTransaction(
      new Transaction({
        feePayer: world.payer.publicKey,
        recentBlockhash: chain.latestBlockhash().blockhash,
      }).add(create),
      [world.payer, account],
    );
    world.advance(1);
    const found = await connection.getTransaction(signature, { commitment: "confirmed" });
    expect(found?.blockTime).toBe(1_800_000_000);
    expect(found?.meta?.fee).toBe(10_000);
    const info = await connection.getAccountInfo(account.publicKey);
    expect(info).toMatchObject({ lamports: Number(chain.rentExempt(10)), data: Buffer.alloc(10) });
  });
});
