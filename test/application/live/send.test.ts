/** Handing the same bytes to the senders of a route: whom, how often, and that nobody waits for another. */
import { describe, expect, it } from "vitest";
import { createBroadcaster, type NamedAnswer } from "../../../domain/application/live/send.ts";
import type { SendAnswer, Sender } from "../../../domain/ports/sender.ts";
import { createManualTime } from "../../support/manual-time.ts";

const BYTES = Uint8Array.of(1, 2, 3);
const ACCEPTED: SendAnswer = { kind: "accepted", answer: "signature" };
const REFUSED: SendAnswer = { kind: "refused", reason: "-32002", isTransient: false };
const BUSY: SendAnswer = { kind: "refused", reason: "429", isTransient: true };
const SILENT: SendAnswer = { kind: "unknown", cause: "no answer within 2000 ms" };

type FakeSender = Sender & {
  readonly sent: { readonly bytes: Uint8Array; readonly atMs: number }[];
};

function world() {
  const time = createManualTime();
  const startUs = time.clock.monotonicUs();
  const sender = (
    name: string,
    script: readonly (SendAnswer | undefined)[],
    route: Sender["route"] = "public",
  ): FakeSender => {
    const sent: FakeSender["sent"] = [];
    return {
      ...{ name, route, sent },
      send: (bytes) => {
        sent.push({ bytes, atMs: (time.clock.monotonicUs() - startUs) / 1_000 });
        const answer = script[Math.min(sent.length, script.length) - 1];
        return answer ? Promise.resolve(answer) : new Promise(() => {});
      },
    };
  };
  const first = (senders: readonly Sender[], route: Sender["route"] = "public") => {
    const answers: NamedAnswer[] = [];
    let isOver = false;
    const { first: send } = createBroadcaster(senders, time.timers);
    void send({ transaction: BYTES, route }, (answer) => answers.push(answer)).then(() => {
      isOver = true;
    });
    return { answers, isOver: () => isOver };
  };
  return { time, sender, first };
}

describe("the first broadcast", () => {
  it("goes to every sender of its route, and to no other", async () => {
    const { sender, first, time } = world();
    const [a, b] = [sender("a", [ACCEPTED]), sender("b", [REFUSED])];
    const jito = sender("jito", [ACCEPTED], "protected");
    const toPublic = first([a, b, jito]);
    await time.advanceMs(0);
    expect(toPublic.answers).toEqual([
      { sender: "a", answer: ACCEPTED },
      { sender: "b", answer: REFUSED },
    ]);
    expect([toPublic.isOver(), jito.sent]).toEqual([true, []]);
    const toProtected = first([a, b, jito], "protected");
    await time.advanceMs(0);
    expect(toProtected.answers).toEqual([{ sender: "jito", answer: ACCEPTED }]);
    expect([a.sent.length, b.sent.length]).toEqual([1, 1]);
  });

  it.each([
    ["silence", [SILENT], SILENT],
    ["a refusal that may pass", [BUSY], BUSY],
    ["what passes at the last try", [SILENT, BUSY, ACCEPTED], ACCEPTED],
  ] as const)(
    "is tried three times from 100 ms on for %s, with the very same bytes",
    async (_, script, last) => {
      const { sender, first, time } = world();
      const one = sender("a", script);
      const { answers, isOver } = first([one]);
      await time.advanceMs(299);
      expect([one.sent.length, isOver()]).toEqual([2, false]);
      await time.advanceMs(10_000);
      expect(one.sent.map(({ atMs }) => atMs)).toEqual([0, 100, 300]);
      expect(one.sent.every(({ bytes }) => bytes === BYTES)).toBe(true);
      expect(answers).toEqual([{ sender: "a", answer: last }]);
      expect([isOver(), time.pending()]).toEqual([true, 0]);
    },
  );

  it("is tried once where a refusal will not pass", async () => {
    const { sender, first, time } = world();
    const one = sender("a", [REFUSED, ACCEPTED]);
    const { answers } = first([one]);
    await time.advanceMs(10_000);
    expect(one.sent).toHaveLength(1);
    expect(answers).toEqual([{ sender: "a", answer: REFUSED }]);
  });

  it("tells of each answer as it comes, whoever else hangs", async () => {
    const { sender, first, time } = world();
    const { answers, isOver } = first([sender("hung", [undefined]), sender("a", [ACCEPTED])]);
    await time.advanceMs(0);
    expect(answers).toEqual([{ sender: "a", answer: ACCEPTED }]);
    expect(isOver()).toBe(false);
  });
});

describe("a re-broadcast", () => {
  it("goes once to each sender of the route, and waits for none", async () => {
    const { sender, time } = world();
    const [hung, silent] = [sender("hung", [undefined]), sender("silent", [SILENT])];
    const jito = sender("jito", [ACCEPTED], "protected");
    const broadcaster = createBroadcaster([hung, silent, jito], time.timers);
    broadcaster.again({ transaction: BYTES, route: "public" });
    broadcaster.again({ transaction: BYTES, route: "public" });
    await time.advanceMs(10_000);
    expect([hung, silent, jito].map(({ sent }) => sent.length)).toEqual([2, 2, 0]);
    expect(silent.sent.every(({ bytes }) => bytes === BYTES)).toBe(true);
  });
});

it("has a protected route where a sender of it is configured", () => {
  const { sender, time } = world();
  const [open, jito] = [sender("a", [ACCEPTED]), sender("jito", [ACCEPTED], "protected")];
  expect(createBroadcaster([open], time.timers).hasProtected).toBe(false);
  expect(createBroadcaster([open, jito], time.timers).hasProtected).toBe(true);
});
