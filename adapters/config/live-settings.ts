/** Live trading as the engine is started with it. Whatever may hold a key is behind a function, so that no log and no JSON shows it. */
import { resolve } from "node:path";
import type { SignerLimits } from "../signer/limits.ts";
import type { ResolvedLive } from "./check-live.ts";
import type { ResolvedNetwork } from "./check-network.ts";
import { type Read, readSecret } from "./layers.ts";
import type { RawConfig } from "./schema.ts";

type Limits = Omit<
  RawConfig["liveLimits"],
  "maxExposure" | "allowedExtensions" | "slotsPerAccount"
>;

export type NodeUrls = { readonly url: string; readonly wsUrl: string | undefined };

export type LiveSettings = ResolvedNetwork & {
  readonly rpc: { readonly timeoutMs: number; readonly nodes: () => readonly NodeUrls[] };
  readonly jito: {
    readonly url: (() => string) | undefined;
    readonly authKey: (() => string) | undefined;
  };
  readonly privateSenders: () => readonly string[];
  readonly signer: {
    /** Absolute, for the signer runs in a folder of its own; undefined: those in the data folder that an account names. */
    readonly keystores: readonly string[] | undefined;
    /** Absolute. */
    readonly passphraseFile: string | undefined;
    readonly limits: SignerLimits;
  };
  readonly liveLimits: Limits &
    Pick<ResolvedLive, "maxExposure" | "allowedExtensions" | "slotsPerAccount">;
};

export function liveSettings(
  raw: RawConfig,
  resolved: ResolvedLive,
  authKey: string | undefined,
): LiveSettings {
  const { network, isLive, genesisHash, signerLimits, ...limits } = resolved;
  const { url } = raw.jito;
  const { urls, wsUrls, timeoutMs } = raw.rpc;
  return {
    ...{ network, isLive, genesisHash },
    rpc: {
      timeoutMs,
      nodes: () => urls.map((node, index) => ({ url: node, wsUrl: wsUrls[index] || undefined })),
    },
    jito: {
      url: url === undefined ? undefined : () => url,
      authKey: authKey === undefined ? undefined : () => authKey,
    },
    privateSenders: () => raw.privateSenders,
    signer: {
      keystores: raw.signer.keystores?.map((file) => resolve(file)),
      passphraseFile: raw.signer.passphraseFile && resolve(raw.signer.passphraseFile),
      limits: signerLimits,
    },
    liveLimits: { ...raw.liveLimits, ...limits },
  };
}

/** Of one line, from a file of its own. `what`: such as "Jito's authentication key". */
export function secretOf(file: string | undefined, what: string): Read<string | undefined> {
  if (file === undefined) return { value: undefined, problems: [] };
  const read = readSecret(file, what);
  if (read.problems.length > 0 || /^[\x21-\x7e]{1,500}$/.test(read.value)) return read;
  const problem = `${file} must hold one key of 1 to 500 printable characters`;
  return { value: undefined, problems: [problem] };
}
