/** Whoever moves money: opens accounts, deposits, withdraws and closes while orders want the same funds. */
import type { AccountCommand, AccountResult } from "../../domain/application/engine.types.ts";
import type { AccountId, Mint, RequestId } from "../../domain/primitives/ids.ts";
import type { Client } from "./client.types.ts";
import { ACCOUNTS, OWNER } from "./clients.ts";
import { FUNDS } from "./commands.ts";
import { SOL, UNSUPPORTED, USDC } from "./plan.ts";

type Asked = {
  readonly account: string;
  readonly command: AccountCommand;
  readonly requestId: string;
};

const TRIES = 4;

/** Opens the accounts that orders use, before anything goes wrong. */
export async function openAccounts(client: Client): Promise<void> {
  const all = [...FUNDS].map(([mint, amount]) => ({ mint, amount }));
  const part = all.map(({ mint, amount }) => ({ mint, amount: amount / 5n + 1n }));
  for (const account of ACCOUNTS) {
    const initialFunds = account === "rich" ? all : part;
    const command = { type: "Open", initialFunds } as const;
    await sendCommand(client, { account, command, requestId: `open-${account}` });
  }
}

/** One command at a random time, repeated and contradicted at times. */
export function beginAccountCommand(client: Client, index: number): void {
  const { world, random } = client;
  const afterUs = random.between(0, world.plan.horizonUs);
  const requestId = `a-${index}`;
  const account = world.plan.crowded ? "rich" : random.pick(ACCOUNTS);
  const command = drawAccountCommand(client);
  const send = async (asked: Asked, lateUs: number): Promise<void> => {
    await world.scheduler.sleep(`client's account command ${requestId}`, afterUs + lateUs);
    await sendCommand({ ...client, random: random.fork() }, asked);
  };
  void send({ account, command, requestId }, 0);
  if (random.chance(0.3)) {
    void send({ account, command, requestId }, random.between(0, 50_000));
  }
  if (random.chance(0.15)) {
    const other = { type: "Deposit", funds: { mint: SOL, amount: 77n } } as const;
    void send({ account, command: other, requestId }, random.between(0, 2_000_000));
  }
}

function drawAccountCommand({ random, world }: Client): AccountCommand {
  if (random.chance(0.07)) return { type: "Close" };
  const mint: Mint = random.chance(0.03) ? UNSUPPORTED : random.pick([SOL, SOL, USDC]);
  const whole = FUNDS.get(mint) ?? 100n;
  const amount =
    (whole * BigInt(random.pick(world.plan.crowded ? [20, 40, 60] : [1, 2, 5, 12, 19, 60, 99]))) /
    100n;
  const type = random.pick(["Deposit", "Withdraw", "Withdraw"] as const);
  const cost = type === "Deposit" && random.chance(0.3) ? 1_000n : undefined;
  return { type, funds: { mint, amount, cost } };
}

async function sendCommand(client: Client, { account, command, requestId }: Asked): Promise<void> {
  const { world, checks, random } = client;
  let outcome: AccountResult | "lost" | undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const before = world.model.commands(account).has(requestId);
    outcome = await world
      .call((engine) =>
        engine.account(account as AccountId, command, {
          principal: OWNER,
          requestId: requestId as RequestId,
        }),
      )
      .catch((error) => {
        world.report("account never throws", String(error));
        return undefined;
      });
    if (!outcome) return;
    checks.onAccount({ account, requestId }, outcome);
    markAccount(client, { command, account, before }, outcome);
    if (outcome !== "lost" && outcome.kind === "account") return;
    await world.scheduler.sleep(`client tries again ${requestId}`, random.between(500, 1_000_000));
  }
}

function markAccount(
  { world }: Client,
  asked: {
    readonly command: AccountCommand;
    readonly account: string;
    readonly before: boolean;
  },
  outcome: AccountResult | "lost",
): void {
  const { coverage, model } = world;
  const { command, account, before } = asked;
  if (outcome === "lost") return;
  if (outcome.kind === "account") {
    if (before) coverage.mark("account: a repeated command changes nothing");
    if (command.type === "Close") coverage.mark("account: closed");
    if (command.type === "Withdraw") coverage.mark("account: deposit and withdrawal obeyed");
    return;
  }
  if (outcome.kind !== "refused") return;
  const { reason } = outcome.refusal;
  if (reason === "REQUEST_ID_REUSED") {
    coverage.mark("account: another body under a used id is refused");
  }
  if (reason === "ACCOUNT_HAS_OPEN_ORDERS") {
    coverage.mark("account: closing refused because of open orders");
  }
  if (reason === "FUNDS_NOT_AVAILABLE" && command.type === "Withdraw") {
    const has = model.money.account(account)?.funds.get(command.funds.mint) ?? 0n;
    if (has >= command.funds.amount) coverage.mark("account: a withdrawal beaten by a reservation");
  }
}
