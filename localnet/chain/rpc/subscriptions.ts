/**
 * The WebSocket side of a node: signature, slot, account, log and root subscriptions as web3.js
 * makes them. Notifications follow the node's own view, so a node that lags tells late.
 */
import type { WebSocket } from "ws";
import { z } from "zod";
import type { Account, Address, Commitment } from "../chain.types.ts";
import type { HistoryEntry } from "../history.ts";
import { SYSTEM_PROGRAM } from "../programs.ts";
import { accountJson } from "./account-json.ts";
import {
  type AccountOptions,
  accountOptions,
  address,
  flag,
  options,
  signature,
} from "./params.ts";
import type { NodeView } from "./view.ts";

const MAX_PER_CONNECTION = 1_024;

const logFilter = z.union([
  z.enum(["all", "allWithVotes"]).transform(() => undefined),
  z.object({ mentions: z.array(address).length(1) }).transform(({ mentions }) => mentions[0]),
]);

const SHAPES = {
  signatureSubscribe: z.tuple([signature, options({ enableReceivedNotification: flag })]),
  accountSubscribe: z.tuple([address, accountOptions]),
  logsSubscribe: z.tuple([logFilter, options({})]),
} as const;

type Subscription = { readonly socket: WebSocket } & (
  | { readonly kind: "signature"; readonly signature: string; readonly commitment: Commitment }
  | { readonly kind: "slot" }
  | { readonly kind: "root" }
  | {
      readonly kind: "account";
      readonly address: Address;
      readonly options: AccountOptions;
      last: Account | undefined;
    }
  | {
      readonly kind: "logs";
      readonly mentions: Address | undefined;
      readonly commitment: Commitment;
      /** The next transaction to tell of: the open block grows while it is looked at. */
      next: { readonly height: number; readonly index: number };
    }
);

type Of<K extends Subscription["kind"]> = Subscription & { readonly kind: K };

/** What a subscriber is told of an account that is no more. */
const GONE: Account = {
  lamports: 0n,
  owner: SYSTEM_PROGRAM,
  data: new Uint8Array(),
  executable: false,
};

type Wanted = Subscription extends infer S
  ? S extends unknown
    ? Omit<S, "socket">
    : never
  : never;

export type Subscriptions = {
  /** The number of the new subscription, or a sentence. */
  subscribe(socket: WebSocket, method: string, params: unknown): number | string;
  /** False if there was none. */
  unsubscribe(socket: WebSocket, id: unknown): boolean;
  forget(socket: WebSocket): void;
  /** To be called whenever something may have changed. */
  notify(reason: "block" | "transaction"): void;
  count(): number;
};

export function createSubscriptions(view: NodeView): Subscriptions {
  const subscriptions = new Map<number, Subscription>();
  let lastId = 0;
  let toldSlot = 0;

  function tell(id: number, { socket }: Subscription, note: { method: string; result: unknown }) {
    if (view.settings.mutedWebSocket || socket.readyState !== socket.OPEN) return;
    const params = { result: note.result, subscription: id };
    socket.send(JSON.stringify({ jsonrpc: "2.0", method: note.method, params }));
  }

  function check(id: number, subscription: Subscription): void {
    if (subscription.kind === "signature") checkSignature(id, subscription);
    else if (subscription.kind === "account") checkAccount(id, subscription);
    else if (subscription.kind === "logs") checkLogs(id, subscription);
  }

  function checkSignature(id: number, subscription: Of<"signature">): void {
    const { commitment, signature: wanted } = subscription;
    const entry = view.entry(wanted);
    if (!entry || entry.height > view.heightOf(commitment)) return;
    subscriptions.delete(id);
    const context = { slot: view.blockOf(commitment).slot };
    const result = { context, value: { err: entry.err } };
    tell(id, subscription, { method: "signatureNotification", result });
  }

  function checkAccount(id: number, subscription: Of<"account">): void {
    const { options: wanted, address: watched } = subscription;
    const height = view.heightOf(wanted?.commitment);
    const account = view.chain.accountAt(watched, height);
    if (sameAccount(account, subscription.last)) return;
    subscription.last = account;
    const read = (key: Address) => view.chain.accountAt(key, height);
    const value = accountJson(account ?? GONE, wanted, read);
    const result = { context: view.context(wanted?.commitment), value };
    tell(id, subscription, { method: "accountNotification", result });
  }

  function checkLogs(id: number, subscription: Of<"logs">): void {
    const { inBlock } = view.chain.history;
    const { next } = subscription;
    const height = view.heightOf(subscription.commitment);
    for (let at = next.height; at <= height; at += 1) {
      const told = at === next.height ? next.index : 0;
      for (const entry of inBlock(at).slice(told)) tellLogs(id, subscription, entry);
    }
    subscription.next = { height, index: inBlock(height).length };
  }

  function tellLogs(id: number, subscription: Of<"logs">, entry: HistoryEntry): void {
    const { err, keys, logs } = view.chain.history.read(entry);
    if (subscription.mentions !== undefined && !keys.includes(subscription.mentions)) return;
    const value = { signature: entry.signature, err, logs };
    const result = { context: { slot: entry.slot }, value };
    tell(id, subscription, { method: "logsNotification", result });
  }

  function tellSlot(): void {
    const { slot, parentSlot } = view.blockOf("processed");
    if (slot === toldSlot) return;
    toldSlot = slot;
    const root = view.blockOf("finalized").slot;
    for (const [id, subscription] of subscriptions) {
      if (subscription.kind === "slot") {
        const result = { parent: parentSlot, root, slot };
        tell(id, subscription, { method: "slotNotification", result });
      } else if (subscription.kind === "root") {
        tell(id, subscription, { method: "rootNotification", result: root });
      }
    }
  }

  return {
    subscribe(socket, method, params) {
      const held = [...subscriptions.values()].filter((one) => one.socket === socket).length;
      if (held >= MAX_PER_CONNECTION) return `over ${MAX_PER_CONNECTION} subscriptions`;
      const wanted = wantedBy(method, params, view);
      if (typeof wanted === "string") return wanted;
      lastId += 1;
      const id = lastId;
      subscriptions.set(id, { ...wanted, socket });
      // After the number itself has been sent, or the client does not know whose news it is.
      setImmediate(() => {
        const subscription = subscriptions.get(id);
        if (subscription) check(id, subscription);
      });
      return id;
    },
    unsubscribe(socket, id) {
      if (typeof id !== "number" || subscriptions.get(id)?.socket !== socket) return false;
      return subscriptions.delete(id);
    },
    forget(socket) {
      for (const [id, one] of subscriptions) if (one.socket === socket) subscriptions.delete(id);
    },
    notify(reason) {
      if (subscriptions.size === 0) return;
      if (reason === "block") tellSlot();
      for (const [id, subscription] of [...subscriptions]) check(id, subscription);
    },
    count: () => subscriptions.size,
  };
}

/** What is asked for, or why it cannot be had. */
function wantedBy(method: string, params: unknown, view: NodeView): Wanted | string {
  const given = Array.isArray(params) ? [params[0], params[1]] : [undefined, undefined];
  switch (method) {
    case "slotSubscribe":
      return { kind: "slot" };
    case "rootSubscribe":
      return { kind: "root" };
    case "signatureSubscribe": {
      const parsed = SHAPES.signatureSubscribe.safeParse(given);
      if (!parsed.success) return z.prettifyError(parsed.error);
      const [wanted, { commitment = "finalized" } = {}] = parsed.data;
      return { kind: "signature", signature: wanted, commitment };
    }
    case "accountSubscribe": {
      const parsed = SHAPES.accountSubscribe.safeParse(given);
      if (!parsed.success) return z.prettifyError(parsed.error);
      const [key, wanted] = parsed.data;
      const last = view.chain.accountAt(key, view.heightOf(wanted?.commitment));
      return { kind: "account", address: key, options: wanted, last };
    }
    case "logsSubscribe": {
      const parsed = SHAPES.logsSubscribe.safeParse(given);
      if (!parsed.success) return z.prettifyError(parsed.error);
      const [mentions, { commitment = "finalized" } = {}] = parsed.data;
      const height = view.heightOf(commitment);
      const index = view.chain.history.inBlock(height).length;
      return { kind: "logs", mentions, commitment, next: { height, index } };
    }
    default:
      return "Method not found";
  }
}

function sameAccount(one: Account | undefined, other: Account | undefined): boolean {
  if (!one || !other) return one === other;
  return (
    one.lamports === other.lamports &&
    one.owner === other.owner &&
    Buffer.compare(one.data, other.data) === 0
  );
}
