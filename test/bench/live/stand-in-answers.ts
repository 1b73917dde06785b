/**
 * What the stand-ins answer: at first what the real local world does, which is kept; then the same again, from memory. Keeps the
 * requests of the newest order too, for whoever wants to make them without an engine.
 */
import { z } from "zod";
import type { LocalWorld } from "../../../localnet/localnet.ts";
import { createRecordings } from "./recordings.ts";
import { createStandInChain, type StandInChain } from "./stand-in-chain.ts";

/** One request of an order: the method of a node, or the path of the swap API. */
export type Request = {
  readonly to: "node" | "swap";
  readonly name: string;
  readonly body: string;
};

export type Answers = {
  readonly call: (body: string) => Promise<string>;
  readonly swap: (path: string, body: string) => Promise<string>;
  /** From now on from memory; the world is not needed any more. */
  readonly replay: () => Promise<StandInChain>;
  /** Newest of each kind. */
  readonly requests: () => readonly Request[];
};

const RECORDED = new Set([
  ...["getGenesisHash", "getMultipleAccounts", "simulateTransaction", "getTransaction"],
  ...["getRecentPrioritizationFees", "getMinimumBalanceForRentExemption"],
]);
/** What landed in the recording must stay in the past. */
const LATER_SLOTS = 1_000;

const callSchema = z.object({ id: z.int(), method: z.string(), params: z.array(z.unknown()) });
const epochInfo = z.object({ result: z.object({ absoluteSlot: z.int(), blockHeight: z.int() }) });

export function createAnswers({ addresses }: Pick<LocalWorld, "addresses">): Answers {
  const node = addresses.nodes[0]?.url ?? "";
  const recordings = createRecordings();
  const swaps = new Map<string, string>();
  const newest = new Map<string, Request>();
  let chain: StandInChain | undefined;

  async function realCall(method: string, params: readonly unknown[], body: string) {
    if (method === "sendTransaction") {
      recordings.sent(Buffer.from(z.string().parse(params[0]), "base64"));
    }
    const answer = await post(node, body);
    if (RECORDED.has(method)) recordings.keep(method, params, answer);
    return answer;
  }

  return {
    async call(body) {
      const { id, method, params } = callSchema.parse(JSON.parse(body));
      newest.set(method, { to: "node", name: method, body });
      if (!chain) return realCall(method, params, body);
      return `{"jsonrpc":"2.0","result":${chain.answer(method, params)},"id":${id}}`;
    },
    async swap(path, body) {
      const name = body === "" ? "quote" : "swap-instructions";
      newest.set(name, { to: "swap", name: path, body });
      // The same question of the same wallet is the same answer.
      const [, wallet = ""] = /"userPublicKey":"(\w+)"/.exec(body) ?? [];
      const known = swaps.get(path + wallet);
      if (known !== undefined) return known;
      if (chain) throw new Error(`${path} was never recorded`);
      const url = new URL(addresses.swapUrl).origin + path;
      const text = body === "" ? await (await fetch(url)).text() : await post(url, body);
      swaps.set(path + wallet, text);
      return text;
    },
    async replay() {
      const question = { jsonrpc: "2.0", id: 1, method: "getEpochInfo", params: [{}] };
      const { result } = epochInfo.parse(JSON.parse(await post(node, JSON.stringify(question))));
      const { absoluteSlot, blockHeight } = result;
      chain = createStandInChain(recordings, {
        slot: absoluteSlot + LATER_SLOTS,
        blockHeight: blockHeight + LATER_SLOTS,
      });
      return chain;
    },
    requests: () => [...newest.values()],
  };
}

async function post(url: string, body: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  return (await fetch(url, { method: "POST", headers, body })).text();
}
