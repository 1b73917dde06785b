/** Every adapter behind the chain port, against one contract. */
import { openChainAdapter } from "../support/chain-adapter.ts";
import { chainContract } from "./chain.contract.ts";

chainContract("RPC nodes", () => openChainAdapter());
