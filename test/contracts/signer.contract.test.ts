/** Every signer against one contract. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSignerProcess } from "../../adapters/signer/process.ts";
import { createMemorySigner } from "../support/memory-signer.ts";
import { keystoreIn, signerOptions } from "../support/signer-folder.ts";
import { signerContract } from "./signer.contract.ts";

signerContract("memory", async (seeds) => createMemorySigner(seeds));

signerContract("process", async (seeds) => {
  const folder = mkdtempSync(join(tmpdir(), "orderstream-"));
  const files = await Promise.all(
    seeds.map((seed, index) => keystoreIn(folder, `wallet-${index}`, seed)),
  );
  // Nothing is timed here: a slow machine may take as long as it likes.
  const signer = await startSignerProcess(signerOptions(files, { timeoutMs: 20_000 }));
  const close = async (): Promise<void> => {
    await signer.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...signer, close };
});
