/** What falls due while a node is still answering, and what nobody has to be told twice. */
import { expect, it } from "vitest";
import { attemptNamed, monitorWorld, settled } from "../../support/monitor-world.ts";

const LANDED = { slot: 95, commitment: "confirmed", error: undefined } as const;

it("asks a node for what fell due meanwhile as soon as it has answered", async () => {
  const { monitor, nodes, time, chain } = monitorWorld();
  const [slow] = nodes;
  const release = Promise.withResolvers<void>();
  const answer = slow.statuses;
  slow.statuses = async (...question) => {
    slow.statuses = answer;
    await release.promise;
    return answer(...question);
  };
  nodes[1].says.hangs = true;
  void monitor.follow(attemptNamed("a"));
  await time.advanceMs(20);
  const outcome = monitor.follow(attemptNamed("b"));
  slow.says.statuses.set("b", LANDED);
  chain.hints.get("b")?.();
  await time.advanceMs(0);
  expect(slow.calls).toEqual([]);
  release.resolve();
  await time.advanceMs(0);
  expect(slow.calls.map(({ signatures }) => signatures)).toEqual([["a"], ["b"]]);
  expect(await settled(outcome)).toMatchObject({ kind: "landed", slot: 95 });
});

it("asks for those that somebody waits for before those that are only not final yet", async () => {
  const { monitor, nodes, time } = monitorWorld();
  const [node] = nodes;
  for (const { says } of nodes) says.statuses.set("old", LANDED);
  void monitor.finality(attemptNamed("old"), 95);
  await time.advanceMs(480);
  void monitor.follow(attemptNamed("new"));
  await time.advanceMs(20);
  expect(node.calls.map(({ signatures }) => signatures)).toEqual([["new"], ["old"]]);
});

it("wants no hints of what has landed", async () => {
  const { monitor, nodes, time, chain } = monitorWorld();
  const outcome = monitor.follow(attemptNamed("a"));
  expect(chain.hints.size).toBe(1);
  for (const { says } of nodes) says.statuses.set("a", LANDED);
  await time.advanceMs(20);
  expect(await settled(outcome)).toMatchObject({ kind: "landed" });
  void monitor.finality(attemptNamed("a"), 95);
  expect(chain.hints.size).toBe(0);
});

it("asks for all that are only not final yet in one call, whenever they landed", async () => {
  const { monitor, nodes, time } = monitorWorld();
  const [node] = nodes;
  for (const [index, name] of ["a", "b", "c"].entries()) {
    for (const { says } of nodes) says.statuses.set(name, LANDED);
    void monitor.finality(attemptNamed(name), 95);
    await time.advanceMs(index === 2 ? 2_000 : 70);
  }
  const asked = node.calls.map(({ signatures }) => signatures.join());
  expect([...new Set(asked)]).toEqual(["a,b,c"]);
  expect(asked).toHaveLength(4);
});
