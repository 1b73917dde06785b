/** Closing leaves nothing behind: a process that used the chain ends by itself. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test, vi } from "vitest";
import { openChain } from "../localnet/chain-world.ts";

const CHILD = resolve(import.meta.dirname, "../support/chain-that-ends.ts");

test("with a call under way, a socket open and another that waits to connect", async () => {
  const { localnet } = await openChain();
  const [first, second] = localnet.nodes;
  first?.setFaults([{ methods: ["getFirstAvailableBlock"], hang: true }]);
  // Nobody is where the second one's socket is looked for.
  const nobody = "http://127.0.0.1:1";
  const urls = [first?.url ?? "", second?.url ?? "", nobody];
  const child = spawn(process.execPath, [CHILD, localnet.chain.genesisHash, ...urls], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const said = text(child.stdout);
  await vi.waitFor(
    () => {
      expect(first?.stats().subscriptions).toBe(1);
      expect(first?.stats().faults).toBe(1);
    },
    { timeout: 20_000 },
  );
  child.stdin.write("close\n");
  expect(await ended).toEqual([0, null]);
  const [verdicts = "", hanging = ""] = (await said).split("\n");
  expect(JSON.parse(verdicts)).toMatchObject([
    { kind: "same" },
    { kind: "same" },
    { kind: "unknown" },
  ]);
  expect(JSON.parse(hanging)).toMatchObject({ kind: "failed", class: "unreachable" });
});
