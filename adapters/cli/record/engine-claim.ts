/**
 * What the engine says of the log: a running one over HTTP, else the snapshot that the last one
 * left beside the log.
 */
import { join } from "node:path";
import { z } from "zod";
import type { EngineClaim } from "../../../domain/application/audit/replay-all.ts";
import type { Hasher } from "../../../domain/ports/hasher.ts";
import { readCheckpoint } from "../../checkpoints/sqlite-reader.ts";
import { type Address, formatAddress } from "../../config/address.ts";
import { fileIdentity } from "../../event-store/file-identity.ts";

const TIMEOUT_MS = 5_000;

export type Claim = {
  /** In words, for the report. */
  readonly who: string;
  readonly claim: EngineClaim;
  /** The log that it is about. */
  readonly logId: string;
  /** A snapshot is what an engine left that may be gone. */
  readonly isRunning: boolean;
};

export type RunningEngine = Claim & {
  /** HOST:PORT of its gRPC edge. */
  readonly grpc: string;
  /** It runs on the log in this folder, not on another one or on a copy. */
  readonly runsOn: (folder: string) => boolean;
};

const reportSchema = z.object({
  logId: z.string(),
  storeId: z.string(),
  grpc: z.string(),
  position: z.string().regex(/^\d{1,20}$/),
  ledgerHash: z.string(),
  openOrders: z.array(
    z.object({ orderId: z.string(), revision: z.int().min(0), stateHash: z.string() }),
  ),
});

const snapshotSchema = z.object({
  ledger: z.string(),
  openOrders: z.array(z.tuple([z.string(), z.int().min(0)])),
});

/** Undefined where no engine answers; throws when something else answers there. */
export async function claimOfRunning(http: Address): Promise<RunningEngine | undefined> {
  const url = `http://${formatAddress(http)}/state`;
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
  } catch {
    return undefined;
  }
  const body = reportSchema.safeParse(await response.json().catch(() => undefined));
  if (!response.ok || !body.success) {
    throw new Error(`${url} answers, but is no engine: name the engine's address with --http`);
  }
  const { position, logId, storeId, grpc, ...rest } = body.data;
  return {
    who: `the engine at ${formatAddress(http)}`,
    claim: { ...rest, position: BigInt(position) },
    ...{ logId, grpc, isRunning: true },
    runsOn: (folder) => storeId === fileIdentity(join(folder, "log.db")),
  };
}

/** Undefined where there is no snapshot. Throws when the file cannot be read. */
export function claimOfSnapshot(folder: string, hasher: Hasher): Claim | undefined {
  const file = join(folder, "state.db");
  const checkpoint = readCheckpoint(file, "engine-state");
  if (!checkpoint) return undefined;
  const { ledger, openOrders } = snapshotSchema.parse(JSON.parse(checkpoint.state));
  return {
    who: `the engine's snapshot in ${file}`,
    ...{ logId: checkpoint.logId, isRunning: false },
    claim: {
      position: checkpoint.position,
      ledgerHash: hasher.sha256(ledger),
      openOrders: openOrders.map(([orderId, revision]) => ({ orderId, revision })),
    },
  };
}
