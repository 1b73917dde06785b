/**
 * Nothing may leave loopback: every outgoing connection and name lookup of a test, and of every process that a test starts, is
 * looked at before it is made. Loaded by vitest in each worker, and by NODE_OPTIONS in each child process.
 */
import dns from "node:dns";
import net from "node:net";
import { pathToFileURL } from "node:url";

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|\[::1\]|localhost)$/;

/** The host that a connect call is for; undefined: a path (pipe, Unix socket) or the default, which is localhost. */
function hostOf(args: readonly unknown[]): string | undefined {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === "object" && first !== null) {
    return "host" in first && typeof first.host === "string" ? first.host : undefined;
  }
  return typeof args[1] === "string" ? args[1] : undefined;
}

function refuse(host: string): never {
  const message = `this test would leave loopback: ${host}`;
  process.stderr.write(`${message}\n`);
  throw new Error(message);
}

/** Marks the patched functions, so that a second load does nothing. */
const GUARDED = Symbol.for("orderstream.loopback-only");

function guard(): void {
  const connect = net.Socket.prototype.connect;
  if (GUARDED in connect) return;
  const guarded = function (this: net.Socket, ...args: unknown[]): net.Socket {
    const host = hostOf(args);
    if (host !== undefined && !LOOPBACK.test(host)) refuse(host);
    return Reflect.apply(connect, this, args);
  };
  net.Socket.prototype.connect = Object.assign(guarded, { [GUARDED]: true });
  const lookup = dns.lookup;
  const guardedLookup = (hostname: string, ...rest: unknown[]): unknown => {
    if (!LOOPBACK.test(hostname)) refuse(hostname);
    return Reflect.apply(lookup, dns, [hostname, ...rest]);
  };
  dns.lookup = Object.assign(guardedLookup, lookup) as typeof dns.lookup;
}

guard();

const option = `--import ${pathToFileURL(import.meta.filename).href}`;
if (!process.env.NODE_OPTIONS?.includes(option)) {
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} ${option}`.trim();
}
