/**
 * Recorded data of the real world, which is not part of this repository: the folder named by
 * ORDERSTREAM_REAL_DATA, else `../shared/data` beside the repository.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
export const REAL_DATA = process.env.ORDERSTREAM_REAL_DATA ?? resolve(root, "../shared/data");

export const realDataPath = (file: string): string => join(REAL_DATA, file);

/** True if the file is there; otherwise says on the console what is left out. */
export function hasRealData(file: string): boolean {
  const found = existsSync(realDataPath(file));
  if (!found) console.warn(`left out: no ${file} in ${REAL_DATA} (set ORDERSTREAM_REAL_DATA)`);
  return found;
}
