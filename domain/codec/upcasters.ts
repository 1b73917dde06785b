/**
 * Old versions in, current ones out: one step per version, `upcasters[type][version]` turns version into version + 1.
 * Nothing released so far has changed; the first change adds its line here and its frozen fixture stays.
 */
import type { DomainEventType } from "./registry.ts";

type Upcaster = (data: unknown) => unknown;

export const UPCASTERS: { readonly [T in DomainEventType]?: Readonly<Record<number, Upcaster>> } =
  {};

/** Brings data of `version` to `current`; throws when a step is missing. */
export function upcast(
  type: DomainEventType,
  data: unknown,
  versions: { readonly from: number; readonly current: number },
): unknown {
  let result = data;
  for (let version = versions.from; version < versions.current; version++) {
    const step = UPCASTERS[type]?.[version];
    if (!step) throw new Error(`no upcaster for ${type} version ${version}`);
    result = step(result);
  }
  return result;
}
