/** Processes of this machine as Linux shows them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

export const hasProcFolder = process.platform === "linux";

/** Processes that this one started and that live; zombies do not count. */
export const childrenOf = (pid: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        return fields[1] === String(pid) && fields[0] !== "Z" ? [Number(name)] : [];
      } catch {
        return [];
      }
    });

export const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);
