/** A mistake: some text of one source file, found once, and what stands there instead. */
export type Mutant = {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
};
