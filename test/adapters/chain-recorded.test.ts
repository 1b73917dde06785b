/** Recorded answers of real nodes, served from loopback: each is read, or is a failure of the right class. */
import { readdirSync, readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { type ChainOptions, createChain } from "../../adapters/chain/chain.ts";
import { createJsonRpc } from "../../adapters/chain/json-rpc.ts";
import { createRpcSender } from "../../adapters/sender/rpc.ts";
import { encodeBase58 } from "../../domain/chain/bytes.ts";
import type { Chain, ChainNode } from "../../domain/ports/chain.ts";
import { startLoopbackServer } from "../support/loopback-server.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";

const GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Recorded = { readonly result?: unknown; readonly error?: unknown };
function recorded(file: string): Recorded & { readonly request?: { params: unknown[] } } {
  const json = JSON.parse(readFileSync(realDataPath(file), "utf8"));
  return json.response ? { ...json.response, request: json.request } : json;
}

/** The first signature of a recorded transaction. */
function signatureIn({ result }: Recorded): string {
  const text = JSON.stringify(result);
  const bytes = /"transaction":\["([^"]+)","base64"\]/.exec(text)?.[1];
  return bytes === undefined
    ? (/"signatures":\["(\w+)"/.exec(text)?.[1] ?? "")
    : encodeBase58(Buffer.from(bytes, "base64").subarray(1, 65));
}

/** A node that answers every question but the one for its genesis with this. */
async function nodeWith({ result, error }: Recorded) {
  const server = await startLoopbackServer(async (request, response) => {
    const { id, method }: { id: number; method: string } = JSON.parse(await readAll(request));
    const body = method === "getGenesisHash" ? { result: GENESIS } : { result, error };
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...body }));
  });
  closing.push(server.close);
  const clock = createManualClock();
  const options = { timeoutMs: 2_000, clock };
  const nodes: ChainOptions["nodes"] = [{ url: server.url }];
  const chain = createChain({ nodes, genesisHash: GENESIS, ...options });
  const rpc = createJsonRpc({ url: server.url, ...options });
  closing.push(chain.close, rpc.close);
  return { chain, node: chain.nodes[0], sender: createRpcSender(rpc) };
}

const SIGNATURES = ["a", "b"];
const statuses = (count: number) => (node: ChainNode | undefined) =>
  node?.statuses(SIGNATURES.slice(0, count), { searchHistory: true });
const custom = (instruction: number, code: number) => ({
  InstructionError: [instruction, { Custom: code }],
});

describe.skipIf(!hasRealData("rpc"))("recorded answers", () => {
  test.each<[string, number, unknown]>([
    ["duplicate-instruction-edited", 1, [{ error: { DuplicateInstruction: 1 } }]],
    ["failed-custom-1", 1, [{ error: custom(0, 1), commitment: "finalized", slot: 85_500_622 }]],
    [
      "finalized-and-confirmed",
      2,
      [
        { commitment: "finalized", error: undefined },
        { commitment: "confirmed", error: undefined },
      ],
    ],
    ["finalized-custom-3012", 1, [{ error: custom(2, 3_012), commitment: "finalized" }]],
    ["null-and-finalized", 2, [undefined, { commitment: "finalized", error: undefined }]],
  ])("getSignatureStatuses %s", async (name, count, expected) => {
    const { node } = await nodeWith(recorded(`rpc/getSignatureStatuses-${name}.json`));
    expect(await statuses(count)(node)).toMatchObject({ value: { statuses: expected } });
    expect(await statuses(count === 1 ? 2 : 1)(node)).toMatchObject({ class: "malformed" });
  });

  test.each<[string, string]>([
    ["error-32004-block-not-available", "behind"],
    ["error-32009-slot-skipped", "refused"],
    ["getHealth-32005-unhealthy", "behind"],
  ])("%s is %s", async (name, kind) => {
    const { node } = await nodeWith(recorded(`rpc/${name}.json`));
    expect(await node?.firstAvailableBlock()).toMatchObject({ kind: "failed", class: kind });
  });

  test("getRecentPrioritizationFees: 150 slots", async () => {
    const file = "rpc/getRecentPrioritizationFees-mainnet-150.json";
    const { chain } = await nodeWith(recorded(file));
    const answer = await chain.prioritizationFees([]);
    expect(answer).toMatchObject({ kind: "ok", value: new Array(150).fill(0n) });
  });

  const simulate = (chain: Chain) =>
    chain.simulate(new Uint8Array([0x80, 1]), { watched: [], minContextSlot: 0 });
  test.each<[string, object]>([
    ["account-not-found", { error: "AccountNotFound", unitsConsumed: 0 }],
    ["blockhash-not-found", { error: "BlockhashNotFound", unitsConsumed: 0, logs: [] }],
    ["custom-1-insufficient-lamports", { error: custom(0, 1) }],
    [
      "failed-agave4-fee-balances",
      { error: { InstructionError: [0, "MissingAccount"] }, unitsConsumed: 150 },
    ],
    ["ok-returnData-unitsConsumed", { error: undefined, unitsConsumed: 185 }],
  ])("simulateTransaction %s", async (name, value) => {
    const { chain } = await nodeWith(recorded(`rpc/simulateTransaction-${name}.json`));
    expect(await simulate(chain)).toMatchObject({ kind: "ok", value });
  });

  test("a success that tells no units cannot be priced", async () => {
    const { chain } = await nodeWith(recorded("rpc/simulateTransaction-ok.json"));
    expect(await simulate(chain)).toMatchObject({
      ...{ class: "malformed", message: expect.stringContaining("unitsConsumed is missing") },
    });
  });

  const refused = (isTransient: boolean) => ({ kind: "refused", isTransient });
  test.each<[string, object]>([
    ["32002-account-not-found", refused(false)],
    ["32002-blockhash-not-found", refused(true)],
    ["32002-blockhash-not-found-2", refused(true)],
    ["32002-insufficient-lamports", refused(false)],
    ["32002-jupiter-v4-whirlpool-0x1786", refused(false)],
    ["32002-program-failed-to-complete", refused(false)],
    ["32003-precompile", refused(false)],
    ["32005-node-behind", refused(true)],
    ["32602-io-error", refused(false)],
    ["preflight-32002-custom-0x0", refused(false)],
  ])("sendTransaction %s", async (name, expected) => {
    const { sender } = await nodeWith(recorded(`rpc/sendTransaction-${name}.json`));
    expect(await sender.send(new Uint8Array(200).fill(1))).toMatchObject(expected);
  });

  test("sendTransaction accepted, for the transaction that was sent and for no other", async () => {
    const answer = recorded("rpc/sendTransaction-ok-base64.json");
    const { sender } = await nodeWith(answer);
    const bytes = Buffer.from(String(answer.request?.params[0]), "base64");
    expect(await sender.send(bytes)).toEqual({ kind: "accepted", answer: answer.result });
    bytes[1] = 7;
    expect(await sender.send(bytes)).toMatchObject({ kind: "unknown" });
  });

  test("every file of the folder is used here", () => {
    const source = readFileSync(import.meta.filename, "utf8");
    const names = readdirSync(realDataPath("rpc"))
      .map((file) =>
        file.replace(/^(getSignatureStatuses|simulateTransaction|sendTransaction)-/, ""),
      )
      .map((file) => file.replace(/\.json$/, ""))
      // Of methods that the engine does not call, and a table derived from transactions.
      .filter((name) => !/^(getSignaturesForAddress|compute-unit-prices)/.test(name));
    expect(names.filter((name) => !source.includes(name))).toEqual([]);
  });
});

describe.skipIf(!hasRealData("transactions"))("recorded transactions", () => {
  test("each is read, under its own signature", async () => {
    const files = [
      ...["rpc/getTransaction-failed-string-instruction-error.json"],
      ...["rpc/getTransaction-raydium-failed-0x1e.json"],
      ...["transactions", "transactions/base64"].flatMap((folder) =>
        readdirSync(realDataPath(folder))
          .filter((name) => name.endsWith(".json"))
          .map((name) => `${folder}/${name}`),
      ),
    ];
    const problems: string[] = [];
    for (const file of files) {
      const answer = recorded(file);
      const { node } = await nodeWith(answer);
      const signature = signatureIn(answer);
      const found = await node?.transaction(signature, "finalized");
      if (found?.kind !== "ok" || found.value?.signature !== signature) {
        problems.push(`${file}: ${JSON.stringify(found)}`);
      }
    }
    expect(files.length).toBeGreaterThan(50);
    expect(problems).toEqual([]);
  });

  test("the lookup tables as they are told to others are malformed here: data must be base64", async () => {
    const { chain } = await nodeWith(
      recorded("accounts/getMultipleAccounts-3-lookup-tables-jsonparsed.json"),
    );
    expect(await chain.accounts(["a", "b", "c"], 0)).toMatchObject({
      ...{ class: "malformed", message: expect.stringContaining("value.0.data") },
    });
  });
});
