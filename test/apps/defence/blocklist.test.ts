/**
 * The blocklist's service: what it takes, what it refuses and in which words, and when blocks end.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import { blocklist as limits } from '../../../controller/limits.ts';
import { Network } from '../../../controller/network/network.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { atHome } from '../../controller/network/sites.ts';

const MINUTE = 60_000;

let clock: ManualClock;
let network: Network;
let blocklist: BlocklistService;
beforeEach(() => {
  clock = new ManualClock();
  network = new Network(atHome());
  blocklist = new BlocklistService(network, clock);
});

const wish = { origin: 'person', reason: 'scans' } as const;
const numbers = (): number[] => [...network.state.blocklist.blocks.keys()];

describe('what is blocked', () => {
  test('is written as the blocklist writes it', () => {
    const sources = ['203.0.113.7/32', '2001:DB8:0:0::/48', '2001:db8::0001'];
    expect(blocklist.block({ ...wish, sources })).toMatchObject({
      sources: ['203.0.113.7', '2001:db8::/48', '2001:db8::1'],
      createdAt: clock.now(),
      expires: undefined,
    });
  });

  test.each([
    ['203.0.113.256', 'BLOCKLIST_BAD_SOURCE', /^`203.0.113.256` is neither an address nor a prefix/],
    ['203.0.113.7/24', 'BLOCKLIST_BAD_SOURCE', /with no bits set after the prefix$/],
    ['fe80::1%eth0', 'BLOCKLIST_BAD_SOURCE', /neither/],
    ['', 'BLOCKLIST_BAD_SOURCE', /neither/],
    ['10.0.0.0/7', 'BLOCKLIST_TOO_WIDE', /too wide/],
    ['0.0.0.0/0', 'BLOCKLIST_TOO_WIDE', /^0.0.0.0\/0 is too wide/],
    ['2000::/3', 'BLOCKLIST_TOO_WIDE', /^2000::\/3 is too wide/],
  ])('is not %j', (source, code, message) => {
    expect(() => blocklist.block({ ...wish, sources: ['203.0.113.8', source] })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
    expect(numbers()).toEqual([]);
  });

  test('is for a guest that there is', () => {
    expect(() => blocklist.block({ ...wish, sources: ['203.0.113.7'], guest: 'nobody' })).toThrow(
      'there is no guest nobody',
    );
  });
});

describe('what is allowed', () => {
  test.each(['198.51.100.7', '198.51.100.0/24', '198.51.100.4/30'])('is not blocked by %s', (source) => {
    blocklist.allow('198.51.100.4/30', 'the office');
    expect(() => blocklist.block({ ...wish, sources: [source] })).toThrow(
      `${source} cannot be blocked, since 198.51.100.4/30 is allowed (the office)`,
    );
    blocklist.disallow('198.51.100.4/30');
    blocklist.block({ ...wish, sources: [source] });
  });

  test('leaves the allow-list by its own name alone', () => {
    expect(() => blocklist.disallow('198.51.100.0/24')).toThrow('is not on the allow-list');
  });

  test('has its bound', () => {
    for (let i = 0; i < limits.allowances; i++) blocklist.allow(`10.0.${i >> 8}.${i & 255}`, '');
    expect(() => blocklist.allow('10.1.0.0', '')).toThrow('room for 1,000 allowed sources');
    blocklist.allow('10.0.0.0', 'again');
  });
});

describe('unblock', () => {
  test('names the blocks that a source was in', () => {
    blocklist.block({ ...wish, sources: ['203.0.113.7', '203.0.113.8'] });
    blocklist.block({ ...wish, sources: ['203.0.113.7'] });
    const { source, blocks } = blocklist.unblock('203.0.113.7/32');
    expect([source, blocks.map(({ number }) => number)]).toEqual(['203.0.113.7', [1, 2]]);
    expect(numbers()).toEqual([1]);
  });

  test('says which prefix covers a source that is not blocked by itself', () => {
    blocklist.block({ ...wish, sources: ['203.0.113.0/24', '203.0.0.0/16'] });
    expect(() => blocklist.unblock('203.0.113.7')).toThrow(
      '203.0.113.7 is not blocked by itself, but block 1 covers it with 203.0.113.0/24',
    );
    expect(() => blocklist.unblock('203.1.0.7')).toThrow('203.1.0.7 is not blocked: ');
  });

  test('takes a block away by its number, once', () => {
    blocklist.block({ ...wish, sources: ['203.0.113.7'] });
    expect(blocklist.remove(1)).toMatchObject({ number: 1 });
    expect(() => blocklist.remove(1)).toThrow('there is no block 1, or no more');
  });
});

describe('ends', () => {
  test('come when they come, each alone', () => {
    blocklist.block({ ...wish, sources: ['203.0.113.7'], lasts: 10 * MINUTE });
    blocklist.block({ ...wish, sources: ['203.0.113.8'] });
    blocklist.block({ ...wish, sources: ['203.0.113.9'], lasts: 5 * MINUTE });
    clock.advance(5 * MINUTE - 1);
    expect(numbers()).toEqual([1, 2, 3]);
    clock.advance(1);
    expect(numbers()).toEqual([1, 2]);
    clock.advance(5 * MINUTE);
    expect(numbers()).toEqual([2]);
    expect(clock.pending).toBe(0);
  });

  test('can be put off', () => {
    blocklist.block({ ...wish, sources: ['203.0.113.7'], lasts: 10 * MINUTE });
    clock.advance(9 * MINUTE);
    blocklist.extend(1, 10 * MINUTE);
    clock.advance(9 * MINUTE);
    expect(numbers()).toEqual([1]);
    clock.advance(MINUTE);
    expect(numbers()).toEqual([]);
  });

  test('that came while nobody looked are kept at once', () => {
    blocklist.block({ ...wish, sources: ['203.0.113.7'], lasts: MINUTE });
    blocklist.close();
    clock.advance(2 * MINUTE);
    expect(numbers()).toEqual([1]);
    new BlocklistService(network, clock);
    clock.advance(0);
    expect(numbers()).toEqual([]);
  });

  test('further off than a timer can wait are waited for', () => {
    const long = 60 * 86_400_000;
    blocklist.block({ ...wish, sources: ['203.0.113.7'], lasts: long });
    clock.advance(long - 1);
    expect(numbers()).toEqual([1]);
    clock.advance(1);
    expect(numbers()).toEqual([]);
  });
});

test('its version changes with it', () => {
  const before = blocklist.version;
  blocklist.block({ ...wish, sources: ['203.0.113.7'] });
  expect(blocklist.version).not.toBe(before);
});
