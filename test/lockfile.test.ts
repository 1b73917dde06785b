/** The lockfile installs the same packages from any registry, on every platform that the packages support. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const versions = z.record(z.string(), z.string()).optional();
const read = (file: string): unknown =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, "..", file), "utf8"));

const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        optionalDependencies: versions,
        resolved: z.string().optional(),
      }),
    ),
  })
  .parse(read("package-lock.json"));

const manifest = z
  .object({ dependencies: versions, devDependencies: versions, optionalDependencies: versions })
  .parse(read("package.json"));

describe("the lockfile", () => {
  it("has an entry for every optional dependency: npm ci refuses the whole install otherwise", () => {
    const missing = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies).filter((name) => !lock.packages[`node_modules/${name}`]),
    );
    expect(missing).toEqual([]);
  });

  it("names no registry host", () => {
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual(
      [],
    );
  });

  it("stands beside a manifest of exact versions", () => {
    const all = Object.values(manifest).flatMap((some) => Object.entries(some ?? {}));
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
