/** Which names of nodes mean the same one: evidence counts once for each host and port. */

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
};
/** Other names of this machine would make one node look like two. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** `host:port` of a URL; other texts stand for themselves. Equal keys are one node. */
export function nodeKey(name: string): string {
  const url = URL.parse(name);
  if (!url?.host) return name.trim().toLowerCase();
  const host = url.hostname.toLowerCase().replace(/\.$/, "");
  const port = url.port || (DEFAULT_PORTS[url.protocol] ?? "");
  return `${LOOPBACK.test(host) ? "loopback" : host}:${port}`;
}
