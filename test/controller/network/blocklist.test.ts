/**
 * The blocklist as a value: blocks, sources, lines, and that a change costs what it changes.
 */
import { describe, expect, test } from 'vitest';
import { blocklist as limits } from '../../../controller/limits.ts';
import {
  type Block,
  type Blocklist,
  blocksOf,
  cellOf,
  emptyBlocklist,
  entriesOf,
  shardOf,
  sourcesIn,
  sourcesOf,
} from '../../../controller/network/blocklist.ts';
import {
  allowed,
  blocked,
  disallowed,
  extended,
  type NewBlock,
  sourcesAdded,
  sourceUnblocked,
  unblocked,
} from '../../../controller/network/blocklist-changes.ts';

const wish: NewBlock = {
  origin: 'person',
  reason: 'scans',
  verdict: undefined,
  guest: undefined,
  createdAt: 1_000,
  expires: undefined,
};

const after = (...changes: ((blocklist: Blocklist) => Blocklist)[]): Blocklist =>
  changes.reduce((blocklist, change) => change(blocklist), emptyBlocklist);
const addresses = (count: number, net = 10): string[] =>
  Array.from({ length: count }, (_, i) => `${net}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
const inLine = (blocklist: Blocklist, line: 'first' | 'second'): string[] =>
  [...sourcesOf(blocklist, line)].map(([source]) => source).toSorted();
const block = (blocklist: Blocklist, number: number): Block => blocklist.blocks.get(number)!;

test('a block has a number, its sources, and the first line', () => {
  const blocklist = after(blocked(wish, ['203.0.113.7', '2001:db8::/48']));
  expect(block(blocklist, 1)).toEqual({
    ...wish,
    number: 1,
    line: 'first',
    count: 2,
    sources: ['203.0.113.7', '2001:db8::/48'],
  });
  expect(inLine(blocklist, 'first')).toEqual(['2001:db8::/48', '203.0.113.7']);
});

test('numbers are never used again', () => {
  const blocklist = after(blocked(wish, ['203.0.113.7']), unblocked([1]), blocked(wish, ['203.0.113.8']));
  expect([...blocklist.blocks.keys()]).toEqual([2]);
});

test('a source twice in a block counts once', () => {
  const blocklist = after(blocked(wish, ['203.0.113.7', '203.0.113.7']), sourcesAdded(1, ['203.0.113.7']));
  expect(block(blocklist, 1)).toMatchObject({ count: 1, sources: ['203.0.113.7'] });
});

describe('a source in two blocks', () => {
  const both = after(blocked(wish, ['203.0.113.7', '203.0.113.8']), blocked(wish, ['203.0.113.7']));

  test('stays when one of them goes', () => {
    expect(inLine(unblocked([1])(both), 'first')).toEqual(['203.0.113.7']);
    expect(inLine(unblocked([2])(both), 'first')).toEqual(['203.0.113.7', '203.0.113.8']);
    expect(inLine(unblocked([1, 2])(both), 'first')).toEqual([]);
  });

  test('leaves both when it is unblocked, and a block that is left with nothing goes', () => {
    const rest = sourceUnblocked('203.0.113.7')(both);
    expect([...rest.blocks.values()]).toMatchObject([{ number: 1, count: 1, sources: ['203.0.113.8'] }]);
    expect(inLine(rest, 'first')).toEqual(['203.0.113.8']);
  });

  test('is in both', () => {
    expect(blocksOf(both, '203.0.113.7').map(({ number }) => number)).toEqual([1, 2]);
    expect(blocksOf(both, '203.0.113.9')).toEqual([]);
  });
});

describe('lines', () => {
  test('a list is in the second, whatever its size', () => {
    const blocklist = after(blocked({ ...wish, origin: 'list' }, ['203.0.113.7']));
    expect(inLine(blocklist, 'second')).toEqual(['203.0.113.7']);
    expect(inLine(blocklist, 'first')).toEqual([]);
  });

  test('the newest blocks are in the first; the oldest make room', () => {
    const most = addresses(limits.firstLine);
    const blocklist = after(
      blocked(wish, ['203.0.113.7']),
      blocked(wish, ['203.0.113.8']),
      blocked(wish, most.slice(1)),
    );
    expect(inLine(blocklist, 'second')).toEqual(['203.0.113.7']);
    expect(inLine(blocklist, 'first')).toHaveLength(limits.firstLine);
    expect([1, 2, 3].map((number) => block(blocklist, number).line)).toEqual(['second', 'first', 'first']);
    expect(inLine(sourceUnblocked('203.0.113.7')(blocklist), 'second')).toEqual([]);
  });

  test('a block that grows beyond the first line leaves it last', () => {
    const blocklist = after(
      blocked(wish, ['203.0.113.7']),
      blocked(wish, ['203.0.113.8']),
      sourcesAdded(2, addresses(limits.firstLine)),
    );
    expect(inLine(blocklist, 'first')).toEqual([]);
    expect(inLine(blocklist, 'second')).toHaveLength(limits.firstLine + 2);
  });
});

test('a block of very many sources keeps no list, and goes as a whole', () => {
  const many = addresses(limits.sourcesKept + 1);
  const blocklist = after(blocked(wish, ['203.0.113.7']), blocked(wish, many));
  expect(block(blocklist, 2)).toMatchObject({ count: many.length, sources: undefined });
  expect([...sourcesIn(blocklist, block(blocklist, 2))].toSorted()).toEqual(many.toSorted());
  expect(inLine(unblocked([2])(blocklist), 'second')).toEqual([]);
});

test('a change touches the cells of its sources alone', () => {
  const before = after(blocked({ ...wish, origin: 'list' }, addresses(20_000)));
  const next = sourcesAdded(1, ['203.0.113.7'])(before);
  const changed = [...next.lines.second].filter(([key, shard]) => before.lines.second.get(key) !== shard);
  const shard = shardOf('203.0.113.7', 'second');
  expect(changed.map(([key]) => key)).toEqual([shard]);
  const cells = next.lines.second.get(shard)!;
  const touched = [...cells].filter(([key, cell]) => before.lines.second.get(shard)?.get(key) !== cell);
  expect(touched.map(([key]) => key)).toEqual([cellOf('203.0.113.7', 'second')]);
  expect(next.lines.first).toBe(before.lines.first);
});

test('shards are about alike', () => {
  const spread = Array.from({ length: 102_400 }, (_, i) => {
    const mixed = Math.imul(i, 0x9e37_79b1) >>> 0;
    return `${mixed >>> 24}.${(mixed >>> 16) & 255}.${(mixed >>> 8) & 255}.${mixed & 255}`;
  });
  const sizes = [...after(blocked({ ...wish, origin: 'list' }, spread)).lines.second.values()].map(
    (shard) => [...entriesOf(shard)].length,
  );
  expect(sizes).toHaveLength(limits.secondLineShards);
  expect(Math.max(...sizes)).toBeLessThan(200);
});

test('what changes nothing is the same value', () => {
  const blocklist = after(
    blocked(wish, ['203.0.113.7']),
    allowed({ source: '10.0.0.1', reason: '', createdAt: 1 }),
  );
  for (const change of [
    unblocked([9]),
    sourceUnblocked('203.0.113.8'),
    sourcesAdded(1, ['203.0.113.7']),
    sourcesAdded(9, ['203.0.113.7']),
    extended(1, undefined),
    disallowed('10.0.0.2'),
  ]) {
    expect(change(blocklist)).toBe(blocklist);
  }
});
