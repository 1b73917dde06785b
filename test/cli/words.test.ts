/** Amounts, percentages, times and tables as people write and read them. */
import { describe, expect, it } from "vitest";
import { CliError, EXIT } from "../../adapters/cli/exit-codes.ts";
import { keysOf, timeOf } from "../../adapters/cli/find-order.ts";
import { enumName, jsonLine, printable, table, timestampOf } from "../../adapters/cli/output.ts";
import { bpsOf, showBps, tokenTable, unitsOf } from "../../adapters/cli/tokens.ts";
import { loadConfig } from "../../adapters/config.ts";

const loaded = loadConfig({}, {});
const tokens = tokenTable(loaded.kind === "config" ? loaded.config.tokens : []);
const usage = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof CliError && error.code === EXIT.usage) return error.message;
    throw error;
  }
  throw new Error("no error");
};

describe("slippage", () => {
  it.each<[string, number]>([
    ["2%", 200],
    ["0.5%", 50],
    ["0.01%", 1],
    ["0.10 %", 10],
    ["200bps", 200],
    ["0 bps", 0],
    ["100%", 10_000],
  ])("%s is %i bps", (text, bps) => {
    expect(bpsOf(text, "--max-slippage")).toBe(bps);
  });

  it.each(["2", "0.001%", "100.01%", "10001bps", "1.5bps", "-1%", "", "%", "1e2%"])(
    "%j is refused",
    (text) => {
      expect(usage(() => bpsOf(text, "--max-slippage"))).toContain("such as 2% or basis points");
    },
  );

  it("is shown in percent", () => {
    expect([showBps(200), showBps(5)]).toEqual(["2 %", "0.05 %"]);
  });
});

describe("tokens", () => {
  it("are found by symbol in any case and by mint", () => {
    const sol = tokens.find("sol");
    expect(sol.symbol).toBe("SOL");
    expect(tokens.find(sol.mint)).toBe(sol);
    expect(usage(() => tokens.find("USCD"))).toContain("did you mean USDC?");
  });

  it("turn whole amounts into smallest units exactly", () => {
    const bonk = tokens.find("BONK");
    expect(unitsOf("123456789.12345", bonk)).toBe(12_345_678_912_345n);
    expect(tokens.show(bonk.mint, 12_345_678_912_345n)).toBe("123456789.12345 BONK");
    for (const wrong of ["1.123456", "0", "-1", "1e3", "", "1,5", "99999999999999999999"]) {
      expect(usage(() => unitsOf(wrong, bonk))).toContain("is no amount of BONK");
    }
  });

  it("that are not configured are shown as they are", () => {
    expect(tokens.show("Unknown", 5n)).toBe("5 smallest units of Unknown");
  });
});

describe("names and times", () => {
  it("takes a version 5 UUID for an order id first", () => {
    const id = "7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e";
    expect(keysOf(id).map(({ $case }) => $case)).toEqual(["orderId", "requestId"]);
    expect(keysOf("7d1a1f0e-52c8-4d0e-9a51-0f1a2b3c4d5e")).toHaveLength(1);
    expect(usage(() => keysOf("a b"))).toContain("neither an order id nor a request id");
  });

  it("takes whole days and RFC 3339", () => {
    expect(timeOf("2026-01-01", "--at")).toBe(1_767_225_600_000_000);
    expect(timeOf("2026-01-01T01:00:00.000001+01:00", "--at")).toBe(1_767_225_600_000_001);
    expect(usage(() => timeOf("yesterday", "--at"))).toContain("--at");
  });
});

describe("output", () => {
  it("prints bigints as texts, times as RFC 3339 and enums by name", () => {
    const value = {
      amount: 2n ** 64n - 1n,
      status: 4,
      time: timestampOf(1),
      data: Buffer.from("x"),
    };
    expect(JSON.parse(jsonLine(value))).toEqual({
      amount: "18446744073709551615",
      status: "FILLED",
      time: "1970-01-01T00:00:00.000001Z",
      data: "x",
    });
    expect(enumName("status", 77)).toBe("77");
  });

  it("aligns columns, numbers to the right", () => {
    expect(
      table(
        ["A", ">B"],
        [
          ["x", "1"],
          ["long", "22"],
        ],
      ),
    ).toBe("A      B\nx      1\nlong  22\n");
  });

  it("keeps foreign text from moving the cursor", () => {
    expect(printable("a\u001b[2Jb")).toBe("a\ufffd[2Jb");
  });
});
