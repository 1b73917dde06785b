/** `resolve` with answers of nodes in files; what it asks of nodes itself is in test/e2e/live-custom.test.ts. */
import { writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import {
  Order,
  type ResolveOutcomeRequest,
  ResolveOutcomeResponse,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type FakeEngine, startFakeEngine } from "./fake-engine.ts";
import { run } from "./harness.ts";

const ORDER_ID = "4e89b72e-b1d0-596a-b619-ca97da26c183";
const folder = temporaryFolder();
let engine: FakeEngine | undefined;
let files = 0;
afterEach(() => engine?.stop());

async function resolve(args: readonly string[], signed = true) {
  const signedAttempts = signed ? [{ txSignature: "signature" }] : [];
  engine = await startFakeEngine({
    getOrder: () => Order.fromPartial({ result: { orderId: ORDER_ID, signedAttempts } }),
    resolveOutcome: () => ResolveOutcomeResponse.fromPartial({ result: { orderId: ORDER_ID } }),
  });
  const ran = await run(["resolve", "doubt", ...args, "--grpc", engine.address, "--json"]);
  const sent = engine.requests.find(({ method }) => method === "resolveOutcome")?.request;
  return { ...ran, sent: sent === undefined ? undefined : (sent as ResolveOutcomeRequest) };
}

function fileOf(content: unknown): string {
  const file = folder.file(`evidence-${files++}.json`);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

describe("resolve --evidence", () => {
  it("hands in the answers of all files, objects and texts, without rounding a number", async () => {
    const one = fileOf(
      '{"node":"https://a.example","method":"getEpochInfo","answer":{"result":18446744073709551615}}',
    );
    const two = fileOf([
      { node: "https://b.example", method: "getTransaction", answer: '{"result":1}' },
    ]);
    const { code, sent } = await resolve([
      "--evidence",
      one,
      "--evidence",
      two,
      "--request-id",
      "mine",
    ]);
    expect(code).toBe(0);
    expect(sent).toMatchObject({ orderId: ORDER_ID, requestId: "mine" });
    expect(
      sent?.evidence.map(({ node, method, answer }) => [node, method, String(answer)]),
    ).toEqual([
      ["https://a.example", "getEpochInfo", '{"result":"18446744073709551615"}'],
      ["https://b.example", "getTransaction", '{"result":1}'],
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /it is not JSON/],
    ["something else", { node: "https://a.example" }, /it must hold \{.*"node.*or a list of such/],
    ["a number", 7, /must hold/],
  ])("refuses a file with %s before anything is sent", async (_, content, message) => {
    const { code, out, sent } = await resolve(["--evidence", fileOf(content)]);
    expect(code).toBe(2);
    expect(out).toMatch(message);
    expect(sent).toBeUndefined();
  });

  it("tells a file that is not there, and nodes that are none", async () => {
    expect((await resolve(["--evidence", folder.file("none")])).out).toContain("it cannot be read");
    const wrong = await resolve(["--rpc", "http://node.example/very-secret-key"]);
    expect(wrong).toMatchObject({ code: 2, sent: undefined });
    expect(wrong.out).not.toContain("very-secret-key");
    expect((await resolve([])).out).toContain("name nodes with --rpc URL");
    const five = Array.from({ length: 5 }, () => ["--rpc", "https://node.example"]).flat();
    expect((await resolve(five)).out).toContain("at most 4 nodes are asked");
  });

  it("has nothing to do for an order that was never signed", async () => {
    const file = fileOf({ node: "https://a.example", method: "getSlot", answer: "{}" });
    const { code, out, sent } = await resolve(["--evidence", file], false);
    expect(code).toBe(5);
    expect(out).toContain("was never signed");
    expect(sent).toBeUndefined();
  });
});
