/**
 * The signer as the engine sees it: the port over a process of its own. A process that ends, hangs or lies is unavailable, and is
 * not started again: somebody must look at it.
 */
import type { Signer } from "../../domain/ports/signer.ts";
import { launchSigner } from "./launch.ts";
import type { SignerLimits } from "./limits.ts";
import { MAX_PASSPHRASE_BYTES } from "./passphrase.ts";
import { signOverPipes } from "./process-client.ts";
import { readyOf } from "./process-ready.ts";
import { encodeStart, MAX_KEYSTORES } from "./wire.ts";

/** From where a keystore is unlocked. `given`: UTF-8 bytes, which the caller may zero once the start has resolved. */
export type Passphrase =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "given"; readonly passphrase: Uint8Array };

export type SignerOptions = {
  readonly keystores: readonly { readonly file: string; readonly passphrase: Passphrase }[];
  readonly limits: SignerLimits;
  /** Small file with the day's counters; of this signer alone. */
  readonly stateFile: string;
  /** Of one request; default 2,000. */
  readonly timeoutMs?: number;
  /** Requests without an answer; default 256. */
  readonly maxWaiting?: number;
  /** Once, with a sentence, when the signer cannot sign any more without having been closed. */
  readonly onExit: (sentence: string) => void;
};

export type SignerProcess = Signer & {
  readonly pid: number;
  /** Whether the operating system confirmed that it leaves no core file. */
  readonly coreDumps: "off" | "unknown";
  /** Ends the process, whatever it does; more than once does no harm. */
  readonly close: () => Promise<void>;
};

const TIMEOUT_MS = 2_000;
const MAX_WAITING = 256;

/** Starts the process and unlocks its keystores (about 0.4 s for each two). Rejects with a sentence. */
export async function startSignerProcess(options: SignerOptions): Promise<SignerProcess> {
  const { keystores, limits, stateFile } = options;
  if (keystores.length === 0 || keystores.length > MAX_KEYSTORES) {
    throw new Error(`the signer needs 1 to ${MAX_KEYSTORES} keystores, not ${keystores.length}`);
  }
  const given: Uint8Array[] = [];
  const sources = keystores.map(({ file, passphrase }) => {
    if (passphrase.kind === "file") return { file, passphraseFile: passphrase.file };
    if (passphrase.passphrase.length > MAX_PASSPHRASE_BYTES) {
      throw new Error(`a passphrase must have at most ${MAX_PASSPHRASE_BYTES} bytes`);
    }
    given.push(passphrase.passphrase);
    return { file, passphraseFile: undefined };
  });
  const reads = sources.flatMap(({ file, passphraseFile }) =>
    passphraseFile === undefined ? [file] : [file, passphraseFile],
  );
  const launched = launchSigner({ reads, stateFile }, given);
  launched.input.write(encodeStart({ keystores: sources, limits, stateFile }));
  const ready = await readyOf(launched, sources.length);
  const { onExit, timeoutMs = TIMEOUT_MS, maxWaiting = MAX_WAITING } = options;
  const client = signOverPipes(launched, { wallets: ready.wallets, timeoutMs, maxWaiting, onExit });
  const { wallets, coreDumps } = ready;
  return { pid: launched.child.pid ?? 0, wallets, coreDumps, ...client };
}
