/** What happens in one run, and when: accounts, orders, account commands, clock jumps, drains, and the healing. */
import { beginAccountCommand, openAccounts } from "./account-clients.ts";
import type { Client } from "./client.types.ts";
import { beginOrder } from "./clients.ts";

export type Script = {
  /** Begins all that the plan asks for; from here on things go wrong. */
  readonly disturb: () => void;
  readonly isDisturbed: () => boolean;
  /** Virtual time of the healing; 0 before. */
  readonly healedAtUs: () => number;
};

const START_LOOK_US = 10_000;

export function createScript(client: Client): Script {
  const { world, random } = client;
  const { plan, scheduler, coverage } = world;
  let healedAtUs = 0;
  let disturbed = false;

  async function prepare(): Promise<void> {
    while (!world.life()) await scheduler.sleep("client waits for the engine", START_LOOK_US);
    await openAccounts(client);
  }
  void prepare();

  async function drain({ atUs, timeoutMs }: (typeof plan.drains)[number]): Promise<void> {
    await scheduler.sleep("the process is asked to end", atUs);
    const outcome = await world.call(async (engine) => {
      await engine.drain(timeoutMs);
      return engine.status();
    });
    if (outcome === "lost") return;
    if (outcome.openOrders > 0) coverage.mark("drain: finished with orders parked");
    world.crash(100_000);
  }

  async function jump({ atUs, byUs }: (typeof plan.clockJumps)[number]): Promise<void> {
    await scheduler.sleep("the clock jumps", atUs);
    if (byUs < 0 && (world.life()?.engine.status().openOrders ?? 0) > 0) {
      coverage.mark("clock: went backwards with orders open");
    }
    world.jump(byUs);
  }

  async function heal(): Promise<void> {
    await scheduler.sleep("all is healed", plan.horizonUs);
    world.heal();
    healedAtUs = scheduler.nowUs();
  }

  return {
    isDisturbed: () => disturbed,
    disturb: () => {
      disturbed = true;
      healedAtUs = scheduler.nowUs() + plan.horizonUs;
      world.disturb();
      for (let i = 0; i < plan.orders; i++) beginOrder({ ...client, random: random.fork() }, i);
      const commands = random.between(2, plan.crowded ? 14 : 8);
      for (let i = 0; i < commands; i++) {
        beginAccountCommand({ ...client, random: random.fork() }, i);
      }
      for (const planned of plan.drains) void drain(planned);
      for (const planned of plan.clockJumps) void jump(planned);
      void heal();
    },
    healedAtUs: () => healedAtUs,
  };
}
