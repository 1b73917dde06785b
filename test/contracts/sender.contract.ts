/**
 * What every adapter behind the sender port must do, shown against a chain that really executes. `open` makes a new one for each test and
 * closes it by itself.
 */
import { beforeEach, describe, expect, test } from "vitest";
import type { SendAnswer, Sender } from "../../domain/ports/sender.ts";

export type SenderFault = "hang" | "lost answer" | "HTTP 503" | "HTTP 429" | "gone";

export type SenderUnderTest = {
  readonly sender: Sender;
  /** A new signed transfer that can land. */
  transaction(): { readonly raw: Uint8Array; readonly signature: string };
  landed(signature: string): boolean;
  /** Of the server; `lost answer`: it takes the transaction and breaks the connection. */
  setFault(fault: SenderFault | undefined): Promise<void>;
};

export type OpenSender = (options: { readonly timeoutMs: number }) => Promise<SenderUnderTest>;

const refused = (isTransient: boolean) => ({ kind: "refused", isTransient });
const FAULTS: readonly (readonly [SenderFault, object, landed: boolean | undefined])[] = [
  ["hang", { kind: "unknown" }, undefined],
  ["lost answer", { kind: "unknown" }, true],
  ["HTTP 503", { kind: "unknown" }, undefined],
  ["HTTP 429", refused(true), false],
  ["gone", refused(true), false],
];

export function senderContract(name: string, open: OpenSender): void {
  describe(`sender contract: ${name}`, () => {
    let world: SenderUnderTest;
    beforeEach(async () => {
      world = await open({ timeoutMs: 5_000 });
    });

    test("accepts a transaction, which lands", async () => {
      const { raw, signature } = world.transaction();
      const answer = await world.sender.send(raw);
      expect(answer).toEqual({ kind: "accepted", answer: expect.stringMatching(/^.{1,200}$/) });
      expect(world.landed(signature)).toBe(true);
    });

    test("the same bytes again are accepted again", async () => {
      const { raw } = world.transaction();
      const answers: SendAnswer[] = [];
      for (let count = 0; count < 3; count += 1) answers.push(await world.sender.send(raw));
      expect(answers.map(({ kind }) => kind)).toEqual(["accepted", "accepted", "accepted"]);
    });

    test("nonsense is refused for good", async () => {
      expect(await world.sender.send(new Uint8Array(5))).toMatchObject(refused(false));
      expect(await world.sender.send(new Uint8Array())).toMatchObject(refused(false));
    });

    test.each(FAULTS)("%s", async (fault, expected, landed) => {
      world = await open({ timeoutMs: fault === "hang" ? 100 : 5_000 });
      const { raw, signature } = world.transaction();
      await world.setFault(fault);
      expect(await world.sender.send(raw)).toMatchObject(expected);
      if (landed !== undefined) expect(world.landed(signature)).toBe(landed);
      if (fault === "gone") return;
      await world.setFault(undefined);
      expect(await world.sender.send(raw)).toMatchObject({ kind: "accepted" });
    });

    test("its name holds no credentials", () => {
      expect(world.sender.name).toMatch(/^https?:\/\/[^/@?]+$/);
    });
  });
}
