import { expect, test } from 'vitest';
import {
  firstDrop,
  keyOf,
  passages,
  sentPackets,
  type Sighting,
} from '../../../apps/evidence/attack-packets.ts';
import type { Packet } from '../../../apps/evidence/packet.ts';
import type { Capture } from '../../../apps/evidence/run-folder.ts';

const packet = (ms: number, n: number, out?: boolean, to = '10.1.0.100', from = '203.0.113.66'): Packet => ({
  ms,
  kind: 'udp',
  from: { address: from, port: n },
  to: { address: to, port: 9 },
  payload: Buffer.alloc(0),
  length: 0,
  ...(out === undefined ? {} : { link: { index: 1, out } }),
});

const capture = (node: string, point: Capture['record']['point'], packets: readonly Packet[]): Capture => ({
  record: { file: '', node, point, links: null, begunBy: 0, packets: packets.length, dropped: 0 },
  packets,
  links: [],
  cut: false,
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Fifty packets, a millisecond apart; the attacker's edge drops those from the tenth on, the guest's host none. */
const captures = [
  capture('x1', 'attacker', [...range(0, 50).map((n) => packet(n, n)), packet(5, 99, undefined, '10.1.0.1')]),
  capture(
    'ec',
    'inside',
    range(0, 50).map((n) => packet(n + 0.1, n, false)),
  ),
  capture(
    'ec',
    'uplink',
    range(0, 10).map((n) => packet(n + 0.2, n)),
  ),
  capture('a1', 'uplink', [...range(0, 10).map((n) => packet(n + 10, n)), packet(15, 500)]),
  capture(
    'a1',
    'taps',
    range(0, 10).map((n) => packet(n + 10.1, n, true)),
  ),
  capture('b1', 'uplink', []),
];
const sent = sentPackets(captures, { from: ['x1'], addresses: ['10.1.0.100'] }, { from: 0, to: 100 });

test('an attack’s packets are those that the attackers sent to the guest', () => {
  expect(sent.map(({ ms }) => ms)).toEqual(range(0, 50));
});

test('and to whichever of its addresses the name came to mean', () => {
  const both = { from: ['x1'], addresses: ['10.1.0.100', '10.1.0.1'] };
  expect(sentPackets(captures, both, { from: 0, to: 100 })).toHaveLength(51);
});

test('each bridge: what came to it, and what of that left it on the other side', () => {
  const passed = passages(captures, new Map(sent.map(({ key, ms }) => [key, ms])));
  expect(
    passed.map(({ bridge, entered, left, toGuest }) => [bridge, entered.length, left.size, toGuest]),
  ).toEqual([
    ['ec', 50, 10, false],
    ['a1', 10, 10, true],
  ]);
  expect(passed.map((one) => firstDrop(one, 'real'))).toEqual([10.1, null]);
});

test('a drop is where nearly all of what follows is dropped; of one source, where sources are real', () => {
  const entered: Sighting[] = range(0, 200).map((n) => ({ ms: n, key: `${n}`, source: `${n % 2}` }));
  // Of source 0 every packet is dropped; of source 1 every second one, and from 150 on all.
  const left = new Set(
    range(0, 150)
      .filter((n) => n % 4 === 1)
      .map(String),
  );
  const passage = { bridge: 'ec', entered, left, toGuest: false };
  expect(firstDrop(passage, 'real')).toBe(0);
  expect(firstDrop({ ...passage, entered: entered.filter(({ source }) => source === '1') }, 'real')).toBe(
    127,
  );
  // Three of four is what a meter takes: not yet; from a few packets before 150 on, it is nearly all.
  expect(firstDrop(passage, 'spoofed')).toBeGreaterThan(100);
  expect(firstDrop({ ...passage, entered: entered.slice(0, 20) }, 'real')).toBeNull();
});

test('a packet is known again when its destination has been rewritten', () => {
  expect(keyOf(packet(0, 7))).toBe(keyOf(packet(9, 7, true, '10.2.0.210')));
  expect(keyOf(packet(0, 7))).not.toBe(keyOf(packet(0, 8)));
  expect(keyOf({ ms: 0, kind: 'rarp', mac: '52:54:00:00:00:01' })).toBeUndefined();
});
