/**
 * Long work leaves the event loop to others: how long it is held is counted in a clock that only the work moves.
 */
import { expect, test } from 'vitest';
import { eventLoop as limits } from '../../controller/limits.ts';
import { atOnce, inSlices, type Steps } from '../../controller/slices.ts';

const STEP_MS = 3;
const STEPS = 1_000;

class Work {
  at = 0;
  readonly clock = { now: (): number => this.at };

  *steps(): Steps<string> {
    for (let i = 0; i < STEPS; i++) {
      this.at += STEP_MS;
      yield;
    }
    return 'done';
  }
}

/** When others had their turn, until the work was done. */
async function turnsDuring(work: Work, begin: () => Promise<string>): Promise<number[]> {
  const turns = [0];
  let running = true;
  const look = (): void => {
    turns.push(work.at);
    if (running) setImmediate(look);
  };
  setImmediate(look);
  expect(await begin()).toBe('done');
  running = false;
  return [...turns, work.at];
}

const longest = (turns: readonly number[]): number =>
  Math.max(...turns.slice(1).map((at, i) => at - turns[i]!));

test('in slices: nobody waits for longer than a slice and a step', async () => {
  const work = new Work();
  const held = longest(await turnsDuring(work, () => inSlices(work.steps(), work.clock)));
  expect(work.at).toBe(STEPS * STEP_MS);
  expect(held).toBeLessThan(limits.slice + STEP_MS);
  expect(held).toBeGreaterThanOrEqual(limits.slice);
});

test('at once: everybody waits for all of it', async () => {
  const work = new Work();
  expect(longest(await turnsDuring(work, () => Promise.resolve(atOnce(work.steps()))))).toBe(STEPS * STEP_MS);
});

test('what is done within a slice is done before anybody else has a turn', async () => {
  const work = new Work();
  let turned = false;
  setImmediate(() => (turned = true));
  const little = (function* (): Steps<string> {
    work.at += STEP_MS;
    yield;
    return 'done';
  })();
  expect(await inSlices(little, work.clock)).toBe('done');
  expect(turned).toBe(false);
});
