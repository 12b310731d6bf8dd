/** Lists of entries that each carry their length, as most multipart replies are. */
import { OpenFlowBadLengthError, OpenFlowBadValueError } from '../errors.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { RawEntry } from './types.ts';

/**
 * Reads entries up to the end of the message. Each has a 16-bit length `lengthAt` bytes from its start, and at
 * least `minimum` bytes. `decode` reads one, the cursor at its start and `r.end` at its end; undefined means
 * that it is not canonical and is kept as bytes. Throws `OPENFLOW_BAD_LENGTH` where an entry does not fit.
 */
export function decodeEntries<T>(
  r: Reader,
  what: string,
  lengthAt: number,
  minimum: number,
  decode: (r: Reader, end: number) => T | undefined,
): (T | RawEntry)[] {
  const entries: (T | RawEntry)[] = [];
  const end = r.end;
  while (r.position < end) {
    const start = r.position;
    r.need(minimum, what);
    r.skip(lengthAt);
    const length = r.u16();
    if (length < minimum || start + length > end) {
      throw new OpenFlowBadLengthError(
        what,
        start - r.origin,
        `an entry of ${length} bytes is not between ${minimum} and the ${end - start} left`,
      );
    }
    r.position = start;
    r.end = start + length;
    const entry = decode(r, r.end);
    r.end = end;
    if (entry !== undefined && r.position === start + length) entries.push(entry);
    else entries.push({ raw: r.copyRange(start, start + length) });
  }
  return entries;
}

/** Reads entries of a fixed size. */
export function decodeFixed<T>(
  r: Reader,
  what: string,
  size: number,
  decode: (r: Reader) => T | undefined,
): (T | RawEntry)[] {
  const entries: (T | RawEntry)[] = [];
  while (r.position < r.end) {
    const start = r.position;
    r.need(size, what);
    const entry = decode(r);
    if (entry !== undefined) entries.push(entry);
    else entries.push({ raw: r.copyRange(start, start + size) });
  }
  return entries;
}

export function isRawEntry(entry: object): entry is RawEntry {
  return 'raw' in entry;
}

export function encodeEntries<T extends object>(
  w: Writer,
  entries: readonly (T | RawEntry)[],
  encode: (w: Writer, entry: T) => void,
): void {
  for (const entry of entries) {
    if (!isRawEntry(entry)) {
      encode(w, entry);
      continue;
    }
    if (!(entry.raw instanceof Uint8Array)) {
      throw new OpenFlowBadValueError('raw entry', w.position, 'raw is not bytes');
    }
    w.raw(entry.raw);
  }
}
