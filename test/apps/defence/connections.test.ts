/** Open connections as samples of handshakes and endings tell of them. */
import { describe, expect, test } from 'vitest';
import { Connections } from '../../../apps/defence/connections.ts';
import { prefixText, prefixOf, sourceText } from '../../../apps/defence/source.ts';
import { defence as limits } from '../../../controller/limits.ts';

describe('connections of a source', () => {
  test('are those that were completed and have not ended; with their age', () => {
    const connections = new Connections();
    for (let port = 1; port <= 5; port++) connections.completed(7, port, port * 1_000);
    connections.completed(8, 1, 1_000);
    connections.ended(7, 2);
    connections.ended(7, 2);
    connections.ended(9, 1);
    const now = 4_000 + limits.slowAfter;
    expect([...connections.holders(2, now)]).toEqual([[7, { count: 4, old: 3 }]]);
    expect([...connections.holders(1, now)].map(([source]) => source).sort()).toEqual([7, 8]);
  });

  test('a port that is used again is one connection', () => {
    const connections = new Connections();
    connections.completed(7, 1, 0);
    connections.completed(7, 1, 500);
    expect(connections.holders(1, 500).get(7)).toEqual({ count: 1, old: 0 });
  });

  test('the networks that are told are those of the newest who were proven', () => {
    const connections = new Connections();
    const [old, one, other, far] = [0x0102_0304, 0x0a00_0001, 0x0a00_0002, 0x2001_0db8_0007_0001n];
    for (const [i, source] of [old, one, far, other, one].entries()) connections.completed(source, i, i);
    expect(connections.networks(2).map(prefixText)).toEqual(['10.0.0.0/24', '2001:db8:7::/48']);
    expect(connections.networks(9).map(prefixText).at(-1)).toBe('1.2.3.0/24');
  });

  test('who has completed a handshake is proven, after its end, too', () => {
    const connections = new Connections();
    connections.completed(7, 1, 0);
    connections.ended(7, 1);
    const { source, network } = connections.proven;
    expect([source(7), source(8), network(0), network(1)]).toEqual([true, false, true, false]);
  });

  test('memory is bounded, whoever opens how many; and what is too old is let go', () => {
    const connections = new Connections();
    for (let i = 0; i < 3 * limits.connectionsKnown; i++) connections.completed(i, i & 0xffff, i);
    expect(connections.size).toBe(limits.connectionsKnown);
    expect(connections.proven.source(0)).toBe(false);
    expect(connections.proven.network(0)).toBe(false);
    connections.holders(1, 3 * limits.connectionsKnown + limits.connectionMemory);
    expect(connections.size).toBe(0);
  });
});

test.each([
  [0xc633_6407, '198.51.100.7/32', '198.51.100.0/24'],
  [0x2001_0db8_0001_0002n, '2001:db8:1:2::/64', '2001:db8:1::/48'],
  [0x2001_0db8_0000_0000n, '2001:db8::/64', '2001:db8::/48'],
])('a source as text', (source, alone, prefix) => {
  expect([sourceText(source), prefixText(prefixOf(source))]).toEqual([alone, prefix]);
});
