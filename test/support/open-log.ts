/**
 * Opens a log and says how it went, for tests that need another user. Run as `node open-log.ts
 * LOG`.
 */
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { StoreOpenError } from "../../adapters/event-store/sqlite-errors.ts";

try {
  const store = await openSqliteEventStore({ file: process.argv[2] ?? "" });
  await store.close();
  console.log("opened");
} catch (error) {
  if (!(error instanceof StoreOpenError)) throw error;
  console.log(`${error.problem}: ${error.message}`);
}
