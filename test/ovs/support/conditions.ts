/**
 * Waits for what is to be so, not for a time in which it should have come about: a busy machine takes longer.
 */
import { expect } from 'vitest';
import { switches } from '../../../controller/limits.ts';
import type { Bed } from '../apps/bed.ts';

const PATIENCE_MS = 10_000;
/** OVS's own, where nobody has set how often counters are brought up to date. */
const REFRESH_MS = 500;

/** A server of the namespace takes connections at the port. */
export async function takesConnections(
  { room }: Pick<Bed, 'room'>,
  namespace: string,
  port: number,
): Promise<void> {
  const listening = () => room.run(namespace, ['ss', '-Hltn', `sport = :${port}`]);
  await expect.poll(listening, { timeout: PATIENCE_MS }).not.toBe('');
}

/** What counters say when they have come to rest: twice the same, with time for OVS to bring them up to date in between. */
export async function atRest<T>(read: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  let last = JSON.stringify(await read());
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS + switches.counterRefresh));
    const now = await read();
    if (JSON.stringify(now) === last) return now;
    if (performance.now() > deadline) throw new Error(`counters still move: ${JSON.stringify(now)}`);
    last = JSON.stringify(now);
  }
}
