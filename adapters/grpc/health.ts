/** grpc.health.v1.Health for probers: SERVING while the engine takes orders. */
import { HealthImplementation, type ServingStatusMap } from "grpc-health-check";

const POLL_MS = 200;

type HealthServer = Parameters<HealthImplementation["addToServer"]>[0];

export type Health = {
  /** NOT_SERVING from now on, whatever the engine says. */
  readonly stop: () => void;
};

/** The engine tells its condition when asked; watchers want to be told. So it is asked a few times a second. */
export function serveHealth(
  server: HealthServer,
  services: readonly string[],
  isServing: () => boolean,
): Health {
  const names = ["", ...services];
  const initial: ServingStatusMap = {};
  let shown = isServing();
  for (const name of names) initial[name] = shown ? "SERVING" : "NOT_SERVING";
  const health = new HealthImplementation(initial);
  health.addToServer(server);
  const show = (serving: boolean): void => {
    if (serving === shown) return;
    shown = serving;
    for (const name of names) health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
  };
  const timer = setInterval(() => show(isServing()), POLL_MS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      show(false);
    },
  };
}
