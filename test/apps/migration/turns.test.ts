import { expect, test } from 'vitest';
import { Turns } from '../../../apps/migration/turns.ts';

/** Takes a turn; `ends` has the way to end it once it has come. */
function taker(turns: Turns) {
  const ends = new Map<string, () => void>();
  return {
    ends,
    take: (name: string, ...hosts: string[]): void => {
      void turns.take(hosts).then((end) => ends.set(name, end));
    },
  };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

test('so many at a time, and the next when one ends', async () => {
  const { ends, take } = taker(new Turns(2));
  for (const name of ['one', 'two', 'three', 'four']) take(name, 'a', 'b');
  await settle();
  expect([...ends.keys()]).toEqual(['one', 'two']);
  ends.get('two')!();
  await settle();
  expect([...ends.keys()]).toEqual(['one', 'two', 'three']);
});

test('a host counts as source and as destination, and a copy between idle ones does not wait', async () => {
  const { ends, take } = taker(new Turns(1));
  take('one', 'a', 'b');
  take('two', 'b', 'c');
  take('three', 'd', 'e');
  take('four', 'c', 'd');
  await settle();
  expect([...ends.keys()]).toEqual(['one', 'three']);
  ends.get('one')!();
  await settle();
  expect([...ends.keys()]).toEqual(['one', 'three', 'two']);
  ends.get('three')!();
  ends.get('two')!();
  await settle();
  expect([...ends.keys()]).toEqual(['one', 'three', 'two', 'four']);
});

test('a turn ends once', async () => {
  const { ends, take } = taker(new Turns(1));
  take('one', 'a', 'b');
  take('two', 'a', 'b');
  take('three', 'a', 'b');
  await settle();
  ends.get('one')!();
  ends.get('one')!();
  await settle();
  expect([...ends.keys()]).toEqual(['one', 'two']);
});
