/**
 * What the engine says of the log: a running one over HTTP, else the snapshot that the last one
 * left beside the log.
 */
import { join } from "node:path";
import { z } from "zod";
import type { EngineClaim } from "../../domain/application/audit/replay-all.ts";
import type { Hasher } from "../../domain/ports/hasher.ts";
import { readCheckpoint } from "../checkpoints/sqlite-reader.ts";
import { type Address, formatAddress } from "../config/address.ts";

const TIMEOUT_MS = 5_000;

export type Claim = {
  /** In words, for the report. */
  readonly who: string;
  readonly claim: EngineClaim;
  /** The log that a snapshot belongs to; a running engine does not say. */
  readonly logId: string | undefined;
};

const reportSchema = z.object({
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
export async function claimOfRunning(http: Address): Promise<Claim | undefined> {
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
  const { position, ...rest } = body.data;
  return {
    who: `the engine at ${formatAddress(http)}`,
    claim: { ...rest, position: BigInt(position) },
    logId: undefined,
  };
}

/** Undefined where there is no snapshot. */
export function claimOfSnapshot(folder: string, hasher: Hasher): Claim | undefined {
  const file = join(folder, "state.db");
  const checkpoint = readCheckpoint(file, "engine-state");
  if (!checkpoint) return undefined;
  const { ledger, openOrders } = snapshotSchema.parse(JSON.parse(checkpoint.state));
  return {
    who: `the engine's snapshot in ${file}`,
    logId: checkpoint.logId,
    claim: {
      position: checkpoint.position,
      ledgerHash: hasher.sha256(ledger),
      openOrders: openOrders.map(([orderId, revision]) => ({ orderId, revision })),
    },
  };
}
