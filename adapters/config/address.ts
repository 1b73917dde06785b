/**
 * HOST:PORT, as people write it. There is no encryption and no authentication yet, so only loopback
 * is taken.
 */
import { isIPv4 } from "node:net";

export type Address = { readonly host: string; readonly port: number };

export type AddressResult =
  | { readonly kind: "address"; readonly address: Address }
  | { readonly kind: "wrong"; readonly problem: string };

const MAX_PORT = 65_535;
const FORM = /^(\[[^\]]*\]|[^:[\]\s]+):(\d{1,5})$/;

const wrong = (problem: string): AddressResult => ({ kind: "wrong", problem });

/**
 * `127.0.0.1:50051`, `localhost:0`, `[::1]:8080`; the problem continues a sentence that names the
 * key.
 */
export function parseAddress(text: string): AddressResult {
  const match = FORM.exec(text);
  if (!match)
    return wrong(`must be HOST:PORT such as 127.0.0.1:50051, not ${JSON.stringify(text)}`);
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  const port = Number(match[2]);
  if (port > MAX_PORT) return wrong(`has port ${port}; ports go from 0 to ${MAX_PORT}`);
  if (!isLoopback(host)) {
    return wrong(
      `is ${text}, which other machines can reach: there is no encryption or authentication yet, ` +
        "so use 127.0.0.1, [::1] or localhost",
    );
  }
  return { kind: "address", address: { host, port } };
}

/** 127.0.0.0/8, ::1 and their name. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));

export const formatAddress = ({ host, port }: Address): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
