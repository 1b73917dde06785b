/** HOST:PORT as people write it, and what to say when it cannot be had. */
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/;

export type ListenAddress = { readonly host: string; readonly port: number };

/** Throws an Error with a sentence for the user. `remote`: any host, else loopback only. */
export function parseListenAddress(text: string, remote: boolean): ListenAddress {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  const host = match?.[1];
  if (host === undefined || port > 65_535) {
    throw new Error(`${JSON.stringify(text)} is no HOST:PORT such as 127.0.0.1:50051`);
  }
  if (!remote && !LOOPBACK.test(host)) {
    throw new Error(
      `${text} is not a loopback address: the gRPC service has no authentication yet and listens on this machine only`,
    );
  }
  return { host, port };
}

export function cannotListen(address: ListenAddress, cause: string): Error {
  const where = `${address.host}:${address.port}`;
  return /EADDRINUSE/.test(cause)
    ? new Error(
        `gRPC cannot listen on ${where}: another program uses that port. Stop it, or choose another port (0 picks a free one)`,
      )
    : new Error(`gRPC cannot listen on ${where}: ${cause}`);
}
