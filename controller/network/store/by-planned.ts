/** Oldest first, of what begins by being planned: migrations, flights. */
export function byPlanned(a: Planned, b: Planned): number {
  return (a.entered.planned ?? 0) - (b.entered.planned ?? 0);
}

interface Planned {
  readonly entered: { readonly planned?: number };
}
