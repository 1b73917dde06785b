/** `whatif`: the recorded paper orders, decided again under another policy. It reads the log and never writes. */

import type { WhatIfPolicy } from "../../../domain/application/audit/whatif.ts";
import {
  type WhatIfOptions,
  type WhatIfSummary,
  whatIfLog,
} from "../../../domain/application/audit/whatif-log.ts";
import { mevModel } from "../../../domain/pricing/mev.ts";
import {
  ACCOUNT_ID_PATTERN,
  type AccountId,
  accountStream,
} from "../../../domain/primitives/ids.ts";
import { slippageModelsOf } from "../../config/engine-config.ts";
import type { Config } from "../../config.ts";
import type { SqliteReader } from "../../event-store/sqlite-reader.ts";
import { type Call, type CommandSpec, configOf, type Options } from "../command.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { timeOf } from "../find-order.ts";
import { jsonLine } from "../output.ts";
import { PROGRESS_OPTION } from "../progress.ts";
import { eventsProgress, storeCodec, withLog } from "../store.ts";
import { bpsOf, tokenTable } from "../tokens.ts";
import { orderJson, orderLine, summaryJson, summaryText, WHATIF_HEAD } from "./whatif-text.ts";

export const whatifCommand: CommandSpec = {
  name: "whatif",
  summary: "decide the recorded paper orders again under another policy and show the difference",
  needs: "store",
  options: [
    { flags: "--slippage-model <name>", description: "for every order (default: its own)" },
    {
      flags: "--max-slippage <x>",
      description: "2% or 200bps, for every order (default: its own)",
    },
    {
      flags: "--from <time>",
      description: "orders requested from this time on, by the log's clock",
    },
    { flags: "--to <time>", description: "orders requested before this time" },
    { flags: "--account <name>", description: "orders of this account" },
    { flags: "--all", description: "show the orders without a difference too" },
    {
      flags: "--set <key=value>",
      description: "any key of the configuration; repeatable",
      repeatable: true,
    },
    PROGRESS_OPTION,
  ],
  notes:
    "Each execution is decided by the same rules as then, from the order's own quote and market\n" +
    "facts, under the models, MEV figures and outcome knobs of this configuration. The log is not\n" +
    "written to. What an account could have paid is not checked again, later orders are not moved,\n" +
    "and fills at an expected price (simulated orders) stay out.",
  examples: [
    "whatif --slippage-model square-root",
    "whatif --max-slippage 0.5% --from 2026-11-01 --to 2026-12-01 --account desk",
    "whatif --slippage-model fixed --set paper.slippageBps=100",
  ],
  run: whatIf,
};

async function whatIf(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call);
  const policy = policyOf(options, config);
  const times = timesOf(options);
  const tokens = tokenTable(config.tokens);
  const isJson = options.flag("json");
  const showsAll = options.flag("all");
  let shown = 0;

  return withLog(config, async (store) => {
    const account = await accountOf(options, store);
    const until = await store.end();
    const progress = eventsProgress(call, "decided", until);
    const onOrder: WhatIfOptions["onOrder"] = async (compared) => {
      if (compared.change === "same" && !showsAll) return true;
      if (!isJson && shown === 0) io.out(WHATIF_HEAD);
      shown += 1;
      io.out(isJson ? jsonLine(orderJson(compared)) : orderLine(compared, tokens));
      return io.flushed();
    };
    const summary = await whatIfLog(
      { store, codec: storeCodec },
      { policy, ...times, account, until, onOrder, onProgress: progress.step },
    )
      .catch(cannotFollow)
      .finally(progress.end);
    io.out(isJson ? jsonLine(summaryJson(summary)) : textOf(summary));
    return EXIT.ok;
  });

  function textOf(summary: WhatIfSummary): string {
    return `${shown > 0 ? "\n" : ""}${summaryText(summary, policy, tokens)}`;
  }
}

function policyOf(options: Options, { paper, limits }: Config): WhatIfPolicy {
  const slippageModels = slippageModelsOf(paper);
  const slippageModel = options.text("slippage-model");
  if (slippageModel !== undefined && !slippageModels.has(slippageModel)) {
    const known = [...slippageModels.keys()].join(", ");
    throw usageError(`--slippage-model ${JSON.stringify(slippageModel)} is not one of: ${known}`);
  }
  const given = options.text("max-slippage");
  const slippageToleranceBps = given === undefined ? undefined : bpsOf(given, "--max-slippage");
  const limit = limits.slippageToleranceBelowBps;
  if (slippageToleranceBps !== undefined && slippageToleranceBps >= limit) {
    throw usageError(`--max-slippage must be below limits.slippageToleranceBelowBps, ${limit}`);
  }
  return {
    ...{ slippageModels, slippageModel, slippageToleranceBps },
    mev: mevModel(paper.mev),
    outcomes: paper.outcomes,
  };
}

function timesOf(options: Options): Pick<WhatIfOptions, "fromUs" | "toUs"> {
  const [from, to] = [options.text("from"), options.text("to")];
  const fromUs = from === undefined ? undefined : timeOf(from, "--from");
  const toUs = to === undefined ? undefined : timeOf(to, "--to");
  if (fromUs !== undefined && toUs !== undefined && fromUs >= toUs) {
    throw usageError("--from must be before --to");
  }
  return { fromUs, toUs };
}

async function accountOf(options: Options, store: SqliteReader): Promise<AccountId | undefined> {
  const name = options.text("account");
  if (name === undefined) return undefined;
  if (!ACCOUNT_ID_PATTERN.test(name)) {
    throw usageError(`--account ${JSON.stringify(name)} is no name of an account`);
  }
  const account = name as AccountId;
  if ((await store.readStream(accountStream(account), 0, 1)).length > 0) return account;
  throw new CliError(EXIT.notFound, `there is no account ${account} in this log`);
}

function cannotFollow(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  throw new CliError(EXIT.failed, `the log cannot be folded to its end: ${message}`);
}
