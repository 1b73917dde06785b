/**
 * The venue's program, assembled when it is needed: it stands at Jupiter's address and takes what
 * Jupiter takes, `route` and `shared_accounts_route` in their real layouts, over pools of its own.
 */

import { requireAddress } from "../chain/base58.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../chain/programs.ts";
import { AMM_PROGRAM, EVENT_AUTHORITY, VAULT_AUTHORITY } from "./addresses.ts";
import { type Assembler, at, createAssembler } from "./assembler.ts";
import { writeElf } from "./elf.ts";
import { POOL } from "./pool-account.ts";
import { poolOut } from "./program-arithmetic.ts";
import {
  emitFunction,
  invokeTail,
  transferFunction,
  writeBytes,
  writeSeeds,
} from "./program-calls.ts";
import { readAccounts, readPlan } from "./program-entry.ts";
import { ERROR, type ErrorName } from "./program-errors.ts";
import { hopFunction } from "./program-hop.ts";
import { compareKeys, type Failing } from "./program-keys.ts";
import { HEAP, RECORD, SLOT, slot } from "./program-memory.ts";
import { finish, routeSetup, sharedSetup } from "./program-route.ts";
import { EVENT_TAG, ROUTE, SHARED_ACCOUNTS_ROUTE } from "./route-layout.ts";

let built: Uint8Array | undefined;

/** ELF bytes of the program; always the same. */
export function venueProgram(): Uint8Array {
  built ??= writeElf(assembleProgram(createAssembler()).assemble());
  return built;
}

function assembleProgram(a: Assembler): Assembler {
  const used = new Set<ErrorName>();
  const failing: Failing = (name) => {
    used.add(name);
    return `fail ${name}`;
  };
  readAccounts(a, failing);
  writeConstants(a);
  dispatch(a, failing);

  a.label("route");
  log(a, "Instruction: Route");
  readPlan(a, { name: "route", before: 0 }, failing);
  routeSetup(a, failing);
  a.jump("hops");
  a.label("shared");
  log(a, "Instruction: SharedAccountsRoute");
  readPlan(a, { name: "shared", before: 1 }, failing);
  sharedSetup(a, failing);

  a.label("hops");
  a.call("hop");
  a.jumpIf("ne", 0, 0n, "return");
  a.load(8, 1, slot("hop"));
  a.constant("add", 1, 1);
  a.store(8, slot("hop"), 1);
  a.load(8, 2, slot("steps"));
  a.jumpIf("lt", 1, 2, "hops");
  finish(a, failing);

  hopFunction(a, failing);
  poolOut(a, POOL.feeBps);
  transferFunction(a);
  emitFunction(a);
  invokeTail(a);
  event(a, failing);
  for (const name of used) {
    a.label(`fail ${name}`);
    a.constant("mov", 0, ERROR[name]);
    a.exit();
  }
  a.label("return");
  a.exit();
  return a;
}

function dispatch(a: Assembler, failing: Failing): void {
  a.load(8, 1, slot("dataLength"));
  a.jumpIf("lt", 1, 8n, failing("instructionFallbackNotFound"));
  a.load(8, 1, slot("data"));
  a.load(8, 1, at(1, 0));
  for (const [tag, label] of [
    [EVENT_TAG, "event"],
    [ROUTE, "route"],
    [SHARED_ACCOUNTS_ROUTE, "shared"],
  ] as const) {
    a.wide(2, tag);
    a.jumpIf("eq", 1, 2, label);
  }
  a.jump(failing("instructionFallbackNotFound"));
}

/** An event that the program sends itself: only its own authority may. */
function event(a: Assembler, failing: Failing): void {
  a.label("event");
  a.load(8, 1, slot("accountCount"));
  a.jumpIf("lt", 1, 1n, failing("accountNotEnoughKeys"));
  a.load(8, 1, at(HEAP, SLOT.records));
  a.load(1, 2, at(1, RECORD.isSigner));
  a.jumpIf("eq", 2, 0n, failing("constraintSigner"));
  a.constant("add", 1, RECORD.key);
  a.register("mov", 2, HEAP);
  a.constant("add", 2, SLOT.eventKey);
  compareKeys(a, 1, 2, failing("constraintSeeds"));
  a.constant("mov", 0, 0);
  a.exit();
}

function writeConstants(a: Assembler): void {
  for (const [offset, address] of [
    [SLOT.tokenKey, TOKEN_PROGRAM],
    [SLOT.token2022Key, TOKEN_2022_PROGRAM],
    [SLOT.eventKey, EVENT_AUTHORITY.address],
    [SLOT.vaultKey, VAULT_AUTHORITY.address],
    [SLOT.ammKey, AMM_PROGRAM],
  ] as const) {
    writeBytes(a, offset, requireAddress(address));
  }
  writeSeeds(a);
}

/** A log line as Anchor's programs begin with one. */
function log(a: Assembler, line: string): void {
  writeBytes(a, SLOT.callData, new TextEncoder().encode(line));
  a.register("mov", 1, HEAP);
  a.constant("add", 1, SLOT.callData);
  a.constant("mov", 2, line.length);
  a.syscall("sol_log_");
}
