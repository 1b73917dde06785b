import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/loopback-only.ts"],
    pool: "forks",
    // Most of them wait for processes and chains more than they compute.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: {
      provider: "v8",
      include: ["domain/**/*.ts"],
      reporter: ["text-summary", "json-summary", "json"],
      // Also reached where the recorded transactions are not at hand, and domain/chain is tested by hand-made ones alone.
      thresholds: { lines: 95, branches: 93 },
    },
  },
});
