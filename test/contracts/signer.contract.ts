/** What every signer must do. `make` gives one that holds the keys of the seeds and allows all that the gate passes. */
import { Keypair, VersionedMessage, VersionedTransaction } from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addressOf } from "../../adapters/signer/ed25519.ts";
import type { SignAnswer, Signer, SignRequest } from "../../domain/ports/signer.ts";
import { drain, swapRequest } from "../support/swap-message.ts";

export type OpenSigner = Signer & { readonly close: () => Promise<void> };
export type MakeSigner = (seeds: readonly Uint8Array[]) => Promise<OpenSigner>;

const SEEDS = [new Uint8Array(32).fill(11), new Uint8Array(32).fill(12)] as const;
const [FIRST, SECOND] = [addressOf(SEEDS[0]), addressOf(SEEDS[1])];
const STRANGER = addressOf(new Uint8Array(32).fill(13));

/** As web3.js signs it. */
function signatureOfWeb3(seed: Uint8Array, { message }: SignRequest): Uint8Array {
  const transaction = new VersionedTransaction(VersionedMessage.deserialize(message));
  transaction.sign([Keypair.fromSeed(seed)]);
  return new Uint8Array(transaction.signatures[0] ?? []);
}

const refusal = (answer: SignAnswer): string =>
  answer.kind === "refused" && answer.message !== "" ? answer.rule : answer.kind;

export function signerContract(name: string, make: MakeSigner): void {
  describe(`signer: ${name}`, () => {
    let signer: OpenSigner;
    beforeAll(async () => {
      signer = await make(SEEDS);
    });
    afterAll(() => signer.close());

    test("says for which wallets it can sign", () => {
      expect([...signer.wallets].sort()).toEqual([FIRST, SECOND].sort());
    });

    test.each([
      ["from SOL", {}],
      ["from USDC", { from: "USDC" as const }],
      ["over a lookup table", { isWithTable: true }],
    ])("signs a swap %s as web3.js does, and the same again", async (_, options) => {
      const request = swapRequest(FIRST, options);
      const expected = { kind: "signed", signature: signatureOfWeb3(SEEDS[0], request) };
      expect(await signer.sign(request)).toEqual(expected);
      expect(await signer.sign(request)).toEqual(expected);
    });

    test("gives each of many requests at once its own signature", async () => {
      const requests = Array.from({ length: 60 }, (_, index) =>
        swapRequest(index % 2 === 0 ? FIRST : SECOND, { memo: `order#${index}` }),
      );
      const answers = await Promise.all(requests.map((request) => signer.sign(request)));
      expect(answers).toEqual(
        requests.map((request, index) => ({
          kind: "signed",
          signature: signatureOfWeb3(SEEDS[index % 2 === 0 ? 0 : 1], request),
        })),
      );
    });

    test("refuses what the intent does not say, by a rule", async () => {
      const honest = swapRequest(FIRST);
      const refused: readonly SignRequest[] = [
        swapRequest(FIRST, { extra: [drain(FIRST)] }),
        { ...honest, intent: { ...honest.intent, memo: "order#2" } },
        { ...honest, intent: { ...honest.intent, rentCapLamports: 0n, feeCapLamports: 1n } },
        { ...honest, message: honest.message.slice(0, -1) },
        { ...honest, message: new Uint8Array(5_000) },
        { ...honest, message: new Uint8Array() },
        { ...honest, message: Uint8Array.of(1) },
        { ...swapRequest(FIRST, { isWithTable: true }), lookupTables: [] },
      ];
      for (const request of refused) {
        const rule = refusal(await signer.sign(request));
        expect(["signed", "refused", "unavailable"]).not.toContain(rule);
      }
    });

    test("refuses what is another wallet's", async () => {
      const strange = swapRequest(STRANGER);
      const others: readonly SignRequest[] = [
        strange,
        { ...strange, wallet: FIRST },
        { ...swapRequest(FIRST), wallet: SECOND },
        { ...swapRequest(SECOND), intent: swapRequest(FIRST).intent },
      ];
      for (const request of others) {
        expect(refusal(await signer.sign(request))).toMatch(/^(signer-wallet|fee-payer)$/);
      }
    });

    test("is unavailable once it is closed, and never rejects", async () => {
      const closed = await make([SEEDS[0]]);
      await closed.close();
      await closed.close();
      const answer = await closed.sign(swapRequest(FIRST));
      expect(answer).toEqual({ kind: "unavailable", message: expect.stringMatching(/\w+ \w+/) });
    });
  });
}
