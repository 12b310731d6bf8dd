import { describe, expect, test } from 'vitest';
import { declare, nothingRemembered } from '../../../controller/network/declare.ts';
import { TooManyInterfacesError } from '../../../controller/network/errors.ts';
import type { Anchor } from '../../../controller/network/anchor.ts';
import { MAX_INTERFACE_NUMBER } from '../../../controller/network/names.ts';
import { declared, description, migration } from './sites.ts';

const home: Anchor = {
  index: 1,
  host: 'home-1',
  addresses: { ipv4: '10.1.0.101', ipv6: '2001:db8:1::101' },
  admit: 'established',
};
const careOf: Anchor = { index: 2, host: 'away-1', addresses: { ipv4: '10.2.0.200' }, admit: 'all' };

test('everything declared, nothing seen', () => {
  const state = declared();
  expect([...state.subnets.values()].map(({ family, site, mtu }) => [family, site, mtu])).toEqual([
    [4, 'home', 1500],
    [6, 'home', 1500],
    [4, 'away', 1500],
    [6, 'away', 1500],
    [4, 'bare', 1500],
    [6, 'bare', 1500],
    [4, 'clients', 1500],
    [6, 'clients', 1500],
  ]);
  expect([...state.hosts.values()].map(({ name, number }) => [name, number])).toEqual([
    ['home-1', 1],
    ['home-2', 2],
    ['away-1', 3],
    ['bare-1', 4],
  ]);
  expect(state.guests.get('web')?.interfaces).toEqual([
    {
      number: 1,
      guest: 'web',
      interfaceId: 'web',
      mac: '52:54:00:00:00:01',
      homeSite: 'home',
      home: { ipv4: '10.1.0.101', ipv6: '2001:db8:1::101' },
    },
  ]);
  for (const part of ['bridges', 'hypervisors', 'gateways', 'placements', 'anchors', 'migrations'] as const) {
    expect(state[part].size, part).toBe(0);
  }
});

test('an address of one family is enough, and MAC addresses are told apart by value', () => {
  const [guest] = description.guests;
  const one = {
    ...guest!,
    interfaces: [{ interfaceId: 'web', addresses: ['2001:db8:1::7'], mac: '52:54:00:AB:CD:EF' }],
  };
  const [nic] = declare({ ...description, guests: [one] }).guests.get('web')!.interfaces;
  expect(nic).toMatchObject({ mac: '52:54:00:ab:cd:ef', home: { ipv6: '2001:db8:1::7' } });
  expect(nic?.home).not.toHaveProperty('ipv4');
});

test('a guest may have several interfaces, each with a number of its own', () => {
  const [guest] = description.guests;
  const second = { mac: '52:54:00:00:00:77', interfaceId: 'web-1', addresses: ['10.1.0.177'] };
  const two = { ...guest!, interfaces: [...guest!.interfaces, second] };
  const { interfaces } = declare({ ...description, guests: [two] }).guests.get('web')!;
  expect(interfaces).toMatchObject([
    { number: 1, mac: '52:54:00:00:00:01', homeSite: 'home' },
    { number: 2, mac: '52:54:00:00:00:77', homeSite: 'home', home: { ipv4: '10.1.0.177' } },
  ]);
});

describe('numbers', () => {
  test('are kept, whatever the order of declaration', () => {
    const state = declared({
      ...nothingRemembered,
      interfaceNumbers: new Map([
        ['52:54:00:00:00:02', 1],
        ['52:54:00:00:00:99', 2],
      ]),
      hostNumbers: new Map([['bare-1', 1]]),
    });
    expect(state.guests.get('db')?.interfaces[0]?.number).toBe(1);
    // 2 belongs to an interface that is not declared now and may be again.
    expect(state.guests.get('web')?.interfaces[0]?.number).toBe(3);
    expect([...state.hosts.values()].map(({ number }) => number)).toEqual([2, 3, 4, 1]);
  });

  test('are as many as bridges can tell apart', () => {
    const taken = (count: number) => {
      const interfaceNumbers = new Map(Array.from({ length: count }, (_, i) => [`taken ${i}`, i + 1]));
      return declared({ ...nothingRemembered, interfaceNumbers });
    };
    const { size } = taken(0).guests;
    expect(() => taken(MAX_INTERFACE_NUMBER - size)).not.toThrow();
    expect(() => taken(MAX_INTERFACE_NUMBER - size + 1)).toThrow(TooManyInterfacesError);
  });
});

describe('what is remembered', () => {
  const anchors = (list: readonly Anchor[]) => ({ ...nothingRemembered, anchors: new Map([[1, list]]), interfaceNumbers: new Map([['52:54:00:00:00:01', 1]]) }); // prettier-ignore

  test('is taken up', () => {
    const remembered = {
      ...anchors([home, careOf]),
      placements: new Map([['web', 'away-1']]),
      gateways: new Map([['10.1.0.0/24', '02:00:00:00:00:01']]),
      migrations: new Map([['web', migration('home-1', 'away-1', 'relaying')]]),
    };
    const state = declared(remembered);
    expect(state.anchors.get(1)).toEqual([home, careOf]);
    expect(state.placements).toEqual(remembered.placements);
    expect(state.gateways).toBe(remembered.gateways);
    expect(state.migrations).toBe(remembered.migrations);
  });

  test('places of guests and hosts that are no longer declared are forgotten', () => {
    const placements = new Map([
      ['gone', 'home-1'],
      ['web', 'gone'],
    ]);
    expect(declared({ ...nothingRemembered, placements }).placements.size).toBe(0);
  });

  test('an anchor at a host that is no longer declared is forgotten', () => {
    const state = declared(anchors([home, { ...careOf, host: 'gone' }]));
    expect(state.anchors.get(1)).toEqual([home]);
    expect(declared(anchors([{ ...home, host: 'gone' }, careOf])).anchors.has(1)).toBe(false);
    expect(declared({ ...nothingRemembered, anchors: new Map([[9, [home]]]) }).anchors.has(9)).toBe(false);
  });

  test('a home anchor follows the declared addresses, and is none at another site', () => {
    const old = { ...home, addresses: { ipv4: '10.1.0.77' } };
    expect(declared(anchors([old, careOf])).anchors.get(1)).toEqual([home, careOf]);
    expect(declared(anchors([{ ...home, host: 'away-1' }])).anchors.has(1)).toBe(false);
  });
});
