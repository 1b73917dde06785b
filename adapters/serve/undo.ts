/** Undoes what was done, last first, also when a later step of a start fails. */
export type Undo = (() => void | Promise<void>)[];

export async function undoAll(undo: Undo): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}
