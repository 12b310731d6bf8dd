/**
 * Text in fields of fixed size, padded with zeros: names and descriptions. Each byte is one character
 * (ISO 8859-1), so every content is kept.
 */
import { OpenFlowBadValueError } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Reads `size` bytes; undefined where something follows the first zero byte. */
export function decodeText(r: Reader, size: number): string | undefined {
  let text = '';
  const end = r.position + size;
  while (r.position < end) {
    const code = r.u8();
    if (code === 0) return r.zeros(end - r.position) ? text : undefined;
    text += String.fromCharCode(code);
  }
  return text;
}

export function encodeText(w: Writer, text: string, size: number, what: string): void {
  if (text.length > size) {
    throw new OpenFlowBadValueError(what, w.position, `${JSON.stringify(text)} is longer than ${size} bytes`);
  }
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 255) {
      throw new OpenFlowBadValueError(
        what,
        w.position,
        `${JSON.stringify(text)} has a character that is not one byte`,
      );
    }
    w.u8(code, what);
  }
  w.zeros(size - text.length);
}
