/**
 * The beginning of the venue program: the runtime's input as tables of accounts, and the arguments
 * of a route. Bytes behind the arguments are ignored, as the real program does.
 */
import { type Assembler, at } from "./assembler.ts";
import { INFO } from "./program-calls.ts";
import type { Failing } from "./program-keys.ts";
import {
  GROWTH_BYTES,
  HEAP,
  HEAP_START,
  INFO_BYTES,
  MAX_ACCOUNTS,
  NOT_DUPLICATE,
  RECORD,
  SLOT,
  slot,
} from "./program-memory.ts";
import { RAYDIUM_CP, STEP_BYTES, TAIL_BYTES } from "./route-layout.ts";

/** Register 1 = the input: number of accounts, the accounts, length and bytes of the data. */
export function readAccounts(a: Assembler, failing: Failing): void {
  a.wide(HEAP, HEAP_START);
  a.register("mov", 6, 1);
  a.load(8, 7, at(6, 0));
  a.jumpIf("gt", 7, BigInt(MAX_ACCOUNTS), failing("notEnoughAccountKeys"));
  a.store(8, slot("accountCount"), 7);
  a.constant("add", 6, 8);
  // Register 8: the next place in the table of records; 0: in that of the infos.
  a.register("mov", 8, HEAP);
  a.constant("add", 8, SLOT.records);
  a.register("mov", 0, HEAP);
  a.constant("add", 0, SLOT.infos);
  a.label("account");
  a.jumpIf("eq", 7, 0n, "accountsRead");
  a.load(1, 1, at(6, 0));
  a.jumpIf("eq", 1, BigInt(NOT_DUPLICATE), "accountNew");
  duplicate(a);
  a.jump("accountNext");
  a.label("accountNew");
  describe(a);
  a.label("accountNext");
  a.constant("add", 8, 8);
  a.constant("add", 0, INFO_BYTES);
  a.constant("sub", 7, 1);
  a.jump("account");
  a.label("accountsRead");
  a.load(8, 1, at(6, 0));
  a.store(8, slot("dataLength"), 1);
  a.constant("add", 6, 8);
  a.store(8, slot("data"), 6);
  a.register("add", 6, 1);
  a.store(8, slot("programId"), 6);
}

/** Register 1 = index of the account that this one repeats. */
function duplicate(a: Assembler): void {
  a.register("mov", 2, 1);
  a.constant("lsh", 2, 3);
  a.register("add", 2, HEAP);
  a.load(8, 3, at(2, SLOT.records));
  a.store(8, at(8, 0), 3);
  a.constant("mul", 1, INFO_BYTES);
  a.register("add", 1, HEAP);
  for (let word = 0; word < INFO_BYTES; word += 8) {
    a.load(8, 3, at(1, SLOT.infos + word));
    a.store(8, at(0, word), 3);
  }
  a.constant("add", 6, 8);
}

/** Register 6 = record of the account; moves it to the next one. */
function describe(a: Assembler): void {
  a.store(8, at(8, 0), 6);
  const field = (offset: number, infoOffset: number) => {
    a.register("mov", 2, 6);
    a.constant("add", 2, offset);
    a.store(8, at(0, infoOffset), 2);
  };
  field(RECORD.key, INFO.key);
  field(RECORD.lamports, INFO.lamports);
  field(RECORD.owner, INFO.owner);
  field(RECORD.data, INFO.data);
  a.load(8, 3, at(6, RECORD.dataLength));
  a.store(8, at(0, INFO.dataLength), 3);
  for (const [from, to] of [
    [RECORD.isSigner, INFO.isSigner],
    [RECORD.isWritable, INFO.isWritable],
    [RECORD.isExecutable, INFO.isExecutable],
  ] as const) {
    a.load(1, 2, at(6, from));
    a.store(1, at(0, to), 2);
  }
  a.register("add", 6, 3);
  a.constant("add", 6, RECORD.data + GROWTH_BYTES + 7);
  a.constant("and", 6, -8);
  a.load(8, 2, at(6, 0));
  a.store(8, at(0, INFO.rentEpoch), 2);
  a.constant("add", 6, 8);
}

export type PlanLayout = {
  readonly name: string;
  /** Bytes between the discriminator and the plan: the id of the shared authority. */
  readonly before: 0 | 1;
};

/** Reads plan and tail into their slots, and refuses what this venue has no pools for. */
export function readPlan(a: Assembler, { name, before }: PlanLayout, failing: Failing): void {
  const unreadable = failing("instructionDidNotDeserialize");
  a.load(8, 6, slot("data"));
  a.load(8, 7, slot("dataLength"));
  a.jumpIf("lt", 7, BigInt(8 + before + 4 + TAIL_BYTES), unreadable);
  if (before === 1) {
    a.load(1, 1, at(6, 8));
    a.store(8, slot("authorityId"), 1);
  }
  a.load(4, 1, at(6, 8 + before));
  a.store(8, slot("steps"), 1);
  a.register("mov", 2, 1);
  a.constant("mul", 2, STEP_BYTES);
  a.register("mov", 3, 2);
  a.constant("add", 3, 8 + before + 4 + TAIL_BYTES);
  a.jumpIf("gt", 3, 7, unreadable);
  a.constant("add", 6, 8 + before + 4);
  a.store(8, slot("plan"), 6);
  a.register("add", 6, 2);
  a.jumpIf("eq", 1, 0n, failing("emptyRoute"));
  a.load(8, 2, at(6, 0));
  a.store(8, slot("inAmount"), 2);
  a.store(8, slot("amount"), 2);
  a.load(8, 2, at(6, 8));
  a.store(8, slot("quotedOut"), 2);
  a.load(2, 2, at(6, 16));
  a.store(8, slot("slippageBps"), 2);
  a.jumpIf("gt", 2, 10_000n, failing("invalidSlippage"));
  a.load(1, 2, at(6, 18));
  a.store(8, slot("platformFeeBps"), 2);
  checkSteps(a, name, failing);
}

/** Register 1 = number of steps: each the next one's whole input, through one of our pools. */
function checkSteps(a: Assembler, name: string, failing: Failing): void {
  const [step, done] = [`${name}Step`, `${name}Steps`];
  a.load(8, 2, slot("plan"));
  a.constant("mov", 3, 0);
  a.label(step);
  a.jumpIf("ge", 3, 1, done);
  const field = (offset: number) => a.load(1, 4, at(2, offset));
  field(0);
  a.jumpIf("ne", 4, BigInt(RAYDIUM_CP), failing("swapNotSupported"));
  field(1);
  a.jumpIf("ne", 4, 100n, failing("notEnoughPercent"));
  field(2);
  a.jumpIf("ne", 4, 3, failing("invalidInputIndex"));
  a.constant("add", 3, 1);
  field(3);
  a.jumpIf("ne", 4, 3, failing("invalidOutputIndex"));
  a.constant("add", 2, STEP_BYTES);
  a.jump(step);
  a.label(done);
}
