/**
 * The configuration: defaults, then the file, then ORDERSTREAM_* variables, then flags; each later
 * source wins. All problems are found at once and told as sentences that name the key, the source
 * and the limit.
 */
import { resolve as resolvePath } from "node:path";
import type { z } from "zod";
import type { SquareRootOptions } from "../domain/pricing/slippage/square-root.ts";
import type { AccountId, Mint } from "../domain/primitives/ids.ts";
import { type FirstFunds, resolve } from "./config/check.ts";
import { DEFAULTS } from "./config/defaults.ts";
import { nearestKey } from "./config/keys.ts";
import {
  CONFIG_VARIABLE,
  type Environment,
  environmentLayers,
  fileLayer,
  isTree,
  type Layer,
  merge,
  oneValue,
  type Read,
  settingLayers,
  type Tree,
  unknownName,
} from "./config/layers.ts";
import { type LiveSettings, liveSettings, secretOf } from "./config/live-settings.ts";
import type { ConfigProblem } from "./config/report.ts";
import { configSchema, type RawConfig } from "./config/schema.ts";

type Finished = "data" | "blockedPairs" | "firstAccount" | "jupiter" | "paper" | "live";

export type Config = Omit<RawConfig, Finished | keyof LiveSettings> &
  LiveSettings & {
    /** Absolute path of the data folder. */
    readonly data: string;
    /** `baseMint/quoteMint`. */
    readonly blockedPairs: readonly string[];
    readonly paper: Omit<RawConfig["paper"], "usdTokens" | "squareRoot"> & {
      /** Mints that count as one US dollar a token. */
      readonly usdMints: readonly Mint[];
      readonly squareRoot: Omit<SquareRootOptions, "otherwise">;
    };
    readonly jupiter: Omit<RawConfig["jupiter"], "apiKey" | "apiKeyFile"> & {
      /** A function, so that no log and no JSON ever shows the key. */
      readonly apiKey: (() => string) | undefined;
    };
    /** Opened at the first start on an empty log; funds in smallest units. */
    readonly firstAccount:
      | { readonly name: AccountId; readonly funds: readonly FirstFunds[] }
      | undefined;
  };

export type ConfigFlags = {
  /** Path of the configuration file. */
  readonly config?: string | undefined;
  /**
   * Flags that stand for one key each, such as `{ flag: "--grpc", key: "grpc", value: "127.0.0.1:0"
   * }`.
   */
  readonly values?: readonly {
    readonly flag: string;
    readonly key: string;
    readonly value: string;
  }[];
  /** `KEY=VALUE` pairs. */
  readonly set?: readonly string[];
  /** Flags whose values are no plain texts; above all others. */
  readonly layers?: readonly Layer[];
};

export type ConfigResult =
  | { readonly kind: "config"; readonly config: Config }
  /** Sentences, at least one. */
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

/**
 * Reads the file that flags or environment name. `key` of a flag is a dotted key of the
 * configuration.
 */
export function loadConfig(flags: ConfigFlags, environment: Environment): ConfigResult {
  const file = flags.config ?? environment[CONFIG_VARIABLE];
  const reads: Read<readonly Layer[]>[] = [];
  if (file !== undefined) {
    const read = fileLayer(file);
    reads.push({ value: [read.value], problems: read.problems });
  }
  reads.push(environmentLayers(environment), settingLayers(flags.set ?? []));
  const direct = (flags.values ?? []).map(({ flag, key, value }) => oneValue(flag, key, value));
  const layers = [...reads.flatMap(({ value }) => value), ...direct, ...(flags.layers ?? [])];
  const problems = reads.flatMap((read) => read.problems);
  const tree = layers.reduce<Tree>((below, { values }) => merge(below, values), DEFAULTS);
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) {
    const wrong = parsed.error.issues.flatMap((issue) => sentencesOf(issue, tree, layers));
    return { kind: "wrong", problems: [...problems, ...wrong] };
  }
  const { problems: between, ...resolved } = resolve(parsed.data);
  const { jupiter, jito } = parsed.data;
  const key = secretOf(jupiter.apiKeyFile, "the API key file");
  const jitoKey = secretOf(jito.authKeyFile, "the authentication key file of Jito");
  problems.push(...between.map((problem) => sentence(problem, layers)));
  problems.push(...key.problems, ...jitoKey.problems);
  if (problems.length > 0) return { kind: "wrong", problems };
  const secrets = { apiKey: key.value ?? jupiter.apiKey, jitoKey: jitoKey.value };
  return { kind: "config", config: finish(parsed.data, resolved, secrets) };
}

type Secrets = { readonly apiKey: string | undefined; readonly jitoKey: string | undefined };

function finish(
  raw: RawConfig,
  resolved: Omit<ReturnType<typeof resolve>, "problems">,
  { apiKey, jitoKey }: Secrets,
): Config {
  const { firstAccount, jupiter, paper, live: _live, ...rest } = raw;
  const { apiKey: _key, apiKeyFile: _file, ...asking } = jupiter;
  const { usdTokens: _, squareRoot, ...venue } = paper;
  const { usdMints, depthUsdOf } = resolved;
  return {
    ...rest,
    ...liveSettings(raw, resolved.live, jitoKey),
    paper: { ...venue, usdMints, squareRoot: { ...squareRoot, depthUsdOf } },
    data: resolvePath(raw.data),
    blockedPairs: resolved.blockedPairs,
    jupiter: {
      ...asking,
      apiKey: apiKey === undefined ? undefined : () => apiKey,
    },
    firstAccount: firstAccount
      ? { name: firstAccount.name, funds: resolved.firstFunds }
      : undefined,
  };
}

/** Whose values are, or may hold, keys. */
const SECRET_KEYS: ReadonlySet<PropertyKey> = new Set([
  ...["apiKey", "urls", "wsUrls", "url", "privateSenders"],
]);

function sentencesOf(
  issue: z.core.$ZodIssue,
  tree: Tree,
  layers: readonly Layer[],
): readonly string[] {
  if (issue.code !== "unrecognized_keys") {
    const given = at(tree, issue.path);
    const shown = issue.path.some((part) => SECRET_KEYS.has(part)) ? undefined : shownValue(given);
    const message = shown === undefined ? issue.message : `${issue.message}, not ${shown}`;
    return [sentence({ path: issue.path, message }, layers)];
  }
  return issue.keys.map((key) => {
    const path = [...issue.path, key];
    const dotted = path.filter((part) => typeof part !== "number").join(".");
    return `${sourceOf(path, layers)}${unknownName("key", dottedPath(path), nearestKey(dotted))}`;
  });
}

/** Messages of addresses show the value themselves. */
function shownValue(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string" && !/[:/]/.test(value)) return JSON.stringify(value.slice(0, 100));
  return value === null ? "null" : undefined;
}

const sentence = ({ path, message }: ConfigProblem, layers: readonly Layer[]): string =>
  `${sourceOf(path, layers)}\`${dottedPath(path)}\` ${message}`;

const dottedPath = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? "the configuration" : path.map(String).join(".");

/** The uppermost source that has the value; none where it is a default's. */
function sourceOf(path: readonly PropertyKey[], layers: readonly Layer[]): string {
  const layer = layers.findLast(({ values }) => at(values, path) !== undefined);
  return layer ? `${layer.source}: ` : "";
}

function at(tree: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = tree;
  for (const key of path) {
    if (Array.isArray(value) && typeof key === "number") value = value[key];
    else if (isTree(value) && typeof key === "string" && Object.hasOwn(value, key)) {
      value = value[key];
    } else return undefined;
  }
  return value;
}
