/** `diff`: what changed in an order, from real recorded events served by a small real gRPC server. */
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { type Change, diffOf } from "../../adapters/cli/orders/state-diff.ts";
import { tokenTable } from "../../adapters/cli/tokens.ts";
import { type OrderState, statusOf } from "../../domain/order/state.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { POLICY, SOL, USDC } from "../support/order-samples.ts";
import { type Answers, type FakeEngine, startFakeEngine } from "./fake-engine.ts";
import { run } from "./harness.ts";
import { answersFor } from "./one-order.ts";

let engine: FakeEngine | undefined;
afterEach(() => engine?.stop());

async function against(answers: Answers, args: string) {
  engine = await startFakeEngine(answers);
  return run([...args.split(" "), "--grpc", engine.address]);
}

/** The states of a filled order, one for each revision. */
function lifeOf(): readonly OrderState[] {
  const order = createLogWriter().order({ delayMs: 1_000 });
  const states = [order.state()];
  while (order.step()) states.push(order.state());
  return states;
}

const tokens = tokenTable([...POLICY.tokens.values()]);
const byPath = (changes: readonly Change[]) => new Map(changes.map((one) => [one.path, one]));

/** Sets a field by its path, as the diff names it. */
function set(target: unknown, path: string, value: unknown): void {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== "");
  const last = keys.pop() ?? "";
  let at = target as Record<string, unknown>;
  for (const key of keys) {
    at[key] ??= {};
    at = at[key] as Record<string, unknown>;
  }
  at[last] = value;
}

describe("the difference of two states", () => {
  it("of the same state is nothing", () => {
    for (const state of lifeOf()) expect(diffOf(state, state, tokens)).toEqual([]);
  });

  it("names what came, went and changed, with whole tokens and times", () => {
    const states = lifeOf();
    const [asked, filled] = [states[0], states.at(-1)];
    const executed = states.at(-2);
    if (!asked || !filled || !executed) throw new Error("no states");
    const changes = byPath(diffOf(executed, filled, tokens));
    expect(changes.get("status")).toEqual({
      path: "status",
      before: "CONFIRMING",
      after: "FILLED",
    });
    expect(changes.get("fill.amountIn")).toEqual({
      path: "fill.amountIn",
      after: "1500000000",
      afterText: "1.5 SOL",
    });
    expect(changes.get("fill.amountOut")).toMatchObject({ afterText: "224.248125 USDC" });
    expect(changes.get("fill.price")).toMatchObject({ afterText: "149.49875 USDC per SOL" });
    expect(changes.get("fill.fees.baseFeeLamports")).toMatchObject({ afterText: "0.000005 SOL" });
    expect(changes.get("reservation[0].amount")).toEqual({
      path: "reservation[0].amount",
      before: "1500000000",
      beforeText: "1.5 SOL",
    });
    expect(changes.get("updatedAtUs")?.afterText).toMatch(/^2026-01-01T/);
    expect(changes.has("request.amount")).toBe(false);
    const whole = byPath(diffOf(asked, filled, tokens));
    expect(whole.get("quote.inAmount")).toMatchObject({ afterText: "1 SOL" });
    expect(whole.get("quote.outAmount")).toMatchObject({ afterText: "150.25 USDC" });
    expect(whole.get("decimals.base")).toEqual({ path: "decimals.base", after: 9 });
    expect([...whole.keys()].filter((path) => /numerator|denominator/.test(path))).toEqual([]);
  });

  it("swaps before and after with the states", () => {
    const states = lifeOf();
    for (const from of states) {
      for (const to of states) {
        const there = byPath(diffOf(from, to, tokens));
        const back = diffOf(to, from, tokens);
        expect(new Set(back.map(({ path }) => path))).toEqual(new Set(there.keys()));
        for (const { path, before, after, beforeText, afterText } of back) {
          const forth = there.get(path);
          expect([after, before, afterText, beforeText]).toEqual([
            ...[forth?.before, forth?.after, forth?.beforeText, forth?.afterText],
          ]);
        }
      }
    }
  });

  it("is all that there is: applied to the earlier state it gives the later one's values", () => {
    const states = lifeOf();
    for (const from of states) {
      for (const to of states) {
        const [was, is]: [Record<string, unknown>, Record<string, unknown>] = [{}, {}];
        // Against nothing but the status, a diff lists every leaf.
        const empty = {} as OrderState;
        for (const { path, after } of diffOf(empty, from, tokens)) set(was, path, after);
        for (const { path, after } of diffOf(empty, to, tokens)) set(is, path, after);
        for (const { path, after } of diffOf(from, to, tokens)) set(was, path, after);
        expect(JSON.parse(JSON.stringify(was), dropEmpty)).toEqual(
          JSON.parse(JSON.stringify(is), dropEmpty),
        );
      }
    }
  });
});

/** What holds nothing any more is not there. */
const dropEmpty = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0
    ? undefined
    : value;

describe("diff", () => {
  it("prints field, before and after", async () => {
    const { code, out } = await against(answersFor(), "diff r-1 --from-revision 2 --to-revision 5");
    expect(code).toBe(EXIT.ok);
    expect(out).toMatch(/^Order [0-9a-f-]{36} \(request r-2\)\n/);
    expect(out).toMatch(/from revision 2, 2026-01-01T[0-9:.]+Z, PENDING\n/);
    expect(out).toMatch(/to {3}revision 5, 2026-01-01T[0-9:.]+Z, FILLED\n/);
    expect(out).toMatch(/^FIELD +BEFORE +AFTER$/m);
    expect(out).toMatch(/^fill\.amountIn +- +1\.5 SOL$/m);
    expect(out).not.toContain("quote.inAmount");
  });

  it("goes to the last revision unless told otherwise, and takes times", async () => {
    const last = await against(answersFor(), "diff r-1 --from-revision 0 --json");
    expect(last.json()).toHaveLength(1);
    expect(last.json()[0]).toMatchObject({
      from: { revision: 0, status: "PENDING" },
      to: { revision: 5, status: "FILLED" },
    });
    const [{ from, to }] = last.json() as [{ from: { time: string }; to: { time: string } }];
    engine?.stop();
    const byTime = await against(
      answersFor(),
      `diff r-1 --from ${from.time} --to ${to.time} --json`,
    );
    expect(byTime.json()).toEqual(last.json());
    engine?.stop();
    const same = await against(answersFor(), "diff r-1 --from-revision 3 --to-revision 3");
    expect(same.out).toContain("no difference");
    expect(same.code).toBe(EXIT.ok);
  });

  it.each<[string, number, string]>([
    ["diff r-1", EXIT.usage, "name where to begin: --from-revision or --from"],
    ["diff r-1 --from-revision x", EXIT.usage, "--from-revision must be a whole number"],
    ["diff r-1 --from-revision 1 --from 2026-01-01", EXIT.usage, "exclude each other"],
    ["diff r-1 --from-revision 4 --to-revision 1", EXIT.usage, "must not be later than the second"],
    [
      "diff r-1 --from-revision 1 --to-revision 6",
      EXIT.notFound,
      "no revision 6: its last one is 5",
    ],
    ["diff r-1 --from 2020-01-01", EXIT.notFound, "was not there then: it began at 2026-01-01"],
  ])("%s is refused", async (line, code, sentence) => {
    const ran = await against(answersFor(), line);
    expect(ran.err).toContain(sentence);
    expect(ran.code).toBe(code);
  });

  it("does not compare events that were changed", async () => {
    const data = (text: string): string => text.replace("224248125", "224248126");
    const ran = await against(answersFor({}, { data }), "diff r-1 --from-revision 0");
    expect(ran.err).toContain("@4 does not fit its hash: it was CHANGED");
    expect(ran.code).toBe(EXIT.failed);
  });
});

it("knows whose units an amount of a buy counts", () => {
  const order = createLogWriter().order({ request: { action: "BUY", isBaseInput: true } });
  const asked = order.state();
  order.finish();
  expect(statusOf(order.state())).toBe("FILLED");
  const changes = byPath(diffOf(asked, order.state(), tokens));
  expect(order.state().request).toMatchObject({ baseMint: SOL, quoteMint: USDC });
  expect(changes.get("fill.amountIn")?.afterText).toMatch(/ USDC$/);
  expect(changes.get("fill.amountOut")?.afterText).toBe("1.5 SOL");
});
