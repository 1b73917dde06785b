/** Answers that a person hands in: what they show, what is refused, and in which words. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HandedAnswer, observationsFrom } from "../../domain/chain/node-evidence.ts";
import { judgeAttempt } from "../../domain/chain/outcome-proof.ts";
import { readTransaction } from "../../domain/chain/transaction.ts";
import { hasRealData, REAL_DATA, realDataPath } from "../support/real-data.ts";

const SIGNATURE =
  "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW";
const OTHER =
  "3E6jD48LnMeNDs1QTXXunXGaqYybZKHXYdriDwqXGJbCXzVkMZNexuiGnTtUSba7PcmbKcsxKsAcBKLSmqjUKDRg";
const [A, B] = ["https://a.example", "https://b.example:8899"];

const answer = (result: unknown): string => JSON.stringify({ jsonrpc: "2.0", result, id: 1 });
const handed = (method: string, result: unknown, node = A): HandedAnswer => ({
  ...{ node, method, answer: answer(result) },
});
const asked = (method: string, params: unknown[], result: unknown): HandedAnswer => ({
  ...{ node: A, method },
  answer: JSON.stringify({ request: { method, params }, response: { result } }),
});
const epoch = (blockHeight: number, absoluteSlot: number, node = A) =>
  handed("getEpochInfo", { absoluteSlot, blockHeight, epoch: 7, slotIndex: 1 }, node);
const statuses = (slot: number, value: unknown[], node = A) =>
  handed("getSignatureStatuses", { context: { slot, apiVersion: "4.1.0" }, value }, node);
const first = (slot: unknown, node = A) => handed("getFirstAvailableBlock", slot, node);

function seen(...answers: HandedAnswer[]) {
  const read = observationsFrom(answers, SIGNATURE);
  if (read.kind === "problem") throw new Error(read.problem);
  return read.observations;
}
function problem(...answers: HandedAnswer[]): string {
  const read = observationsFrom(answers, SIGNATURE);
  return read.kind === "problem" ? read.problem : "none";
}
const landed = { slot: 5_500, confirmations: null, err: null, confirmationStatus: "finalized" };

describe("what answers show", () => {
  test("of one node together one observation, of two nodes two: a death", () => {
    const given = [A, B].flatMap((node) => [
      ...[epoch(1_900, 6_900, node), statuses(6_930, [null], node), first(4_000, node)],
    ]);
    const observations = seen(...given);
    expect(observations).toEqual(
      [A, B].map((node) => ({
        node,
        finalizedHeight: { slot: 6_900, blockHeight: 1_900 },
        status: { slot: 6_930, status: undefined, searchedHistory: true },
        firstAvailableBlock: 4_000,
      })),
    );
    const attempt = { lastValidBlockHeight: 1_000, contextSlot: 5_000 };
    const rule = { nodesRequired: 2, acceptSingleNode: false };
    expect(judgeAttempt(attempt, observations, rule).kind).toBe("expired");
  });

  test("several heights and statuses: every pair, and the newest oldest block", () => {
    const observations = seen(
      ...[epoch(1_001, 6_000), epoch(1_100, 6_100), statuses(6_050, [null])],
      ...[first(10), first(400), first(20, B)],
    );
    expect(observations).toMatchObject([
      { node: A, finalizedHeight: { slot: 6_000 }, firstAvailableBlock: 400 },
      { node: A, finalizedHeight: { slot: 6_100 }, firstAvailableBlock: 400 },
      { node: B, firstAvailableBlock: 20 },
    ]);
  });

  test("a status, also of nodes that tell no commitment", () => {
    const of = (status: unknown) => seen(statuses(6_000, [status]))[0]?.status?.status;
    expect(of(landed)).toEqual({ slot: 5_500, commitment: "finalized", error: undefined });
    expect(of({ ...landed, confirmationStatus: "confirmed", confirmations: 3 })).toMatchObject({
      commitment: "confirmed",
    });
    expect(of({ slot: 5_500, confirmations: null, err: null })).toMatchObject({
      commitment: "finalized",
    });
    expect(of({ slot: 5_500, confirmations: 4, err: null })).toMatchObject({
      commitment: "processed",
    });
    const err = { InstructionError: [1, { Custom: 6_001 }] };
    expect(of({ ...landed, err })).toMatchObject({ error: err });
    expect(of({ ...landed, err: undefined, status: { Err: err } })).toMatchObject({ error: err });
  });

  test("with the question beside it, of several signatures the right one, with or without history", () => {
    const method = "getSignatureStatuses";
    const result = { context: { slot: 6_000 }, value: [landed, null] };
    const history = { searchTransactionHistory: true };
    const both = [OTHER, SIGNATURE];
    const of = (...params: unknown[]) => seen(asked(method, params, result))[0]?.status;
    expect(of(both, history)).toMatchObject({ status: undefined, searchedHistory: true });
    expect(of(both.toReversed(), history)).toMatchObject({ status: { slot: 5_500 } });
    for (const options of [undefined, {}, { searchTransactionHistory: false }]) {
      expect(of(both, options)).toMatchObject({ searchedHistory: false });
    }
    expect(problem(asked(method, [[OTHER]], result))).toContain("not asked for the order's");
  });

  test("the path of a node is not repeated, its host and port are the node", () => {
    const at = (node: string) => seen(first(7, node))[0]?.node;
    expect(at("https://a.example/key-secret/rpc")).toBe(A);
    expect(seen(first(7, `${A}/x`), epoch(1, 2, `${A}:443/y`))).toHaveLength(1);
  });
});

describe("what is refused", () => {
  test.each<[string, HandedAnswer, string]>([
    ["another method", handed("getSlot", 7), "is none of getEpochInfo, getSignatureStatuses"],
    ["no JSON", { node: A, method: "getEpochInfo", answer: "<html>" }, "is not JSON"],
    ["no result", { node: A, method: "getEpochInfo", answer: '{"id":1}' }, "has no result"],
    [
      "an error of the node",
      {
        ...{ node: A, method: "getSignatureStatuses" },
        answer: '{"error":{"code":-32011,"message":"Transaction history is not available"}}',
      },
      "the node answered error -32011",
    ],
    ["a height that is none", epoch(-1, 5), "blockHeight is negative"],
    ["a height beyond 2^53", epoch(2 ** 53, 5), "blockHeight is no whole number"],
    ["a status that tells no result", statuses(6_000, [{ slot: 5_500 }]), "value.0 tells no err"],
    ["a status that is none", statuses(6_000, ["landed"]), "value.0 has the wrong form"],
    ["no context", handed("getSignatureStatuses", { value: [null] }), "context is missing"],
    ["a block that is text", first("7"), "result is no whole number"],
    ["two signatures at once", statuses(6_000, [null, landed]), "it must be asked for one"],
    ["no signature", statuses(6_000, []), "value is empty"],
    [
      "a transaction not found",
      handed("getTransaction", null),
      "found nothing, which proves nothing",
    ],
    ["what is no transaction", handed("getTransaction", {}), "is missing"],
    [
      "a height that is not final",
      asked("getEpochInfo", [{ commitment: "processed" }], { absoluteSlot: 1, blockHeight: 1 }),
      "was not asked at the commitment finalized",
    ],
    [
      "an answer to another question",
      { ...asked("getSlot", [], 7), method: "getFirstAvailableBlock" },
      "was asked as getSlot",
    ],
    [
      "more text than is read",
      { node: A, method: "getEpochInfo", answer: " ".repeat(1_000_001) },
      "has 1000001 characters; at most 1000000 are read",
    ],
  ])("%s, in words", (_, given, words) => {
    const told = problem(epoch(1, 2), given);
    expect(told).toContain(words);
    expect(told).toContain("answer 2");
    expect(told).toContain(A);
  });

  test.each(["", "a.example", "ftp://a", "https://u:secret@a", "http://secret@a", "x".repeat(400)])(
    "the node %s",
    (node) => {
      const told = problem(first(1, node));
      expect(told).toBe("answer 1: node must be an http or https URL without credentials");
    },
  );

  test("more answers than are read", () => {
    expect(problem(...Array<HandedAnswer>(17).fill(first(1)))).toContain("at most 16");
    expect(seen(...Array<HandedAnswer>(16).fill(first(1)))).toHaveLength(1);
  });

  test("nothing that is handed in breaks it", () => {
    const methods = [
      "getEpochInfo",
      "getSignatureStatuses",
      "getFirstAvailableBlock",
      "getTransaction",
    ];
    const texts = fc.oneof(fc.string(), fc.json(), fc.jsonValue().map(answer));
    const answers = fc.record({
      node: fc.oneof(fc.constant(A), fc.webUrl(), fc.string()),
      method: fc.oneof(fc.constantFrom(...methods), fc.string()),
      answer: texts,
    });
    fc.assert(
      fc.property(fc.array(answers, { maxLength: 3 }), (given) => {
        expect(["observations", "problem"]).toContain(observationsFrom(given, SIGNATURE).kind);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe.skipIf(!hasRealData("rpc"))("recorded answers of nodes", () => {
  const text = (name: string) => readFileSync(realDataPath(`rpc/${name}.json`), "utf8");
  const given = (name: string, signature: string) =>
    observationsFrom([{ node: A, method: "getSignatureStatuses", answer: text(name) }], signature);

  test("statuses with their questions, which did not search the history", () => {
    const name = "getSignatureStatuses-finalized-and-confirmed";
    const read = given(name, OTHER);
    expect(read).toMatchObject({
      observations: [
        {
          status: {
            ...{ slot: 86_136_583, searchedHistory: false },
            status: { slot: 86_136_524, commitment: "finalized", error: undefined },
          },
        },
      ],
    });
    expect(given(name, SIGNATURE).kind).toBe("problem");
    expect(given("getSignatureStatuses-null-and-finalized", OTHER)).toMatchObject({
      observations: [{ status: { status: undefined } }],
    });
  });

  test("failures, with and without the question", () => {
    const failed =
      "5K4QuDxZjFkAhv8Kfj6pocDf59Cuo8EmxbRcM1d4PVaSWekF6RdC2krJHucF1FhkuSFVHCMcZ4GXnSx7zzygXMdi";
    const error = { InstructionError: [0, { Custom: 1 }] };
    expect(given("getSignatureStatuses-failed-custom-1", failed)).toMatchObject({
      observations: [{ status: { status: { error }, searchedHistory: true } }],
    });
    expect(given("getSignatureStatuses-finalized-custom-3012", SIGNATURE)).toMatchObject({
      observations: [
        { status: { status: { error: { InstructionError: [2, { Custom: 3_012 }] } } } },
      ],
    });
  });

  test.skipIf(!hasRealData("transactions"))(
    "transactions: each its own signature's, no other's",
    () => {
      const files = readdirSync(`${REAL_DATA}/transactions`).filter((file) =>
        file.endsWith(".json"),
      );
      let read = 0;
      for (const file of files.slice(0, 40)) {
        const body = readFileSync(realDataPath(`transactions/${file}`), "utf8");
        const known = readTransaction(JSON.parse(body));
        if (known.kind === "problem") continue;
        const { signature, slot, error } = known.transaction;
        const result = JSON.parse(body).result ?? JSON.parse(body);
        const one = handed("getTransaction", result);
        expect(observationsFrom([one], signature), file).toMatchObject({
          observations: [
            { status: { status: { slot: Number(slot), commitment: "finalized", error } } },
          ],
          transactions: [{ node: A, transaction: { signature } }],
        });
        expect(problem(one), file).toContain("another transaction");
        read += 1;
      }
      expect(read).toBeGreaterThan(20);
    },
  );
});
