import { describe, expect, it } from "vitest";
import { createCommitBell } from "../../domain/application/orders/commit-bell.ts";
import type { OrderId } from "../../domain/primitives/ids.ts";

const ID = "order" as OrderId;

describe("commit bell", () => {
  it("wakes who listens, and leaves nothing of those who went away", async () => {
    const bell = createCommitBell();
    const gone = Array.from({ length: 1_000 }, () => new AbortController());
    const all = gone.map(({ signal }) => bell.listen(ID, signal).rung);
    expect(bell.listeners()).toBe(1_000);
    for (const controller of gone) controller.abort();
    await Promise.all(all);
    expect(bell.listeners()).toBe(0);
    const { rung } = bell.listen(ID, new AbortController().signal);
    bell.ring("other" as OrderId);
    expect(bell.listeners()).toBe(1);
    bell.ring(ID);
    await rung;
    expect(bell.listeners()).toBe(0);
  });

  it("does not keep who comes with an aborted signal", async () => {
    const bell = createCommitBell();
    await bell.listen(ID, AbortSignal.abort()).rung;
    expect(bell.listeners()).toBe(0);
  });
});
