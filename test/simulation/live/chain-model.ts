/**
 * A chain: blocks by height with skipped slots, blockhashes that live 150 blocks, processed / confirmed / finalized, forks that drop what
 * was confirmed. It is advanced to the present whenever somebody looks, so that quiet time costs nothing. A node's view is the chain as it
 * was some time ago.
 */
import type { Random } from "../random.ts";
import { addressNamed } from "./addresses.ts";
import type {
  Block,
  ChainModel,
  ChainPlan,
  Placement,
  Transaction,
  View,
} from "./chain-model.types.ts";
import { type Executed, execute, type Prices, type State } from "./execute.ts";
import { createMempool, type Mempool } from "./mempool.ts";
import { readSwap, signatureIn } from "./wire.ts";

export const BLOCKHASH_BLOCKS = 150;
const FIRST_SLOT = 1_000;
const NEVER = Number.POSITIVE_INFINITY;
/** Slots are passed over at once where nothing can happen in them. */
const QUIET_SLOTS = 400;

const hashes = new Map<number, string>();

export function createChainModel(options: {
  readonly plan: ChainPlan;
  readonly random: Random;
  readonly nowUs: () => number;
  readonly genesis: { readonly state: State; readonly prices: Prices };
  readonly faulty: () => boolean;
  readonly note: (text: string) => void;
}): ChainModel {
  const { plan, random, nowUs, genesis, faulty, note } = options;
  const slotUs = plan.blockMs * 1_000;
  const byHash = new Map<string, Block>();
  const transactions = new Map<string, Transaction>();
  const listeners: ((placement: Placement) => void)[] = [];
  const mempool: Mempool = createMempool(plan.fates, random.fork());
  const priceRandom = random.fork();
  let prices = genesis.prices;
  let forks = 0;
  let slot = FIRST_SLOT;
  /** Deepest height that a fork may go back to. */
  let rooted: Block;
  const first: Block = {
    ...{ slot, height: FIRST_SLOT - 100, parent: undefined, bornUs: 0, deadUs: NEVER },
    ...{ state: genesis.state, prices, placements: [] },
  };
  rooted = first;
  const timeline: View[] = [{ atUs: 0, tip: first, root: first }];
  const last = (): View => timeline.at(-1) ?? { atUs: 0, tip: first, root: first };

  const back = (from: Block, blocks: number): Block => {
    let block = from;
    for (let i = 0; i < blocks && block.parent && block.height > rooted.height; i++) {
      block = block.parent;
    }
    return block;
  };

  function advance(): void {
    const until = FIRST_SLOT + Math.floor(nowUs() / slotUs);
    if (mempool.isEmpty() && until - slot > QUIET_SLOTS) {
      const leap = until - slot - QUIET_SLOTS / 2;
      slot += leap;
      // A few of them were skipped.
      produce(leap - Math.floor(leap * plan.skipRate));
    }
    while (slot < until) {
      slot += 1;
      if (random.chance(plan.skipRate)) continue;
      if (faulty() && random.chance(plan.forkRate)) fork();
      produce(1);
    }
  }

  function produce(heights: number): void {
    const parent = last().tip;
    const bornUs = (slot - FIRST_SLOT) * slotUs;
    walkPrices();
    const block: Block = {
      ...{ slot, height: parent.height + Math.max(1, heights), parent, bornUs, deadUs: NEVER },
      ...{ state: parent.state, prices, placements: [] },
    };
    const full = fill(block);
    const root = back(full, plan.finalLag);
    if (root.height > rooted.height) rooted = root;
    timeline.push({ atUs: bornUs, tip: full, root: rooted });
    for (const placement of full.placements) for (const tell of listeners) tell(placement);
  }

  /** Takes what is due and valid, one after the other. */
  function fill(block: Block): Block {
    let { state } = block;
    const placed: (Executed & { transaction: Transaction; before: State })[] = [];
    for (const transaction of mempool.take(block.height)) {
      if (!isValid(transaction, block) || isOnChain(transaction)) continue;
      const own = state.get(transaction.wallet);
      const executed = own && execute(own, transaction, block.prices);
      if (!executed) continue;
      placed.push({ ...executed, transaction, before: state });
      state = new Map(state).set(transaction.wallet, executed.after);
    }
    if (placed.length === 0) return block;
    const full: Block = { ...block, state, placements: [] };
    for (const one of placed) {
      const placement = { ...one, block: full };
      full.placements.push(placement);
      one.transaction.placements.push(placement);
      note(
        `lands ${one.transaction.signature.slice(0, 8)} in ${full.slot} ${one.error ? "failed" : "ok"}`,
      );
    }
    return full;
  }

  /** Its blockhash is of this chain and still alive. */
  const isValid = ({ lastValid = 0, hashBlock }: Transaction, { height }: Block): boolean =>
    height <= lastValid && hashBlock?.deadUs === NEVER;

  const isOnChain = ({ placements }: Transaction): boolean =>
    placements.some(({ block }) => block.deadUs === NEVER);

  /** The newest blocks are not the chain any more; what was in them may come again, or never. */
  function fork(): void {
    const { tip } = last();
    const depth = random.chance(0.5)
      ? random.between(1, plan.finalLag - 1)
      : random.between(1, Math.min(4, plan.finalLag - 1));
    const ancestor = back(tip, depth);
    if (ancestor === tip) return;
    forks += 1;
    const atUs = (slot - FIRST_SLOT) * slotUs;
    for (let block = tip; block !== ancestor && block.parent; block = block.parent) {
      block.deadUs = atUs;
      for (const { transaction } of block.placements) mempool.orphan(transaction, ancestor.height);
    }
    note(`fork: back from ${tip.slot} to ${ancestor.slot}`);
    timeline.push({ atUs, tip: ancestor, root: rooted });
  }

  function walkPrices(): void {
    if (plan.moveBps === 0 || !priceRandom.chance(0.3)) return;
    move(priceRandom.between(-plan.moveBps, plan.moveBps));
  }

  function move(byBps: number): void {
    const moved = new Map(prices);
    for (const [mint, price] of prices) {
      // The dollar stays a dollar.
      if (price === 1_000_000n) continue;
      const next = (price * BigInt(10_000 + byBps)) / 10_000n;
      moved.set(mint, next > 1n ? next : 2n);
    }
    prices = moved;
  }

  const viewAt = (atUs: number): View => {
    advance();
    for (let at = timeline.length - 1; at > 0; at--) {
      const view = timeline[at];
      if (view && view.atUs <= atUs) return view;
    }
    return timeline[0] ?? last();
  };

  function learn(bytes: Uint8Array): Transaction {
    const known = transactions.get(signatureIn(bytes));
    if (known) return known;
    const swap = readSwap(bytes);
    const hashBlock = byHash.get(swap.blockhash);
    const lastValid = hashBlock && hashBlock.height + BLOCKHASH_BLOCKS;
    const transaction = { ...swap, bytes, hashBlock, lastValid, placements: [] };
    transactions.set(swap.signature, transaction);
    return transaction;
  }

  const isVisible = ({ bornUs, deadUs }: Block, { atUs }: View): boolean =>
    bornUs <= atUs && deadUs > atUs;

  const placementAt: ChainModel["placementAt"] = (view, signature) =>
    transactions
      .get(signature)
      ?.placements.find(({ block }) => block.height <= view.tip.height && isVisible(block, view));

  const now = (): View => viewAt(nowUs());

  return {
    ...{ plan, viewAt, placementAt, now },
    confirmedOf: ({ tip, root }) => {
      let block = tip;
      for (let i = 0; i < plan.confirmLag && block.parent && block !== root; i++) {
        block = block.parent;
      }
      return block;
    },
    receive: (bytes) => {
      advance();
      const transaction = learn(bytes);
      if (!isOnChain(transaction)) mempool.offer(transaction, last().tip.height);
    },
    commitmentOf: ({ tip, root }, { height }) =>
      height <= root.height
        ? "finalized"
        : height <= tip.height - plan.confirmLag
          ? "confirmed"
          : "processed",
    isValidAt: (at, blockhash) => {
      const of = byHash.get(blockhash);
      if (!of || of.height > at.height || at.height - of.height > BLOCKHASH_BLOCKS) return false;
      // On this branch: its own ancestor at that height.
      let block: Block | undefined = at;
      while (block && block.height > of.height) block = block.parent;
      return block === of;
    },
    blockhashOf: (block) => {
      const hash = hashes.get(block.slot) ?? addressNamed(`block ${block.slot}`);
      hashes.set(block.slot, hash);
      byHash.set(hash, block);
      return hash;
    },
    transaction: (signature) => transactions.get(signature),
    isDead: ({ signature, lastValidBlockHeight }) => {
      const { root } = now();
      const placed = transactions
        .get(signature)
        ?.placements.find(({ block }) => block.deadUs === NEVER);
      if (placed) return placed.error !== undefined && placed.block.height <= root.height;
      return root.height > lastValidBlockHeight;
    },
    onLanding: (listener) => {
      listeners.push(listener);
    },
    forks: () => forks,
    calm: mempool.calm,
    movePrices: move,
  };
}
