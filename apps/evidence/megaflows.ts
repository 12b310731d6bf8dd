/** Megaflows in each datapath at a switchover, as tables and the report show them. */
export function megaflowText(megaflows: Readonly<Record<string, number>>): string {
  return Object.entries(megaflows)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([node, count]) => `${node}=${count}`)
    .join(' ');
}
