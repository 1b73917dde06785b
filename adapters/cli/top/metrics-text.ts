/** Reads the text format of Prometheus (version 0.0.4), as far as the engine writes it, within limits. */

export type Sample = {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** Samples by metric name; a histogram's parts by their own names (`..._bucket`). */
export type Metrics = ReadonlyMap<string, readonly Sample[]>;

export const METRICS_LIMITS = { bytes: 1024 * 1024, lines: 10_000 } as const;

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

/** Undefined where the text is something else, or too much of it. */
export function parseMetrics(text: string): Metrics | undefined {
  const lines = text.split("\n");
  if (text.length > METRICS_LIMITS.bytes || lines.length > METRICS_LIMITS.lines) return undefined;
  const metrics = new Map<string, Sample[]>();
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, labelText = "", digits = ""] = LINE.exec(line) ?? [];
    const labels = labelsOf(labelText);
    const value = numberOf(digits);
    if (name === undefined || labels === undefined || value === undefined) return undefined;
    const samples = metrics.get(name) ?? [];
    samples.push({ labels, value });
    metrics.set(name, samples);
  }
  return metrics;
}

function labelsOf(text: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined) return undefined;
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) =>
      escaped === "n" ? "\n" : escaped,
    );
  }
  return labels;
}

const SPECIAL: Readonly<Record<string, number>> = {
  "+Inf": Number.POSITIVE_INFINITY,
  "-Inf": Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
  Nan: Number.NaN,
};

function numberOf(digits: string): number | undefined {
  if (digits in SPECIAL) return SPECIAL[digits];
  const value = Number(digits);
  return digits === "" || Number.isNaN(value) ? undefined : value;
}

/** The sample with exactly this label, or the only one of a metric without labels; 0 where there is none. */
export function valueIn(metrics: Metrics, name: string, label?: readonly [string, string]): number {
  const samples = metrics.get(name) ?? [];
  const found = label
    ? samples.find(({ labels }) => labels[label[0]] === label[1])
    : samples.find(() => true);
  return found?.value ?? 0;
}
