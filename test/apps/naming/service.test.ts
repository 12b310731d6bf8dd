/** What the name server is told, when, and what is said when it does not take it. */
import { beforeEach, describe, expect, it, test } from 'vitest';
import { withLeases } from '../../../apps/migration/switchover.ts';
import { type NamingOptions, NamingService } from '../../../apps/naming/service.ts';
import { DnsRefusedError, DnsUnreachableError } from '../../../controller/dns/errors.ts';
import type { NameUpdate } from '../../../controller/dns/message.ts';
import { dns as limits } from '../../../controller/limits.ts';
import { delivered, graceSet, migrationChanged, placed } from '../../../controller/network/changes.ts';
import { declare } from '../../../controller/network/declare.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import type { HostName } from '../../../controller/network/names.ts';
import { Network } from '../../../controller/network/network.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { description, migration } from '../../controller/network/sites.ts';

/** Updates that have not been answered, oldest first. */
class Server {
  readonly asked: { update: NameUpdate; done: () => void; fails: (error: Error) => void }[] = [];

  readonly update: NamingOptions['update'] = (update) =>
    new Promise((resolve, reject) => this.asked.push({ update, done: resolve, fails: reject }));

  /** The names and addresses of what has been asked since the last time, in order. */
  take(): string[] {
    return this.asked.map(({ update: { name, addresses } }) => `${name} ${addresses.join(' ')}`);
  }

  /** Answers the oldest one. */
  async answer(error?: Error): Promise<void> {
    const { done, fails } = this.asked.shift()!;
    if (error === undefined) done();
    else fails(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const down = new DnsUnreachableError('192.0.2.53', 'no answer within 2 s');
const refused = new DnsRefusedError('192.0.2.53', 'web.example.test', 'REFUSED');

let clock: ManualClock;
let network: Network;
let server: Server;
let naming: NamingService;
const said: string[] = [];

const named = (many: readonly string[]): NetworkState =>
  declare({
    ...description,
    guests: many.map((name, i) => ({
      ...description.guests[0]!,
      name,
      uuid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      interfaces: [
        {
          mac: `52:54:00:00:01:${i.toString(16).padStart(2, '0')}`,
          interfaceId: name,
          addresses: [`10.1.0.${100 + i}`],
        },
      ],
      dnsName: `${name}.example.test`,
    })),
  });

function start(...guests: readonly string[]): void {
  network = new Network(named(guests));
  naming = new NamingService({
    network,
    zone: 'example.test',
    ttl: 1,
    update: server.update,
    clock,
    onMoment: (moment) =>
      moment.kind === 'name-published' && said.push(`${moment.name} is ${moment.addresses.join(', ')}`),
    onError: (error, guest) => said.push(`${guest ?? 'all'}: ${error.message}`),
    onRecovered: () => said.push('recovered'),
  });
  naming.start();
  for (const guest of guests) network.update(placed(guest, 'home-1'));
}

/** The guest is at the host, its migration over. */
function moves(guest: string, from: HostName, to: HostName): void {
  network.update((state) => withLeases(state, state.guests.get(guest)!, to));
  network.update(migrationChanged({ ...migration(from, to, 'switching'), guest }));
  network.update(delivered(guest, to));
  network.update(migrationChanged({ ...migration(from, to, 'relaying'), guest }));
}

beforeEach(() => {
  clock = new ManualClock();
  server = new Server();
  said.length = 0;
});

describe('a name', () => {
  it('is set when the guest is first seen, when it has moved, and when it is back; in between it stays', async () => {
    start('web');
    expect(server.asked[0]!.update).toEqual({
      zone: 'example.test',
      name: 'web.example.test',
      addresses: ['10.1.0.100'],
      ttl: 1,
    });
    await server.answer();
    moves('web', 'home-1', 'away-1');
    expect(server.take()).toEqual(['web.example.test 10.2.0.200']);
    await server.answer();
    moves('web', 'away-1', 'home-1');
    expect(server.take()).toEqual(['web.example.test 10.1.0.100']);
    await server.answer();
    expect(said).toEqual([
      'web.example.test is 10.1.0.100',
      'web.example.test is 10.2.0.200',
      'web.example.test is 10.1.0.100',
    ]);
  });

  it('is not touched by what does not concern it', async () => {
    start('web', 'db');
    await server.answer();
    await server.answer();
    moves('web', 'home-1', 'away-1');
    expect(server.take()).toEqual(['web.example.test 10.2.0.200']);
    await server.answer();
    network.update(graceSet('home-1', 1));
    moves('db', 'home-1', 'home-2');
    expect(server.asked).toEqual([]);
  });

  it('has one update under way at a time, and what was wanted last comes last', async () => {
    start('web');
    moves('web', 'home-1', 'away-1');
    moves('web', 'away-1', 'home-1');
    moves('web', 'home-1', 'away-1');
    expect(server.take()).toEqual(['web.example.test 10.1.0.100']);
    await server.answer();
    expect(server.take()).toEqual(['web.example.test 10.2.0.200']);
    await server.answer();
    expect(server.asked).toEqual([]);
  });

  it('is reported with what is published, what is wanted, and why that is not published', async () => {
    start('web');
    const name = 'web.example.test';
    const home = ['10.1.0.100'];
    expect(naming.report('nobody')).toBeUndefined();
    expect(naming.report('web')).toEqual({ name, published: undefined, wanted: home, problem: undefined });
    await server.answer();
    expect(naming.report('web')).toEqual({ name, published: home, wanted: home, problem: undefined });
    moves('web', 'home-1', 'away-1');
    const wanted = ['10.2.0.200'];
    expect(naming.report('web')).toEqual({ name, published: home, wanted, problem: undefined });
    await server.answer(down);
    // Nobody knows whether the server did it.
    expect(naming.report('web')).toEqual({ name, published: undefined, wanted, problem: down.message });
  });
});

describe('many names', () => {
  it('are set a few at a time', async () => {
    start(...Array.from({ length: 20 }, (_, i) => `g${i}`));
    expect(server.asked).toHaveLength(limits.atATime);
    for (let left = 20; left > 0; left--) {
      expect(server.asked).toHaveLength(Math.min(left, limits.atATime));
      await server.answer();
    }
    expect(new Set(said).size).toBe(20);
  });
});

describe('a server that is away', () => {
  it('is told of once, tried with one name ever more rarely, and all is made right when it is back', async () => {
    start('web', 'db');
    await server.answer(down);
    await server.answer(down);
    expect(said).toEqual([`all: ${down.message}`]);
    expect(server.asked).toEqual([]);
    for (let wait: number = limits.retryMinimum; wait < 4 * limits.retryMaximum; wait *= 2) {
      const due = Math.min(wait, limits.retryMaximum);
      clock.advance(due - 1);
      expect(server.asked).toEqual([]);
      clock.advance(1);
      expect(server.asked).toHaveLength(1);
      await server.answer(down);
    }
    moves('web', 'home-1', 'away-1');
    expect(server.asked).toEqual([]);
    clock.advance(limits.retryMaximum);
    await server.answer();
    await server.answer();
    expect(server.asked).toEqual([]);
    expect(said.slice(1).sort()).toEqual([
      'db.example.test is 10.1.0.101',
      'recovered',
      'web.example.test is 10.2.0.200',
    ]);
    expect(clock.pending).toBe(0);
  });

  it('that goes away again is told of again', async () => {
    start('web');
    await server.answer(down);
    clock.advance(limits.retryMinimum);
    await server.answer();
    moves('web', 'home-1', 'away-1');
    await server.answer(down);
    expect(said).toEqual([
      `all: ${down.message}`,
      'recovered',
      'web.example.test is 10.1.0.100',
      `all: ${down.message}`,
    ]);
  });

  it('may have done what it did not answer: so it is told again what it was', async () => {
    start('web');
    await server.answer();
    moves('web', 'home-1', 'away-1');
    moves('web', 'away-1', 'home-1');
    expect(server.take()).toEqual(['web.example.test 10.2.0.200']);
    await server.answer(down);
    clock.advance(limits.retryMinimum);
    expect(server.take()).toEqual(['web.example.test 10.1.0.100']);
  });
});

describe('a name that is refused', () => {
  it('is told of once and tried again, while others go on', async () => {
    start('web', 'db');
    await server.answer(refused);
    await server.answer();
    expect(said).toEqual([`web: ${refused.message}`, 'db.example.test is 10.1.0.101']);
    clock.advance(limits.retryMinimum);
    await server.answer(refused);
    clock.advance(2 * limits.retryMinimum - 1);
    expect(server.asked).toEqual([]);
    expect(naming.report('web')?.problem).toBe(refused.message);
    clock.advance(1);
    await server.answer();
    expect(said.at(-1)).toBe('web.example.test is 10.1.0.100');
    expect(said).toHaveLength(3);
    expect(naming.report('web')?.problem).toBeUndefined();
  });

  it('keeps what was published', async () => {
    start('web');
    await server.answer();
    moves('web', 'home-1', 'away-1');
    await server.answer(refused);
    expect(naming.report('web')?.published).toEqual(['10.1.0.100']);
    moves('web', 'away-1', 'home-1');
    expect(server.asked).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('by a server that is not the primary of the zone: that concerns all', async () => {
    start('web', 'db');
    await server.answer(new DnsRefusedError('192.0.2.53', 'web.example.test', 'NOTAUTH'));
    expect(said[0]).toMatch(/^all: .*NOTAUTH; is it the primary of the zone\?$/);
  });
});

test('after it was closed nothing is sent or said any more', async () => {
  start('web', 'db');
  await server.answer(refused);
  naming.close();
  said.length = 0;
  await server.answer(down);
  moves('web', 'home-1', 'away-1');
  clock.advance(60_000);
  expect(server.asked).toEqual([]);
  expect(said).toEqual([]);
  expect(clock.pending).toBe(0);
});
