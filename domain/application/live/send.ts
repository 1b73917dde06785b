/** Hands the same bytes to every sender of a route. What they answer decides nothing. */
import type { Route } from "../../chain/intent.ts";
import type { Timers } from "../../ports/clock.ts";
import type { SendAnswer, Sender } from "../../ports/sender.ts";

export type NamedAnswer = { readonly sender: string; readonly answer: SendAnswer };

/** Tries of one sender while it says that another try may help, and the pause before the second one; it doubles. */
const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 100;

export type Broadcaster = {
  readonly hasProtected: boolean;
  /** Never rejects; ends when every sender has answered for good. `onAnswer` is told of each as it comes. */
  readonly first: (
    attempt: { readonly transaction: Uint8Array; readonly route: Route },
    onAnswer: (answer: NamedAnswer) => void,
  ) => Promise<void>;
  /** Once more, without tries and without waiting. */
  readonly again: (attempt: { readonly transaction: Uint8Array; readonly route: Route }) => void;
};

export function createBroadcaster(senders: readonly Sender[], timers: Timers): Broadcaster {
  const ofRoute = (route: Route): Sender[] => senders.filter((sender) => sender.route === route);
  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      timers.schedule(delayMs, resolve);
    });

  async function insist(sender: Sender, transaction: Uint8Array): Promise<SendAnswer> {
    let delayMs = FIRST_PAUSE_MS;
    for (let tries = 1; ; tries += 1) {
      const answer = await sender.send(transaction);
      const mayHelp =
        answer.kind === "unknown" || (answer.kind === "refused" && answer.isTransient);
      if (!mayHelp || tries === MOST_TRIES) return answer;
      await pause(delayMs);
      delayMs *= 2;
    }
  }

  return {
    hasProtected: ofRoute("protected").length > 0,
    first: async ({ transaction, route }, onAnswer) => {
      await Promise.all(
        ofRoute(route).map(async (sender) => {
          onAnswer({ sender: sender.name, answer: await insist(sender, transaction) });
        }),
      );
    },
    again: ({ transaction, route }) => {
      for (const sender of ofRoute(route)) void sender.send(transaction);
    },
  };
}
