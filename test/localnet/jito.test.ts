/** The stand-in for Jito's block engine over a chain that runs what it is sent. */
import {
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeBase58 } from "../../localnet/chain/base58.ts";
import type { SignatureStatus } from "../../localnet/chain/chain.types.ts";
import type { JitoChain } from "../../localnet/jito/bundles.ts";
import { type Jito, startJito } from "../../localnet/jito/server.ts";
import { TIP_ACCOUNTS } from "../../localnet/jito/tip-accounts.ts";
import { type VenueWorld, venueWorld } from "./support/venue-world.ts";

const TIP = TIP_ACCOUNTS[3] ?? "";

let world: VenueWorld;
let chain: JitoChain & { readonly sent: { protectedBy: boolean }[]; withhold: boolean };
let jito: Jito;
beforeEach(async () => {
  world = venueWorld();
  chain = chainOf(world);
  jito = await startJito({ chain });
});
afterEach(() => jito.close());

/** Runs at once; with revert protection only what succeeds, as the local chain does. */
function chainOf({ chain: svm, runBytes }: VenueWorld): typeof chain {
  const statuses = new Map<string, SignatureStatus>();
  const sent: { protectedBy: boolean }[] = [];
  const made: typeof chain = {
    sent,
    withhold: false,
    slot: svm.slot,
    status: (signature) => statuses.get(signature),
    send(raw, { revertProtection }) {
      sent.push({ protectedBy: revertProtection });
      if (made.withhold) return { kind: "withheld" };
      if (revertProtection && svm.simulate(raw).err !== null) return { kind: "rejected" };
      const { err } = runBytes(raw);
      const found = { slot: svm.slot(), confirmations: 0, err } as const;
      const signature = encodeBase58(raw.subarray(1, 65));
      statuses.set(signature, { ...found, confirmationStatus: "processed" });
      return { kind: "landed" };
    },
  };
  return made;
}

const transfer = (to: string, lamports: number) =>
  SystemProgram.transfer({
    fromPubkey: world.user.publicKey,
    toPubkey: new PublicKey(to),
    lamports,
  });

let nonce = 0;
function signed(instructions: TransactionInstruction[], tip = 1_000): string {
  nonce += 1;
  const message = new TransactionMessage({
    payerKey: world.user.publicKey,
    recentBlockhash: world.chain.latestBlockhash().blockhash,
    instructions: [
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: nonce }),
      ...instructions,
      ...(tip > 0 ? [transfer(TIP, tip)] : []),
    ],
  }).compileToV0Message();
  const transaction = new VersionedTransaction(message);
  transaction.sign([world.user]);
  return Buffer.from(transaction.serialize()).toString("base64");
}

const signatureOf = (text: string): string =>
  encodeBase58(Buffer.from(text, "base64").subarray(1, 65));

const post = (path: string, method: string, params: unknown[]) =>
  fetch(`${jito.url}/api/v1/${path}`, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
const send = (text: string, query = "") =>
  post(`transactions${query}`, "sendTransaction", [text, { encoding: "base64" }]);
const bundle = (...texts: string[]) =>
  post("bundles", "sendBundle", [texts, { encoding: "base64" }]);
const resultOf = async (answer: Response) => {
  const { result }: { result?: unknown } = JSON.parse(await answer.text());
  return result;
};
const errorOf = async (answer: Response) => {
  const { error }: { error?: unknown } = JSON.parse(await answer.text());
  return { status: answer.status, error };
};
const FRIEND = Keypair.generate().publicKey.toBase58();
const lamports = 10_000_000;

describe("sendTransaction", () => {
  test("forwards and answers the signature; without bundleOnly a failure lands too", async () => {
    const text = signed([transfer(FRIEND, lamports)], 0);
    const answer = await send(text);
    expect(await resultOf(answer)).toBe(signatureOf(text));
    expect(world.lamports(FRIEND)).toBe(BigInt(lamports));
    const failing = signed([transfer(FRIEND, 2 ** 50)]);
    expect(await resultOf(await send(failing))).toBe(signatureOf(failing));
    expect(chain.status(signatureOf(failing))?.err).not.toBeNull();
    expect(chain.sent).toEqual([{ protectedBy: false }, { protectedBy: false }]);
  });

  test("base58 is the default encoding", async () => {
    const text = signed([transfer(FRIEND, lamports)]);
    const base58 = encodeBase58(Buffer.from(text, "base64"));
    const answer = await post("transactions", "sendTransaction", [base58]);
    expect(await resultOf(answer)).toBe(signatureOf(text));
  });

  test("bundleOnly protects from reverts: what fails never lands", async () => {
    const text = signed([transfer(FRIEND, lamports)]);
    const answer = await send(text, "?bundleOnly=true");
    const id = answer.headers.get("x-bundle-id");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const landed = await post("bundles", "getBundleStatuses", [[id]]);
    expect(await resultOf(landed)).toEqual({
      context: { slot: 400_000_000 },
      value: [
        {
          ...{ bundle_id: id, transactions: [signatureOf(text)], slot: 400_000_000 },
          ...{ confirmation_status: "processed", err: { Ok: null } },
        },
      ],
    });

    const failing = signed([transfer(FRIEND, 2 ** 50)]);
    const refused = await send(failing, "?bundleOnly=true");
    expect(refused.status).toBe(200);
    const failed = refused.headers.get("x-bundle-id");
    expect(chain.status(signatureOf(failing))).toBeUndefined();
    const inflight = await post("bundles", "getInflightBundleStatuses", [[failed, "unknown"]]);
    expect(await resultOf(inflight)).toMatchObject({
      value: [
        { bundle_id: failed, status: "Failed", landed_slot: null },
        { bundle_id: "unknown", status: "Invalid" },
      ],
    });
  });

  test.each([
    ["no tip", 0, "write lock at least one tip account"],
    ["a tip below 1,000", 999, "at least 1000 lamports"],
  ])("bundleOnly refuses %s", async (_, tip, message) => {
    const text = signed([transfer(FRIEND, lamports)], tip);
    expect(await errorOf(await send(text, "?bundleOnly=true"))).toEqual({
      status: 400,
      error: { code: -32_602, message: expect.stringContaining(message) },
    });
    expect(chain.sent).toEqual([]);
  });

  test("what is withheld is pending until it lands", async () => {
    chain.withhold = true;
    const answer = await send(signed([transfer(FRIEND, lamports)]), "?bundleOnly=true");
    const id = answer.headers.get("x-bundle-id");
    const inflight = await post("bundles", "getInflightBundleStatuses", [[id]]);
    expect(await resultOf(inflight)).toMatchObject({ value: [{ status: "Pending" }] });
    const landed = await post("bundles", "getBundleStatuses", [[id]]);
    expect(await resultOf(landed)).toMatchObject({ value: [null] });
  });
});

describe("sendBundle", () => {
  test("sends in order, once, and stops behind a failure", async () => {
    const first = signed([transfer(FRIEND, lamports)]);
    const failing = signed([transfer(FRIEND, 2 ** 50)], 0);
    const last = signed([transfer(FRIEND, lamports)], 0);
    const answer = await bundle(first, failing, last);
    expect(await resultOf(answer)).toBe(answer.headers.get("x-bundle-id"));
    expect(chain.sent).toHaveLength(2);
    expect(world.lamports(FRIEND)).toBe(BigInt(lamports));
    expect(await errorOf(await bundle(first))).toMatchObject({
      error: { message: expect.stringContaining("already processed") },
    });
  });

  test("holds one to five different transactions, one of which tips", async () => {
    const tipped = signed([transfer(FRIEND, lamports)]);
    const others = [1, 2, 3, 4, 5].map(() => signed([transfer(FRIEND, lamports)], 0));
    for (const [texts, message] of [
      [[], "at least one"],
      [[tipped, ...others], "at most 5"],
      [[tipped, tipped], "duplicate"],
      [others.slice(0, 2), "tip account"],
      [["AAAA"], "could not be decoded"],
    ] as const) {
      const { error } = await errorOf(await bundle(...texts));
      expect(error).toMatchObject({ message: expect.stringContaining(message) });
    }
    expect((await bundle(tipped, ...others.slice(0, 4))).status).toBe(200);
  });

  test("a jitodontfront account keeps its transaction first", async () => {
    const guard = new PublicKey("jitodontfront111111111111111111111111111111");
    const keys = [
      { pubkey: world.user.publicKey, isSigner: true, isWritable: true },
      { pubkey: new PublicKey(FRIEND), isSigner: false, isWritable: true },
      { pubkey: guard, isSigner: false, isWritable: false },
    ];
    const { programId, data } = transfer(FRIEND, lamports);
    const guarded = signed([new TransactionInstruction({ programId, data, keys })]);
    const other = signed([transfer(FRIEND, lamports)]);
    expect(await errorOf(await bundle(other, guarded))).toMatchObject({
      error: { message: expect.stringContaining("jitodontfront") },
    });
    expect((await bundle(guarded, other)).status).toBe(200);
  });
});

describe("the rest of the interface", () => {
  test("eight tip accounts, all on the chain", async () => {
    const answer = await resultOf(await post("bundles", "getTipAccounts", []));
    expect(answer).toEqual(TIP_ACCOUNTS);
    expect(new Set(TIP_ACCOUNTS).size).toBe(8);
    for (const address of TIP_ACCOUNTS) expect(world.chain.getAccount(address)).toBeDefined();
  });

  test.each([
    ["sendTransactions", [], -32_601],
    ["getBundleStatuses", [[]], -32_602],
    ["getBundleStatuses", [["1", "2", "3", "4", "5", "6"]], -32_602],
    ["sendTransaction", [7], -32_602],
    ["sendTransaction", ["x", { encoding: "hex" }], -32_602],
  ])("refuses %s %j", async (method, params, code) => {
    expect(await errorOf(await post("bundles", method, params))).toMatchObject({ error: { code } });
  });

  test("a body that is no request, and another path", async () => {
    const answer = await fetch(`${jito.url}/api/v1/bundles`, { method: "POST", body: "{" });
    expect(await errorOf(answer)).toMatchObject({ status: 400, error: { code: -32_600 } });
    expect((await fetch(`${jito.url}/else`)).status).toBe(404);
  });
});

describe("control", () => {
  const control = (body: unknown) =>
    fetch(`${jito.url}/control`, { method: "POST", body: JSON.stringify(body) });

  test("over the limit 429", async () => {
    await control({ rateLimit: { requests: 1, windowMs: 60_000 } });
    expect((await post("bundles", "getTipAccounts", [])).status).toBe(200);
    expect(await errorOf(await post("bundles", "getTipAccounts", []))).toMatchObject({
      status: 429,
      error: { code: -32_097 },
    });
  });

  test("dropped: taken and answered, but never sent", async () => {
    await control({ fault: { drop: true, count: 2 } });
    const text = signed([transfer(FRIEND, lamports)]);
    expect(await resultOf(await send(text))).toBe(signatureOf(text));
    const answer = await send(text, "?bundleOnly=true");
    expect(chain.sent).toEqual([]);
    const id = answer.headers.get("x-bundle-id");
    const inflight = await post("bundles", "getInflightBundleStatuses", [[id]]);
    expect(await resultOf(inflight)).toMatchObject({ value: [{ status: "Pending" }] });
    await send(text);
    expect(chain.sent).toHaveLength(1);
  });

  test("an error, a lost answer and a silent one", async () => {
    await control({ fault: { status: 503, count: 1 } });
    const text = signed([transfer(FRIEND, lamports)]);
    expect((await send(text)).status).toBe(503);
    expect(chain.sent).toHaveLength(0);
    await control({ fault: { reset: true, count: 1 } });
    await expect(send(text)).rejects.toThrow();
    expect(chain.sent).toHaveLength(1);
    await control({ fault: { hang: true, count: 1 } });
    const hanging = expect(send(text)).rejects.toThrow();
    await expect.poll(() => jito.stats().faults).toBe(3);
    expect((await control({ fault: { hangs: true } })).status).toBe(400);
    await jito.close();
    await hanging;
  });
});
