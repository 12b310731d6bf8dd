/**
 * How long to wait before the next attempt: twice as long each time up to a maximum, and of that a random part
 * between a half and all, so that many clients of one daemon do not come back as one.
 */
export interface BackoffConfig {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * @param failures how many attempts in a row have failed, at least 1
 * @param random from 0 to 1, evenly distributed
 */
export function backoffMs({ minMs, maxMs }: BackoffConfig, failures: number, random: number): number {
  // 2^52 times any wait is beyond any maximum; a greater exponent would only overflow.
  const full = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 52));
  return full * (0.5 + random / 2);
}
