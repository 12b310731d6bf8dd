import { expect, it } from 'vitest';
import { readLinks } from '../../../apps/evidence/links.ts';

const text = `1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN
3: uplink@if2: <BROADCAST,UP> mtu 1500 qdisc noqueue
9: vnet0: <BROADCAST,UP> mtu 1500
[2026-11-27T00:32:37.528770] Deleted 9: vnet0: <BROADCAST> mtu 1500
[2026-11-27T00:32:45.396386] 10: vnet1: <BROADCAST> mtu 1500 qdisc noop state DOWN \\    link/ether fe:54:00
[2026-11-27T00:32:45.450362] 10: vnet1: <BROADCAST,UP> mtu 1500
a line of another kind
[2026-11-27T00:3`;

it('tells which interface had which number, since when, and until when', () => {
  const links = readLinks(text, Date.UTC(2026, 10, 27, 0, 32, 30));
  expect(links.map(({ index, name }) => `${index} ${name}`)).toEqual([
    '1 lo',
    '3 uplink',
    '9 vnet0',
    '10 vnet1',
  ]);
  expect(links[2]!.appeared).toBeUndefined();
  expect(links[2]!.gone).toBeCloseTo(7_528.77, 6);
  expect(links[3]!.appeared).toBeCloseTo(15_396.386, 6);
  expect(links[3]!.gone).toBeUndefined();
});
