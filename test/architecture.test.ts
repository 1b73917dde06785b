/**
 * The house rules, executed: who may import what, and what is banned where. Each message names the replacement.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(ROOT, path)).isDirectory()) {
      return path === "proto/generated" ? [] : sources(path);
    }
    return /\.(ts|cjs)$/.test(name) ? [path] : [];
  });
}

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** Imported modules: paths from the root for our own files, names for packages. */
function importsOf(path: string): string[] {
  const found = read(path).matchAll(
    /^(?:import\s+(?:type\s+)?(?:[\w*\s{},$]+?\sfrom\s+)?|export\s+(?:type\s+)?[\w*\s{},$]+?\sfrom\s+)["']([^"']+)["']/gm,
  );
  return [...found].map(([, name = ""]) =>
    name.startsWith(".") ? relative(ROOT, resolve(ROOT, dirname(path), name)) : name,
  );
}

/** Code without comments and strings, for the bans. */
const codeOf = (path: string): string =>
  read(path)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|[^:"'`])\/\/.*$/gm, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');

const isPackage = (name: string): boolean =>
  !/^(domain|adapters|projections|proto|localnet|test)\//.test(name);
const within =
  (...folders: string[]) =>
  (name: string): boolean =>
    folders.some((folder) => name.startsWith(folder));

type Rule = {
  readonly part: string;
  readonly files: (path: string) => boolean;
  readonly own: (name: string, path: string) => boolean;
  readonly packages: readonly string[] | "own";
};

/** The first rule that fits a file holds. */
const RULES: readonly Rule[] = [
  {
    part: "domain/primitives",
    files: within("domain/primitives/"),
    own: within("domain/primitives/"),
    packages: [],
  },
  {
    part: "domain/ports",
    files: within("domain/ports/"),
    // Ports speak of the chain in the domain's own words.
    own: within("domain/ports/", "domain/primitives/", "domain/chain/"),
    packages: [],
  },
  {
    part: "domain/chain",
    files: within("domain/chain/"),
    own: within("domain/chain/", "domain/primitives/"),
    packages: ["zod"],
  },
  {
    part: "domain/pricing",
    files: within("domain/pricing/"),
    own: within("domain/pricing/", "domain/primitives/"),
    packages: ["zod"],
  },
  {
    part: "domain (order, account, evidence, safety, system, codec)",
    files: within(
      "domain/order/",
      "domain/account/",
      "domain/evidence/",
      "domain/safety/",
      "domain/system/",
      "domain/codec/",
    ),
    own: within(
      "domain/order/",
      "domain/account/",
      "domain/chain/",
      "domain/evidence/",
      "domain/safety/",
      "domain/system/",
      "domain/codec/",
      "domain/pricing/",
      "domain/ports/",
      "domain/primitives/",
    ),
    packages: ["zod"],
  },
  {
    part: "domain/application",
    files: within("domain/application/"),
    own: within("domain/", "projections/"),
    packages: ["zod"],
  },
  {
    part: "projections",
    files: within("projections/"),
    own: within("projections/", "domain/"),
    packages: ["zod"],
  },
  {
    part: "adapters: the composition root and the command line",
    files: (path) => /^adapters\/(serve|cli\/|config|launcher)/.test(path),
    own: within("adapters/", "domain/", "projections/", "proto/generated/"),
    packages: "own",
  },
  {
    part: "adapters",
    files: within("adapters/"),
    own: (name, path) =>
      within("domain/", "projections/", "proto/generated/")(name) ||
      // Its own folder and nothing of another adapter.
      name.startsWith(`${path.split("/").slice(0, 2).join("/")}/`),
    packages: "own",
  },
  { part: "localnet", files: within("localnet/"), own: within("localnet/"), packages: "own" },
  { part: "test", files: within("test/"), own: () => true, packages: "own" },
];

const FILES = ["domain", "projections", "adapters", "localnet", "test"].flatMap(sources);
const PURE = within("domain/", "projections/");

describe("architecture", () => {
  it("keeps every import inside the rule of its part", () => {
    const broken = FILES.flatMap((path) => {
      const rule = RULES.find(({ files }) => files(path));
      if (!rule) return [`${path}: belongs to no part; put it into one`];
      return importsOf(path).flatMap((name) => {
        if (!isPackage(name)) {
          return rule.own(name, path)
            ? []
            : [`${path}: ${rule.part} may not import ${name}; go through a port in domain/ports`];
        }
        return rule.packages === "own" || rule.packages.includes(name)
          ? []
          : [`${path}: ${rule.part} may not import the package ${name}; put it behind a port`];
      });
    });
    expect(broken).toEqual([]);
  });

  it("keeps third-party packages to one adapter file's folder each", () => {
    const users = new Map<string, Set<string>>();
    for (const path of FILES.filter(within("adapters/"))) {
      for (const name of importsOf(path).filter(isPackage)) {
        if (name.startsWith("node:") || name === "zod") continue;
        const folder = path.split("/").slice(0, 2).join("/");
        users.set(name, (users.get(name) ?? new Set()).add(folder));
      }
    }
    // gRPC is spoken by the server and by the command line's client.
    const shared = new Set(["@grpc/grpc-js", "@bufbuild/protobuf/wire"]);
    const broken = [...users].filter(([name, folders]) => folders.size > 1 && !shared.has(name));
    expect(broken.map(([name, folders]) => `${name}: ${[...folders].join(", ")}`)).toEqual([]);
  });

  it("has no import cycle", () => {
    const graph = new Map(
      FILES.map((path) => [path, importsOf(path).filter((name) => !isPackage(name))]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        // Types that refer to each other vanish at run time, but a circle of files is still a knot.
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
        return;
      }
      if (done.has(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  const BANS: readonly [pattern: RegExp, instead: string][] = [
    [
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bhrtime\b/,
      "take time from the Clock port",
    ],
    [
      /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\bgetRandomValues\b/,
      "derive ids, or take a seed",
    ],
    [
      /\bset(Timeout|Interval|Immediate)\b|\bnextTick\b|\bqueueMicrotask\b|AbortSignal\.timeout/,
      "use the Timers port",
    ],
    [/\bprocess\./, "take configuration as a parameter"],
    [/\bconsole\./, "report through a port"],
    [/\bfetch\(/, "use a port"],
    [/\bWeakRef\b|\bFinalizationRegistry\b/, "own the lifetime"],
    [/\bparseFloat\b|\.toFixed\(|\bMath\.(sqrt|pow|exp|log)\b/, "use bigint amounts and Ratio"],
    [/\bIntl\.|toLocale/, "format with domain/primitives"],
  ];

  it("keeps clocks, chance, timers and floats out of domain and projections", () => {
    const broken = FILES.filter(PURE).flatMap((path) => {
      const code = codeOf(path);
      return BANS.flatMap(([pattern, instead]) => {
        const hit = pattern.exec(code);
        return hit ? [`${path}: ${hit[0]} is banned here; ${instead}`] : [];
      });
    });
    expect(broken).toEqual([]);
  });

  it("switches no types off", () => {
    const broken = FILES.flatMap((path) => {
      const hit =
        /@ts-(ignore|nocheck|expect-error)|\bas any\b|: any\b|<any>|\bas unknown as\b/.exec(
          codeOf(path).concat(read(path).match(/@ts-(?:ignore|nocheck|expect-error)/)?.[0] ?? ""),
        );
      return hit && path !== "test/architecture.test.ts"
        ? [`${path}: ${hit[0]} is banned; parse with zod or narrow with a guard`]
        : [];
    });
    expect(broken).toEqual([]);
  });

  it("keeps files and lines short", () => {
    const broken = FILES.flatMap((path) => {
      const lines = read(path).split("\n");
      const long = lines.findIndex((line) => line.length > 180);
      return [
        ...(lines.length > (within("test/")(path) ? 500 : 400)
          ? [`${path}: ${lines.length} lines; split it by job`]
          : []),
        ...(long >= 0 ? [`${path}:${long + 1}: ${lines[long]?.length} characters; break it`] : []),
      ];
    });
    expect(broken).toEqual([]);
  });

  it("sleeps in no test", () => {
    // The simulator sleeps in virtual time; a bench may wait as it likes.
    const mayWait = within("test/simulation/", "test/bench/");
    const tests = FILES.filter(within("test/")).filter((path) => !mayWait(path));
    const broken = tests.flatMap((path) => {
      const hit = /\bsetTimeout\(\s*(resolve|done|r|ok)\b|\bsleep\(/.exec(codeOf(path));
      return hit ? [`${path}: ${hit[0]}; wait for a condition or an event`] : [];
    });
    expect(broken).toEqual([]);
  });
});
