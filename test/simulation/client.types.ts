/** A client of the simulated engine, as its actions see it. */
import type { Checks } from "./checks.ts";
import type { Random } from "./random.ts";
import type { SubmitMarks } from "./submit-marks.ts";
import type { World } from "./world.ts";

export type Client = {
  readonly world: World;
  readonly checks: Checks;
  readonly marks: SubmitMarks;
  readonly random: Random;
};
