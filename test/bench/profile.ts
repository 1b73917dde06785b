/**
 * What bounds the engine: a CPU profile of its main thread under load, as functions by the time
 * spent in them alone.
 */
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { round, table } from "./figures.ts";
import { AT_ONCE } from "./live/live.ts";
import { type LiveRigOptions, withStandIns } from "./live/live-rig.ts";
import { measure, type OrdersOptions } from "./orders.ts";
import { withRig } from "./rig.ts";

/** What is read of it: https://chromedevtools.github.io/devtools-protocol/v8/Profiler/ */
const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.int() }),
    }),
  ),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
});

const ROOT = resolve(import.meta.dirname, "../..");
const NOT_AT_WORK = new Set(["(idle)", "(root)"]);

/** Writes the profile to `file` and answers its heaviest functions and files as text. */
export const profileOrders = (
  options: OrdersOptions,
  { file, lines }: { readonly file: string; readonly lines: number },
): Promise<string> =>
  withRig(options.folder, async (rig) => {
    const engine = await rig.engine("engine", { cacheTtlMs: 2_000 });
    await measure(rig, engine, options);
    await engine.child.ask("startProfile", null, z.unknown());
    const { perSecond } = await measure(rig, engine, options);
    await engine.child.ask("stopProfile", resolve(file), z.unknown());
    return heaviest(file, { perSecond, orders: options.orders, lines });
  });

/** The same of live orders over stand-ins. */
export const profileLive = (
  options: LiveRigOptions & { readonly orders: number; readonly inFlight: number },
  { file, lines }: { readonly file: string; readonly lines: number },
): Promise<string> =>
  withStandIns(options, async ({ engine, load, begin }) => {
    const { orders, inFlight } = options;
    await begin(AT_ONCE);
    const run = async (): Promise<number> => {
      const { seconds } = await load(engine, { orders, inFlight, waitFor: "CONFIRMED" });
      await engine.settled();
      return orders / seconds;
    };
    await run();
    await engine.child.ask("startProfile", null, z.unknown());
    const perSecond = await run();
    await engine.child.ask("stopProfile", resolve(file), z.unknown());
    return heaviest(file, { perSecond, orders, lines });
  });

type Profiled = { readonly perSecond: number; readonly orders: number; readonly lines: number };

function heaviest(file: string, { perSecond, orders, lines }: Profiled): string {
  const { busyUs, byFunction, byFile } = selfTimes(readFileSync(file, "utf8"));
  const rows = (times: ReadonlyMap<string, number>): string =>
    table(
      [...times]
        .sort(([, a], [, b]) => b - a)
        .slice(0, lines)
        .map(([name, us]) => [
          name,
          `${round((us / busyUs) * 100)} %  ${round(us / orders)} us per order`,
        ]),
    );
  const perOrder = round(busyUs / orders);
  const head = `${round(perSecond)} orders/s while profiled; main thread ${perOrder} us each`;
  return `${head}\n\nby function\n${rows(byFunction)}\nby file\n${rows(byFile)}`;
}

/** Microseconds alone in each function and each file of a profile. */
export function selfTimes(text: string): {
  readonly busyUs: number;
  readonly byFunction: ReadonlyMap<string, number>;
  readonly byFile: ReadonlyMap<string, number>;
} {
  const { nodes, samples, timeDeltas } = profileSchema.parse(JSON.parse(text));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byFunction = new Map<string, number>();
  const byFile = new Map<string, number>();
  let busyUs = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    // A sample stands for the time until the next one.
    const us = timeDeltas[index + 1] ?? 0;
    if (!frame || NOT_AT_WORK.has(frame.functionName)) return;
    busyUs += us;
    const where = placeOf(frame.url);
    const name = frame.functionName || "(anonymous)";
    const line = where === "" ? "" : `  ${where}:${frame.lineNumber + 1}`;
    byFunction.set(name + line, (byFunction.get(name + line) ?? 0) + us);
    const part = where === "" ? name : where;
    byFile.set(part, (byFile.get(part) ?? 0) + us);
  });
  return { busyUs, byFunction, byFile };
}

const placeOf = (url: string): string =>
  url.startsWith("file:") ? relative(ROOT, fileURLToPath(url)) : url;
