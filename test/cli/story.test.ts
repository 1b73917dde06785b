/** `explain` and `replay <order>` on real recorded events, served by a small real gRPC server. */
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { tell } from "../../adapters/cli/orders/story.ts";
import { tokenTable } from "../../adapters/cli/tokens.ts";
import { given } from "../support/given.ts";
import * as events from "../support/order-events.ts";
import { POLICY, requestOf, simulate } from "../support/order-samples.ts";
import { type Answers, type FakeEngine, startFakeEngine } from "./fake-engine.ts";
import { run } from "./harness.ts";
import { answersFor } from "./one-order.ts";

let engine: FakeEngine | undefined;
afterEach(() => engine?.stop());

async function against(answers: Answers, args: readonly string[]) {
  engine = await startFakeEngine(answers);
  return run([...args, "--grpc", engine.address]);
}

describe("explain", () => {
  it("tells the story as far as a revision", async () => {
    const args = ["explain", "r-1", "--at-revision", "2", "--json"];
    const { code, json } = await against(answersFor(), args);
    expect(code).toBe(EXIT.ok);
    expect(json()[0]).toMatchObject({ status: "PENDING", steps: [{}, {}, { revision: 2 }] });
  });

  it("tells a fill with its numbers", async () => {
    const { code, out } = await against(answersFor(), ["explain", "r-1"]);
    expect(code).toBe(EXIT.ok);
    expect(out).toContain("To sell 1.5 SOL for USDC: FILLED");
    expect(out).toContain("local asked through strategy to sell 1.5 SOL for USDC on paper account");
    expect(out).toContain("150.25 USDC per SOL");
    expect(out).toContain("1.5 SOL spent, 224.248125 USDC received, 149.49875 USDC per SOL");
    expect(out).toContain("Fees: base 0.000005 SOL");
    expect(out).toContain("made it 0.5 % worse than quoted");
  });

  it("tells each other end too", async () => {
    const ends = { poor: "INSUFFICIENT_FUNDS", slippage: "SLIPPAGE_EXCEEDED" } as const;
    for (const [outcome, reason] of Object.entries(ends)) {
      const options = { outcome: outcome as keyof typeof ends };
      expect((await against(answersFor(options), ["explain", "r-1"])).out).toContain(reason);
      engine?.stop();
    }
  });

  it("prints its steps as one JSON object", async () => {
    const { json } = await against(answersFor(), ["explain", "r-1", "--json"]);
    expect(json()).toHaveLength(1);
    expect(json()[0]).toMatchObject({
      status: "FILLED",
      steps: [{ event: "OrderRequested" }, {}, {}, {}, {}, {}],
    });
  });

  it("tells the draws behind a fill of the outcome knobs", () => {
    const tokens = tokenTable([...POLICY.tokens.values()]);
    const context = { request: requestOf(), tokens, decimals: { base: 9, quote: 6 } };
    const outcomes = { successRateBps: 9_000, averageSlippageBps: 50, delayMs: 0, seed: "" };
    const past = [events.requested(), events.VALIDATED, events.QUOTED, events.RESERVED];
    const [executed] = given(past).when(simulate({ outcomes })).events;
    expect(executed?.type).toBe("PaperExecutionSimulated");
    expect(executed ? tell(executed, context) : []).toContainEqual(
      expect.stringMatching(
        /^Model mock: draw \d+ of 1000000, below 900000 succeeds, averageSlippageBps 50, slippageDraw \d+ of 1000000, spread evenly over 0 to 10000 ppm\.$/,
      ),
    );
  });

  it("has words for every event, with no hole in them", () => {
    const tokens = tokenTable([...POLICY.tokens.values()]);
    const context = { request: requestOf(), tokens, decimals: { base: 9, quote: 6 } };
    const all = [
      events.requested(),
      events.VALIDATED,
      events.QUOTED,
      events.RESERVED,
      events.EXECUTED,
      events.EXECUTED_LATE,
      events.FILLED,
      events.QUOTE_FAILED,
      events.RETRY_SCHEDULED,
      events.CANCEL_REQUESTED,
      events.CANCELLED,
      events.EXPIRED,
      events.REJECTED,
      events.FAILED,
    ];
    for (const event of all) {
      const text = tell(event, context).join("\n");
      expect(text.length).toBeGreaterThan(10);
      expect(text).not.toMatch(/undefined|NaN|\[object/);
    }
  });
});

describe("replay <order>", () => {
  it("folds the events here and finds the engine's state", async () => {
    const { code, out } = await against(answersFor(), ["replay", "r-1"]);
    expect(out).toContain("the engine has the same state\nall hashes fit\n");
    expect(code).toBe(EXIT.ok);
  });

  it("stops at a revision", async () => {
    const args = ["replay", "r-1", "--at-revision", "2", "--json"];
    const { code, json } = await against(answersFor(), args);
    expect(code).toBe(EXIT.ok);
    expect(json()[0]).toMatchObject({ state: { phase: "quoted", revision: 2 }, isSame: true });
  });

  it("finds an engine that says something else", async () => {
    const ran = await against(answersFor({}, { hash: "0".repeat(64) }), ["replay", "r-1"]);
    expect(ran.code).toBe(EXIT.failed);
    expect(ran.out).toContain("DIFFERENT");
  });

  it("finds a changed event", async () => {
    const data = (text: string) => text.replace("224248125", "224248126");
    const ran = await against(answersFor({}, { data }), ["replay", "r-1"]);
    expect(ran.code).toBe(EXIT.failed);
    expect(ran.out).toContain("an event was CHANGED");
  });

  it("wants one order or all", async () => {
    expect((await run(["replay"])).code).toBe(EXIT.usage);
    expect((await run(["replay", "r-1", "--all"])).code).toBe(EXIT.usage);
    const both = ["replay", "r-1", "--at-revision", "1", "--at", "2026-01-01"];
    expect((await run(both)).err).toContain("exclude each other");
  });
});
