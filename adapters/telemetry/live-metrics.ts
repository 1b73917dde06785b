/** Figures of live trading; absent where nobody trades live. */
import { Gauge, type Registry } from "prom-client";

export type LiveFigures = {
  /** Signed attempts whose outcome is asked of the chain. */
  readonly followedAttempts: number;
  readonly isSignerAvailable: boolean;
  /** A node has shown the configured genesis hash. */
  readonly isClusterKnown: boolean;
};

export function registerLiveMetrics(registry: Registry, read: () => LiveFigures): void {
  const gauge = (name: string, help: string, valueIn: (figures: LiveFigures) => number): void => {
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(valueIn(read()));
      },
    });
  };
  gauge(
    "orderstream_live_followed_attempts",
    "Signed transactions whose outcome is asked of the chain.",
    ({ followedAttempts }) => followedAttempts,
  );
  gauge(
    "orderstream_live_signer_available",
    "1 while the signer's process can sign, else 0.",
    ({ isSignerAvailable }) => Number(isSignerAvailable),
  );
  gauge(
    "orderstream_live_cluster_confirmed",
    "1 once a node has shown the configured genesis hash, else 0.",
    ({ isClusterKnown }) => Number(isClusterKnown),
  );
}
