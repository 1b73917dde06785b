/** What a sender asks for, and what it makes of answers. */
import { describe, expect, test } from "vitest";
import { createJsonRpc } from "../../adapters/chain/json-rpc.ts";
import { createJitoSender, JITO_AUTH_HEADER, readTipAccounts } from "../../adapters/sender/jito.ts";
import { createRpcSender } from "../../adapters/sender/rpc.ts";
import type { RpcCaller, SendOutcome } from "../../adapters/sender/rpc-call.types.ts";
import { encodeBase58 } from "../../domain/chain/bytes.ts";
import { closeLater } from "../localnet/chain-world.ts";
import { openChainAdapter } from "../support/chain-adapter.ts";
import { jitoFor } from "../support/jito-for.ts";
import { startLoopbackServer } from "../support/loopback-server.ts";
import { createManualClock } from "../support/manual-clock.ts";

const bytes = new Uint8Array(200).fill(7);
const SIGNATURE = encodeBase58(bytes.subarray(1, 65));

/** Answers always the same, and keeps what it was asked. */
function callerOf(outcome: SendOutcome) {
  const asked: Parameters<RpcCaller["call"]>[0][] = [];
  const call: RpcCaller["call"] = async (one) => {
    asked.push(one);
    return outcome;
  };
  return { asked, rpc: { name: "http://server", call } };
}
const result = (value: unknown, headers: Readonly<Record<string, string>> = {}): SendOutcome => ({
  ...{ kind: "result", result: value },
  header: (name) => headers[name],
});
const BUNDLE = "ab".repeat(32);

describe("the request", () => {
  test("to a node: without preflight, and nothing is repeated by anybody", async () => {
    const { asked, rpc } = callerOf(result(SIGNATURE));
    const sender = createRpcSender(rpc);
    expect(await sender.send(bytes)).toEqual({ kind: "accepted", answer: SIGNATURE });
    expect(sender).toMatchObject({ name: "http://server", route: "public" });
    const options = { encoding: "base64", skipPreflight: true, maxRetries: 0 };
    expect(asked).toEqual([
      {
        method: "sendTransaction",
        params: [
          Buffer.from(bytes).toString("base64"),
          { ...options, preflightCommitment: "processed" },
        ],
        isRepeatable: false,
      },
    ]);
  });

  test("to Jito: as a bundle only; the bundle's id is the answer", async () => {
    const { asked, rpc } = callerOf(result(SIGNATURE, { "x-bundle-id": BUNDLE }));
    const sender = createJitoSender(rpc);
    expect(await sender.send(bytes)).toEqual({ kind: "accepted", answer: `bundle ${BUNDLE}` });
    expect(sender.route).toBe("protected");
    expect(asked).toEqual([
      {
        method: "sendTransaction",
        params: [Buffer.from(bytes).toString("base64"), { encoding: "base64" }],
        isRepeatable: false,
        path: "/api/v1/transactions?bundleOnly=true",
      },
    ]);
  });

  test("a private relay that speaks like a node is of the protected route", () => {
    expect(createRpcSender(callerOf(result(1)).rpc, "protected").route).toBe("protected");
  });
});

describe("answers", () => {
  type Failure = Extract<SendOutcome, { kind: "failed" }>;
  const failed = (kind: Failure["class"], more: Partial<Failure> = {}): SendOutcome => ({
    ...{ kind: "failed", class: kind, message: "why", ...more },
  });
  const error = (code: number, message: string, err?: unknown): SendOutcome =>
    failed("refused", { error: { code, message, data: err === undefined ? undefined : { err } } });
  const refused = (isTransient: boolean) => ({ kind: "refused", reason: "why", isTransient });
  const already = { kind: "accepted", answer: "already processed" };
  const unknown = { kind: "unknown", cause: "why" };

  test.each<[string, SendOutcome, object]>([
    ["another signature", result("1".repeat(64)), { kind: "unknown" }],
    ["no signature", result(null), { kind: "unknown" }],
    ["a header that is no id", result(SIGNATURE, { "x-bundle-id": "<b>" }), { answer: SIGNATURE }],
    ["AlreadyProcessed", error(-32_002, "simulation failed", "AlreadyProcessed"), already],
    [
      "already in words",
      error(-32_002, "Transaction simulation failed: This transaction has already been processed"),
      already,
    ],
    ["a bundle again", error(-32_602, "bundle contains an already processed transaction"), already],
    ["a blockhash not known yet", error(-32_002, "x", "BlockhashNotFound"), refused(true)],
    [
      "a failing swap",
      error(-32_002, "x", { InstructionError: [3, { Custom: 6001 }] }),
      refused(false),
    ],
    [
      "a bad signature",
      error(-32_003, "Transaction signature verification failure"),
      refused(false),
    ],
    ["an internal error", error(-32_603, "Internal error"), refused(true)],
    ["behind", failed("behind"), refused(true)],
    ["rate limited", failed("rate-limited"), refused(true)],
    ["forbidden", failed("refused"), refused(false)],
    ["nobody there", failed("unreachable", { isUnsent: true }), refused(true)],
    ["a broken connection", failed("unreachable", { isUnsent: false }), unknown],
    ["a gateway that fails", failed("unreachable"), unknown],
    ["a timeout", failed("timeout"), unknown],
    ["garbage", failed("malformed"), unknown],
  ])("%s", async (_, outcome, expected) => {
    const { rpc } = callerOf(outcome);
    for (const sender of [createRpcSender(rpc), createJitoSender(rpc)]) {
      expect(await sender.send(bytes)).toMatchObject(expected);
    }
  });
});

const clock = createManualClock();
function rpcTo(url: string, headers = {}) {
  const rpc = createJsonRpc({ url, timeoutMs: 5_000, clock, headers });
  closeLater(async () => rpc.close());
  return rpc;
}

describe("over the block engine", () => {
  test("what fails does not land, and what lands is named by its bundle", async () => {
    const world = await openChainAdapter();
    const { chain } = world.local.localnet;
    const jito = await jitoFor(chain);
    const sender = createJitoSender(rpcTo(jito.url));
    const good = jito.tippedTransfer(world);
    expect(await sender.send(good.raw)).toEqual({
      ...{ kind: "accepted", answer: expect.stringMatching(/^bundle [0-9a-f]{64}$/) },
    });
    expect(chain.status(good.signature)).toMatchObject({ err: null });
    const failing = jito.tippedTransfer(world, 2 ** 50);
    expect(await sender.send(failing.raw)).toMatchObject({ kind: "accepted" });
    expect(chain.status(failing.signature)).toBeUndefined();
    const untipped = world.signedTransfer(world.newAddress(), 1_000_000n);
    expect(await sender.send(untipped.raw)).toMatchObject({
      ...{ kind: "refused", isTransient: false, reason: expect.stringContaining("tip account") },
    });
  });

  test("a rate limit passes", async () => {
    const world = await openChainAdapter();
    const jito = await jitoFor(world.local.localnet.chain);
    const sender = createJitoSender(rpcTo(jito.url));
    jito.setRateLimit({ requests: 1, windowMs: 60_000 });
    const { raw } = jito.tippedTransfer(world);
    expect(await sender.send(raw)).toMatchObject({ kind: "accepted" });
    expect(await sender.send(raw)).toMatchObject({
      ...{ kind: "refused", isTransient: true, reason: expect.stringContaining("429") },
    });
  });

  test("its tip accounts", async () => {
    const world = await openChainAdapter();
    const jito = await jitoFor(world.local.localnet.chain);
    const found = await readTipAccounts(rpcTo(jito.url));
    if (found.kind === "failed") throw new Error(found.message);
    expect(new Set(found.accounts).size).toBe(8);
    const other = callerOf(result(["nobody"])).rpc;
    expect(await readTipAccounts(other)).toMatchObject({ kind: "failed", class: "malformed" });
    const refusing = callerOf({ kind: "failed", class: "timeout", message: "late" }).rpc;
    expect(await readTipAccounts(refusing)).toMatchObject({ kind: "failed", class: "timeout" });
  });

  test("the key is sent and never told", async () => {
    const seen: unknown[] = [];
    const server = await startLoopbackServer((request, response) => {
      seen.push(request.headers[JITO_AUTH_HEADER]);
      const message = `who is ${request.headers[JITO_AUTH_HEADER]}`;
      response.statusCode = 403;
      response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: -32_000, message }, id: 1 }));
    });
    closeLater(server.close);
    const rpc = rpcTo(server.url, { [JITO_AUTH_HEADER]: "auth-secret" });
    expect(await createJitoSender(rpc).send(bytes)).toEqual({
      ...{ kind: "refused", isTransient: false },
      reason: "HTTP 403, error -32000: who is ***",
    });
    expect(seen).toEqual(["auth-secret"]);
  });
});
