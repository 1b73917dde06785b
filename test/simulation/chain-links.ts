/** The hash chain of every stream, from raw bytes: positions, revisions, links, own hashes, times. It shares no rule with the engine. */
import { createHash } from "node:crypto";
import type { StoredEvent } from "../../domain/ports/event-store.ts";

type Stream = { readonly revision: number; readonly hash: string; readonly recordedAt: number };
type Metadata = Record<string, string | number> & { recordedAt: number };

export type ChainLinks = {
  /** Takes the next event of the log, `data` being its text; answers its hash. */
  readonly take: (stored: StoredEvent, data: string) => string;
  /** Largest recorded time, microseconds. */
  readonly clockUs: () => number;
};

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const sorted = (value: Record<string, unknown>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));

export function createChainLinks(
  logId: string,
  report: (invariant: string, detail: string) => void,
): ChainLinks {
  const streams = new Map<string, Stream>();
  let seen = 0;
  let clockUs = 0;
  return {
    take: ({ stream, revision, position, metadata, type }, data) => {
      const where = `${stream}@${revision}`;
      const { hash, version, ...rest }: Metadata = JSON.parse(
        new TextDecoder().decode(metadata),
      ) as Metadata;
      const before = streams.get(stream);
      seen += 1;
      if (position !== BigInt(seen)) report("positions grow", `${where} at ${position}`);
      if (revision !== (before ? before.revision + 1 : 0)) report("gapless revisions", where);
      const previous = before?.hash ?? sha256(sorted({ logId, stream }));
      if (rest.prevHash !== previous)
        report("hash chain", `${where} does not link to the last one`);
      const own = sha256(
        `{"data":${data},"metadata":${sorted(rest)},"revision":${revision},"stream":"${stream}",` +
          `"type":"${type}","version":${version}}`,
      );
      if (own !== hash) report("hash chain", `${where} has another hash than its bytes`);
      if (before && rest.recordedAt <= before.recordedAt) report("times grow in a stream", where);
      clockUs = Math.max(clockUs, rest.recordedAt);
      streams.set(stream, { revision, hash: String(hash), recordedAt: rest.recordedAt });
      return String(hash);
    },
    clockUs: () => clockUs,
  };
}
