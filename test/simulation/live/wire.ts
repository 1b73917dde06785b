/**
 * Bytes of the simulated swaps: a v0 encoder without lookup tables, Jupiter's `route` in its real layout, and the reading of both. It shares
 * nothing with the encoder and the gate of the engine but the layout.
 */
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  JITO_TIP_ACCOUNTS,
  JUPITER_EVENT_AUTHORITY,
  JUPITER_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
} from "../../../domain/chain/addresses.ts";
import { encodeBase58 } from "../../../domain/chain/bytes.ts";
import type { AccountMeta, Instruction } from "../../../domain/chain/instruction.ts";
import type { TransactionCompiler } from "../../../domain/ports/chain.ts";
import type { SwapInstructions } from "../../../domain/ports/swaps.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import { SOL } from "../plan.ts";
import { addressNamed, keyBytes, OWN_ACCOUNTS, tokenAccountOf } from "./addresses.ts";

const meta = (address: string, kind: "read" | "write" | "sign" | "pay" = "read"): AccountMeta => ({
  address,
  isSigner: kind === "sign" || kind === "pay",
  isWritable: kind === "write" || kind === "pay",
});

/** Keys in the order that the format asks for: payer, other signers, writable ones, read-only ones. */
export const compiler: TransactionCompiler = {
  compile: ({ payer, blockhash, instructions }) => {
    const flags = new Map<string, { signer: boolean; writable: boolean }>();
    const see = ({ address, isSigner, isWritable }: AccountMeta): void => {
      const known = flags.get(address) ?? { signer: false, writable: false };
      flags.set(address, {
        signer: known.signer || isSigner,
        writable: known.writable || isWritable,
      });
    };
    see(meta(payer, "pay"));
    for (const { programId, accounts } of instructions) {
      for (const account of accounts) see(account);
      see(meta(programId));
    }
    const group = (signer: boolean, writable: boolean): string[] =>
      [...flags].flatMap(([address, flag]) =>
        flag.signer === signer && flag.writable === writable ? [address] : [],
      );
    const [paying, signing] = [group(true, true), group(true, false)];
    const reading = group(false, false);
    const order = [...paying, ...signing, ...group(false, true), ...reading];
    const index = new Map(order.map((address, at) => [address, at]));
    const bytes: number[] = [0x80, paying.length + signing.length, signing.length, reading.length];
    bytes.push(order.length);
    for (const address of order) bytes.push(...keyBytes(address));
    bytes.push(...keyBytes(blockhash), instructions.length);
    for (const { programId, accounts, data } of instructions) {
      bytes.push(index.get(programId) ?? 0, accounts.length);
      for (const { address } of accounts) bytes.push(index.get(address) ?? 0);
      if (data.length > 127) bytes.push((data.length & 0x7f) | 0x80, data.length >> 7);
      else bytes.push(data.length);
      bytes.push(...data);
    }
    bytes.push(0);
    return { kind: "message", bytes: Uint8Array.from(bytes) };
  },
};

export type SwapOrder = {
  readonly wallet: string;
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly amount: bigint;
  readonly quotedOut: bigint;
  readonly slippageBps: number;
};

const ROUTE = Uint8Array.of(0xe5, 0x17, 0xcb, 0x97, 0x7a, 0xe3, 0xad, 0x2a);
const RAYDIUM_CP = 46;
const TAIL_BYTES = 19;
const [AMM, VAULTS, CONFIG, OBSERVATION] = ["amm", "vaults", "amm config", "observation"].map(
  addressNamed,
) as [string, string, string, string];

/** As Jupiter's `/swap-instructions` answers it with wrapAndUnwrapSol. */
export function swapInstructions(order: SwapOrder): Omit<SwapInstructions, "answer"> {
  const { wallet, inputMint, outputMint, amount } = order;
  const own = (mint: Mint): string => tokenAccountOf(wallet, mint, TOKEN_PROGRAM);
  const create = (mint: Mint): Instruction => ({
    programId: ASSOCIATED_TOKEN_PROGRAM,
    accounts: [
      ...[meta(wallet, "pay"), meta(own(mint), "write"), meta(wallet), meta(mint)],
      ...[meta(SYSTEM_PROGRAM), meta(TOKEN_PROGRAM)],
    ],
    data: Uint8Array.of(1),
  });
  const wrap: Instruction[] = [
    create(SOL),
    {
      programId: SYSTEM_PROGRAM,
      accounts: [meta(wallet, "pay"), meta(own(SOL), "write")],
      data: Uint8Array.from([...little(2n, 4), ...little(amount, 8)]),
    },
    { programId: TOKEN_PROGRAM, accounts: [meta(own(SOL), "write")], data: Uint8Array.of(17) },
  ];
  const close: Instruction = {
    programId: TOKEN_PROGRAM,
    accounts: [meta(own(SOL), "write"), meta(wallet, "write"), meta(wallet, "sign")],
    data: Uint8Array.of(9),
  };
  const usesSol = inputMint === SOL || outputMint === SOL;
  return {
    setup: [...(inputMint === SOL ? wrap : []), create(outputMint)],
    swap: routeOf(order, own),
    cleanup: usesSol ? close : undefined,
    other: [],
    lookupTables: [],
  };
}

function routeOf(order: SwapOrder, own: (mint: Mint) => string): Instruction {
  const { wallet, inputMint, outputMint, amount, quotedOut, slippageBps } = order;
  const pair = [inputMint, outputMint].sort().join();
  const vault = (mint: string): AccountMeta => meta(addressNamed(`vault ${pair} ${mint}`), "write");
  return {
    programId: JUPITER_PROGRAM,
    accounts: [
      ...[meta(TOKEN_PROGRAM), meta(wallet, "sign"), meta(own(inputMint), "write")],
      ...[meta(own(outputMint), "write"), meta(JUPITER_PROGRAM), meta(outputMint)],
      ...[meta(JUPITER_PROGRAM), meta(JUPITER_EVENT_AUTHORITY), meta(JUPITER_PROGRAM)],
      ...[meta(AMM), meta(wallet, "sign"), meta(VAULTS), meta(CONFIG)],
      ...[meta(addressNamed(`pool ${pair}`), "write"), meta(own(inputMint), "write")],
      ...[meta(own(outputMint), "write"), vault(inputMint), vault(outputMint)],
      ...[meta(TOKEN_PROGRAM), meta(TOKEN_PROGRAM), meta(inputMint), meta(outputMint)],
      meta(OBSERVATION, "write"),
    ],
    data: Uint8Array.from([
      ...[...ROUTE, ...little(1n, 4), RAYDIUM_CP, 100, 0, 1],
      ...[...little(amount, 8), ...little(quotedOut, 8), ...little(BigInt(slippageBps), 2), 0],
    ]),
  };
}

function little(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

/** What the chain reads out of the bytes that it gets. */
export type WireSwap = {
  readonly signature: string;
  readonly wire: Wire;
  readonly blockhash: string;
  readonly wallet: string;
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly amount: bigint;
  /** ceil(quoted × (10,000 − slippage) / 10,000). */
  readonly minimumOut: bigint;
  /** Place of the swap among the instructions. */
  readonly swapIndex: number;
  readonly memo: string;
  readonly baseFee: bigint;
  readonly priorityFee: bigint;
  readonly tip: bigint;
  readonly tipAccount: string | undefined;
};

/** A v0 transaction with one signature and no tables, as far as the chain has to know it. */
export type Wire = {
  readonly accountKeys: readonly string[];
  readonly blockhash: string;
  readonly instructions: readonly {
    readonly programIdIndex: number;
    readonly accounts: readonly number[];
    readonly data: Uint8Array;
  }[];
};

/** The same few keys come again and again. */
const texts = new Map<string, string>();
function textOf(bytes: Uint8Array, at: number): string {
  const key = bytes.subarray(at, at + 32);
  const name = Buffer.from(key.buffer, key.byteOffset, 32).toString("latin1");
  const known = texts.get(name) ?? encodeBase58(key);
  texts.set(name, known);
  return known;
}

function readWire(message: Uint8Array): Wire {
  let at = 4;
  const byte = (): number => message[at++] ?? 0;
  const length = (): number => {
    const low = byte();
    return low < 0x80 ? low : (low & 0x7f) | (byte() << 7);
  };
  const key = (): string => {
    at += 32;
    return textOf(message, at - 32);
  };
  const list = <T>(item: () => T): T[] => Array.from({ length: length() }, item);
  const accountKeys = list(key);
  const blockhash = key();
  const instructions = list(() => {
    const programIdIndex = byte();
    const accounts = list(byte);
    const size = length();
    at += size;
    return { programIdIndex, accounts, data: message.subarray(at - size, at) };
  });
  return { accountKeys, blockhash, instructions };
}

/** The name that a signed transaction has on the chain. */
export const signatureIn = (transaction: Uint8Array): string =>
  encodeBase58(transaction.subarray(1, SIGNATURE_END));

const SIGNATURE_END = 65;

/** Throws on bytes that are no swap of ours: the engine never sends such. */
export const readSwap = (transaction: Uint8Array): WireSwap => ({
  ...readMessage(transaction.subarray(SIGNATURE_END)),
  signature: signatureIn(transaction),
});

/** Of a message that nobody signed. */
export function readMessage(message: Uint8Array): WireSwap {
  const wire = readWire(message);
  const programOf = (at: number): string => wire.accountKeys[at] ?? "";
  const swapIndex = wire.instructions.findIndex(
    ({ programIdIndex }) => programOf(programIdIndex) === JUPITER_PROGRAM,
  );
  const swap = wire.instructions[swapIndex];
  if (!swap) throw new Error("a transaction without a swap");
  const key = (place: number): string => wire.accountKeys[swap.accounts[place] ?? -1] ?? "";
  const own = OWN_ACCOUNTS.get(key(2));
  if (!own || own.wallet !== key(1)) throw new Error("a swap that is not from an own account");
  const tail = new DataView(swap.data.buffer, swap.data.byteOffset + swap.data.length - TAIL_BYTES);
  const quoted = tail.getBigUint64(8, true);
  const bps = BigInt(tail.getUint16(16, true));
  let [unitLimit, unitPrice, tip] = [0n, 0n, 0n];
  let memo = "";
  let tipAccount: string | undefined;
  for (const { programIdIndex, accounts, data } of wire.instructions) {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const program = programOf(programIdIndex);
    const to = wire.accountKeys[accounts[1] ?? -1] ?? "";
    if (program === COMPUTE_BUDGET_PROGRAM && data[0] === 2)
      unitLimit = BigInt(view.getUint32(1, true));
    if (program === COMPUTE_BUDGET_PROGRAM && data[0] === 3) unitPrice = view.getBigUint64(1, true);
    if (program === SYSTEM_PROGRAM && JITO_TIP_ACCOUNTS.has(to)) {
      tip += view.getBigUint64(4, true);
      tipAccount = to;
    }
    if (program.startsWith("Memo")) memo = new TextDecoder().decode(data);
  }
  return {
    ...{ signature: "", wire, blockhash: wire.blockhash },
    ...{ wallet: key(1), inputMint: own.mint, outputMint: key(5) as Mint },
    ...{ amount: tail.getBigUint64(0, true), swapIndex, memo, tip, tipAccount },
    minimumOut: (quoted * (10_000n - bps) + 9_999n) / 10_000n,
    baseFee: 5_000n,
    priorityFee: (unitLimit * unitPrice + 999_999n) / 1_000_000n,
  };
}
