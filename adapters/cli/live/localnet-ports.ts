/**
 * Where `orderstream localnet` listens unless it is told otherwise, so that `orderstream faucet`
 * finds it. 8899 and 8900 are where Solana's own tools look for a local chain.
 */
export const LOCALNET_PORTS = { rpc: 8_899, control: 8_898, market: 8_897, jito: 8_896 } as const;

export const DEFAULT_CONTROL_URL: string = `http://127.0.0.1:${LOCALNET_PORTS.control}/control`;
