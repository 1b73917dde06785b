/**
 * A process of its own that uses the chain adapter in every way, closes it and then has nothing left to do. It ends by itself, or the
 * test that waits for it does not. Arguments: genesis hash, URLs of nodes.
 */
import { createChain } from "../../adapters/chain/chain.ts";
import { createSystemClock } from "../../adapters/clock/system.ts";

const [genesisHash = "", ...urls] = process.argv.slice(2);
const chain = createChain({
  nodes: urls.map((url) => ({ url })),
  ...{ genesisHash, timeoutMs: 600_000, clock: createSystemClock(), reconnectMs: 600_000 },
});
process.stdout.write(`${JSON.stringify(await chain.checkGenesis())}\n`);
chain.onSignature("1".repeat(64), () => undefined);
const [first] = chain.nodes;
// The parent lets it hang.
const hanging = first?.firstAvailableBlock();
process.stdin.once("data", async () => {
  process.stdin.destroy();
  chain.onSignature("1".repeat(64), () => undefined);
  chain.close();
  process.stdout.write(`${JSON.stringify(await hanging)}\n`);
});
