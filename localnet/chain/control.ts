/**
 * The control endpoint of the local chain, on a port of its own: `POST /control` changes faults
 * and the course of the chain and answers the state, `GET /control` only answers it.
 */
import { createServer } from "node:http";
import { z } from "zod";
import { close, HOST, listen, readBody, sendJson } from "../loopback-server.ts";
import { addressBytes } from "./base58.ts";
import type { LocalChain } from "./local-chain.types.ts";
import { MAX_BLOCK_TIME_MS, type Producer } from "./producer.ts";
import { MAX_FAULTS, nodeFaultSchema } from "./rpc/faults.ts";
import type { RpcNode } from "./rpc/node.ts";
import { nodeSettingsSchema } from "./rpc/view.ts";
import { sendRuleSchema } from "./send-rules.ts";
import { addTokens } from "./world.ts";

/** Room for a program or a large account in base64. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_RULES = 100;
const MAX_BLOCKS_AT_ONCE = 10_000;

const address = z
  .string()
  .max(44)
  .refine((text) => addressBytes(text) !== undefined, { error: "not an address" });
const u64 = z
  .string()
  .regex(/^\d{1,20}$/, "not a whole number")
  .transform(BigInt)
  .refine((value) => value < 2n ** 64n, { error: "not below 2^64" });
const base64 = z.base64().transform((text) => new Uint8Array(Buffer.from(text, "base64")));

export const controlSchema = z.strictObject({
  /** Chain: blocks. */
  blockTimeMs: z.int().min(0).max(MAX_BLOCK_TIME_MS).optional(),
  pause: z.boolean().optional(),
  skipSlots: z.int().positive().max(100_000).optional(),
  advance: z.int().positive().max(MAX_BLOCKS_AT_ONCE).optional(),
  confirmLag: z.int().min(0).max(300).optional(),
  finalLag: z.int().min(1).max(300).optional(),
  quietPriorityFee: z.int().min(0).max(1_000_000_000).optional(),
  /** Lamports per byte: 6960 was the old rent, 5080 is that of September 2026. */
  rent: z.int().min(1).max(1_000_000).optional(),
  fork: z
    .strictObject({
      depth: z.int().positive().max(300),
      keep: z.array(z.string().max(90)).max(1_000).optional(),
    })
    .optional(),
  /** Sends: these rules replace the present ones. */
  sends: z.array(sendRuleSchema).max(MAX_RULES).optional(),
  releaseWithheld: z.enum(["land", "drop"]).optional(),
  /** Nodes: settings change one by one, faults replace the present ones. */
  node: z
    .strictObject({
      index: z.int().min(0).max(15),
      settings: nodeSettingsSchema.partial().optional(),
      faults: z.array(nodeFaultSchema).max(MAX_FAULTS).optional(),
    })
    .optional(),
  /** Accounts. */
  airdrop: z.strictObject({ address, lamports: u64 }).optional(),
  /** Smallest units of a mint, into the wallet's associated token account. */
  tokens: z.strictObject({ wallet: address, mint: address, amount: u64 }).optional(),
  account: z
    .strictObject({
      address,
      lamports: u64,
      owner: address,
      data: base64,
      executable: z.boolean().default(false),
    })
    .optional(),
  program: z.strictObject({ address, elf: base64 }).optional(),
});
export type Control = z.infer<typeof controlSchema>;
export type ControlInput = z.input<typeof controlSchema>;

export type Controlled = {
  readonly chain: LocalChain;
  readonly producer: Producer;
  readonly nodes: readonly RpcNode[];
  /** Told after each command. */
  changed(): void;
};

export type ControlDone = {
  fork?: object;
  /** Signature. */
  airdrop?: string;
  tokenAccount?: string;
  released?: number;
};

export type ControlState = ReturnType<typeof stateOf>;

/** What is worth knowing at a glance. */
export function stateOf({ chain, producer, nodes }: Controlled) {
  const { slot, height, blockhash } = chain.tip();
  const heightOf = (commitment: "confirmed" | "finalized") => chain.heightOf(commitment, height);
  return {
    genesisHash: chain.genesisHash,
    ...{ slot, height, blockhash },
    confirmedHeight: heightOf("confirmed"),
    finalizedHeight: heightOf("finalized"),
    firstSlot: chain.firstSlot(),
    transactions: chain.history.count(),
    blockTimeMs: producer.blockTimeMs(),
    paused: producer.paused(),
    ...chain.settings,
    withheld: chain.withheld(),
    rejections: chain.rejections(),
    nodes: nodes.map((node) => ({ url: node.url, ...node.settings(), ...node.stats() })),
  };
}

/** Applies a command; throws a sentence if it cannot be done. What comes first is done first. */
export function applyControl(controlled: Controlled, command: Control): ControlDone {
  const { chain, nodes } = controlled;
  const done: ControlDone = {};
  if (command.node) {
    const node = nodes[command.node.index];
    if (!node) throw new Error(`there is no node ${command.node.index}, only ${nodes.length}`);
    if (command.node.settings) node.configure(command.node.settings);
    if (command.node.faults) node.setFaults(command.node.faults);
  }
  if (command.sends) chain.setSendRules(command.sends);
  if (command.releaseWithheld) done.released = chain.releaseWithheld(command.releaseWithheld);
  if (command.program) chain.addProgram(command.program.address, command.program.elf);
  if (command.account) {
    const { address: at, ...account } = command.account;
    chain.setAccount(at, account);
  }
  if (command.airdrop) {
    done.airdrop = chain.airdrop(command.airdrop.address, command.airdrop.lamports);
  }
  if (command.tokens) {
    const { wallet, mint, amount } = command.tokens;
    done.tokenAccount = addTokens(chain, { owner: wallet, mint, amount });
  }
  if (command.fork) {
    const { depth, keep = [] } = command.fork;
    done.fork = chain.fork({ depth, keep });
  }
  applyCourse(controlled, command);
  controlled.changed();
  return done;
}

function applyCourse({ chain, producer }: Controlled, command: Control): void {
  const { confirmLag, finalLag, quietPriorityFee, rent } = command;
  if (confirmLag !== undefined) chain.settings.confirmLag = confirmLag;
  if (finalLag !== undefined) chain.settings.finalLag = finalLag;
  if (quietPriorityFee !== undefined) chain.settings.quietPriorityFee = quietPriorityFee;
  if (rent !== undefined) chain.setRent(BigInt(rent));
  if (command.blockTimeMs !== undefined) producer.setBlockTime(command.blockTimeMs);
  if (command.pause === true) producer.pause();
  if (command.pause === false) producer.resume();
  if (command.skipSlots !== undefined) producer.skipSlots(command.skipSlots);
  if (command.advance !== undefined) producer.advance(command.advance);
}

export type ControlServer = { readonly url: string; close(): Promise<void> };

/** Rejects if the port is in use. */
export async function startControl(controlled: Controlled, port: number): Promise<ControlServer> {
  const server = createServer((request, response) => {
    if (request.url !== "/control") {
      return sendJson(response, 404, { error: "Not found; there is /control" });
    }
    if (request.method === "GET") return sendJson(response, 200, stateOf(controlled));
    if (request.method !== "POST") return sendJson(response, 405, { error: "GET or POST" });
    readBody(request, MAX_BODY_BYTES, (text) => {
      const { status, body } = answer(controlled, text);
      sendJson(response, status, body);
    });
  });
  server.maxConnections = 64;
  const bound = await listen(server, port);
  return { url: `http://${HOST}:${bound}/control`, close: () => close(server) };
}

function answer(controlled: Controlled, text: string | undefined) {
  if (text === undefined) {
    return { status: 413, body: { error: `the command is over ${MAX_BODY_BYTES} bytes` } };
  }
  try {
    const parsed = controlSchema.safeParse(JSON.parse(text));
    if (!parsed.success) return { status: 400, body: { error: z.prettifyError(parsed.error) } };
    const done = applyControl(controlled, parsed.data);
    return { status: 200, body: { ...stateOf(controlled), done } };
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}
