/**
 * The local chain put together: one virtual machine, its blocks, its accounts and its history.
 * Everything here happens at once and in one thread; whoever wants time to pass calls
 * `produceBlock`.
 */
import { createHash, randomBytes } from "node:crypto";
import { BLOCKS_WITH_STATE, createBank } from "./bank.ts";
import { encodeBase58 } from "./base58.ts";
import { createBlocks, MAX_BLOCKHASH_AGE } from "./blocks.ts";
import type { Account, Address, Block, Commitment, LandedTransaction } from "./chain.types.ts";
import { refused } from "./executor.ts";
import { createFaucet } from "./faucet.ts";
import { createOperations, forkChain } from "./fork.ts";
import { createHistory } from "./history.ts";
import { createLeader, parseOrThrow } from "./leader.ts";
import type { ChainSettings, ChainState, ForkOptions, LocalChain } from "./local-chain.types.ts";
import { loadNative } from "./native.ts";
import { createPriorityFees } from "./priority-fees.ts";
import { createSendRules } from "./send-rules.ts";
import { statusAt } from "./status.ts";
import { createVm } from "./vm.ts";

/** LiteSVM's own clock begins there; an epoch's first slot. */
const FIRST_SLOT = 447_552_000;
/** As on mainnet, height is behind the slot by what was skipped. */
const SKIPPED_BEFORE = 21_900_000;
/** Blocks that a saved chain needs: blockhashes that live, and slot hashes. */
const BLOCKS_SAVED = 600;

export type ChainOptions = {
  /** Two chains of one seed and the same calls are equal; default chance. */
  readonly seed?: string;
  /** Unix milliseconds; default the process's clock. */
  readonly nowMs?: () => number;
  /** Blocks until confirmed (default 1) and final (default 31). */
  readonly confirmLag?: number;
  readonly finalLag?: number;
  /** A saved chain to go on with; its seed and lags come from there. */
  readonly restored?: ChainState;
  /** Transactions kept; default 20,000. */
  readonly historyLimit?: number;
};

/** Throws a sentence where LiteSVM does not run. */
export function createChain(options: ChainOptions = {}): LocalChain {
  const { nowMs = Date.now, restored } = options;
  const genesisHash = restored?.genesisHash ?? firstHash(options.seed);
  const settings: ChainSettings = restored
    ? { ...restored.settings }
    : {
        confirmLag: options.confirmLag ?? 1,
        finalLag: options.finalLag ?? 31,
        quietPriorityFee: 0,
      };
  const vm = createVm(loadNative(), restored?.machine);
  const seconds = () => Math.floor(nowMs() / 1_000);
  const blocks = createBlocks(restored?.blocks ?? [firstBlock(genesisHash, seconds())]);
  const history = createHistory({
    limit: options.historyLimit,
    prunedBelow: restored?.prunedBelow,
  });
  for (const record of restored?.records ?? []) history.restore(record);
  const bank = createBank(vm);
  const fees = createPriorityFees();
  const rules = createSendRules(nowMs);
  const operations = createOperations();
  const blockListeners = new Set<(block: Block) => void>();
  const landedListeners = new Set<(transaction: LandedTransaction) => void>();
  /** What was before a restore cannot be undone. */
  const openedAt = blocks.tip().height;

  const leader = createLeader({
    ...{ vm, bank, blocks, history, fees, rules },
    landed(transaction) {
      const { signature, raw, height } = transaction;
      operations.note(height, { kind: "transaction", signature, raw });
      for (const listener of landedListeners) listener(transaction);
    },
  });

  function openBlock(skippedSlots = 0): Block {
    const block = blocks.push(skippedSlots, seconds());
    vm.enterSlot(block.slot, block.time);
    bank.prune(block.height);
    operations.forget(block.height - BLOCKS_WITH_STATE);
    return block;
  }

  function completeOpening(block: Block): void {
    leader.landDue();
    for (const listener of blockListeners) listener(block);
  }

  function produceBlock(skippedSlots = 0): Block {
    const block = openBlock(skippedSlots);
    completeOpening(block);
    return block;
  }

  function setAccount(address: Address, account: Account): void {
    const { height } = blocks.tip();
    bank.setAccount(height, address, account);
    operations.note(height, { kind: "account", address, account });
  }

  function heightOf(commitment: Commitment, tipHeight: number): number {
    const { confirmLag, finalLag } = settings;
    const lag = { processed: 0, confirmed: confirmLag, finalized: finalLag }[commitment];
    return Math.max(blocks.oldest().height, tipHeight - lag);
  }

  const forkParts = {
    ...{ blocks, history, bank, fees, leader, operations },
    ...{ setAccount, openBlock, completeOpening },
  };
  function fork(forkOptions: ForkOptions) {
    const lowest = Math.max(openedAt, heightOf("finalized", blocks.tip().height));
    return forkChain(forkParts, forkOptions, lowest);
  }

  const faucet = createFaucet({
    ...{ genesisHash, setAccount, getAccount: vm.getAccount, done: restored?.airdrops ?? 0 },
    land: (raw) => leader.land(parseOrThrow(raw)),
  });

  vm.enterSlot(blocks.tip().slot, blocks.tip().time);
  for (const { raw, untilHeight, revertProtection = false } of restored?.withheld ?? []) {
    leader.withhold({ parsed: parseOrThrow(raw), untilHeight, revertProtection });
  }

  return {
    ...{
      genesisHash,
      blocks,
      history,
      settings,
      produceBlock,
      fork,
      heightOf,
      setAccount,
    },
    airdrop: (to, lamports) => faucet.airdrop({ to, lamports, blockhash: blocks.tip().blockhash }),
    slot: () => blocks.tip().slot,
    firstSlot: () => Math.max(FIRST_SLOT, history.prunedBelow()),
    height: () => blocks.tip().height,
    tip: blocks.tip,
    latestBlockhash() {
      const { blockhash, height } = blocks.tip();
      return { blockhash, lastValidBlockHeight: height + MAX_BLOCKHASH_AGE };
    },
    getAccount: vm.getAccount,
    addProgram: vm.addProgram,
    rentExempt: vm.rentExempt,
    setRent: vm.setRent,
    sendTransaction: (raw, sendOptions = {}) => leader.send(raw, sendOptions),
    simulate(
      raw,
      { sigVerify = false, checkBlockhash = false, height = blocks.tip().height } = {},
    ) {
      const parsed = parseOrThrow(raw);
      if (checkBlockhash) {
        if (!leader.isBlockhashValid(parsed.recentBlockhash, height)) {
          return refused("BlockhashNotFound");
        }
        const seen = history.get(parsed.signatures[0] ?? "");
        if (seen && seen.height <= height) return refused("AlreadyProcessed");
      }
      return leader.simulate(parsed, height, sigVerify);
    },
    status(signature) {
      const entry = history.get(signature);
      return entry && statusAt(entry, blocks.tip().height, settings);
    },
    transaction(signature) {
      const entry = history.get(signature);
      return entry && history.read(entry);
    },
    onBlock: (listener) => subscribe(blockListeners, listener),
    onTransaction: (listener) => subscribe(landedListeners, listener),
    setSendRules: rules.set,
    releaseWithheld: leader.release,
    withheld: () =>
      leader.withheld().map(({ parsed, untilHeight }) => ({
        signature: parsed.signatures[0] ?? "",
        untilHeight,
      })),
    rejections: leader.rejections,
    accountAt: bank.accountAt,
    accountsOf: bank.accountsOf,
    isBlockhashValid: leader.isBlockhashValid,
    priorityFees: (writable, height) =>
      fees.recent(writable, height, settings.quietPriorityFee).flatMap(({ height: at, price }) => {
        const block = blocks.at(at);
        return block ? [{ slot: block.slot, prioritizationFee: price }] : [];
      }),
    save: () => ({
      ...{
        genesisHash,
        airdrops: faucet.done(),
        settings: { ...settings },
        blocks: blocks.newest(BLOCKS_SAVED),
      },
      withheld: leader.withheld().map(({ parsed, untilHeight, revertProtection }) => ({
        ...{ raw: parsed.raw, untilHeight, revertProtection },
      })),
      prunedBelow: history.prunedBelow(),
      records: history.entries().map(({ record }) => record),
      machine: vm.snapshot(),
    }),
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

const firstHash = (seed: string | undefined) =>
  encodeBase58(seed === undefined ? randomBytes(32) : createHash("sha256").update(seed).digest());

const firstBlock = (genesisHash: string, time: number): Block => ({
  slot: FIRST_SLOT,
  parentSlot: FIRST_SLOT - 1,
  height: FIRST_SLOT - SKIPPED_BEFORE,
  blockhash: encodeBase58(createHash("sha256").update(genesisHash).digest()),
  previousBlockhash: genesisHash,
  time,
});
