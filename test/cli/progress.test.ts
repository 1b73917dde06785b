/** Progress lines: figures, a bar at a terminal, lines in a log, nothing for what is quick. */
import { describe, expect, it } from "vitest";
import {
  createProgress,
  durationText,
  type ProgressFigures,
  progressLine,
  progressWhere,
} from "../../adapters/cli/progress.ts";

const line = (figures: Partial<ProgressFigures>): string =>
  progressLine({
    what: "checked",
    unit: "events",
    done: 500_000,
    total: 1_000_000,
    elapsedMs: 10_000,
    isTerminal: true,
    ...figures,
  });

describe("a line of progress", () => {
  it.each<[string, Partial<ProgressFigures>]>([
    ["checked [########--------]  50 % 500,000/1,000,000 events, 50,000/s, 10 s left", {}],
    ["checked 50 % 500,000/1,000,000 events, 50,000/s, 10 s left", { isTerminal: false }],
    ["checked 500,000 events, 50,000/s", { total: undefined }],
    ["checked [----------------]   0 % 999/1,000,000 events, 100/s, 2 h 46 m left", { done: 999 }],
    // More came while it was counted.
    ["checked [################] 100 % 1,100/1,000 events, 110/s", { done: 1_100, total: 1_000 }],
    ["checked [################] 100 % 0/0 events, 0/s", { done: 0, total: 0 }],
    ["checked [----------------]   0 % 0/1,000 events, 0/s", { done: 0, total: 1_000 }],
    [
      "checked [###############-]  99 % 999/1,000 events, 100/s, 1 s left",
      { done: 999, total: 1_000 },
    ],
  ])("%s", (wanted, figures) => {
    expect(line(figures)).toBe(wanted);
  });

  it("never grows wider than a terminal, where it would wrap", () => {
    const wide = { done: 123_456_789_012, total: 987_654_321_098, unit: "very long units" };
    expect(line(wide)).toHaveLength(79);
    expect(line({ ...wide, isTerminal: false }).length).toBeGreaterThan(79);
  });

  it.each<[number, string]>([
    [1, "1 s"],
    [59, "59 s"],
    [60, "1 m 00 s"],
    [3_599, "59 m 59 s"],
    [3_600, "1 h 00 m"],
    [360_000, "100 h 00 m"],
  ])("says %i seconds as %s", (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});

function watched(isTerminal: boolean, total?: number) {
  let nowMs = 1_000_000;
  let shown = "";
  const io = {
    isTerminal,
    err: (text: string) => {
      shown += text;
    },
  };
  const options = { what: "folded", unit: "events", nowMs: () => nowMs };
  const progress = createProgress(io, total === undefined ? options : { ...options, total });
  return {
    progress,
    at: (elapsedMs: number, done: number, newTotal?: number): string => {
      nowMs = 1_000_000 + elapsedMs;
      shown = "";
      if (newTotal === undefined) progress.step(done);
      else progress.step(done, newTotal);
      return shown;
    },
    end: (): string => {
      shown = "";
      progress.end();
      return shown;
    },
  };
}

describe("progress", () => {
  it("draws one line again at a terminal, after a second, and finishes it", () => {
    const { at, end } = watched(true, 1_000);
    expect(at(999, 400)).toBe("");
    expect(at(1_000, 500)).toBe(
      "\rfolded [########--------]  50 % 500/1,000 events, 500/s, 1 s left",
    );
    expect(at(1_100, 510)).toBe("");
    // Blanks cover what is left of the longer line.
    const last = at(1_200, 1_000);
    expect(last).toBe(
      `\r${"folded [################] 100 % 1,000/1,000 events, 833/s".padEnd(65)}`,
    );
    expect(end()).toMatch(/^\rfolded .* 100 % .*\n$/);
    expect(end()).toBe("");
  });

  it("writes a plain line every 5 s into a log", () => {
    const { at, end } = watched(false);
    expect(at(4_999, 400)).toBe("");
    expect(at(5_000, 500)).toBe("folded 500 events, 100/s\n");
    expect(at(9_999, 600)).toBe("");
    expect(at(10_000, 1_000, 4_000)).toBe("folded 25 % 1,000/4,000 events, 100/s, 30 s left\n");
    expect(end()).toBe("folded 25 % 1,000/4,000 events, 100/s, 30 s left\n");
  });

  it.each([true, false])("shows nothing of what was quick (terminal: %s)", (isTerminal) => {
    const { at, end } = watched(isTerminal, 10);
    expect(at(900, 10)).toBe("");
    expect(end()).toBe("");
  });

  it("is shown elsewhere than at a terminal only where it was asked for", () => {
    const shown = (isAsked: boolean, isTerminal: boolean): boolean => {
      let nowMs = 0;
      let text = "";
      const io = {
        isTerminal,
        err: (more: string) => {
          text += more;
        },
      };
      const options = { what: "x", unit: "y", nowMs: () => nowMs };
      const progress = progressWhere(isAsked, io, options);
      nowMs = 60_000;
      progress.step(1);
      return text !== "";
    };
    expect([
      shown(false, false),
      shown(false, true),
      shown(true, false),
      shown(true, true),
    ]).toEqual([false, true, true, true]);
  });
});
