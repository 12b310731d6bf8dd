/**
 * Goodput: payload that honest clients received, from what their probes noted. Pure.
 */
import { ECHO_LENGTH } from '../../topologies/probes/echo-message.ts';

/** Payload that came to a client. */
export interface Receipt {
  /** In the clock of whoever asks. */
  readonly ms: number;
  readonly bytes: number;
}

/** Goodput is back when it is so much of what it was, over a second: a burst after a silence is not it. */
export const BACK_SHARE = 0.95;
const BACK_OVER_MS = 1_000;
const BACK_STEP_MS = 50;

/** What a line of a probe's file tells; `origin` is where the receipt's clock begins, in ms since the Unix epoch. */
export function receiptOf(line: string, origin: number): Receipt | undefined {
  let observation: unknown;
  try {
    observation = JSON.parse(line);
  } catch {
    return undefined; // cut short, or empty
  }
  if (typeof observation !== 'object' || observation === null) return undefined;
  const { received, bytes } = observation as { received?: unknown; bytes?: unknown };
  if (typeof received !== 'number') return undefined;
  return { ms: received - origin, bytes: typeof bytes === 'number' ? bytes : ECHO_LENGTH };
}

/** Bits per second from `from` to `to`; null for no time. `receipts` are in order. */
export function goodput(receipts: readonly Receipt[], from: number, to: number): number | null {
  if (!(to > from)) return null;
  let bytes = 0;
  for (let i = firstFrom(receipts, from); i < receipts.length && receipts[i]!.ms < to; i++)
    bytes += receipts[i]!.bytes;
  return (bytes * 8_000) / (to - from);
}

export interface GoodputPoint {
  readonly ms: number;
  readonly bitsPerSecond: number;
}

/** One point a `step`, each the mean of the step that begins there. */
export function goodputOverTime(
  receipts: readonly Receipt[],
  from: number,
  to: number,
  step: number,
): GoodputPoint[] {
  const points: GoodputPoint[] = [];
  for (let ms = from; ms + step <= to; ms += step) {
    points.push({ ms, bitsPerSecond: goodput(receipts, ms, ms + step) ?? 0 });
  }
  return points;
}

/** The first moment from `since` on at which goodput is back at `level` for a second; null: not by `until`. */
export function backAt(
  receipts: readonly Receipt[],
  level: number,
  since: number,
  until: number,
): number | null {
  for (let ms = since; ms + BACK_OVER_MS <= until; ms += BACK_STEP_MS) {
    if ((goodput(receipts, ms, ms + BACK_OVER_MS) ?? 0) >= level * BACK_SHARE) return ms;
  }
  return null;
}

/** By halves: the index of the first receipt that is not before `ms`. */
function firstFrom(receipts: readonly Receipt[], ms: number): number {
  let [low, high] = [0, receipts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (receipts[middle]!.ms < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
