/** Every adapter behind the swaps port, against one contract. */
import { createJupiterServers } from "../../adapters/quotes/jupiter-servers.ts";
import { createJupiterSwaps } from "../../adapters/quotes/jupiter-swaps.ts";
import { swapsContract } from "./swaps.contract.ts";

swapsContract("jupiter", (options) => {
  const servers = createJupiterServers({ ...options, retryDelayMs: 1 });
  return { swaps: createJupiterSwaps(servers), close: servers.close };
});
