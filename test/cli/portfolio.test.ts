/** `positions` and `equity`: what is asked, and how the answer is shown. */
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { timestampOf } from "../../adapters/cli/output.ts";
import { chartText } from "../../adapters/cli/portfolio/equity.ts";
import { ageText } from "../../adapters/cli/portfolio/positions.ts";
import {
  GetEquityCurveResponse,
  GetPositionsResponse,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Answers, type FakeEngine, startFakeEngine } from "./fake-engine.ts";
import { run } from "./harness.ts";

const SOL = "So11111111111111111111111111111111111111112";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const JUP = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN";
const NEW_YEAR_US = 1_767_225_600_000_000;

let engine: FakeEngine | undefined;
afterEach(() => engine?.stop());

async function against(answers: Answers, line: string) {
  engine = await startFakeEngine(answers);
  const ran = await run([...line.split(" "), "--grpc", engine.address]);
  return { ...ran, requests: engine.requests };
}

const POSITIONS = GetPositionsResponse.create({
  account: "paper",
  costMint: USDC,
  valueMint: USDC,
  totalValue: 400_000_002n,
  realisedProfit: -78n,
  unrealisedProfit: 9_750_001n,
  feesPaidLamports: 22_500n,
  unvaluedMints: [JUP],
  positions: [
    {
      mint: SOL,
      quantity: 101_326_069_126n,
      reserved: 1n,
      averageCost: "150.81",
      realisedProfit: -78n,
      feesPaidLamports: 22_500n,
      trades: 3n,
      markPrice: "160.5",
      markTime: timestampOf(NEW_YEAR_US),
      markAgeUs: 61_000_000n,
      unrealisedProfit: 9_750_001n,
      value: 320_000_002n,
      exposureBps: 8_001,
    },
    { mint: USDC, quantity: 5n, averageCost: "1", value: 5n, unrealisedProfit: 0n, exposureBps: 1 },
    { mint: JUP, quantity: 7n },
  ],
});

describe("positions", () => {
  const answers: Answers = { getPositions: () => POSITIONS };

  it("shows what is held, what it is worth, the age of the mark, and the sums", async () => {
    const { out, requests } = await against(answers, "positions --as-of 2026-01-01");
    expect(requests[0]?.request).toEqual({
      account: "paper",
      asOf: timestampOf(NEW_YEAR_US),
      minPosition: "",
      valueMint: "",
    });
    const [head = "", sol, usdc, jup] = out.split("\n").map((line) => line.split(/ {2,}/));
    expect(head).toContain("VALUE USDC");
    expect(sol).toEqual(
      (
        "SOL|101.326069126|0.000000001|150.81|160.5|1 min|320.000002|80.01 %|9.750001|-0.000078|" +
        "0.0000225|3"
      ).split("|"),
    );
    expect(usdc?.slice(0, 6)).toEqual(["USDC", "0.000005", "0", "1", "1", "0.000005"]);
    expect(jup).toEqual("JUP|0.000007|0|unknown|unknown|unknown|unknown|0|0".split("|"));
    expect(out).toContain("value       400.000002 USDC");
    expect(out).toContain("unrealised  9.750001 USDC");
    expect(out).toContain("realised    -0.000078 USDC");
    expect(out).toContain("fees paid   0.0000225 SOL");
    expect(out).toContain("not valued  JUP");
  });

  it("counts values in another token", async () => {
    const { requests } = await against(answers, "positions --value-in sol --account desk");
    expect(requests[0]?.request).toMatchObject({ account: "desk", valueMint: SOL });
    engine?.stop();
    const unknown = await against(answers, "positions --value-in nope");
    expect([unknown.code, unknown.requests]).toEqual([EXIT.usage, []]);
  });

  it("prints all of it as JSON", async () => {
    const { json } = await against(answers, "positions --json");
    expect(json()[0]).toMatchObject({
      totalValue: "400000002",
      unvaluedMints: [JUP],
      positions: [{ markAgeUs: "61000000", exposureBps: 8001 }, {}, {}],
    });
  });

  it.each([
    [999n, "0 ms"],
    [999_999n, "999 ms"],
    [59_999_999n, "59 s"],
    [3_599_000_000n, "59 min"],
    [86_399_000_000n, "23 h"],
    [172_800_000_000n, "2 d"],
  ])("tells an age of %i us as %s", (ageUs, text) => {
    expect(ageText(ageUs)).toBe(text);
  });
});

describe("equity", () => {
  const CURVE = GetEquityCurveResponse.create({
    account: "paper",
    costMint: USDC,
    points: [
      { time: timestampOf(NEW_YEAR_US), value: 1_000_000n, unvaluedMints: [JUP] },
      {
        time: timestampOf(NEW_YEAR_US + 1_000_000),
        value: 3_500_000n,
        realisedProfit: -1n,
        unrealisedProfit: 2n,
      },
    ],
  });

  it("asks for the span, and shows a line for each point", async () => {
    const line = "equity --from 2026-01-01 --to 2026-01-02 --points 2 --account desk";
    const { out, requests } = await against({ getEquityCurve: () => CURVE }, line);
    expect(requests[0]?.request).toEqual({
      account: "desk",
      from: timestampOf(NEW_YEAR_US),
      to: timestampOf(NEW_YEAR_US + 86_400_000_000),
      points: 2,
      minPosition: "",
    });
    const rows = out.split("\n").map((row) => row.split(/ {2,}/));
    expect(rows.slice(1)).toEqual([
      ["2026-01-01T00:00:00.000000Z", "1", "0", "0", "JUP"],
      ["2026-01-01T00:00:01.000000Z", "3.5", "0.000002", "-0.000001"],
      [""],
    ]);
  });

  it("has 20 points from the first event to now unless told", async () => {
    const empty = GetEquityCurveResponse.create({ account: "paper", costMint: USDC });
    const { out, requests } = await against({ getEquityCurve: () => empty }, "equity");
    expect(requests[0]?.request).toMatchObject({ from: undefined, to: undefined, points: 20 });
    expect(out).toBe("nothing happened on this account up to then\n");
  });

  it("says that it begins after its end", async () => {
    const empty = GetEquityCurveResponse.create({ account: "paper", costMint: USDC });
    const shown = async (line: string) =>
      (await against({ getEquityCurve: () => empty }, line)).out;
    expect(await shown("equity --from 2030-01-01")).toBe(
      "no points: --from 2030-01-01T00:00:00.000000Z is after the end, now\n",
    );
    engine?.stop();
    expect(await shown("equity --to 2020-01-01")).toBe(
      "nothing happened on this account up to then\n",
    );
  });

  it.each(["--points 1", "--points 1001", "--from yesterday"])("refuses %s", async (line) => {
    const { code, requests } = await against({}, `equity ${line}`);
    expect([code, requests]).toEqual([EXIT.usage, []]);
  });

  it("prints JSON", async () => {
    const { json } = await against({ getEquityCurve: () => CURVE }, "equity --json");
    expect(json()[0]).toMatchObject({ points: [{ value: "1000000" }, { unrealisedProfit: "2" }] });
  });

  it("draws from the lowest value to the highest, in the columns that there are", () => {
    const full = "█";
    expect(chartText([0n, 63n, 31n], 80).split("\n")).toEqual([
      ` ${full}`,
      ...Array.from({ length: 3 }, () => ` ${full}`),
      ...Array.from({ length: 3 }, () => ` ${full}${full}`),
      `▁${full}${full}`,
      "",
    ]);
    expect(chartText([5n, 5n], 80).trim()).toBe("▁▁");
    const narrow = chartText(
      Array.from({ length: 1_000 }, (_, i) => BigInt(i)),
      10,
    );
    expect(Math.max(...narrow.split("\n").map((line) => line.length))).toBe(10);
  });
});
