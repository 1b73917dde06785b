/** Messages of swaps as the engine builds them, SOL to USDC through Jupiter's `route`, and the same with something added. */
import { createHash } from "node:crypto";
import {
  AddressLookupTableAccount,
  ComputeBudgetProgram,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
} from "@solana/web3.js";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  JUPITER_PROGRAM,
  MEMO_PROGRAM,
  NATIVE_MINT,
  TOKEN_PROGRAM,
} from "../../domain/chain/addresses.ts";
import { createTokenAccounts } from "../../domain/chain/program-address.ts";
import type { SignRequest } from "../../domain/ports/signer.ts";
import { namedAddress } from "../../localnet/venue/addresses.ts";
import {
  type AccountMeta,
  hopAccounts,
  routeAccounts,
  routeData,
  writable,
} from "../../localnet/venue/route-layout.ts";

export const USDC_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
export const USDC_PER_SOL = 150n;

export const tokenAccountOf = createTokenAccounts((bytes) =>
  createHash("sha256").update(bytes).digest(),
);

export type SwapOptions = {
  /** Lamports spent, or units of USDC where `from` is. */
  readonly amount?: bigint;
  readonly from?: "SOL" | "USDC";
  readonly memo?: string;
  /** Lamports for 200,000 compute units. */
  readonly priorityFeeLamports?: number;
  readonly feeCapLamports?: bigint;
  readonly rentCapLamports?: bigint;
  /** Further instructions behind the others. */
  readonly extra?: readonly TransactionInstruction[];
  readonly platformFee?: { readonly bps: number; readonly feeAccount: string };
  readonly isWithTable?: boolean;
};

const UNITS = 200_000;
const SLIPPAGE_BPS = 100;

/** Everything that the signer is told, as the gate passes it unless `extra` says something that it does not. */
export function swapRequest(wallet: string, options: SwapOptions = {}): SignRequest {
  const { from = "SOL", amount = 1_000_000n, memo = "order#1", platformFee } = options;
  const quotedAmount = from === "SOL" ? (amount * USDC_PER_SOL) / 1_000n : amount * 6n;
  const mints = from === "SOL" ? [NATIVE_MINT, USDC_MINT] : [USDC_MINT, NATIVE_MINT];
  const [inputMint = "", outputMint = ""] = mints;
  const input = tokenAccountOf(wallet, inputMint, TOKEN_PROGRAM);
  const output = tokenAccountOf(wallet, outputMint, TOKEN_PROGRAM);
  const wrapped = from === "SOL" ? input : output;
  const swap: Swap = {
    ...{ wallet, input, output, inputMint, outputMint, amount, quotedAmount },
    platformFee,
  };
  const price = Math.floor(((options.priorityFeeLamports ?? 2_000) * 1_000_000) / UNITS);
  const table = tableOf(options.isWithTable === true);
  const message = new TransactionMessage({
    payerKey: new PublicKey(wallet),
    recentBlockhash: namedAddress("blockhash"),
    instructions: [
      ComputeBudgetProgram.setComputeUnitLimit({ units: UNITS }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: price }),
      instruction(MEMO_PROGRAM, [], new TextEncoder().encode(memo)),
      ...(from === "SOL" ? wrap(wallet, wrapped, amount) : [createAccount(wallet, NATIVE_MINT)]),
      createAccount(wallet, USDC_MINT),
      route(swap),
      instruction(TOKEN_PROGRAM, closeAccounts(wallet, wrapped), Uint8Array.of(9)),
      ...(options.extra ?? []),
    ],
  }).compileToV0Message(table ? [table] : []);
  return {
    wallet,
    message: message.serialize(),
    intent: {
      ...{ memo, wallet },
      input: { mint: inputMint, tokenProgram: TOKEN_PROGRAM, amount },
      output: {
        ...{ mint: outputMint, tokenProgram: TOKEN_PROGRAM, quotedAmount },
        minimumAmount: (quotedAmount * BigInt(10_000 - SLIPPAGE_BPS) + 9_999n) / 10_000n,
      },
      platformFee,
      trackingAccount: undefined,
      ...{ route: "public", tip: undefined },
      feeCapLamports: options.feeCapLamports ?? 10_000n,
      rentCapLamports: options.rentCapLamports ?? 5_000_000n,
    },
    lookupTables: table
      ? [
          {
            address: table.key.toBase58(),
            addresses: table.state.addresses.map((key) => key.toBase58()),
          },
        ]
      : [],
  };
}

/** All that the wallet has of USDC, to somebody else: what no swap may contain. */
export const drain = (wallet: string): TransactionInstruction => {
  const from = tokenAccountOf(wallet, USDC_MINT, TOKEN_PROGRAM);
  const data = new Uint8Array(9).fill(255);
  data[0] = 3;
  const owner: AccountMeta = { pubkey: wallet, isSigner: true, isWritable: false };
  return instruction(TOKEN_PROGRAM, [writable(from), writable(namedAddress("thief")), owner], data);
};

type Swap = {
  readonly wallet: string;
  readonly input: string;
  readonly output: string;
  readonly inputMint: string;
  readonly outputMint: string;
  readonly amount: bigint;
  readonly quotedAmount: bigint;
  readonly platformFee: SwapOptions["platformFee"];
};

function route(swap: Swap): TransactionInstruction {
  const { wallet, input, output, inputMint, outputMint, platformFee } = swap;
  const accounts = routeAccounts({
    ...{ tokenProgram: TOKEN_PROGRAM, user: wallet, source: input, userDestination: output },
    ...{ destinationMint: outputMint, platformFee: platformFee?.feeAccount },
  });
  const hop = hopAccounts({
    payer: { pubkey: wallet, isSigner: true, isWritable: false },
    ...{ pool: POOL, input, output, inputMint, outputMint },
    ...{ inputVault: namedAddress("vault a"), outputVault: namedAddress("vault b") },
    ...{ inputTokenProgram: TOKEN_PROGRAM, outputTokenProgram: TOKEN_PROGRAM },
    observation: namedAddress("observation"),
  });
  const data = routeData(1, {
    ...{ inAmount: swap.amount, quotedOutAmount: swap.quotedAmount },
    ...{ slippageBps: SLIPPAGE_BPS, platformFeeBps: platformFee?.bps ?? 0 },
  });
  return instruction(JUPITER_PROGRAM, [...accounts, ...hop], data);
}

const POOL = namedAddress("pool");

/** 256 addresses, the pool's and the vaults' among them. */
function tableOf(isWanted: boolean): AddressLookupTableAccount | undefined {
  if (!isWanted) return undefined;
  const used = [POOL, namedAddress("vault a"), namedAddress("vault b")];
  const others = Array.from({ length: 253 }, (_, index) => namedAddress(`entry ${index}`));
  return new AddressLookupTableAccount({
    key: new PublicKey(namedAddress("table")),
    state: {
      deactivationSlot: 2n ** 64n - 1n,
      ...{ lastExtendedSlot: 0, lastExtendedSlotStartIndex: 0 },
      addresses: [...others, ...used].map((address) => new PublicKey(address)),
    },
  });
}

function wrap(wallet: string, wrapped: string, lamports: bigint): TransactionInstruction[] {
  const [fromPubkey, toPubkey] = [new PublicKey(wallet), new PublicKey(wrapped)];
  return [
    createAccount(wallet, NATIVE_MINT),
    SystemProgram.transfer({ fromPubkey, toPubkey, lamports }),
    instruction(TOKEN_PROGRAM, [writable(wrapped)], Uint8Array.of(17)),
  ];
}

const readable = (pubkey: string): AccountMeta => ({ pubkey, isSigner: false, isWritable: false });

const closeAccounts = (wallet: string, wrapped: string): AccountMeta[] => [
  writable(wrapped),
  writable(wallet),
  { pubkey: wallet, isSigner: true, isWritable: false },
];

/** createIdempotent. */
const createAccount = (wallet: string, mint: string): TransactionInstruction =>
  instruction(
    ASSOCIATED_TOKEN_PROGRAM,
    [
      { pubkey: wallet, isSigner: true, isWritable: true },
      writable(tokenAccountOf(wallet, mint, TOKEN_PROGRAM)),
      ...[wallet, mint, SystemProgram.programId.toBase58(), TOKEN_PROGRAM].map(readable),
    ],
    Uint8Array.of(1),
  );

const instruction = (
  programId: string,
  accounts: readonly AccountMeta[],
  data: Uint8Array,
): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey(programId),
    keys: accounts.map(({ pubkey, ...flags }) => ({ pubkey: new PublicKey(pubkey), ...flags })),
    data: Buffer.from(data),
  });
