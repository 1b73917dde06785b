/** The figures of `top` as a picture for a terminal and as one line for a log. */
import type { TopFigures } from "./top-figures.ts";

/** Lines of one screen. */
export function pictureOf(
  figures: TopFigures,
  { address, nowS }: { readonly address: string; readonly nowS: number },
): readonly string[] {
  const upS = figures.startedAtS > 0 ? Math.max(0, Math.floor(nowS - figures.startedAtS)) : 0;
  const row = (...cells: readonly (readonly [string, string])[]): string =>
    cells
      .map(([label, text]) => `${label.padEnd(12)}${text.padStart(12)}`)
      .join("    ")
      .trimEnd();
  return [
    `orderstream ${figures.version} at ${address}, up ${uptime(upS)}; Ctrl-C ends`,
    "",
    row(
      ["orders/s", decimal(figures.ordersPerSecond)],
      ["p50", msText(figures.latencyP50S)],
      ["p99", msText(figures.latencyP99S)],
    ),
    row(
      ["open", count(figures.openOrders)],
      ["queued", count(figures.queuedOrders)],
      ["unknown", count(figures.unknownOrders)],
    ),
    row(
      ["cache hits", percent(figures.cacheHitRatio)],
      ["in all", percent(figures.cacheHitRatioOverall)],
      ["quotes", count(figures.cacheEntries)],
    ),
    row(
      ["views behind", `${count(figures.viewLagEvents)} ev`],
      ["by", `${decimal(figures.viewLagS)} s`],
      ["event loop", msText(figures.eventLoopP99S)],
    ),
    row(["RSS", mebibytes(figures.rssBytes)], ["CPU", percent(figures.cpuCores)]),
    "",
    `${"STATUS".padEnd(12)}${"PER SECOND".padStart(12)}${"TOTAL".padStart(16)}`,
    ...figures.byStatus.map(
      ({ status, perSecond, total }) =>
        `${status.padEnd(12)}${decimal(perSecond).padStart(12)}${count(total).padStart(16)}`,
    ),
  ];
}

export function lineOf(figures: TopFigures): string {
  const ended = figures.byStatus.map(({ status, total }) => `${status} ${total}`).join(", ");
  return [
    `${decimal(figures.ordersPerSecond)} orders/s`,
    `p50 ${msText(figures.latencyP50S)}`,
    `p99 ${msText(figures.latencyP99S)}`,
    `open ${figures.openOrders}`,
    `queued ${figures.queuedOrders}`,
    `cache hits ${percent(figures.cacheHitRatio)}`,
    `views behind ${figures.viewLagEvents} ev`,
    `RSS ${mebibytes(figures.rssBytes)}`,
    `CPU ${percent(figures.cpuCores)}`,
    ended,
  ].join("  ");
}

const decimal = (value: number): string => grouped(value.toFixed(1));
const count = (value: number): string => grouped(String(value));
const percent = (share: number | undefined): string =>
  share === undefined ? "-" : `${(share * 100).toFixed(1)} %`;
const msText = (seconds: number | undefined): string =>
  seconds === undefined ? "-" : `${decimal(seconds * 1_000)} ms`;
const mebibytes = (bytes: number): string => `${decimal(bytes / (1024 * 1024))} MiB`;

/** `1234567.5` as `1,234,567.5`. */
const grouped = (digits: string): string => digits.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");

function uptime(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
}
