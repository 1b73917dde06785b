/**
 * Which file a path names: a copy of a log has the log's id too, so that it takes more to know
 * whether two programs mean the same store.
 */
import { statSync } from "node:fs";

/** Device and inode, the same for every path to one file; undefined where there is none. */
export function fileIdentity(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}
