/** `accounts`: paper accounts and their funds. */
import { randomUUID } from "node:crypto";
import {
  type Balance,
  type Funds,
  TradeExecutionServiceService as Service,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Call, type CommandSpec, configOf, type OptionSpec } from "../command.ts";
import { type EngineClient, withEngine } from "../engine-client.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { jsonLine, table } from "../output.ts";
import { PROGRESS_OPTION } from "../progress.ts";
import { listAccounts } from "../store.ts";
import { type TokenTable, tokenTable, unitsOf } from "../tokens.ts";

const WRITE = { timeoutMs: 30_000, isWrite: true } as const;

const REQUEST_ID: OptionSpec = {
  flags: "--request-id <id>",
  description: "the same id does the same only once",
};

type Answer = { readonly account: string; readonly balances: Balance[]; readonly position: string };

export const accountsCommand: CommandSpec = {
  name: "accounts",
  summary: "list, open, fund and close paper accounts",
  needs: "both",
  commands: [
    {
      name: "list",
      summary: "list all accounts with their balances",
      needs: "store",
      options: [PROGRESS_OPTION],
      run: listAccounts,
    },
    {
      name: "open",
      operands: "<account> [funds...]",
      summary: "open an account, with first funds if wanted",
      needs: "engine",
      options: [REQUEST_ID],
      examples: ["accounts open desk 100 SOL 10000 USDC"],
      run: (call) =>
        write(call, ({ engine, account, requestId, tokens }) =>
          engine.call(
            Service.openPaperAccount,
            { requestId, account, initialFunds: fundsOf(call.operands.slice(1), tokens) },
            WRITE,
          ),
        ),
    },
    {
      name: "deposit",
      operands: "<account> <amount> <token>",
      summary: "add funds",
      needs: "engine",
      options: [
        { flags: "--cost <amount>", description: "what all of it cost, in USDC; else unknown" },
        REQUEST_ID,
      ],
      examples: ["accounts deposit desk 5 SOL --cost 750"],
      run: (call) =>
        write(call, ({ engine, account, requestId, tokens }) => {
          const funds = oneOf(call.operands.slice(1), tokens);
          const cost = call.options.text("cost");
          const units = cost === undefined ? undefined : unitsOf(cost, tokens.find("USDC"));
          const request = { requestId, account, funds: { ...funds, cost: units } };
          return engine.call(Service.depositPaperFunds, request, WRITE);
        }),
    },
    {
      name: "withdraw",
      operands: "<account> <amount> <token>",
      summary: "take available funds out",
      needs: "engine",
      options: [REQUEST_ID],
      run: (call) =>
        write(call, ({ engine, account, requestId, tokens }) => {
          const funds = oneOf(call.operands.slice(1), tokens);
          return engine.call(Service.withdrawPaperFunds, { requestId, account, funds }, WRITE);
        }),
    },
    {
      name: "close",
      operands: "<account>",
      summary: "close an account that has no open orders",
      needs: "engine",
      options: [REQUEST_ID],
      run: (call) =>
        write(call, ({ engine, account, requestId }) =>
          engine.call(Service.closePaperAccount, { requestId, account }, WRITE),
        ),
    },
  ],
};

function fundsOf(words: readonly string[], tokens: TokenTable): Funds[] {
  if (words.length % 2 !== 0) throw usageError("write funds as pairs such as 100 SOL 10000 USDC");
  return Array.from({ length: words.length / 2 }, (_, index) =>
    oneOf(words.slice(index * 2, index * 2 + 2), tokens),
  );
}

function oneOf([amount = "", name = ""]: readonly string[], tokens: TokenTable): Funds {
  const token = tokens.find(name);
  return { mint: token.mint, amount: unitsOf(amount, token), cost: undefined };
}

type Write = {
  readonly engine: EngineClient;
  readonly account: string;
  readonly requestId: string;
  readonly tokens: TokenTable;
};

async function write(call: Call, act: (write: Write) => Promise<Answer>): Promise<ExitCode> {
  const { operands, options, io } = call;
  const config = configOf(call);
  const tokens = tokenTable(config.tokens);
  const requestId = options.text("request-id") ?? `cli-${randomUUID()}`;
  const account = operands[0] ?? "";
  let answer: Answer;
  try {
    answer = await withEngine(config.grpc, (engine) => act({ engine, account, requestId, tokens }));
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== EXIT.unknown) throw error;
    throw new CliError(error.code, `${error.message} (--request-id ${requestId})`, {
      ...error.facts,
      requestId,
    });
  }
  if (options.flag("json")) io.out(jsonLine(answer));
  else {
    const rows = answer.balances.map(({ mint, available, reserved, total }) => [
      tokens.symbol(mint),
      tokens.number(mint, available),
      tokens.number(mint, reserved),
      tokens.number(mint, total),
    ]);
    io.out(`account ${answer.account}\n`);
    io.out(table(["TOKEN", ">AVAILABLE", ">RESERVED", ">TOTAL"], rows));
  }
  return EXIT.ok;
}
