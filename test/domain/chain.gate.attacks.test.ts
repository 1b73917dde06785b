/** What the gate has to refuse, each by the rule that it breaks. */
import { describe, expect, test } from "vitest";
import { decodeBase58, encodeBase58 } from "../../domain/chain/bytes.ts";
import type { LookupTable } from "../../domain/chain/instruction.ts";
import { parseMessage } from "../../domain/chain/message.ts";
import { DRAINS, type DrainName } from "../../localnet/market/drains.ts";
import { OUTER_ATTACKS } from "../support/gate-attacks-outer.ts";
import { INTENT_ATTACKS, SWAP_ATTACKS } from "../support/gate-attacks-swap.ts";
import {
  addressNamed,
  bytesOf,
  compiled,
  gate,
  instructionsOf,
  partsOf,
  ruleOf,
  TIP_ACCOUNT,
  tokenAccountOf,
  verdictOf,
  WALLET,
} from "../support/swap-parts.ts";

describe("around the swap", () => {
  test.each(OUTER_ATTACKS)("%s: %s", (_, rule, parts) => {
    expect(ruleOf(gate(parts()))).toBe(rule);
  });
});

describe("inside the swap", () => {
  test.each(SWAP_ATTACKS)("%s: %s", (_, rule, parts) => {
    expect(ruleOf(gate(parts()))).toBe(rule);
  });
});

describe("by intent", () => {
  test.each(INTENT_ATTACKS)("%s: %s", (_, rule, parts) => {
    expect(ruleOf(gate(parts()))).toBe(rule);
  });
});

/** A Jupiter that was taken over, by its name in the local market. Tables are another matter: nodes resolve them. */
const DRAIN_RULES: Readonly<Record<Exclude<DrainName, "expired-table" | "unknown-table">, string>> =
  {
    "transfer-sol": "foreign-transfer",
    "transfer-sol-after": "foreign-transfer",
    "transfer-token": "token-instruction",
    approve: "token-instruction",
    "set-authority": "token-instruction",
    "set-close-authority": "token-instruction",
    "close-to-foreign": "close-account",
    assign: "system-instruction",
    "minimum-out-zero": "swap-quoted-out",
    "slippage-all": "swap-minimum-out",
    "honest-tail": "swap-data-length",
    "amount-in": "swap-amount-in",
    "other-destination": "swap-destination",
    "other-source": "swap-source",
    "other-authority": "only-signer",
    "destination-mint": "swap-mint",
    "fee-account": "platform-fee",
    "foreign-program": "program-allowed",
    "foreign-setup": "program-allowed",
    "other-discriminator": "swap-kind",
    "extra-signer": "only-signer",
    "swap-twice": "swap-count",
    "wrap-more": "wrap-amount",
    "huge-tip": "foreign-transfer",
    "huge-priority-fee": "fee-cap",
    "account-for-foreign": "token-account-create",
  };
const isByGate = (name: string): name is keyof typeof DRAIN_RULES =>
  Object.hasOwn(DRAIN_RULES, name);

describe.each([false, true])("drains of the local market, shared accounts: %s", (shared) => {
  test.each(DRAINS.filter(isByGate))("%s", (drain) => {
    const verdict = gate(partsOf({ path: ["SOL", "USDC"], shared, drain }));
    expect(ruleOf(verdict)).toBe(DRAIN_RULES[drain]);
  });

  test("the others are tables that no node resolves", () => {
    expect(DRAINS.filter((name) => !isByGate(name))).toEqual(["expired-table", "unknown-table"]);
    const parts = partsOf({ path: ["SOL", "USDC"], shared, usesTable: true });
    expect(ruleOf(verdictOf({ ...parts, tables: [] }, bytesOf(parts)))).toBe("lookup-table");
  });
});

describe("lookup tables", () => {
  const hidden = (address: string, tip?: bigint) => {
    const parts = partsOf({ path: ["SOL", "USDC"], usesTable: true, ...(tip ? { tip } : {}) });
    const tables = parts.tables.map((table) => ({
      ...table,
      addresses: [...table.addresses, address],
    }));
    return ruleOf(gate({ ...parts, tables }));
  };

  test("hold nothing of ours, no tip account and no mark", () => {
    const usdc = partsOf({ path: ["SOL", "USDC"] }).intent.output;
    expect(hidden(addressNamed("nobody"))).toBe("passed");
    expect(hidden(tokenAccountOf(WALLET, usdc.mint, usdc.tokenProgram))).toBe("static-key");
    expect(hidden(TIP_ACCOUNT, 2_000n)).toBe("static-key");
    expect(hidden("jitodontfront111111111111111111111111111123", 2_000n)).toBe("static-key");
  });

  test("that say something else than they hold reach nothing that counts", () => {
    const parts = partsOf({ path: ["SOL", "USDC"], usesTable: true });
    const bytes = bytesOf(parts);
    const [table] = parts.tables;
    if (!table) throw new Error("no table");
    const parsed = parseMessage(bytes);
    if (parsed.kind === "problem") throw new Error(parsed.problem);
    const used = parsed.message.lookups.flatMap(({ writable, readonly }) => [
      ...writable,
      ...readonly,
    ]);
    expect(used.length).toBeGreaterThanOrEqual(8);
    for (const at of used) {
      const lying: LookupTable = { ...table, addresses: table.addresses.with(at, WALLET) };
      // The wallet is among the static keys: it would be loaded twice.
      expect(ruleOf(verdictOf({ ...parts, tables: [lying] }, bytes))).toBe("lookup-table");
    }
  });
});

test("bytes that are no v0 message are refused, whatever they are", () => {
  const parts = partsOf({ path: ["SOL", "USDC"] });
  const bytes = bytesOf(parts);
  for (const bad of [new Uint8Array(), bytes.subarray(1), Uint8Array.from([1, ...bytes])]) {
    expect(ruleOf(verdictOf(parts, bad))).toBe("message");
  }
});

test("another wallet's honest swap is not ours", () => {
  const parts = partsOf({ path: ["SOL", "USDC"] });
  const other = encodeBase58((decodeBase58(WALLET) ?? new Uint8Array(32)).map((byte) => byte ^ 1));
  const theirs = instructionsOf(parts).map((each) => ({
    ...each,
    accounts: each.accounts.map((meta) =>
      meta.address === WALLET ? { ...meta, address: other } : meta,
    ),
  }));
  const message = compiled(theirs, { payer: other, tables: [] });
  expect(ruleOf(verdictOf(parts, message))).toBe("fee-payer");
});

test("they are many", () => {
  const count = OUTER_ATTACKS.length + SWAP_ATTACKS.length + INTENT_ATTACKS.length;
  console.info(
    `attacks refused: ${count} by hand, ${2 * DRAINS.filter(isByGate).length} drains of the market`,
  );
  expect(count).toBeGreaterThanOrEqual(100);
});
