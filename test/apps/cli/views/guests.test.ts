import pc from 'picocolors';
import { expect, test } from 'vitest';
import type { GuestObject } from '../../../../apps/api/objects.ts';
import { guestsText, guestText, nameText } from '../../../../apps/cli/views/guests.ts';

const colors = pc.createColors(false);

const first: GuestObject['interfaces'][number] = {
  home: { ipv4: '10.1.0.110', ipv6: '2001:db8:1::110' },
  careOf: { ipv4: '10.2.0.200' },
  mac: '52:54:00:00:00:01',
  anchors: [
    {
      index: 1,
      host: 'a1',
      addresses: { ipv4: '10.1.0.110', ipv6: '2001:db8:1::110' },
      admit: 'all',
      ways: [],
      relay: null,
    },
    { index: 2, host: 'b1', addresses: { ipv4: '10.2.0.200' }, admit: 'all', ways: [], relay: null },
  ],
};
const second: GuestObject['interfaces'][number] = {
  home: { ipv4: '10.11.0.110' },
  careOf: { ipv4: '10.2.0.201' },
  mac: '52:54:00:00:00:02',
  anchors: [
    { index: 1, host: 'a1', addresses: { ipv4: '10.11.0.110' }, admit: 'all', ways: [], relay: null },
    { index: 2, host: 'b1', addresses: { ipv4: '10.2.0.201' }, admit: 'all', ways: [], relay: null },
  ],
};
const duo = {
  name: 'duo',
  uuid: '00000000-0000-4000-8000-000000000001',
  host: 'b1',
  state: 'running',
  ...first,
  interfaces: [first, second],
  memoryMiB: 128,
  services: [],
  migration: null,
  dns: {
    name: 'duo.example.test',
    published: ['10.1.0.110'],
    wanted: ['10.2.0.200', '10.2.0.201'],
    problem: null,
  },
} as unknown as GuestObject;

test('a list has the addresses of all interfaces, and each host once', () => {
  expect(guestsText([duo], colors)).toBe(
    `GUEST  HOST  STATE    HOME                                      CARE-OF                 ANCHORS  MIGRATION
duo    b1    running  10.1.0.110, 2001:db8:1::110, 10.11.0.110  10.2.0.200, 10.2.0.201  a1, b1   -
`,
  );
});

test('a guest is shown interface by interface', () => {
  expect(guestText(duo, 0, colors)).toBe(`guest        duo
uuid         00000000-0000-4000-8000-000000000001
host         b1
state        running
home         10.1.0.110, 2001:db8:1::110
care-of      10.2.0.200
mac          52:54:00:00:00:01
home         10.11.0.110
care-of      10.2.0.201
mac          52:54:00:00:00:02
dns          duo.example.test: 10.1.0.110; 10.2.0.200, 10.2.0.201 is on its way
memory       128 MiB
services     -
home anchor  a1: 10.1.0.110, 2001:db8:1::110, admits all
anchor 2     b1: 10.2.0.200, admits all
home anchor  a1: 10.11.0.110, admits all
anchor 2     b1: 10.2.0.201, admits all
migration    -
`);
});

test.each([
  [null, '-'],
  [
    { name: 'duo.test', published: ['10.1.0.110'], wanted: ['10.1.0.110'], problem: null },
    'duo.test: 10.1.0.110',
  ],
  [{ name: 'duo.test', published: null, wanted: null, problem: null }, 'duo.test: unknown'],
  [{ name: 'duo.test', published: ['10.1.0.110'], wanted: null, problem: null }, 'duo.test: 10.1.0.110'],
  [
    { name: 'duo.test', published: null, wanted: ['10.2.0.200'], problem: 'nobody answers' },
    'duo.test: unknown; 10.2.0.200 is on its way: nobody answers',
  ],
])('of %j it says: %s', (dns, text) => {
  expect(nameText({ ...duo, dns })).toBe(text);
});
