/** Why a transaction fails, as nodes tell it: what a fresh quote, a fresh table or a later try may help against. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JUPITER_PROGRAM, TOKEN_PROGRAM } from "../../domain/chain/addresses.ts";
import { parseMessage } from "../../domain/chain/message.ts";
import { simulationFailureOf } from "../../domain/chain/simulation-failure.ts";
import { WALLET } from "../support/chain-answers.ts";
import { swapRequest } from "../support/swap-message.ts";

const { message } = swapRequest(WALLET);
const parsed = parseMessage(message);
if (parsed.kind === "problem") throw new Error(parsed.problem);
const programs = parsed.message.instructions.map(
  ({ programIdIndex }) => parsed.message.staticKeys[programIdIndex],
);
const SWAP = programs.indexOf(JUPITER_PROGRAM);
const CLOSE = programs.lastIndexOf(TOKEN_PROGRAM);

const why = (error: unknown, logs: readonly string[] = []) =>
  simulationFailureOf(error, { message, logs });
const at = (index: number, cause: unknown) => ({ InstructionError: [index, cause] });

describe("a failed simulation", () => {
  it("is slippage only where Jupiter says 0x1771", () => {
    expect(why(at(SWAP, { Custom: 6_001 }))).toEqual({
      kind: "slippage",
      message: "the market moved past the slippage tolerance (0x1771)",
    });
    for (const error of [
      at(CLOSE, { Custom: 6_001 }),
      at(SWAP, { Custom: 6_002 }),
      at(SWAP, "Custom"),
      at(99, { Custom: 6_001 }),
    ]) {
      expect(why(error).kind).toBe("program");
    }
  });

  it.each([
    ...["AddressLookupTableNotFound", "InvalidAddressLookupTableOwner"],
    ...["InvalidAddressLookupTableData", "InvalidAddressLookupTableIndex"],
  ])("is of a lookup table: %s", (error) => {
    expect(why(error)).toEqual({ kind: "table", message: `the transaction would fail: ${error}` });
  });

  it.each([
    ...["BlockhashNotFound", "AccountInUse", "AlreadyProcessed", "ClusterMaintenance"],
    ...["WouldExceedMaxBlockCostLimit", "WouldExceedMaxAccountCostLimit", "AccountNotFound"],
    ...["WouldExceedAccountDataBlockLimit", "WouldExceedMaxVoteCostLimit"],
  ])("is of the moment: %s", (error) => {
    expect(why(error).kind).toBe("state");
  });

  it("is the program's word for everything else, also for what no node has said yet", () => {
    expect(why("InsufficientFundsForFee")).toEqual({
      kind: "program",
      message: "the transaction would fail: InsufficientFundsForFee",
    });
    const rent = { InsufficientFundsForRent: { account_index: 2 } };
    expect(why(rent).message).toContain(JSON.stringify(rent));
    for (const error of [null, 7, undefined, { InstructionError: [-1, "x"] }]) {
      expect(why(error).kind).toBe("program");
    }
  });

  it("names the instruction, its program, the code and the last error of the logs", () => {
    const logs = ["Program log: Error: old", "Program log: Error: new", "Program log: fine"];
    expect(why(at(CLOSE, { Custom: 1 }), logs).message).toBe(
      `instruction ${CLOSE} (${TOKEN_PROGRAM}) would fail: custom error 0x1; Program log: Error: new`,
    );
    expect(why(at(SWAP, "ProgramFailedToComplete")).message).toBe(
      `instruction ${SWAP} (${JUPITER_PROGRAM}) would fail: ProgramFailedToComplete`,
    );
    expect(why(at(99, { BorshIoError: "x" })).message).toBe(
      'instruction 99 (unknown program) would fail: {"BorshIoError":"x"}',
    );
  });

  it("has words also where the message cannot be read", () => {
    const broken = { message: message.subarray(0, 40), logs: [] };
    expect(simulationFailureOf(at(0, "x"), broken)).toEqual({
      kind: "program",
      message: "instruction 0 (unknown program) would fail: x",
    });
  });

  it("never throws, whatever a node says", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(20), fc.array(fc.string()), (cause, index, logs) => {
        for (const error of [cause, at(index, cause)]) {
          const failure = why(error, logs);
          expect(["slippage", "table", "state", "program"]).toContain(failure.kind);
        }
      }),
    );
  });
});
