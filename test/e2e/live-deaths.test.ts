/** What dies or stands still beside the engine while live orders are on their way: signer, localnet, the engine's own time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WaitFor } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { run } from "../cli/harness.ts";
import { dataOf, exportedLog } from "../support/exported-orders.ts";
import { type LiveDesk, openLiveDesk } from "../support/live-desk.ts";
import { childrenOf, hasProcFolder, isAlive } from "../support/processes.ts";

let folder = "";
let desk: LiveDesk;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "orderstream-deaths-"));
});
afterEach(async () => {
  await desk.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything lands in the last block that it may land in, some seconds later. */
const HELD = { sends: [{ action: "hold", until: "last-valid" } as const] };
const SUBMITTED = { waitFor: WaitFor.WAIT_FOR_SUBMITTED };
const until = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 25_000, interval: 100 });

describe.skipIf(!hasProcFolder)("a signer that is killed", () => {
  it("leaves nothing signed and nothing lost; what was signed goes on, and a new engine signs again", async () => {
    desk = await openLiveDesk({ folder });
    const engine = await desk.start();
    await desk.processes.control(HELD);
    const held = await desk.sell("held", SUBMITTED);
    const [signer = 0, ...others] = childrenOf(engine.pid);
    expect(others).toEqual([]);
    process.kill(signer, "SIGKILL");
    await until(async () => {
      const ready = await fetch(`http://${engine.http}/readyz`);
      expect(await ready.text()).toContain("signer not available");
    });
    expect(await desk.refusal("no-signer")).toContain("the signer ended (SIGKILL)");
    await desk.processes.control({ sends: [] });
    expect(await desk.ended(held.orderId)).toBe("FILLED");

    await desk.restart();
    expect((await desk.sell("again")).txSignature).not.toBe("");
    expect(await desk.disagreements()).toEqual([]);
    const { orders } = await exportedLog(desk.processes.data);
    const signedOf = (requestId: string) =>
      [...orders.values()]
        .filter((order) => dataOf(order, "OrderRequested")[0]?.request.requestId === requestId)
        .flatMap((order) => dataOf(order, "AttemptSigned"));
    expect([signedOf("held").length, signedOf("no-signer").length]).toEqual([1, 0]);
    expect(signedOf("again")).toHaveLength(1);
  }, 60_000);
});

describe("a localnet that is killed", () => {
  it("comes back with its chain, and the engine goes on where it was", async () => {
    // Final later than what a kill may cost of the chain's file.
    const localnet = { blockTimeMs: 40, finalLag: 120 };
    desk = await openLiveDesk({ folder, localnet, keepsChain: true });
    const { processes } = desk;
    await desk.start();
    const before = await desk.sell("before");
    await processes.control(HELD);
    const during = await desk.sell("during", SUBMITTED);
    await processes.killLocalnet();
    expect(await desk.refusal("no-market")).not.toBe("");
    await processes.restartLocalnet();
    expect(await desk.ended(before.orderId)).toBe("FILLED");
    expect(await desk.ended(during.orderId)).toBe("FILLED");
    expect((await desk.sell("after")).txSignature).not.toBe("");
    expect(await desk.disagreements()).toEqual([]);
  }, 120_000);
});

describe("an engine that stands still", () => {
  it("for 500 blocks finds out what became of its orders when it goes on", async () => {
    desk = await openLiveDesk({ folder });
    const { processes } = desk;
    const engine = await desk.start();
    await processes.control({ sends: [{ action: "drop", count: 1 }] });
    const dropped = await desk.sell("dropped", SUBMITTED);
    await processes.control(HELD);
    const held = await desk.sell("held", SUBMITTED);
    const quick = await desk.sell("accepted", { waitFor: WaitFor.WAIT_FOR_ACCEPTED });
    process.kill(engine.pid, "SIGSTOP");
    const { height } = await desk.chainState();
    await until(async () => {
      expect((await desk.chainState()).height).toBeGreaterThan(height + 500);
    });
    await processes.control({ sends: [] });
    process.kill(engine.pid, "SIGCONT");
    for (const { orderId } of [dropped, held, quick]) {
      expect(await desk.ended(orderId)).toBe("FILLED");
    }
    expect(await desk.disagreements()).toEqual([]);
  }, 90_000);
});

describe("SIGTERM", () => {
  it("ends the engine with 0 while orders are on their way, and the next one finishes them", async () => {
    desk = await openLiveDesk({ folder });
    const engine = await desk.start();
    await desk.processes.control(HELD);
    const orders = await Promise.all(["one", "two", "three"].map((id) => desk.sell(id, SUBMITTED)));
    const children = hasProcFolder ? childrenOf(engine.pid) : [];
    expect(await engine.stop()).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
    const { out } = await run(["verify", "--data", desk.processes.data]);
    expect(out).toContain("all hashes fit");
    await desk.start();
    for (const { orderId } of orders) expect(await desk.ended(orderId)).toBe("FILLED");
    expect(await desk.disagreements()).toEqual([]);
  }, 60_000);
});
