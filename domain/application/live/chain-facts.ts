/**
 * What attempts need to know of the chain and what may be known for a while: blockhash, fee prices, rent, mints. Whoever asks while
 * an answer is under way gets that one.
 */
import type { Witness } from "../../chain/outcome-proof.ts";
import { readTokenMint, type TokenMint } from "../../chain/token-mint.ts";
import type { BlockhashInfo, Chain, ChainAnswer } from "../../ports/chain.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import { US_PER_MS } from "../../primitives/time.ts";

export type ChainFacts = {
  /** At most BLOCKHASH_MS old: it loses that much of its life of a minute or more. */
  readonly blockhash: () => Promise<ChainAnswer<WitnessedBlockhash>>;
  /** At most FEES_MS old. */
  readonly prioritizationFees: (
    writable: readonly string[],
  ) => Promise<ChainAnswer<readonly bigint[]>>;
  readonly rentExemption: (bytes: number) => Promise<ChainAnswer<bigint>>;
  /** Token program and extensions of a mint; read once a minute, since authorities can change a mint. */
  readonly mint: (address: string) => Promise<ChainAnswer<TokenMint | undefined>>;
};

export type WitnessedBlockhash = BlockhashInfo & { readonly witnesses: readonly Witness[] };

const BLOCKHASH_MS = 1_000;
/** Nodes that do not answer by then are no witnesses. */
const WITNESS_MS = 300;
const FEES_MS = 2_000;
const RENT_MS = 60_000;
const MINT_MS = 60_000;
/** Different questions that are remembered; the oldest goes first. */
const MOST_REMEMBERED = 512;

export function createChainFacts(chain: Chain, clock: Clock, timers: Timers): ChainFacts {
  const blockhash = remembered<WitnessedBlockhash>(clock, BLOCKHASH_MS);
  const fees = remembered<readonly bigint[]>(clock, FEES_MS);
  const rent = remembered<bigint>(clock, RENT_MS);
  const mints = remembered<TokenMint | undefined>(clock, MINT_MS);
  return {
    blockhash: () => blockhash("", () => readBlockhash(chain, timers)),
    prioritizationFees: (writable) =>
      fees([...writable].sort().join(), () => chain.prioritizationFees(writable)),
    rentExemption: (bytes) => rent(String(bytes), () => chain.rentExemption(bytes)),
    mint: (address) => mints(address, () => readMint(chain, address)),
  };
}

/** With every node's own word on when it was valid: whoever calls a transaction dead later is held to it. */
async function readBlockhash(
  chain: Chain,
  timers: Timers,
): Promise<ChainAnswer<WitnessedBlockhash>> {
  const answer = await chain.latestBlockhash();
  if (answer.kind === "failed") return answer;
  const witnesses: Witness[] = [];
  const asked = chain.nodes.map(async (node) => {
    const seen = await node.witness(answer.value.blockhash);
    if (seen.kind === "ok" && seen.value.isValid) {
      witnesses.push({ node: node.name, blockHeight: seen.value.blockHeight });
    }
  });
  await new Promise<void>((resolve) => {
    const stop = timers.schedule(WITNESS_MS, resolve);
    void Promise.all(asked).then(() => {
      stop();
      resolve();
    });
  });
  return { ...answer, value: { ...answer.value, witnesses: [...witnesses] } };
}

async function readMint(
  chain: Chain,
  address: string,
): Promise<ChainAnswer<TokenMint | undefined>> {
  const answer = await chain.accounts([address], 0);
  if (answer.kind === "failed") return answer;
  const account = answer.value.accounts[0];
  return { ...answer, value: account && readTokenMint(account) };
}

type Remembered<T> = (key: string, ask: () => Promise<ChainAnswer<T>>) => Promise<ChainAnswer<T>>;

/** Failures are not remembered. */
function remembered<T>(clock: Clock, maxAgeMs: number): Remembered<T> {
  const known = new Map<string, { readonly answer: Promise<ChainAnswer<T>>; untilUs: number }>();
  return (key, ask) => {
    const found = known.get(key);
    if (found && clock.monotonicUs() < found.untilUs) return found.answer;
    const answer = ask();
    // Until it is there it is shared, however long that takes.
    const entry = { answer, untilUs: Number.POSITIVE_INFINITY };
    known.delete(key);
    known.set(key, entry);
    const [oldest] = known.keys();
    if (known.size > MOST_REMEMBERED && oldest !== undefined) known.delete(oldest);
    void answer.then(({ kind }) => {
      entry.untilUs = kind === "ok" ? clock.monotonicUs() + maxAgeMs * US_PER_MS : 0;
    });
    return answer;
  };
}
