/**
 * What the two swap instructions of the venue program do before and after the hops: their accounts
 * by Jupiter's order, the minimum, the platform fee, and the way to the destination.
 */

import { PROGRAM_AUTHORITIES } from "./addresses.ts";
import { type Assembler, at } from "./assembler.ts";
import { minimumOut, share } from "./program-arithmetic.ts";
import { authoritySeeds } from "./program-calls.ts";
import { compareKeys, copyKey, type Failing, sameKey } from "./program-keys.ts";
import {
  addressOfSlot,
  HEAP,
  loadRecord,
  RECORD,
  SIGNER,
  SLOT,
  slot,
  TOKEN_ACCOUNT,
} from "./program-memory.ts";
import { FEE_EVENT } from "./route-layout.ts";

const BALANCE = RECORD.data + TOKEN_ACCOUNT.amount;
const FEE_EVENT_BYTES = 88;

/** Places of `route`'s accounts. */
const ROUTE_AT = {
  ...{ user: 1, source: 2, userDestination: 3, destination: 4, destinationMint: 5 },
  ...{ platformFee: 6, eventAuthority: 7, program: 8, count: 9 },
} as const;
/** Places of `shared_accounts_route`'s accounts. */
const SHARED_AT = {
  ...{ authority: 1, user: 2, source: 3, programSource: 4, programDestination: 5 },
  ...{ destination: 6, sourceMint: 7, destinationMint: 8, platformFee: 9 },
  ...{ eventAuthority: 11, program: 12, count: 13 },
} as const;

type Common = {
  readonly name: string;
  readonly count: number;
  readonly user: number;
  readonly platformFee: number;
  readonly destinationMint: number;
  readonly eventAuthority: number;
  readonly program: number;
};

/** The user signs, the programs are the right ones, and what is optional is there or not. */
function commonAccounts(a: Assembler, places: Common, failing: Failing): void {
  a.load(8, 1, slot("accountCount"));
  a.jumpIf("lt", 1, BigInt(places.count), failing("accountNotEnoughKeys"));
  a.storeConstant(8, slot("cursor"), places.count);
  loadRecord(a, 1, 0);
  a.store(8, slot("tokenProgram"), 1);
  sameKey(a, { record: 1, offset: RECORD.key }, SLOT.tokenKey, `${places.name}Token2022`);
  a.jump(`${places.name}Token`);
  a.label(`${places.name}Token2022`);
  sameKey(a, { record: 1, offset: RECORD.key }, SLOT.token2022Key, failing("invalidProgramId"));
  a.label(`${places.name}Token`);
  loadRecord(a, 1, places.user);
  a.store(8, slot("userAuthority"), 1);
  a.load(1, 2, at(1, RECORD.isSigner));
  a.jumpIf("eq", 2, 0n, failing("accountNotSigner"));
  loadRecord(a, 1, places.eventAuthority);
  a.store(8, slot("eventAuthority"), 1);
  sameKey(a, { record: 1, offset: RECORD.key }, SLOT.eventKey, failing("constraintSeeds"));
  loadRecord(a, 1, places.program);
  a.load(8, 2, slot("programId"));
  a.constant("add", 1, RECORD.key);
  compareKeys(a, 1, 2, failing("invalidProgramId"));
  loadRecord(a, 1, places.destinationMint);
  a.store(8, slot("destinationMint"), 1);
  optionalRecord(a, "platformFee", { index: places.platformFee, program: places.program });
  minimumOut(a);
}

/** Slot = the record, or 0 where the program's own address stands for "absent". */
function optionalRecord(
  a: Assembler,
  name: "platformFee" | "forwardTo",
  { index, program }: { readonly index: number; readonly program: number },
): void {
  loadRecord(a, 1, index);
  loadRecord(a, 2, program);
  const label = `${name} ${index}`;
  a.jumpIf("ne", 1, 2, label);
  a.constant("mov", 1, 0);
  a.label(label);
  a.store(8, slot(name), 1);
}

export function routeSetup(a: Assembler, failing: Failing): void {
  commonAccounts(a, { name: "route", ...ROUTE_AT }, failing);
  a.load(8, 1, slot("userAuthority"));
  a.store(8, slot("payer"), 1);
  a.storeConstant(8, slot("payerSigner"), SIGNER.none);
  loadRecord(a, 1, ROUTE_AT.source);
  a.store(8, slot("input"), 1);
  loadRecord(a, 1, ROUTE_AT.userDestination);
  a.store(8, slot("output"), 1);
  optionalRecord(a, "forwardTo", { index: ROUTE_AT.destination, program: ROUTE_AT.program });
}

/** The user's tokens go to the program's account first. */
export function sharedSetup(a: Assembler, failing: Failing): void {
  commonAccounts(a, { name: "shared", ...SHARED_AT }, failing);
  checkAuthority(a, failing);
  a.store(8, slot("payer"), 1);
  a.storeConstant(8, slot("payerSigner"), SIGNER.programAuthority);
  loadRecord(a, 1, SHARED_AT.programDestination);
  a.store(8, slot("output"), 1);
  loadRecord(a, 1, SHARED_AT.destination);
  a.store(8, slot("forwardTo"), 1);

  loadRecord(a, 1, SHARED_AT.source);
  a.store(8, slot("source"), 1);
  loadRecord(a, 1, SHARED_AT.sourceMint);
  a.store(8, slot("mint"), 1);
  a.load(8, 1, slot("userAuthority"));
  a.store(8, slot("authority"), 1);
  a.load(8, 1, slot("inAmount"));
  a.store(8, slot("transferAmount"), 1);
  a.storeConstant(8, slot("signer"), SIGNER.none);
  loadRecord(a, 1, SHARED_AT.programSource);
  a.store(8, slot("input"), 1);
  a.store(8, slot("target"), 1);
  a.load(8, 1, at(1, BALANCE));
  a.store(8, slot("before"), 1);
  a.call("transfer");
  a.jumpIf("ne", 0, 0n, "return");
  a.load(8, 1, slot("input"));
  a.load(8, 1, at(1, BALANCE));
  a.load(8, 2, slot("before"));
  a.register("sub", 1, 2);
  a.store(8, slot("amount"), 1);
}

/** Leaves the record of the authority, derived from its id, in register 1. */
function checkAuthority(a: Assembler, failing: Failing): void {
  const wrong = failing("constraintSeeds");
  a.load(8, 1, slot("authorityId"));
  a.jumpIf("ge", 1, BigInt(PROGRAM_AUTHORITIES.length), wrong);
  authoritySeeds(a);
  addressOfSlot(a, 1, SLOT.seeds);
  a.load(8, 3, slot("programId"));
  addressOfSlot(a, 4, SLOT.derived);
  a.syscall("sol_create_program_address");
  a.jumpIf("ne", 0, 0n, wrong);
  loadRecord(a, 1, SHARED_AT.authority);
  sameKey(a, { record: 1, offset: RECORD.key }, SLOT.derived, wrong);
}

/** After the hops; the slot amount holds what the last one gave. */
export function finish(a: Assembler, failing: Failing): void {
  // What was checked last is the next input: it has to be where the output belongs.
  a.load(8, 1, slot("input"));
  a.load(8, 2, slot("output"));
  a.jumpIf("ne", 1, 2, failing("invalidTokenAccount"));
  a.load(8, 1, slot("mint"));
  a.load(8, 2, slot("destinationMint"));
  a.jumpIf("ne", 1, 2, failing("invalidTokenAccount"));

  a.load(8, 1, slot("amount"));
  a.load(8, 2, slot("platformFeeBps"));
  share(a, { value: 1, bps: 2, to: 3 });
  a.load(8, 4, slot("amount"));
  a.register("sub", 4, 3);
  a.load(8, 5, slot("minimumOut"));
  a.jumpIf("lt", 4, 5, failing("slippageToleranceExceeded"));
  a.store(8, slot("amount"), 4);
  a.store(8, slot("transferAmount"), 3);
  platformFee(a, failing);
  forward(a);

  addressOfSlot(a, 1, SLOT.amount);
  a.constant("mov", 2, 8);
  a.syscall("sol_set_return_data");
  a.constant("mov", 0, 0);
  a.exit();
}

/** The fee goes to its account, even where it is rounded to nothing, with a FeeEvent. */
function platformFee(a: Assembler, failing: Failing): void {
  a.load(8, 1, slot("platformFee"));
  a.jumpIf("ne", 1, 0n, "feeGiven");
  a.load(8, 2, slot("platformFeeBps"));
  a.jumpIf("ne", 2, 0n, failing("missingPlatformFeeAccount"));
  a.jump("feeDone");
  a.label("feeGiven");
  a.store(8, slot("target"), 1);
  a.load(8, 2, slot("destinationMint"));
  a.constant("add", 2, RECORD.owner);
  a.load(8, 3, slot("tokenProgram"));
  a.constant("add", 3, RECORD.key);
  compareKeys(a, 2, 3, failing("incorrectTokenProgramId"));
  fromOutput(a);
  a.call("transfer");
  a.jumpIf("ne", 0, 0n, "return");
  a.wide(1, FEE_EVENT);
  a.store(8, at(HEAP, SLOT.callData + 8), 1);
  a.load(8, 1, slot("platformFee"));
  copyKey(a, SLOT.callData + 16);
  a.load(8, 1, slot("destinationMint"));
  copyKey(a, SLOT.callData + 48);
  a.load(8, 1, slot("transferAmount"));
  a.store(8, at(HEAP, SLOT.callData + 80), 1);
  a.constant("mov", 1, FEE_EVENT_BYTES);
  a.call("emit");
  a.jumpIf("ne", 0, 0n, "return");
  a.label("feeDone");
}

/** On to the destination where the last hop gave to another account. */
function forward(a: Assembler): void {
  a.load(8, 1, slot("forwardTo"));
  a.jumpIf("eq", 1, 0n, "forwarded");
  a.store(8, slot("target"), 1);
  a.load(8, 1, slot("amount"));
  a.store(8, slot("transferAmount"), 1);
  fromOutput(a);
  a.call("transfer");
  a.jumpIf("ne", 0, 0n, "return");
  a.label("forwarded");
}

function fromOutput(a: Assembler): void {
  a.load(8, 1, slot("output"));
  a.store(8, slot("source"), 1);
  a.load(8, 1, slot("destinationMint"));
  a.store(8, slot("mint"), 1);
  a.load(8, 1, slot("payer"));
  a.store(8, slot("authority"), 1);
  a.load(8, 1, slot("payerSigner"));
  a.store(8, slot("signer"), 1);
}
