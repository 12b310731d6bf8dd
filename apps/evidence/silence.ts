/**
 * How long a connection was silent around a switchover.
 */

export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface Gap {
  readonly ms: number;
  readonly from: number;
}

/**
 * The longest silence that overlaps the window: between two arrivals, from the window's start to the first one, or
 * from the last one to the window's end. `arrivals` are in order. Null without any arrival before or in the window:
 * then nothing says that the connection was open.
 */
export function gapAround(arrivals: readonly number[], window: Window): Gap | null {
  let longest: Gap | null = null;
  let last: number | undefined;
  for (const at of arrivals) {
    if (last !== undefined && at > window.from) longest = longer(longest, last, at);
    if (at > window.to) return longest;
    last = at;
  }
  return last === undefined ? null : longer(longest, last, Math.max(last, window.to));
}

function longer(gap: Gap | null, from: number, to: number): Gap {
  return gap !== null && gap.ms >= to - from ? gap : { ms: to - from, from };
}
