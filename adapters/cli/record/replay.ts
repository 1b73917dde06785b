/**
 * `replay <order>` folds one order again; `replay --all` the whole log, and compares everything
 * that was ever made of it.
 */
import { ledgerHash } from "../../../domain/application/audit/replay-all.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { MOMENT_OPTIONS, replayOrder } from "../orders/explain.ts";
import { jsonLine } from "../output.ts";
import { PROGRESS_OPTION } from "../progress.ts";
import { eventsProgress, rate, storeHasher, withLog } from "../store.ts";
import { compareLog } from "./replay-log.ts";

export const replayCommand: CommandSpec = {
  name: "replay",
  operands: "[order]",
  summary: "fold an order's events again (engine), or with --all the whole log (store)",
  needs: "both",
  options: [
    ...MOMENT_OPTIONS,
    { flags: "--all", description: "the whole log; compare orders, ledger and views" },
    PROGRESS_OPTION,
  ],
  notes:
    "`replay <order>` asks the engine at --grpc for the events, folds them here and compares\n" +
    "the state. `replay --all` reads the store in --data and compares the fold with the engine\n" +
    "at --http, if it runs on that store, else with the snapshot that the last one left, and with every\n" +
    "row of the views.",
  examples: ["replay my-order-1 --at-revision 2", "replay --all"],
  run: (call) => {
    const isAll = call.options.flag("all");
    if (isAll === call.operands.length > 0) throw usageError("name one order, or give --all");
    return isAll ? replayAll(call) : replayOrder(call);
  },
};

async function replayAll(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call);
  const begunMs = performance.now();
  const report = await withLog(config, async (store) => {
    const progress = eventsProgress(call, "folded", await store.end());
    return compareLog(store, config, progress.step).finally(progress.end);
  });
  const elapsedMs = Math.round(performance.now() - begunMs);
  const { fold, viewsCompared, viewRows, differences, differenceCount: count, notes } = report;
  const summary = {
    ok: count === 0,
    events: fold.events,
    orders: fold.orders,
    openOrders: [...fold.openOrders()].length,
    position: fold.position,
    ledgerHash: ledgerHash(fold.ledger, storeHasher),
    comparedWith: report.engine,
    ...{ viewsCompared, viewRows },
    elapsedMs,
    eventsPerSecond: Math.round((fold.events * 1_000) / Math.max(1, elapsedMs)),
    differenceCount: count,
    differences,
    notes,
  };
  if (options.flag("json")) io.out(jsonLine(summary));
  else {
    for (const line of differences) io.out(`DIFFERENT: ${line}\n`);
    for (const line of notes) io.out(`note: ${line}\n`);
    io.out(`${fold.events} events, ${fold.orders} orders, ${rate(fold.events, elapsedMs)}\n`);
    io.out(`ledger ${summary.ledgerHash} at position ${fold.position ?? "none"}\n`);
    const rows = viewsCompared ? `${viewRows} view rows` : "the views were NOT compared";
    io.out(`compared with ${report.engine || "no engine"}, ${rows}: `);
    io.out(count === 0 ? "no difference\n" : `${count} DIFFERENCES\n`);
  }
  return count === 0 ? EXIT.ok : EXIT.failed;
}
