/** Which cluster the nodes are on: asked again while one has not said so, told once, and over with the engine. */
import { expect, it, vi } from "vitest";
import type { GenesisVerdict } from "../../adapters/chain/genesis.ts";
import { type Cluster, watchCluster } from "../../adapters/serve/cluster.ts";

const same: GenesisVerdict = { kind: "same", node: "a" };
const other: GenesisVerdict = { kind: "other", node: "b", message: "it is on another cluster" };
const unknown: GenesisVerdict = {
  kind: "unknown",
  node: "a",
  message: "the connection was refused",
};

function watched(answers: readonly (readonly GenesisVerdict[])[], firstWaitMs = 10_000) {
  const said: string[] = [];
  let asked = 0;
  const cluster: Cluster = watchCluster({
    check: async () => {
      const answer = answers[asked] ?? (await new Promise<readonly GenesisVerdict[]>(() => {}));
      asked += 1;
      return answer;
    },
    log: (line) => said.push(line),
    ...{ againMs: 1, firstWaitMs },
  });
  return { cluster, said, asked: () => asked };
}

it("is known once one node has shown the genesis hash, whatever the others are", async () => {
  const { cluster, said } = watched([[other, same]]);
  expect(cluster.isKnown()).toBe(false);
  await cluster.first;
  expect(cluster.isKnown()).toBe(true);
  expect(said).toEqual(["the node b is never used: it is on another cluster"]);
  cluster.close();
});

it("is asked again while a node has not answered, and tells that once", async () => {
  const { cluster, said, asked } = watched([
    [unknown, other],
    [unknown, other],
    [same, other],
  ]);
  await cluster.first;
  expect(cluster.isKnown()).toBe(false);
  await vi.waitFor(() => expect(cluster.isKnown()).toBe(true));
  expect(asked()).toBe(3);
  expect(said).toHaveLength(2);
  expect(said[0]).toContain("the node a is not known to be on the cluster yet: the connection was");
  cluster.close();
});

it("holds up no start: the first answer is waited for a while only", async () => {
  const { cluster, asked } = watched([], 1);
  await cluster.first;
  expect(cluster.isKnown()).toBe(false);
  expect(asked()).toBe(0);
  cluster.close();
});

it("says nothing more once it is closed", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly GenesisVerdict[]>();
  const said: string[] = [];
  const cluster = watchCluster({ check: () => promise, log: (line) => said.push(line) });
  cluster.close();
  await cluster.first;
  resolve([other, same]);
  await promise;
  expect(cluster.isKnown()).toBe(false);
  expect(said).toEqual([]);
});
