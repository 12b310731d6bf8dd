/**
 * The bytes that a lab guest serves over HTTP, so that a client can check each of them: byte i of any answer is
 * byte (i mod PATTERN_LENGTH) of the pattern. The length is a prime number, so that a shift by any power of
 * two, or by a whole number of segments, shows.
 */
export const PATTERN_LENGTH = 1_048_573;

/** Xorshift (Marsaglia, 2003) with a fixed seed. */
export function pattern(): Buffer {
  const bytes = Buffer.alloc(PATTERN_LENGTH);
  let x = 0x2545f491;
  for (let i = 0; i < PATTERN_LENGTH; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x & 255;
  }
  return bytes;
}
