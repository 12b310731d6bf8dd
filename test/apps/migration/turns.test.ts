import { expect, test } from 'vitest';
import { Turns } from '../../../apps/migration/turns.ts';

/** Takes turns, and notes in which order they came. */
function taker(limit: number) {
  const turns = new Turns(limit);
  const begun: string[] = [];
  return {
    turns,
    take: (id: string, ...hosts: string[]): void => {
      void turns.take(id, hosts).then(() => begun.push(id));
    },
    begun: async (): Promise<string[]> => {
      await new Promise((resolve) => setImmediate(resolve));
      return begun;
    },
  };
}

test('so many at a time, and the next when one ends', async () => {
  const { turns, take, begun } = taker(2);
  for (const id of ['one', 'two', 'three', 'four']) take(id, 'a', 'b');
  expect(await begun()).toEqual(['one', 'two']);
  turns.end('two');
  expect(await begun()).toEqual(['one', 'two', 'three']);
});

test('a host counts as source and as destination, and a copy between idle ones does not wait', async () => {
  const { turns, take, begun } = taker(1);
  take('one', 'a', 'b');
  take('two', 'b', 'c');
  take('three', 'd', 'e');
  take('four', 'c', 'd');
  expect(await begun()).toEqual(['one', 'three']);
  turns.end('one');
  expect(await begun()).toEqual(['one', 'three', 'two']);
  turns.end('three');
  turns.end('two');
  expect(await begun()).toEqual(['one', 'three', 'two', 'four']);
});

test('a turn ends once', async () => {
  const { turns, take, begun } = taker(1);
  for (const id of ['one', 'two', 'three']) take(id, 'a', 'b');
  turns.end('one');
  turns.end('one');
  expect(await begun()).toEqual(['one', 'two']);
});

test('who gives up while it waits never gets its turn, and holds up nobody', async () => {
  const { turns, take, begun } = taker(1);
  for (const id of ['one', 'two', 'three']) take(id, 'a', 'b');
  turns.end('two');
  turns.end('one');
  expect(await begun()).toEqual(['one', 'three']);
});

test('what somebody else began does not wait, and is counted once', async () => {
  const { turns, take, begun } = taker(2);
  take('one', 'a', 'b');
  take('two', 'a', 'b');
  turns.join('theirs', ['a', 'b']);
  turns.join('one', ['a', 'b']);
  take('three', 'a', 'b');
  turns.end('one');
  expect(await begun()).toEqual(['one', 'two']);
  turns.end('theirs');
  expect(await begun()).toEqual(['one', 'two', 'three']);
});
