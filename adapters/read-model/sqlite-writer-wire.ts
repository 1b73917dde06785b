/** What the main thread and the views' writing thread say to each other. */
export type Step = {
  readonly sql: string;
  /** Parameters of one run; 0: the statement is run once, without any. */
  readonly width: number;
  /**
   * A JSON list of the parameters of all runs, one behind the other: one text is half the work of
   * cloning its values one by one.
   */
  readonly values: string;
};

export type ToWriter =
  | { readonly kind: "transaction"; readonly id: number; readonly steps: readonly Step[] }
  | { readonly kind: "close" };

export type FromWriter = {
  readonly id: number;
  /** Undefined: it is committed. `errcode`: SQLite's extended result code, or 0. */
  readonly failed?: { readonly message: string; readonly errcode: number };
};

/** `targetId`: the file must be this one. */
export type WriterData = { readonly path: string; readonly targetId: string };
