/**
 * What verdicts lead to: blocks, their sources and ends, and the admission of guests under a flood.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import { FilterService } from '../../../apps/defence/filter-service.ts';
import { admission, filtering as limits } from '../../../controller/limits.ts';
import { Network } from '../../../controller/network/network.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { defended } from '../../../controller/network/changes.ts';
import { defaultDefence } from '../../../controller/network/defence-policy.ts';
import { atHome } from '../../controller/network/sites.ts';
import { Feed, source, verdict } from './attacks.ts';

let clock: ManualClock;
let network: Network;
let blocklist: BlocklistService;
let feed: Feed;
let filtered: boolean;
let known: string[];
let filter: FilterService;
const errors: Error[] = [];
const told: [number, number | undefined][] = [];
beforeEach(() => {
  clock = new ManualClock();
  network = new Network(atHome());
  blocklist = new BlocklistService(network, clock);
  feed = new Feed();
  filtered = true;
  known = [];
  errors.length = 0;
  told.length = 0;
  filter = new FilterService({
    network,
    blocklist,
    verdicts: feed,
    clock,
    isFiltered: () => filtered,
    knownNetworks: () => known,
    settled: () => Promise.resolve(),
    onFiltered: ({ sources, admission }) => told.push([sources, admission]),
    onError: (error) => errors.push(error),
  });
});
const blocks = () => [...network.state.blocklist.blocks.values()];

describe('real sources', () => {
  test('are blocked for the guest that they attack, in a block that names the verdict', () => {
    feed.say(verdict({ sources: [source('203.0.113.7/32'), source('2001:db8:1:2::/64')] }));
    expect(blocks()).toMatchObject([
      {
        origin: 'verdict',
        verdict: 'web syn-flood 1',
        guest: 'web',
        reason: 'syn-flood',
        line: 'first',
        sources: ['203.0.113.7', '2001:db8:1:2::/64'],
        expires: clock.now() + limits.lasts,
      },
    ]);
  });

  test('that come later join the block', () => {
    feed.say(verdict({ sources: [source('203.0.113.7/32')] }));
    feed.say(verdict({ sources: [source('203.0.113.7/32'), source('203.0.113.9/32')] }));
    expect(blocks()).toMatchObject([{ number: 1, sources: ['203.0.113.7', '203.0.113.9'] }]);
  });

  test('stay blocked while the attack goes on, and then until the end that is set', () => {
    const attack = verdict({ sources: [source('203.0.113.7/32')] });
    feed.say(attack);
    clock.advance(3 * limits.lasts);
    expect(blocks()).toHaveLength(1);
    feed.say({ ...attack, ended: clock.now() });
    clock.advance(limits.lasts / 4);
    expect(blocks()).toHaveLength(1);
    clock.advance(limits.lasts);
    expect(blocks()).toEqual([]);
  });

  test('that it is not sure of, and those that are allowed, are left', () => {
    blocklist.allow('203.0.113.9', 'the office');
    feed.say(
      verdict({ sources: [source('203.0.113.7/32', limits.confidence - 0.01), source('203.0.113.0/24')] }),
    );
    expect(blocks()).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('that are very many are aggregated where half of a prefix attacks, around what is allowed', () => {
    blocklist.allow('10.0.1.1', 'the office');
    const even = (net: number) => Array.from({ length: 128 }, (_, i) => source(`10.0.${net}.${i * 2}/32`));
    feed.say(verdict({ sources: [...even(0), ...even(1)] }));
    const [block] = blocks();
    expect(block!.sources).toContain('10.0.0.0/24');
    expect(block!.count).toBeLessThan(10);
    expect(() => blocklist.unblock('10.0.1.1')).toThrow('10.0.1.1 is not blocked: ');
  });

  test('of a guest that is not to be filtered are left', () => {
    filtered = false;
    feed.say(verdict({ sources: [source('203.0.113.7/32')] }));
    expect(blocks()).toEqual([]);
  });
});

describe('spoofed sources', () => {
  const rate = (): number | undefined => network.state.admissionLimits.get('web')?.perSecond;

  test('lower the admission of new connections while they last', () => {
    feed.say(verdict({ origin: 'spoofed', distinctSources: 40_000 }));
    expect([rate(), blocks()]).toEqual([admission.perSecondInFlood, []]);
    feed.say(verdict({ origin: 'spoofed', ended: 5 }));
    expect(rate()).toBeUndefined();
  });

  test('that come by an edge alone lower it at that edge; by another way too, everywhere', () => {
    const byEdge = verdict({ origin: 'spoofed', host: 'border' });
    const limit = () => network.state.admissionLimits.get('web');
    const perSecond = admission.perSecondInFlood;
    const atEdge = { perSecond, known, at: new Set(['border']), verdicts: new Map([[byEdge.id, 'border']]) };
    feed.say(byEdge);
    expect(limit()).toEqual(atEdge);
    feed.say(byEdge, verdict({ id: 'another', origin: 'spoofed', host: 'home-1' }));
    const verdicts = new Map([...atEdge.verdicts, ['another', 'home-1']]);
    expect(limit()).toEqual({ perSecond, known, verdicts });
    feed.say(byEdge, verdict({ id: 'another', origin: 'spoofed', host: 'home-1', ended: 5 }));
    expect(limit()).toEqual(atEdge);
  });

  test('lower it for others than networks that clients have come from; those that come meanwhile, too', () => {
    const limit = () => network.state.admissionLimits.get('web');
    const flood = verdict({ origin: 'spoofed' });
    known = ['203.0.113.0/24'];
    feed.say(flood);
    const first = limit();
    expect(first?.known).toEqual(['203.0.113.0/24']);
    known = ['203.0.113.0/24'];
    feed.say({ ...flood, rate: 10_000 });
    expect(limit()).toBe(first);
    known = ['198.51.100.0/24', '203.0.113.0/24'];
    feed.say({ ...flood, rate: 11_000 });
    expect(limit()?.known).toEqual(known);
  });

  test.each(['ack-flood', 'connection-flood', 'slow-connections'] as const)('of a %s do not', (kind) => {
    feed.say(verdict({ origin: 'spoofed', kind }));
    expect(rate()).toBeUndefined();
  });
});

describe('a guest that is let have fewer new connections anyway', () => {
  test('is not let have more in a flood', () => {
    network.update(defended('web', { ...defaultDefence, admission: { perSecond: 40, inFlood: 80 } }));
    feed.say(verdict({ origin: 'spoofed' }));
    expect(network.state.admissionLimits.get('web')).toMatchObject({ perSecond: 40, known });
  });
});

describe('what is in force', () => {
  test('is told once every bridge has it, and again with more sources', async () => {
    const attack = verdict({ sources: [source('203.0.113.7/32')] });
    expect(filter.inForceSince(attack.id)).toBeUndefined();
    feed.say(attack);
    feed.say({ ...attack, rate: 10_000 });
    await Promise.resolve();
    expect(told).toEqual([[1, undefined]]);
    const since = filter.inForceSince(attack.id);
    expect(since).toBe(clock.now());
    clock.advance(50);
    feed.say({ ...attack, sources: [source('203.0.113.7/32'), source('203.0.113.9/32')], origin: 'mixed' });
    await Promise.resolve();
    expect(told.at(-1)).toEqual([2, admission.perSecondInFlood]);
    expect(filter.inForceSince(attack.id)).toBe(since);
    feed.say({ ...attack, ended: clock.now() });
    expect(filter.inForceSince(attack.id)).toBeUndefined();
  });
});
