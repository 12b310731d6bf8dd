/**
 * The Internet checksum (RFC 1071).
 */

/** Ones' complement sum of 16-bit words over a range, continuing from `sum`; an odd last byte is padded. */
export function ones(bytes: Uint8Array, offset: number, length: number, sum = 0): number {
  let total = sum;
  const end = offset + length;
  for (let i = offset; i + 1 < end; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!;
  if (length % 2 === 1) total += bytes[end - 1]! << 8;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}
