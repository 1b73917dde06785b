/** `positions`: what an account holds, what it cost, and what it is worth. */
import {
  type GetPositionsResponse,
  type Position,
  TradeExecutionServiceService as Service,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type CommandSpec, configOf } from "../command.ts";
import { READ_TIMEOUT_MS, withEngine } from "../engine-client.ts";
import { EXIT } from "../exit-codes.ts";
import { timeOf } from "../find-order.ts";
import { fields, jsonLine, table, timestampOf } from "../output.ts";
import { FEE_MINT, showBps, showLamports, type TokenTable, tokenTable } from "../tokens.ts";

export const positionsCommand: CommandSpec = {
  name: "positions",
  summary: "show what an account holds, what it cost, what it is worth and what was realised",
  needs: "engine",
  options: [
    { flags: "--account <name>", description: "account (default: paper)" },
    { flags: "--as-of <time>", description: "as of a time such as 2026-11-21T13:15:06Z" },
    { flags: "--value-in <token>", description: "token to count values in (default: USDC)" },
  ],
  notes:
    "Marks are quotes for one whole token; with --as-of the last traded prices up to then. AGE is\n" +
    "that of the mark. What has no mark has no value either: it is in no sum, and is named.",
  examples: ["positions --value-in SOL", "positions --account desk --as-of 2026-11-21"],
  run: async (call) => {
    const { options, io } = call;
    const config = configOf(call);
    const tokens = tokenTable(config.tokens);
    const asOf = options.text("as-of");
    const valueIn = options.text("value-in");
    const request = {
      account: options.text("account") ?? config.executor.account,
      asOf: asOf === undefined ? undefined : timestampOf(timeOf(asOf, "--as-of")),
      minPosition: "",
      valueMint: valueIn === undefined ? "" : tokens.find(valueIn).mint,
    };
    const answer = await withEngine(config.grpc, (engine) =>
      engine.call(Service.getPositions, request, { timeoutMs: READ_TIMEOUT_MS }),
    );
    if (options.flag("json")) io.out(jsonLine(answer));
    else if (answer.positions.length === 0) io.out("no positions\n");
    else io.out(`${positionsTable(answer, tokens)}\n${totalsText(answer, tokens)}`);
    return EXIT.ok;
  },
};

function positionsTable(answer: GetPositionsResponse, tokens: TokenTable): string {
  const { costMint, valueMint } = answer;
  const cost = tokens.symbol(costMint);
  const head = [
    "TOKEN",
    ">QUANTITY",
    ">RESERVED",
    `>AVERAGE COST ${cost}`,
    `>MARK ${cost}`,
    ">AGE",
    `>VALUE ${tokens.symbol(valueMint)}`,
    ">EXPOSURE",
    `>UNREALISED ${cost}`,
    `>REALISED ${cost}`,
    ">FEES SOL",
    ">TRADES",
  ];
  const known = (mint: string, units: bigint | undefined): string =>
    units === undefined ? "unknown" : tokens.number(mint, units);
  const row = (position: Position): readonly string[] => [
    tokens.symbol(position.mint),
    tokens.number(position.mint, position.quantity - position.deficit),
    tokens.number(position.mint, position.reserved),
    position.averageCost || "unknown",
    position.markPrice || (position.mint === costMint ? "1" : "unknown"),
    position.markAgeUs === undefined ? "" : ageText(position.markAgeUs),
    known(valueMint, position.value),
    position.exposureBps === undefined ? "" : showBps(position.exposureBps),
    known(costMint, position.unrealisedProfit),
    tokens.number(costMint, position.realisedProfit),
    position.feesPaidLamports > 0n ? tokens.number(FEE_MINT, position.feesPaidLamports) : "",
    position.trades.toString(),
  ];
  return table(head, answer.positions.map(row));
}

function totalsText(answer: GetPositionsResponse, tokens: TokenTable): string {
  const { costMint, valueMint, unvaluedMints } = answer;
  return fields([
    ["value", tokens.show(valueMint, answer.totalValue)],
    ["unrealised", tokens.show(costMint, answer.unrealisedProfit)],
    ["realised", tokens.show(costMint, answer.realisedProfit)],
    ["fees paid", showLamports(answer.feesPaidLamports)],
    ["not valued", unvaluedMints.map(tokens.symbol).join(", ")],
  ]);
}

const UNITS: readonly (readonly [us: bigint, name: string])[] = [
  [86_400_000_000n, "d"],
  [3_600_000_000n, "h"],
  [60_000_000n, "min"],
  [1_000_000n, "s"],
];

/** In the largest unit of which there is a whole one: `3 min`. */
export function ageText(ageUs: bigint): string {
  const [us, name] = UNITS.find(([unit]) => ageUs >= unit) ?? [1_000n, "ms"];
  return `${ageUs / us} ${name}`;
}
