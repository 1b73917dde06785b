/** What live orders need beside what all orders need. */
import type { ProofRule } from "../../chain/outcome-proof.ts";
import type { TokenAccountOf } from "../../chain/program-address.ts";
import type { Chain, TransactionCompiler } from "../../ports/chain.ts";
import type { Sender } from "../../ports/sender.ts";
import type { Signer } from "../../ports/signer.ts";
import type { Swaps } from "../../ports/swaps.ts";
import type { PriorityFeeRules } from "../../pricing/priority-fee.ts";
import type { AccountId, Mint, Principal } from "../../primitives/ids.ts";

export type LivePorts = {
  readonly chain: Chain;
  readonly compiler: TransactionCompiler;
  readonly swaps: Swaps;
  /** Of both routes. */
  readonly senders: readonly Sender[];
  readonly signer: Signer;
  readonly tokenAccountOf: TokenAccountOf;
  /** gzip of a text's UTF-8 bytes, as base64. */
  readonly gzip: (text: string) => string;
  /** The nodes have shown the configured genesis hash. */
  readonly isClusterKnown: () => boolean;
};

export type LiveAccount = { readonly wallet: string; readonly owner: Principal };

export type LiveConfig = {
  readonly accounts: ReadonlyMap<AccountId, LiveAccount>;
  readonly priorityFee: PriorityFeeRules;
  /** Orders of one account between validation and the first broadcast, at a time. */
  readonly slotsPerAccount: number;
  /** A caller that waits is answered after this, counted from the signature; the order goes on. */
  readonly confirmationTimeoutMs: number;
  readonly rebroadcastMs: number;
  readonly proof: ProofRule;
  readonly graceMs: number;
  readonly slippageToleranceBps: number;
  readonly platformFeeBps: number;
  readonly maxOrdersPerMinute: number;
  /** Smallest units that an account's open live orders may hold of a mint. */
  readonly maxExposure: ReadonlyMap<Mint, bigint>;
  /** Token-2022 extensions that are allowed, by mint. */
  readonly allowedExtensions: ReadonlyMap<Mint, readonly string[]>;
  /** Tips go to one of these. */
  readonly tipAccounts: readonly string[];
};
