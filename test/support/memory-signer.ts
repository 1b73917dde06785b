/** The signer's port without process, file and limits of its own: the gate and the key. It passes the port's contract. */
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { addressOf } from "../../adapters/signer/ed25519.ts";
import { checkTransaction } from "../../domain/chain/gate.ts";
import type { SignAnswer, Signer } from "../../domain/ports/signer.ts";
import { tokenAccountOf } from "./swap-message.ts";

const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

const keyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    ...{ format: "der", type: "pkcs8" },
  });

export function createMemorySigner(
  seeds: readonly Uint8Array[],
): Signer & { readonly close: () => Promise<void> } {
  const keys = new Map(seeds.map((seed) => [addressOf(seed), keyOf(seed)]));
  let isClosed = false;
  return {
    wallets: [...keys.keys()],
    sign: async ({ wallet, message, intent, lookupTables }): Promise<SignAnswer> => {
      if (isClosed) return { kind: "unavailable", message: "the signer was closed" };
      const key = keys.get(wallet);
      if (!key || intent.wallet !== wallet) {
        return { kind: "refused", rule: "signer-wallet", message: "no key of this wallet" };
      }
      const verdict = checkTransaction({ message, intent, lookupTables, tokenAccountOf });
      if (verdict.kind === "refused") {
        const { rule, found, allowed } = verdict;
        return { kind: "refused", rule, message: `found ${found}, allowed ${allowed}` };
      }
      return { kind: "signed", signature: new Uint8Array(sign(null, message, key)) };
    },
    close: async () => {
      isClosed = true;
    },
  };
}
