/**
 * Stand-ins for two RPC nodes and for Jupiter that cost next to nothing. At first they hand everything on to the real local world and
 * keep what it answers; once every wallet has traded they answer by themselves, and the local world is gone.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { NATIVE_MINT } from "../../../localnet/chain/programs.ts";
import { type LocalWorld, startLocalWorld } from "../../../localnet/localnet.ts";
import { close, HOST, listen, readBody, sendText } from "../../../localnet/loopback-server.ts";
import { type Answers, createAnswers } from "./stand-in-answers.ts";
import type { Landing, Seen, StandInChain } from "./stand-in-chain.ts";
import { serveSockets } from "./stand-in-sockets.ts";

export type StandInAddresses = {
  readonly genesisHash: string;
  readonly nodes: readonly { readonly url: string; readonly wsUrl: string }[];
  readonly swapUrl: string;
};

export type StandIn = {
  readonly addresses: StandInAddresses;
  /** From now on without the local world. */
  readonly replay: () => Promise<void>;
  /** How later transactions land; only after `replay`. `isMute`: the WebSockets tell nothing. */
  readonly begin: (landing: Landing & { readonly isMute: boolean }) => void;
  readonly seen: () => Seen[];
  readonly requests: Answers["requests"];
  readonly close: () => Promise<void>;
};

const NODES = 2;
const MAX_BODY = 1_000_000;
const LAMPORTS = 1_000_000_000_000n;
const TOKENS = 1_000_000_000_000n;
/** Everything of the recording is final soon. */
const RECORDING = { blockTimeMs: 20, finalLag: 8, nodes: 1 };
/** Blocks until funds are final. */
const FUNDED = 60;

/** `wallets` get funds in SOL and in each of `mints`. */
export async function startStandIn(
  wallets: readonly string[],
  mints: readonly string[],
): Promise<StandIn> {
  let world: LocalWorld | undefined = await startLocalWorld(RECORDING);
  const { genesisHash, swapUrl } = world.addresses;
  for (const wallet of wallets) {
    world.fund(wallet, LAMPORTS);
    for (const mint of mints) if (mint !== NATIVE_MINT) world.mintTo(wallet, mint, TOKENS);
  }
  world.control({ advance: FUNDED });
  const answers = createAnswers(world);
  let chain: StandInChain | undefined;
  let isMute = false;
  const closing: (() => Promise<void> | void)[] = [];
  const serve = async (answer: (path: string, body: string) => Promise<string>) => {
    const server = createServer((request, response) => respond(answer, request, response));
    const port = await listen(server, 0);
    closing.push(() => close(server));
    return { server, at: `${HOST}:${port}` };
  };
  const nodes: { url: string; wsUrl: string }[] = [];
  for (let node = 0; node < NODES; node += 1) {
    const { server, at } = await serve((_, body) => answers.call(body));
    closing.push(serveSockets(server, () => (isMute ? undefined : chain)));
    nodes.push({ url: `http://${at}`, wsUrl: `ws://${at}` });
  }
  const { at } = await serve(answers.swap);
  return {
    addresses: { genesisHash, nodes, swapUrl: `http://${at}${new URL(swapUrl).pathname}` },
    async replay() {
      chain = await answers.replay();
      closing.push(chain.close);
      await world?.close();
      world = undefined;
    },
    begin({ isMute: wanted, ...landing }) {
      if (!chain) throw new Error("nothing is replayed yet");
      isMute = wanted;
      chain.begin(landing);
    },
    seen: () => chain?.seen() ?? [],
    requests: answers.requests,
    async close() {
      await world?.close();
      for (const end of closing.reverse()) await end();
    },
  };
}

function respond(
  answer: (path: string, body: string) => Promise<string>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  readBody(request, MAX_BODY, (body = "") => {
    answer(request.url ?? "/", body).then(
      (text) => sendText(response, 200, { text, type: "application/json" }),
      (error: unknown) => {
        process.stderr.write(`stand-in: ${String(error)}\n`);
        sendText(response, 500, { text: String(error) });
      },
    );
  });
}
