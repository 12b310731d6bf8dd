/**
 * The interfaces of a node over time, as `ip -tshort -o monitor link` (with its stamps) and `ip -o link` (without)
 * tell of them: which TAP a number in a capture was, and since when it existed.
 */

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Milliseconds since `origin` when the kernel told that it was new; undefined: it was there before. */
  readonly appeared: number | undefined;
  /** When it was deleted; undefined: it never was. */
  readonly gone: number | undefined;
}

const LINE = /^(?:\[([-\d]+T[\d:]+\.\d+)\] )?(Deleted )?(\d+): ([^:@\s]+)[:@]/;

/** `origin` is in milliseconds since the Unix epoch; the stamps are in UTC. Lines of other kinds are passed over. */
export function readLinks(text: string, origin: number): Link[] {
  const links = new Map<number, Link>();
  for (const line of text.split('\n')) {
    const [, stamp, deleted, number, name] = LINE.exec(line) ?? [];
    if (number === undefined || name === undefined) continue;
    const index = Number(number);
    const known = links.get(index);
    const ms = stamp === undefined ? undefined : sinceOrigin(stamp, origin);
    links.set(index, {
      index,
      name,
      appeared: known === undefined ? ms : known.appeared,
      gone: deleted === undefined ? known?.gone : ms,
    });
  }
  return [...links.values()];
}

/** `Date` knows milliseconds only. */
function sinceOrigin(stamp: string, origin: number): number {
  const [whole = '', fraction = ''] = stamp.split('.');
  return Date.parse(`${whole}Z`) - origin + Number(`0.${fraction}`) * 1000;
}
