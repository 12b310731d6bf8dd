/**
 * The bed that the tests of a file share: up before the first and gone after the last, as at the beginning before each, and
 * without a problem after each.
 */
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import { Bed } from '../apps/bed.ts';

export async function bedOfFile(): Promise<Bed> {
  const bed = await Bed.open();
  afterAll(() => bed.close());
  beforeEach(() => bed.reset());
  afterEach(() => expect(bed.problems).toEqual([]));
  return bed;
}
