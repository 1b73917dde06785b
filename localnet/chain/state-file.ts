/**
 * The chain's state in one file: a line of JSON with lengths and a checksum, then JSON, then the
 * records of the history, then the virtual machine's bytes. Written beside and renamed, so that a
 * crash leaves the old one.
 */
import { createHash } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { z } from "zod";
import type { ChainState } from "./local-chain.types.ts";

const FORMAT = "orderstream-localnet-chain";
const VERSION = 1;
const MAX_HEADER_BYTES = 1_000;

const headerSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** Saved on stop: nothing has happened since. */
  clean: z.boolean(),
  savedAtMs: z.number(),
  stateBytes: z.int(),
  recordsBytes: z.int(),
  machineBytes: z.int(),
  sha256: z.string(),
});

const stateSchema = z.object({
  genesisHash: z.string(),
  settings: z.object({
    confirmLag: z.int(),
    finalLag: z.int(),
    quietPriorityFee: z.int(),
  }),
  blocks: z
    .array(
      z.object({
        slot: z.int(),
        parentSlot: z.int(),
        height: z.int(),
        blockhash: z.string(),
        previousBlockhash: z.string(),
        time: z.int(),
      }),
    )
    .min(1),
  airdrops: z.int(),
  prunedBelow: z.int(),
  withheld: z.array(
    z.object({
      raw: z.string().transform((text) => new Uint8Array(Buffer.from(text, "base64"))),
      untilHeight: z.int(),
      revertProtection: z.boolean().optional(),
    }),
  ),
  /** Length of each record. */
  records: z.array(z.int().positive()),
});

export type SavedChain = {
  readonly state: ChainState;
  readonly clean: boolean;
  /** Unix milliseconds. */
  readonly savedAtMs: number;
};

export async function saveState(path: string, saved: SavedChain): Promise<void> {
  const { state, clean, savedAtMs } = saved;
  const { machine, records, withheld, ...rest } = state;
  const json = JSON.stringify({
    ...rest,
    records: records.map(({ length }) => length),
    withheld: withheld.map(({ raw, ...rest }) => ({
      ...rest,
      raw: Buffer.from(raw).toString("base64"),
    })),
  });
  const parts = [Buffer.from(json), ...records, machine];
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  const header = {
    ...{ format: FORMAT, version: VERSION, clean, savedAtMs },
    stateBytes: Buffer.byteLength(json),
    recordsBytes: records.reduce((sum, { length }) => sum + length, 0),
    machineBytes: machine.length,
    sha256: digest.digest("hex"),
  };
  const beside = `${path}.new`;
  const text = Buffer.from(`${JSON.stringify(header)}\n`);
  try {
    const file = await open(beside, "w", 0o600);
    try {
      await file.writeFile(Buffer.concat([text, ...parts]));
      if (clean) await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    throw new Error(`the chain's state ${path} cannot be written: ${reasonOf(error)}`);
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);

/** Undefined if there is no such file. Rejects with a sentence if it is not a whole state. */
export async function loadState(path: string): Promise<SavedChain | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Error(`the chain's state ${path} cannot be read: ${reasonOf(error)}`);
  }
  try {
    return decodeState(bytes);
  } catch (error) {
    const reason = reasonOf(error);
    throw new Error(
      `${path} is no whole state of a local chain; remove it to begin anew (${reason})`,
    );
  }
}

function decodeState(bytes: Buffer): SavedChain {
  const end = bytes.subarray(0, MAX_HEADER_BYTES).indexOf("\n");
  if (end < 0) throw new Error("no header");
  const header = headerSchema.parse(JSON.parse(bytes.toString("utf8", 0, end)));
  const body = bytes.subarray(end + 1);
  const { stateBytes, recordsBytes, machineBytes } = header;
  if (body.length !== stateBytes + recordsBytes + machineBytes) throw new Error("cut off");
  if (createHash("sha256").update(body).digest("hex") !== header.sha256) {
    throw new Error("wrong checksum");
  }
  const state = stateSchema.parse(JSON.parse(body.toString("utf8", 0, stateBytes)));
  let at = stateBytes;
  const records = state.records.map((length) => {
    at += length;
    // A copy: a slice would keep the whole file in memory.
    return Buffer.from(body.subarray(at - length, at));
  });
  const machine = new Uint8Array(body.subarray(stateBytes + recordsBytes));
  const { clean, savedAtMs } = header;
  return { state: { ...state, records, machine }, clean, savedAtMs };
}
