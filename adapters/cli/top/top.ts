/** `top`: the running engine's rate, latency, orders, cache and memory, again every second. */
import { setTimeout as delay } from "node:timers/promises";
import { type Address, formatAddress } from "../../config/address.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { jsonLine } from "../output.ts";
import { untilStopped } from "../until-stopped.ts";
import { METRICS_LIMITS, parseMetrics } from "./metrics-text.ts";
import { createPicture, type Picture } from "./redraw.ts";
import { type Reading, type TopFigures, topFigures } from "./top-figures.ts";
import { lineOf, pictureOf } from "./top-text.ts";

/** For one answer of the engine, milliseconds. */
const TIMEOUT_MS = 5_000;

export const topCommand: CommandSpec = {
  name: "top",
  summary: "show the engine's rate, latency, open orders, cache, memory and CPU, every second",
  needs: "http",
  options: [
    {
      flags: "--interval <s>",
      description: "seconds between two readings, 0.1 to 3600 (default: 1)",
    },
    { flags: "--once", description: "show the figures of one interval and end" },
  ],
  notes:
    "At a terminal it draws a picture until Ctrl-C, elsewhere it prints a line per interval. With\n" +
    "--json one object a line. Rates and latencies are those of the last interval.",
  examples: ["top", "top --interval 60"],
  run: top,
};

async function top(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const { http } = configOf(call);
  const intervalMs = intervalOf(options.text("interval") ?? "1");
  const isJson = options.flag("json");
  const isDrawn = io.screen !== undefined && !isJson && !options.flag("once");
  const picture = isDrawn ? createPicture(io.out, io.screen) : undefined;
  const show = async (figures: TopFigures): Promise<boolean> => {
    const address = formatAddress(http);
    const lines = (): readonly string[] =>
      pictureOf(figures, { address, nowS: Date.now() / 1_000 });
    if (picture) picture.draw(lines());
    else if (isJson) io.out(jsonLine({ time: new Date().toISOString(), ...figures }));
    else if (io.screen) io.out(`${lines().join("\n")}\n`);
    else io.out(`${new Date().toISOString()}  ${lineOf(figures)}\n`);
    return io.flushed();
  };
  const restore = (): void => picture?.end();
  try {
    return await untilStopped(
      (signal) => follow({ http, intervalMs, show, picture, isOnce: options.flag("once"), signal }),
      restore,
    );
  } finally {
    restore();
  }
}

type Following = {
  readonly http: Address;
  readonly intervalMs: number;
  /** False: nobody reads it any more. */
  readonly show: (figures: TopFigures) => Promise<boolean>;
  readonly picture: Picture | undefined;
  readonly isOnce: boolean;
  readonly signal: AbortSignal;
};

async function follow(following: Following): Promise<ExitCode> {
  const { http, intervalMs, show, picture, isOnce, signal } = following;
  let before = await read(http, signal);
  picture?.draw(["the figures of the first interval are being read; Ctrl-C ends"]);
  for (;;) {
    await delay(intervalMs, undefined, { signal });
    try {
      const after = await read(http, signal);
      if (!(await show(topFigures(before, after))) || isOnce) return EXIT.ok;
      before = after;
    } catch (error) {
      // Whoever looks at a picture wants to see the engine come back.
      if (!picture || signal.aborted || !(error instanceof CliError)) throw error;
      picture.draw([error.message, "", "trying again; Ctrl-C ends"]);
    }
  }
}

/** Reads the engine's metrics. Throws a CliError where none answers, or something else does. */
async function read(http: Address, signal: AbortSignal): Promise<Reading> {
  const url = `http://${formatAddress(http)}/metrics`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let text: string;
  try {
    const response = await fetch(url, { signal: limit, redirect: "error" });
    text = response.ok ? await textWithin(response) : "";
  } catch {
    signal.throwIfAborted();
    const advice = "start one with `orderstream start`, or name its address with --http HOST:PORT";
    throw new CliError(EXIT.unreachable, `no engine answers at ${url}: ${advice}`);
  }
  const metrics = parseMetrics(text);
  if (metrics?.has("orderstream_build_info")) return { metrics, atMs: performance.now() };
  throw new CliError(
    EXIT.unreachable,
    `${url} answers, but is no engine: name the engine's address with --http HOST:PORT`,
  );
}

/** What is longer than any engine's metrics is cut: it cannot be read then. */
async function textWithin({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > METRICS_LIMITS.bytes) return text;
  }
  return text;
}

/** Throws a CliError. */
function intervalOf(text: string): number {
  const seconds = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0.1 && seconds <= 3_600) return Math.round(seconds * 1_000);
  throw usageError(`--interval must be seconds from 0.1 to 3600, not ${JSON.stringify(text)}`);
}
