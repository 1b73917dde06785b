/** A picture that is drawn over itself on the terminal's other screen; what was there before comes back at the end. */
import type { Io, Screen } from "../command.ts";
import { printable } from "../output.ts";

export type Picture = {
  readonly draw: (lines: readonly string[]) => void;
  /** Puts the terminal back. More than once does no harm. */
  readonly end: () => void;
};

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_REST = "\u001b[J";

export function createPicture(out: Io["out"], screen: Screen): Picture {
  let isOpen = false;
  return {
    draw: (lines) => {
      // A line that wraps, or one too many, would make the screen scroll.
      const shown = lines.slice(0, Math.max(1, screen.rows() - 1));
      const text = shown
        .map((line) => `${printable(line).slice(0, screen.columns())}${CLEAR_LINE}\n`)
        .join("");
      // Drawn over in one write, never emptied first: nothing flickers.
      out(`${isOpen ? "" : ENTER}${HOME}${text}${CLEAR_REST}`);
      isOpen = true;
    },
    end: () => {
      if (isOpen) out(LEAVE);
      isOpen = false;
    },
  };
}
