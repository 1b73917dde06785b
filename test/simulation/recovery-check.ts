/** What an engine starts from, against what the log says. */
import type { Recovered } from "../../domain/application/engine.ts";
import { type AccountId, type Mint, orderStream } from "../../domain/primitives/ids.ts";
import type { LogModel, Report } from "./log-model.ts";
import { isEnding } from "./money-model.ts";

/** Open orders, free funds and the log's clock. */
export function checkRecovered(
  { ledger, openOrders, clockUs }: Recovered,
  model: LogModel,
  report: Report,
): void {
  const open = [...model.orders()].filter(({ last }) => !isEnding(last().type));
  const expected = open.map(({ stream }) => stream).sort();
  if (openOrders.map(orderStream).sort().join() !== expected.join()) {
    report("recovery finds what is open", `${openOrders.join()} for ${expected.join()}`);
  }
  if (clockUs !== model.clockUs()) report("recovery finds the log's clock", String(clockUs));
  for (const name of model.money.names()) {
    const account = model.money.account(name);
    for (const [mint, has] of account?.funds ?? []) {
      const held = [...(account?.reserved.values() ?? [])].reduce(
        (sum, lines) => sum + (lines.get(mint) ?? 0n),
        0n,
      );
      const free = ledger.available(name as AccountId, mint as Mint);
      if (free !== has - held) {
        report("recovery finds what is free", `${name} ${mint}: ${free}, not ${has - held}`);
      }
    }
  }
}
