/** Why a simulation failed, as far as the engine has to know: whether a fresh quote, a fresh table or a later try may help. */
import { z } from "zod";
import { JUPITER_PROGRAM } from "./addresses.ts";
import { parseMessage } from "./message.ts";

export type SimulationFailure = {
  /**
   * slippage: the swap's own minimum was missed; table: a lookup table is not what it was; state: the chain is not as it was when the
   * message was put together; program: a program refused it, and would again.
   */
  readonly kind: "slippage" | "table" | "state" | "program";
  /** In words, without anything of the caller's. */
  readonly message: string;
};

/** Jupiter's SlippageToleranceExceeded, 0x1771: it means that only where Jupiter's program says it. */
const SLIPPAGE_EXCEEDED = 6_001;

const instructionError = z.object({ InstructionError: z.tuple([z.int().min(0), z.unknown()]) });
const custom = z.object({ Custom: z.int().min(0) });

const TABLE_ERRORS: ReadonlySet<string> = new Set([
  ...["AddressLookupTableNotFound", "InvalidAddressLookupTableOwner"],
  ...["InvalidAddressLookupTableData", "InvalidAddressLookupTableIndex"],
]);
const STATE_ERRORS: ReadonlySet<string> = new Set([
  ...["BlockhashNotFound", "AccountInUse", "AlreadyProcessed", "ClusterMaintenance"],
  ...["WouldExceedMaxBlockCostLimit", "WouldExceedMaxAccountCostLimit", "AccountNotFound"],
  ...["WouldExceedAccountDataBlockLimit", "WouldExceedMaxVoteCostLimit"],
]);

/** Never throws; `message` are the bytes that were simulated. */
export function simulationFailureOf(
  error: unknown,
  { message, logs }: { readonly message: Uint8Array; readonly logs: readonly string[] },
): SimulationFailure {
  const parsed = instructionError.safeParse(error);
  if (!parsed.success) {
    const name = typeof error === "string" ? error : textOf(error);
    const kind = TABLE_ERRORS.has(name) ? "table" : STATE_ERRORS.has(name) ? "state" : "program";
    return { kind, message: `the transaction would fail: ${name}` };
  }
  const [index, cause] = parsed.data.InstructionError;
  const program = programOf(message, index);
  const code = custom.safeParse(cause);
  if (program === JUPITER_PROGRAM && code.success && code.data.Custom === SLIPPAGE_EXCEEDED) {
    return { kind: "slippage", message: "the market moved past the slippage tolerance (0x1771)" };
  }
  const what = code.success ? `custom error 0x${code.data.Custom.toString(16)}` : textOf(cause);
  const said = logs.findLast((line) => line.includes("Error")) ?? "";
  const words = said === "" ? "" : `; ${said}`;
  return {
    kind: "program",
    message: `instruction ${index} (${program ?? "unknown program"}) would fail: ${what}${words}`,
  };
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "unknown").slice(0, 200);

/** The program of an outer instruction; programs are static keys. */
function programOf(bytes: Uint8Array, index: number): string | undefined {
  const parsed = parseMessage(bytes);
  if (parsed.kind !== "message") return undefined;
  const at = parsed.message.instructions[index]?.programIdIndex;
  return at === undefined ? undefined : parsed.message.staticKeys[at];
}
