/**
 * Takes a lock, forgets about it, lets the garbage collector run, and waits to be killed. Run as
 * `node --expose-gc hold-lock.ts LOCK`.
 */
import { acquireLock } from "../../adapters/event-store/lock.ts";

acquireLock(process.argv[2] ?? "");
await new Promise((resolve) => setImmediate(resolve));
if (!globalThis.gc) throw new Error("run with --expose-gc");
globalThis.gc();
await new Promise((resolve) => setImmediate(resolve));
globalThis.gc();
console.log("held");
process.stdin.resume();
