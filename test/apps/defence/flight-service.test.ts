/**
 * Guests that flee, in a scripted world: from a verdict to a migration, from its end to what is said of it, and what a
 * controller that starts anew makes of it.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Moment } from '../../../apps/events.ts';
import type { HonestTraffic } from '../../../apps/defence/decide.ts';
import { FlightService } from '../../../apps/defence/flight-service.ts';
import { flight as limits } from '../../../controller/limits.ts';
import { blocked } from '../../../controller/network/blocklist-changes.ts';
import {
  blocklistChanged,
  bridgeSeen,
  defended,
  flightChanged,
  hypervisorLost,
} from '../../../controller/network/changes.ts';
import { type DefenceMode, defaultDefence } from '../../../controller/network/defence-policy.ts';
import type { Flight } from '../../../controller/network/flight.ts';
import { switchView } from '../../../controller/network/bridge-view.ts';
import { border } from '../../controller/network/sites.ts';
import { FROM, TO, World } from '../migration/world.ts';
import { Feed, verdict } from './attacks.ts';

let world: World;
let feed: Feed;
let honest: HonestTraffic;
let filteredSince: number | undefined;
/** Packets per second at the destination, each way. */
let carried: number;
let moments: Moment[];
let errors: string[];
let service: FlightService;
let ids: number;

beforeEach(async () => {
  world = await World.start();
  feed = new Feed();
  honest = { rate: 100, usual: 100 };
  filteredSince = undefined;
  carried = 100;
  moments = [];
  errors = [];
  ids = 0;
  service = start();
  defend('move-when-needed');
});

function start(): FlightService {
  const began = world.clock.now();
  const made = new FlightService({
    network: world.network,
    clock: world.clock,
    verdicts: feed,
    migrations: world.service,
    fabric: {
      packets: (host) =>
        Promise.resolve(host === TO ? ((world.clock.now() - began) / 1000) * carried : undefined),
    },
    filteredSince: () => filteredSince,
    honest: () => honest,
    newId: () => `f${++ids}`,
    onMoment: (moment) => moments.push(moment),
    onError: (error) => errors.push(error.message),
  });
  made.start();
  return made;
}

const defend = (policy: DefenceMode): void =>
  world.network.update(defended('web', { ...defaultDefence, policy }));
const spoofed = () => verdict({ origin: 'spoofed', distinctSources: 4_000, decided: world.clock.now() });
const told = (): string[] =>
  moments.map((moment) =>
    moment.kind === 'flight' ? moment.phase : `${moment.kind}: ${'why' in moment ? moment.why : ''}`,
  );
const flight = (id = 'f1'): Flight => world.network.state.flights.get(id)!;

async function arrive(): Promise<void> {
  await world.calm();
  world.arrives();
  await world.calm();
  world.say(FROM, 'suspended migrated');
  world.say(TO, 'resumed migrated');
  await world.calm();
  world.say(FROM, 'stopped migrated');
  world.answers();
  await world.calm();
}

const letsIn = (): boolean => {
  const view = switchView(world.network.state, FROM);
  return view?.kind === 'host' && view.residents.every(({ fleeing }) => !fleeing);
};

describe('a flood of forged sources', () => {
  test('drives the guest away; the old ingress is closed at once; it is safe when all is well there', async () => {
    world.network.update(bridgeSeen('border', border()));
    world.network.update(
      blocklistChanged(
        blocked(
          {
            ...{ origin: 'verdict', reason: 'syn-flood', verdict: spoofed().id, guest: 'web' },
            ...{ createdAt: 1, expires: undefined },
          },
          ['203.0.113.7', '203.0.113.9'],
        ),
      ),
    );
    expect(letsIn()).toBe(true);
    feed.say(spoofed());
    expect(flight()).toMatchObject({ from: FROM, to: TO, phase: 'moving', leftBehind: 2 });
    expect(world.migration).toMatchObject({ from: FROM, to: TO, admit: 'established', relay: 'rewrite' });
    expect(letsIn()).toBe(false);
    expect(world.network.state.anchors.get(1)?.[0]?.relays).toMatchObject([
      { host: TO, mode: 'rewrite', edge: { ipv4: '10.2.0.201' }, anchor: {} },
    ]);
    await arrive();
    await world.pass(limits.verifyFor + 1_000);
    expect(told()).toEqual(['planned', 'moving', 'verifying', 'safe']);
    expect(flight()).toMatchObject({
      phase: 'safe',
      migration: world.migration.id,
      verdicts: [spoofed().id],
    });
    expect(world.network.state.anchors.get(1)?.[0]?.admit).toBe('established');

    // The flood goes on at the place that it left.
    await world.pass(2 * limits.spacing);
    expect(told()).toHaveLength(4);
    expect(errors).toEqual([]);
  });

  test('does not move a guest whose policy is to filter only, or none', async () => {
    defend('filter-only');
    feed.say(spoofed());
    await world.pass(2 * limits.patience);
    world.network.update(defended('web', undefined));
    await world.pass(2 * limits.patience);
    expect([told(), world.migration]).toEqual([[], undefined]);
  });

  test('that comes along is pursued: the next flight is at the bounded rate, and never back', async () => {
    feed.say(spoofed());
    await arrive();
    feed.say(spoofed(), verdict({ id: 'there', host: TO, origin: 'spoofed' }));
    await world.pass(500);
    expect(flight()).toMatchObject({ phase: 'pursued', why: `a syn-flood has come to ${TO}: too much` });
    expect(told().slice(0, 4)).toEqual(['planned', 'moving', 'verifying', 'pursued']);
    expect(told()[4]).toContain('its last flight began less than 30 s ago');
    expect(flight('f2')).toBeUndefined();
    await world.pass(limits.spacing);
    expect(flight('f2')).toMatchObject({ from: TO, to: 'bare-1', phase: 'moving' });
  });

  test('that comes along when no other place is left: it does not go back, and says so as soon as it may move', async () => {
    world.network.update(hypervisorLost('bare-1'));
    feed.say(spoofed());
    await arrive();
    await world.pass(limits.verifyFor / 2);
    feed.say(spoofed(), verdict({ id: 'there', host: TO, origin: 'spoofed' }));
    await world.pass(500);
    expect(told().slice(3)).toEqual(['pursued', expect.stringContaining('less than 30 s ago') as string]);
    await world.pass(flight().entered.planned! + limits.spacing + limits.lookInterval - world.clock.now());
    expect(told().slice(5)).toEqual([
      expect.stringMatching(
        new RegExp(
          `no host fits: ${FROM} is at a site where it was attacked 0 s ago; .*bare-1 has no libvirtd`,
        ),
      ) as string,
    ]);
    await world.pass(limits.spacing - 1_000);
    expect(told()).toHaveLength(6);
    expect(world.network.state.flights.size).toBe(1);
  });

  test('while somebody moves the guest anyway: nothing is added to that', async () => {
    world.service.begin('web', TO);
    feed.say(spoofed());
    await world.pass(1_000);
    expect(told()).toEqual([]);
  });
});

test('nowhere to go: it is said, once in a while, and looked for again', async () => {
  for (const host of [TO, 'bare-1']) world.network.update(hypervisorLost(host));
  feed.say(spoofed());
  await world.pass(limits.spacing - 1_000);
  expect(told()).toHaveLength(1);
  expect(told()[0]).toMatch(
    /^flight-withheld: the syn-flood comes from .*; no host fits: .*away-1 has no libvirtd/,
  );
  world.seeDomains(TO);
  await world.pass(1_000);
  expect(flight()).toMatchObject({ to: TO, phase: 'moving' });
});

describe('a flood that is filtered, and honest traffic that suffers', () => {
  const begin = (id: string): void => {
    feed.say(verdict({ id, rate: 0, decided: world.clock.now() }));
    filteredSince = world.clock.now();
    honest = { rate: 20, usual: 100 };
  };

  test('drives the guest away when it has suffered without a break', async () => {
    begin('1');
    await world.pass(limits.reliefAtHost - limits.lookInterval);
    honest = { rate: 80, usual: 100 };
    await world.pass(limits.lookInterval);
    honest = { rate: 20, usual: 100 };
    await world.pass(limits.reliefAtHost);
    expect(world.network.state.flights.size).toBe(0);
    await world.pass(2 * limits.lookInterval);
    expect(flight().reason).toContain('honest traffic does not come back though the syn-flood is filtered');
  });

  test('and what it suffered in an attack that is over counts for nothing in the next', async () => {
    begin('1');
    await world.pass(limits.reliefAtHost / 2);
    feed.say(verdict({ id: '1', rate: 0, ended: world.clock.now() }));
    await world.pass(limits.reliefAtHost);
    begin('2');
    await world.pass(limits.reliefAtHost / 2);
    expect(world.network.state.flights.size).toBe(0);
    await world.pass(limits.reliefAtHost);
    expect(world.network.state.flights.size).toBe(1);
  });
});

test('a migration that fails: the flight has failed, says why, and the ingress is open again', async () => {
  feed.say(spoofed());
  await world.calm();
  world.answers(new Error('no such luck'));
  await world.pass(1_000);
  expect(flight()).toMatchObject({ phase: 'failed', why: `it stays at ${FROM}: no such luck` });
  expect(letsIn()).toBe(true);
});

test('honest traffic that does not come back: the flight has failed', async () => {
  feed.say(spoofed());
  carried = 10;
  await arrive();
  await world.pass(limits.verifyPatience + 1_000);
  expect(flight().phase).toBe('failed');
  expect(flight().why).toContain('honest traffic is not back after 15');
});

describe('a controller that starts anew', () => {
  const again = async (): Promise<void> => {
    const { flights, policies } = world.network.state;
    service.close();
    world.kill();
    await world.startController();
    for (const one of flights.values()) world.network.update(flightChanged(one));
    for (const [guest, policy] of policies) world.network.update(defended(guest, policy));
    service = start();
  };

  test('goes on with a flight that is under way', async () => {
    feed.say(spoofed());
    await world.calm();
    world.arrives();
    await world.calm();
    await again();
    world.say(FROM, 'suspended migrated');
    world.say(TO, 'resumed migrated');
    await world.pass(limits.verifyFor + 5_000);
    expect(flight()).toMatchObject({ phase: 'safe' });
    expect(flight().why).toContain('no usual traffic is known to compare with');
  });

  test('gives one up that had not begun', async () => {
    const planned: Flight = {
      ...{ id: 'f0', guest: 'web', from: FROM, to: TO, verdicts: [], reason: '', choice: '' },
      ...{ phase: 'planned', why: '', leftBehind: 0, entered: { planned: world.clock.now() } },
    };
    world.network.update(flightChanged(planned));
    await again();
    expect(flight('f0')).toMatchObject({ phase: 'failed', why: 'the controller ended before it began' });
  });
});
