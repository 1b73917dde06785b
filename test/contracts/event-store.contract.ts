/**
 * What every event store must do, as tests. Run by `event-store.test.ts` over each adapter; a case
 * that an adapter cannot run is skipped by name, with the reason in its title.
 */
import { afterEach, describe, expect, it } from "vitest";
import { appendCases } from "./event-store-append.cases.ts";
import type { MakeStore, StoreUnderTest } from "./event-store-case.ts";
import { readCases } from "./event-store-read.cases.ts";
import { subscriptionCases } from "./event-store-subscribe.cases.ts";
import { unknownCases } from "./event-store-unknown.cases.ts";

export type Skip = { readonly reason: string; readonly tests: readonly string[] };

export function eventStoreContract(
  name: string,
  make: MakeStore,
  options: { readonly skip?: readonly Skip[] } = {},
): void {
  const cases = [...appendCases, ...readCases, ...subscriptionCases, ...unknownCases];
  const reasons = new Map(
    (options.skip ?? []).flatMap(({ reason, tests }) => tests.map((test) => [test, reason])),
  );
  describe(`event store contract: ${name}`, () => {
    const made: StoreUnderTest[] = [];
    const makeAndKeep: MakeStore = async (wanted) => {
      const one = await make(wanted);
      made.push(one);
      return one;
    };
    afterEach(async () => {
      await Promise.all(made.splice(0).map((one) => one.dispose()));
    });

    for (const [title, run] of cases) {
      const reason = reasons.get(title);
      reasons.delete(title);
      if (reason === undefined) it(title, () => run(makeAndKeep));
      else it.skip(`${title} (skipped: ${reason})`, () => undefined);
    }
    it("skips only cases that exist", () => {
      expect([...reasons.keys()]).toEqual([]);
    });
  });
}
