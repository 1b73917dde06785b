/** `halt`, `resume` and `safety` against a small real gRPC server. */
import { status as Code } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { timestampOf } from "../../adapters/cli/output.ts";
import {
  BreakerState,
  type SafetyStatus,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Answers, type FakeEngine, info, Refusal, startFakeEngine } from "./fake-engine.ts";
import { run } from "./harness.ts";

const BONK = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";
const OTHER = "J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPx";

let engine: FakeEngine | undefined;
afterEach(() => engine?.stop());

async function against(answers: Answers, args: readonly string[]) {
  engine = await startFakeEngine(answers);
  const ran = await run([...args, "--grpc", engine.address]);
  return { ...ran, requests: engine.requests };
}

const QUIET: SafetyStatus = {
  halts: [],
  breaker: {
    ...{ state: BreakerState.BREAKER_STATE_CLOSED, cause: "", count: 0 },
    ...{ since: undefined, until: undefined },
  },
  revision: undefined,
};
const HALTED: SafetyStatus = {
  halts: [
    {
      ...{ scope: { $case: "mint", value: BONK }, reason: "depeg", by: "local", requestId: "h" },
      ...{ since: timestampOf(1_767_225_600_000_000), recorded: false },
    },
  ],
  breaker: {
    ...{ state: BreakerState.BREAKER_STATE_HALF_OPEN, cause: "errors", count: 10 },
    since: timestampOf(1_767_225_600_000_000),
    until: timestampOf(1_767_225_660_000_000),
  },
  revision: 4n,
};
const answers = (safety: SafetyStatus): Answers => ({
  haltTrading: () => ({ safety, position: "p" }),
  resumeTrading: () => ({ safety, position: "p" }),
  getSafetyStatus: () => ({ safety, position: "p" }),
});

describe("halt and resume", () => {
  it.each<[string, string[], string, unknown]>([
    ["everything", ["halt"], "haltTrading", undefined],
    [
      "an account",
      ["halt", "--account", "desk"],
      "haltTrading",
      { $case: "account", value: "desk" },
    ],
    [
      "a token by symbol",
      ["halt", "--mint", "bonk"],
      "haltTrading",
      { $case: "mint", value: BONK },
    ],
    // The engine may have it in its configuration.
    ["any mint", ["halt", "--mint", OTHER], "haltTrading", { $case: "mint", value: OTHER }],
    ["resuming all", ["resume"], "resumeTrading", undefined],
    ["the breaker", ["resume", "--breaker"], "resumeTrading", { $case: "breaker", value: true }],
    [
      "resuming an account",
      ["resume", "--account", "desk"],
      "resumeTrading",
      { $case: "account", value: "desk" },
    ],
  ])("of %s: %j asks %s", async (_, args, method, scope) => {
    const { code, requests } = await against(answers(QUIET), [...args, "--reason", "a reason"]);
    expect(code).toBe(EXIT.ok);
    expect(requests).toEqual([
      {
        method,
        request: { requestId: expect.stringMatching(/^cli-/), scope, reason: "a reason" },
      },
    ]);
  });

  it.each<[string[], RegExp]>([
    [["halt"], /say why with --reason/],
    [["halt", "--reason", "x", "--account", "a", "--mint", "SOL"], /--account or --mint, not both/],
    [["halt", "--reason", "x", "--mint", "BNOK"], /did you mean BONK/],
    [["halt", "--reason", "x", "--breaker"], /unknown option '--breaker'/],
    [["resume", "--reason", "x", "--breaker", "--mint", "SOL"], /--breaker alone/],
  ])("%j sends nothing", async (args, sentence) => {
    const { code, err, requests } = await against(answers(QUIET), args);
    expect([code, requests]).toEqual([EXIT.usage, []]);
    expect(err).toMatch(sentence);
  });

  it("keeps its request id where the outcome is unknown", async () => {
    const { code, err } = await against(
      {
        haltTrading: () => {
          throw new Refusal(Code.UNKNOWN, "it is in effect all the same", [
            info("WRITE_OUTCOME_UNKNOWN", { recorded: "unknown" }),
          ]);
        },
      },
      ["halt", "--reason", "x", "--request-id", "h7"],
    );
    expect(code).toBe(EXIT.unknown);
    expect(err).toMatch(/in effect all the same.*--request-id h7/);
  });
});

describe("safety", () => {
  it("tells that nothing is halted", async () => {
    const { code, out } = await against(answers(QUIET), ["safety"]);
    expect([code, out]).toEqual([0, "trading is not halted\ncircuit breaker: CLOSED\n"]);
  });

  it("tells what is halted, since when, by whom and why", async () => {
    const { out } = await against(answers(HALTED), ["safety"]);
    expect(out.split("\n").slice(0, 3)).toEqual([
      "trading is halted",
      "WHAT       SINCE                        BY     REASON",
      "mint BONK  2026-01-01T00:00:00.000000Z  local  depeg (not recorded yet)",
    ]);
    expect(out).toContain("circuit breaker: HALF_OPEN (errors, since 2026-01-01T00:00:00");
  });

  it("is one JSON object for programs", async () => {
    const { json } = await against(answers(HALTED), ["safety", "--json"]);
    expect(json()).toEqual([
      {
        halts: [
          {
            ...{ scope: "mint", target: BONK, reason: "depeg", by: "local", requestId: "h" },
            ...{ since: "2026-01-01T00:00:00.000000Z", recorded: false },
          },
        ],
        breaker: {
          ...{ state: "HALF_OPEN", cause: "errors", count: 10 },
          ...{ since: "2026-01-01T00:00:00.000000Z", until: "2026-01-01T00:01:00.000000Z" },
        },
        ...{ revision: "4", position: "p" },
      },
    ]);
  });
});
