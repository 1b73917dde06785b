/** `halt`, `resume`, `safety`: the brake. A halt is in effect in the engine before it is answered. */
import { randomUUID } from "node:crypto";
import { ADDRESS_PATTERN } from "../../../domain/primitives/ids.ts";
import {
  type HaltTradingRequest,
  type ResumeTradingRequest,
  type SafetyStatus,
  TradeExecutionServiceService as Service,
  type TradingHalt,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Call, type CommandSpec, configOf, type OptionSpec } from "../command.ts";
import { READ_TIMEOUT_MS, withEngine } from "../engine-client.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { enumName, formatTime, jsonLine, printable, table } from "../output.ts";
import { type TokenTable, tokenTable } from "../tokens.ts";

const WRITE = { timeoutMs: 30_000, isWrite: true } as const;

const ACCOUNT: OptionSpec = { flags: "--account <name>", description: "orders of this account" };
const MINT: OptionSpec = {
  flags: "--mint <token>",
  description: "orders that spend or receive this token, by symbol or mint",
};
const REASON: OptionSpec = { flags: "--reason <text>", description: "why, for the record; needed" };
const REQUEST_ID: OptionSpec = {
  flags: "--request-id <id>",
  description: "the same id does the same only once",
};

export const haltCommand: CommandSpec = {
  name: "halt",
  summary: "stop trading: take no new orders, sign no further live transaction",
  needs: "engine",
  options: [ACCOUNT, MINT, REASON, REQUEST_ID],
  notes:
    "Without --account and --mint everything stops, in both modes, until `resume`, also across\n" +
    "restarts. What is signed already goes on to its outcome.",
  examples: ["halt --reason feed-is-wrong", "halt --mint BONK --reason depeg"],
  run: async (call) => {
    const scope = haltScopeOf(call);
    return write(call, ({ engine, requestId, reason }) =>
      engine.call(Service.haltTrading, { requestId, scope, reason }, WRITE),
    );
  },
};

export const resumeCommand: CommandSpec = {
  name: "resume",
  summary: "lift a halt, or close the circuit breaker",
  needs: "engine",
  options: [
    ACCOUNT,
    MINT,
    { flags: "--breaker", description: "close the circuit breaker before its cool-down is over" },
    REASON,
    REQUEST_ID,
  ],
  notes:
    "Without --account, --mint and --breaker the halt of everything is lifted; halts of accounts and\n" +
    "mints stay.",
  examples: ["resume --reason feed-is-back", "resume --breaker --reason node-replaced"],
  run: async (call) => {
    const scope = resumeScopeOf(call);
    return write(call, ({ engine, requestId, reason }) =>
      engine.call(Service.resumeTrading, { requestId, scope, reason }, WRITE),
    );
  },
};

export const safetyCommand: CommandSpec = {
  name: "safety",
  summary: "show what is halted, and the circuit breaker",
  needs: "engine",
  run: async (call) => {
    const config = configOf(call);
    const answer = await withEngine(config.grpc, (engine) =>
      engine.call(Service.getSafetyStatus, {}, { timeoutMs: READ_TIMEOUT_MS }),
    );
    return show(call, answer);
  },
};

function haltScopeOf(call: Call): HaltTradingRequest["scope"] {
  const tokens = tokenTable(configOf(call).tokens);
  const account = call.options.text("account");
  const mint = call.options.text("mint");
  if (account !== undefined && mint !== undefined) {
    throw usageError("give --account or --mint, not both: a halt has one scope");
  }
  if (account !== undefined) return { $case: "account", value: account };
  if (mint !== undefined) return { $case: "mint", value: mintOf(mint, tokens) };
  return undefined;
}

/** The engine may know tokens that are not configured here. */
const mintOf = (name: string, tokens: TokenTable): string =>
  ADDRESS_PATTERN.test(name) ? name : tokens.find(name).mint;

function resumeScopeOf(call: Call): ResumeTradingRequest["scope"] {
  const scope = haltScopeOf(call);
  if (!call.options.flag("breaker")) return scope;
  if (scope) throw usageError("give --breaker alone: it is neither of an account nor of a mint");
  return { $case: "breaker", value: true };
}

type Answer = { readonly safety: SafetyStatus | undefined; readonly position: string };
type Write = {
  readonly engine: Parameters<Parameters<typeof withEngine>[1]>[0];
  readonly requestId: string;
  readonly reason: string;
};

async function write(call: Call, act: (write: Write) => Promise<Answer>): Promise<ExitCode> {
  const { options } = call;
  const { grpc } = configOf(call);
  const reason = options.text("reason");
  if (reason === undefined) throw usageError("say why with --reason TEXT: it goes on record");
  const requestId = options.text("request-id") ?? `cli-${randomUUID()}`;
  try {
    return show(call, await withEngine(grpc, (engine) => act({ engine, requestId, reason })));
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== EXIT.unknown) throw error;
    throw new CliError(error.code, `${error.message} (--request-id ${requestId})`, {
      ...error.facts,
      requestId,
    });
  }
}

function show(call: Call, { safety, position }: Answer): ExitCode {
  const { io, options } = call;
  const halts = (safety?.halts ?? []).map(plainHalt);
  const breaker = safety?.breaker;
  const state = enumName("state", breaker?.state ?? 0);
  if (options.flag("json")) {
    io.out(jsonLine({ halts, breaker, revision: safety?.revision, position }));
    return EXIT.ok;
  }
  const tokens = tokenTable(configOf(call).tokens);
  if (halts.length === 0) io.out("trading is not halted\n");
  else {
    const rows = halts.map(({ scope, target, since, by, reason, recorded }) => [
      scope === "all" ? "everything" : `${scope} ${tokens.symbol(target)}`,
      formatTime(since),
      printable(by),
      `${printable(reason)}${recorded ? "" : " (not recorded yet)"}`,
    ]);
    io.out(`trading is halted\n${table(["WHAT", "SINCE", "BY", "REASON"], rows)}`);
  }
  const why =
    state === "CLOSED"
      ? ""
      : ` (${breaker?.cause}, since ${formatTime(breaker?.since)}, cool-down until ${formatTime(breaker?.until)})`;
  io.out(`circuit breaker: ${state}${why}\n`);
  return EXIT.ok;
}

const plainHalt = ({ scope, ...halt }: TradingHalt) => ({
  scope: scope?.$case ?? "all",
  target: scope?.value ?? "",
  ...halt,
});
