/**
 * Cuts a byte stream into the JSON texts that it carries (RFC 7047 puts nothing between two of them).
 *
 * What it keeps true: each byte is looked at once, wherever the chunks are cut; no more is held than has
 * arrived; a text beyond `maxBytes` or `maxDepth` and anything that is no JSON object between texts is an error
 * at once, not when the text ends. Scanning bytes is safe in UTF-8: no byte of a multi-byte character equals
 * an ASCII one.
 *
 *     chunk    {"id":1}{"id":   2}{
 *     texts    --------
 *                      ----(held)-+  `{` is held
 */
import { isUtf8 } from 'node:buffer';
import { ovsdb as limits } from '../limits.ts';
import { OvsdbFramingError } from './errors.ts';

const quote = 0x22;
const backslash = 0x5c;

// What a byte outside of strings means to the splitter.
const plain = 0;
const open = 1;
const close = 2;
const string = 3;
const meaning = new Uint8Array(256);
meaning[0x7b] = open; // {
meaning[0x5b] = open; // [
meaning[0x7d] = close; // }
meaning[0x5d] = close; // ]
meaning[quote] = string;

const empty = Buffer.alloc(0);

export interface SplitterLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

export class JsonSplitter {
  readonly #limits: SplitterLimits;
  /** The beginning of a text whose end has not arrived, in a buffer that doubles as it grows. */
  #held: Buffer = empty;
  #heldBytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(bounds: SplitterLimits = { maxBytes: limits.messageBytes, maxDepth: limits.messageDepth }) {
    this.#limits = bounds;
  }

  /** Bytes of a text whose end has not arrived. */
  get pending(): number {
    return this.#heldBytes;
  }

  /**
   * Takes the next bytes and calls `take` with each text that they complete, parsed.
   *
   * @throws {OvsdbFramingError} after which the stream has no meaning and must be dropped.
   */
  push(chunk: Uint8Array, take: (value: unknown) => void): void {
    const { maxBytes, maxDepth } = this.#limits;
    let depth = this.#depth;
    let inString = this.#inString;
    let start = 0;
    let at = 0;
    const end = chunk.length;

    if (this.#escaped && end > 0) {
      this.#escaped = false;
      at = 1;
    }
    while (at < end) {
      if (inString) {
        // The hot loop: most bytes of an update are inside of strings.
        let byte = chunk[at]!;
        while (byte !== quote && byte !== backslash) {
          if (++at === end) break;
          byte = chunk[at]!;
        }
        if (at === end) break;
        if (byte === quote) {
          inString = false;
          at++;
        } else {
          if (at + 1 === end) this.#escaped = true;
          at += 2;
        }
        continue;
      }
      const byte = chunk[at]!;
      if (depth === 0) {
        if (byte === 0x7b) {
          start = at;
        } else if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) {
          at++;
          continue;
        } else {
          throw new OvsdbFramingError(
            `byte 0x${byte.toString(16).padStart(2, '0')} where a JSON object should begin; is the peer an OVSDB server?`,
          );
        }
      }
      at++;
      switch (meaning[byte]!) {
        case plain:
          break;
        case string:
          inString = true;
          break;
        case open:
          if (++depth > maxDepth) {
            throw new OvsdbFramingError(`a JSON text nests deeper than ${maxDepth} levels`);
          }
          break;
        case close:
          if (--depth === 0) {
            const value = this.#complete(chunk.subarray(start, at), maxBytes);
            start = at;
            take(value);
          }
          break;
      }
    }

    this.#depth = depth;
    this.#inString = inString;
    if (depth > 0) {
      const length = this.#heldBytes + end - start;
      if (length > maxBytes) throw tooLong(length, maxBytes);
      this.#hold(chunk.subarray(start));
    }
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(4096, length, 2 * this.#held.length));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }

  #complete(tail: Uint8Array, maxBytes: number): unknown {
    const length = this.#heldBytes + tail.length;
    if (length > maxBytes) throw tooLong(length, maxBytes);
    let bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.length);
    if (this.#heldBytes > 0) {
      this.#hold(tail);
      bytes = Buffer.from(this.#held.buffer, this.#held.byteOffset, length);
      this.#held = empty;
      this.#heldBytes = 0;
    }
    if (!isUtf8(bytes)) throw new OvsdbFramingError('a JSON text is not UTF-8');
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      throw new OvsdbFramingError(`a text of ${length} bytes is no JSON`, { cause });
    }
  }
}

function tooLong(length: number, maxBytes: number): OvsdbFramingError {
  return new OvsdbFramingError(`a JSON text has ${length} bytes or more and ${maxBytes} are allowed`);
}
