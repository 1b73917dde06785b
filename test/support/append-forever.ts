/**
 * A process that appends until it is killed. After each acknowledged append it prints `<stream>
 * <revision>`; what it printed must be in the log. Run as `node append-forever.ts LOG`.
 */
import { writeSync } from "node:fs";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { encodedEvents, newStream } from "./encoded-events.ts";

const WRITERS = 16;

const store = await openSqliteEventStore({ file: process.argv[2] ?? "", walPages: 64 });

/** Synchronous: a line that is not out yet was not promised to anybody. */
function promise(line: string): void {
  let rest = Buffer.from(line);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // The reader is slower than we are, and the pipe is full for now.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

async function appendForever(): Promise<void> {
  for (;;) {
    const stream = newStream();
    for (let next = 0, size = 1; next < 20; next += size, size = (size % 5) + 1) {
      const expected = next === 0 ? "no-stream" : next - 1;
      const result = await store.append(stream, expected, encodedEvents(stream, next, size));
      if (result.kind !== "appended") throw new Error(JSON.stringify(result.kind));
      promise(`${stream} ${result.revision}\n`);
    }
  }
}

await Promise.all(Array.from({ length: WRITERS }, appendForever));
