/** What a case of the event store contract is given, and what it is. */
import type { Transport } from "../../adapters/event-store/group-commit.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";

export type StoreUnderTest = {
  readonly store: EventStore;
  /** Closes the store and opens the same log again. */
  readonly reopen: () => Promise<EventStore>;
  readonly dispose: () => Promise<void>;
};

export type MakeOptions = { readonly transport?: (inner: Transport) => Transport };
export type MakeStore = (options?: MakeOptions) => Promise<StoreUnderTest>;

/** A case gets a maker; what it makes is disposed of after the test. */
export type Case = readonly [title: string, run: (make: MakeStore) => Promise<void>];
