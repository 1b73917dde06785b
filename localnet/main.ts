/**
 * The local world as a process: `node localnet/main.ts [--port 0] [--nodes 2] [--state FILE] …`,
 * one JSON line of addresses when ready. Ends on SIGTERM or SIGINT, and when whoever started it
 * goes away; the chain's state is saved then, and within a second of each transaction.
 */
import { z } from "zod";
import { type LocalWorldOptions, startLocalWorld } from "./localnet.ts";
import { decimalNumber, port, readArguments, runProcess, wholeNumber } from "./process.ts";

const argumentsSchema = z.object({
  port: wholeNumber(65_000).default(0),
  "control-port": port,
  "market-port": port,
  "jito-port": port,
  nodes: wholeNumber(16, 1).default(2),
  "block-time-ms": wholeNumber(60_000).default(400),
  "confirm-lag": wholeNumber(300).optional(),
  "final-lag": wholeNumber(300, 1).optional(),
  rent: wholeNumber(1_000_000, 1).optional(),
  state: z.string().min(1).optional(),
  seed: wholeNumber(Number.MAX_SAFE_INTEGER).default(1),
  speed: decimalNumber.default(1),
  market: z.string().min(1).optional(),
  symbol: z.string().min(1).optional(),
});

function optionsOf(values: z.output<typeof argumentsSchema>): LocalWorldOptions {
  const { rent, state, market, symbol } = values;
  const [confirmLag, finalLag] = [values["confirm-lag"], values["final-lag"]];
  return {
    ...{ port: values.port, nodes: values.nodes, seed: values.seed, speed: values.speed },
    controlPort: values["control-port"],
    marketPort: values["market-port"],
    jitoPort: values["jito-port"],
    blockTimeMs: values["block-time-ms"],
    ...(confirmLag === undefined ? {} : { confirmLag }),
    ...(finalLag === undefined ? {} : { finalLag }),
    ...(rent === undefined ? {} : { rent: BigInt(rent) }),
    ...(state === undefined ? {} : { stateFile: state }),
    ...(market === undefined ? {} : { marketFile: market }),
    ...(symbol === undefined ? {} : { symbol }),
  };
}

runProcess("localnet", async () => {
  const world = await startLocalWorld(optionsOf(readArguments(argumentsSchema)));
  return { ready: world.addresses, close: world.close };
});
