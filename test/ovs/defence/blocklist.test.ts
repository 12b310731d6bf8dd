/**
 * The blocklist and the admission of new connections, on real Open vSwitch: who gets in, who does not, and what is
 * left of a flood.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import { systemClock } from '../../../controller/clock.ts';
import { admission, blocklist as limits, switches } from '../../../controller/limits.ts';
import type { Block } from '../../../controller/network/blocklist.ts';
import { admissionLimited, blocklistChanged } from '../../../controller/network/changes.ts';
import { admissionMeter, cookie } from '../../../controller/switches/pipeline.ts';
import { parseAddress } from '../../../controller/network/address.ts';
import { address, type SwitchKey } from '../apps/bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { configured } from '../support/configured.ts';
import { echo } from './echo.ts';
import { made } from './made-by.ts';

const bed = await bedOfFile();
const blocklist = new BlocklistService(bed.network, systemClock);
afterAll(() => blocklist.close());

const [web, db, client] = [address.guest('web'), address.guest('db'), address.client];
const versions = ['ipv4', 'ipv6'] as const;

const flooder = fileURLToPath(new URL('flood.py', import.meta.url));

/** Frames from forged sources, and from when to when, in seconds. */
async function flood(
  from: 'client' | 'stranger',
  kind: string,
  rate: number,
  seconds: number,
  target: string,
): Promise<{ frames: number; first: number; last: number }> {
  const ends = [
    await bed.macOf(from, 'eth0'),
    await bed.macOf('router', from === 'client' ? 'to-x' : 'to-y'),
  ];
  const words = ['eth0', kind, String(rate), String(seconds), 'random', ...ends, target, '9'];
  const told = await bed.room.run(from, ['/usr/bin/python3', flooder, ...words]);
  const { sent: frames, first, last } = JSON.parse(told) as { sent: number; first: number; last: number };
  return { frames, first, last };
}

const conntrackSize = async (key: SwitchKey): Promise<number> =>
  Number(/\d+/.exec(await bed.appctl(key, 'dpctl/ct-get-nconns'))![0]);

const reaches = async (from: string, to: string): Promise<boolean> => {
  const pinged = bed.room.run(from, ['ping', '-q', '-c', '1', '-W', '1', to]);
  return pinged.then(
    () => true,
    () => false,
  );
};
const block = async (sources: readonly string[], more: Partial<Block> = {}): Promise<Block> => {
  const { origin = 'person', guest } = more;
  const made = blocklist.block({
    sources,
    origin,
    reason: 'test',
    ...(guest === undefined ? {} : { guest }),
  });
  await bed.settled();
  return made;
};

describe.each(versions)('%s: the first line', (version) => {
  const prefix = version === 'ipv4' ? '203.0.113.0/28' : '2001:db8:f::/64';

  test('lets nothing of a source in, and cuts what lives', async () => {
    const connection = await echo(bed, web[version], client[version]);
    expect(await reaches('client', web[version])).toBe(true);
    const { number } = await block([client[version]]);
    expect(await reaches('client', web[version])).toBe(false);
    expect(await connection.live()).toBe(false);
    expect(await reaches('neighbour', web[version])).toBe(true);
    blocklist.remove(number);
    await bed.settled();
    expect(await reaches('client', web[version])).toBe(true);
  });

  test('names the block in its flow, and by that who made it', async () => {
    const { number } = await block([client[version]]);
    const ours = cookie('defence', 'block', number).toString(16);
    const flows = await bed.ofctl('a', 'dump-flows', `cookie=0x${ours}/-1`);
    const field = version === 'ipv4' ? 'ip,nw_src' : 'ipv6,ipv6_src';
    expect(flows).toContain(`cookie=0x${ours}, `);
    expect(flows).toContain(`table=10, `);
    const flow = `priority=100,${field}=${client[version]} actions=drop`;
    expect(flows).toContain(flow);
    expect(await made(bed, 'a', 'blocklist')).toEqual([`${flow} by person`]);
  });

  test('goes around what is allowed', async () => {
    await block([prefix]);
    expect(await reaches('client', web[version])).toBe(false);
    blocklist.allow(client[version], 'the office');
    await bed.settled();
    expect(await reaches('client', web[version])).toBe(true);
    blocklist.disallow(client[version]);
    await bed.settled();
    expect(await reaches('client', web[version])).toBe(false);
  });

  test('for a guest alone, leaves the others', async () => {
    await block([client[version]], { guest: 'web' });
    expect(await reaches('client', web[version])).toBe(false);
    expect(await reaches('client', db[version])).toBe(true);
  });

  test('holds at the care-of address, too', async () => {
    await bed.move('web', 'b');
    const careOf = bed.careOf('web', 'b');
    expect(await reaches('client', careOf[version])).toBe(true);
    await block([client[version]], { guest: 'web' });
    expect(await reaches('client', careOf[version])).toBe(false);
    expect(await reaches('client', web[version])).toBe(false);
  });
});

test.each(versions)('%s: the first line holds at an address that edges relay to, too', async (version) => {
  await bed.move('web', 'b', 'all', 'rewrite');
  const [nic] = bed.network.state.guests.get('web')!.interfaces;
  const [relay] = bed.network.state.anchors.get(nic!.number)!.flatMap(({ relays = [] }) => relays);
  const to = relay!.edge[version]!;
  expect(await reaches('stranger', to)).toBe(true);
  await block([address.stranger[version]], { guest: 'web' });
  expect(await reaches('stranger', to)).toBe(false);
  expect(await reaches('client', web[version])).toBe(true);
});

describe.each(versions)('%s: the second line', (version) => {
  test('drops new connections of a source before they are tracked; what lives goes on', async () => {
    const connection = await echo(bed, web[version], client[version]);
    await block([client[version]], { origin: 'list' });
    await bed.appctl('a', 'dpctl/flush-conntrack', 'zone=99');
    expect(await reaches('client', web[version])).toBe(false);
    expect(await connection.live()).toBe(true);
    const tracked = await bed.appctl('a', 'dpctl/dump-conntrack');
    const icmp = tracked.split('\n').filter((line) => /^icmp/.test(line) && line.includes(client[version]));
    expect(icmp).toEqual([]);
  });

  test('holds at an edge that sends new connections straight to where the guest is', async () => {
    await bed.move('web', 'b', 'all', 'rewrite');
    expect(await reaches('client', web[version])).toBe(true);
    await block([client[version]], { origin: 'list' });
    expect(await reaches('client', web[version])).toBe(false);
    expect(await bed.ofctl('x', 'dump-meters')).toContain('rate=1000');
  });
});

describe('admission', () => {
  const PER_SECOND = 100;
  const FLOOD_SECONDS = 1.2;
  /** By the edge, and by none. */
  const senders = ['client', 'stranger'] as const;
  const beginsNothing: ReadonlySet<string> = new Set(['ack', 'advert', 'solicit']);
  beforeAll(async () => {
    for (const key of ['a', 'x'] as const) await configured(bed, key, 1);
  });

  const meterOf = async (guest: 'web' | 'db'): Promise<string> => {
    const [nic] = bed.network.state.guests.get(guest)!.interfaces;
    const meters = await bed.ofctl('a', 'dump-meters');
    const id = admissionMeter(nic!.number);
    return new RegExp(`meter=${id} .*\\n.*rate=(\\d+)`).exec(meters)?.[1] ?? 'none';
  };

  test('has a meter for every guest, of the rate that is asked for, and takes it away with the guest', async () => {
    expect([await meterOf('web'), await meterOf('db')]).toEqual(['1000', '1000']);
    bed.network.update(admissionLimited('web', { perSecond: 50 }));
    await bed.settled();
    expect([await meterOf('web'), await meterOf('db')]).toEqual(['50', '1000']);
    const { placements } = bed.network.state;
    bed.network.update((state) => ({ ...state, placements: new Map([['db', 'a']]) }));
    await bed.settled();
    // Not before no megaflow sends packets through it.
    await expect
      .poll(async () => [await meterOf('web'), await meterOf('db')], {
        timeout: switches.idleMeterLife + 3_000,
      })
      .toEqual(['none', '1000']);
    bed.network.update((state) => ({ ...state, placements }));
    await bed.settled();
    expect(await meterOf('web')).toBe('50');
  });

  test.each([
    ['syn', 'ipv4'],
    ['ack', 'ipv4'],
    ['udp', 'ipv4'],
    ['icmp', 'ipv4'],
    ['syn', 'ipv6'],
    ['ack', 'ipv6'],
    ['icmp', 'ipv6'],
    ['advert', 'ipv6'],
    ['solicit', 'ipv6'],
  ] as const)(
    'of a flood from forged sources, %s by %s, lets as much in as the meter says: at the guest, in conntrack, of megaflows; what lives goes on',
    async (kind, version) => {
      const connection = await echo(bed, web[version], client[version]);
      bed.network.update(admissionLimited('web', { perSecond: PER_SECOND }));
      await bed.settled();
      const guest = await bed.room.tap('web', 'a0');
      const before = await looks();
      const told = bed.packetIns;
      const floods = Promise.all(
        senders.map((from) => flood(from, kind, 3_000, FLOOD_SECONDS, web[version])),
      );
      expect(await connection.live()).toBe(true);
      const sent = await floods;
      expect(await connection.live()).toBe(true);
      for (const { frames } of sent) expect(frames).toBeGreaterThan(2_500);
      const after = await looks();
      const seconds = Math.max(...sent.map(({ last }) => last)) - Math.min(...sent.map(({ first }) => first));
      // What the meter had from before, a second's worth, and what it lets in a second; OVS counts by the hundredth of one.
      const admitted = beginsNothing.has(kind) ? 0 : PER_SECOND * (seconds + 1) * 1.05;
      const came = guest.frames((frame) => isForged(ends(frame, version).from, version)).length;
      expect(came).toBeLessThanOrEqual(admitted);
      expect(came).toBeGreaterThanOrEqual(admitted / 2);
      for (const key of ['a', 'x'] as const) {
        expect(after[key].tracked - before[key].tracked).toBeLessThan(admitted + 20);
        expect(after[key].megaflows).toBeLessThan(100);
        expect(after[key].lost - before[key].lost).toBe(0);
      }
      expect(bed.packetIns).toBe(told);
    },
    30_000,
  );

  test.each(versions)(
    '%s: all that may be listed, and allowed, and known: a flood makes a few megaflows for each, not for each source',
    async (version) => {
      const listed = distinct(
        limits.firstLine + limits.allowances + admission.knownNetworks + 10_000,
        version,
      );
      const take = (count: number): string[] => listed.splice(0, count);
      blocklist.block({ sources: take(limits.firstLine), origin: 'person', reason: 'test' });
      blocklist.block({ sources: take(10_000), origin: 'list', reason: 'test' });
      const allowances = take(limits.allowances).map((source) => ({ source, reason: 'test', createdAt: 0 }));
      bed.network.update(
        blocklistChanged((now) => ({ ...now, allowed: new Map(allowances.map((one) => [one.source, one])) })),
      );
      const known = take(admission.knownNetworks).map((source) => networkOf(source, version));
      bed.network.update(admissionLimited('web', { perSecond: PER_SECOND, known: known.sort() }));
      await bed.settled();
      const connection = await echo(bed, web[version], client[version]);
      const before = await looks();
      const flooding = flood('stranger', 'syn', 8_000, 2.5, web[version]);
      expect(await connection.live()).toBe(true);
      expect((await flooding).frames).toBeGreaterThan(15_000);
      const { a } = await looks();
      const named = limits.firstLine + admission.knownNetworks;
      expect(a.megaflows).toBeGreaterThan(named);
      expect(a.megaflows).toBeLessThan(6 * named + PER_SECOND * 4);
      expect(a.lost - before.a.lost).toBe(0);
      expect(await connection.live()).toBe(true);
    },
    30_000,
  );

  test('of a network that is known does not compete with a flood: its clients get in, and the megaflows stay few', async () => {
    const known = Array.from({ length: 127 }, (_, i) => `${20 + i}.${i}.7.0/24`);
    const network = `${client.ipv4.split('.').slice(0, 3).join('.')}.0/24`;
    const { lost: lostBefore } = await look('a');
    const getIn = async (): Promise<number> => {
      let entered = 0;
      const before = await conntrackSize('a');
      const flooding = flood('client', 'syn', 3_000, 3, web.ipv4);
      // When it has used up what the meter had from before: a second's worth.
      await expect.poll(() => conntrackSize('a'), { timeout: 10_000 }).toBeGreaterThan(before + 20);
      const end = Date.now() + 2_000;
      let tries = 0;
      for (; tries < 20 && Date.now() < end; tries++) if (await reaches('client', web.ipv4)) entered++;
      await flooding;
      return entered / tries;
    };
    bed.network.update(admissionLimited('web', { perSecond: 20, known: [] }));
    await bed.settled();
    expect(await getIn()).toBeLessThan(0.5);
    bed.network.update(admissionLimited('web', { perSecond: 20, known: [...known, network].sort() }));
    await bed.settled();
    expect(await getIn()).toBe(1);
    const { megaflows, lost } = await look('a');
    expect(megaflows).toBeLessThan(1_000);
    expect(lost - lostBefore).toBe(0);
  }, 30_000);

  /** `lost`: upcalls that failed since the bed was made, of all its tests. */
  const look = async (key: SwitchKey): Promise<{ tracked: number; megaflows: number; lost: number }> => {
    const shown = await bed.appctl(key, 'dpctl/show', '-s');
    const number = (pattern: RegExp): number => Number(pattern.exec(shown)![1]);
    return {
      tracked: await conntrackSize(key),
      megaflows: number(/flows: (\d+)/),
      lost: number(/lost:(\d+)/),
    };
  };
  const looks = async () => ({ a: await look('a'), x: await look('x') });
});

describe('a translation for which conntrack has no room', () => {
  const full = async (host: 'a' | 'b', hold: boolean): Promise<void> => {
    await bed.appctl(host, 'dpctl/flush-conntrack');
    await bed.appctl(host, 'dpctl/ct-set-maxconns', hold ? '0' : '3000000');
  };
  afterEach(() => full('b', false));

  test.each(versions)('%s: into the guest is not made without it', async (version) => {
    await bed.move('web', 'b');
    const careOf = bed.careOf('web', 'b')[version];
    const guest = await bed.room.tap('web', 'b0');
    await full('b', true);
    expect(await reaches('client', careOf)).toBe(false);
    expect(guest.frames((frame) => ends(frame, version).from === hex(client[version]))).toEqual([]);
    await full('b', false);
    expect(await reaches('client', careOf)).toBe(true);
  });

  test.each(versions)('%s: out of the guest is not made without it', async (version) => {
    await bed.move('web', 'b');
    const outside = await bed.room.tap('router', 'to-b');
    await full('b', true);
    expect(await reaches('web', client[version])).toBe(false);
    expect(outside.frames((frame) => ends(frame, version).from === hex(web[version]))).toEqual([]);
    await full('b', false);
    expect(await reaches('web', client[version])).toBe(true);
  });

  test.each([
    ['udp', 'ipv4'],
    ['icmp', 'ipv6'],
  ] as const)(
    'a flood of %s by %s gets in as far as there is room; what lives goes on',
    async (kind, version) => {
      await bed.move('web', 'b');
      const careOf = bed.careOf('web', 'b')[version];
      const connection = await echo(bed, web[version], client[version], careOf);
      const room = 50;
      const before = await conntrackSize('b');
      await bed.appctl('b', 'dpctl/ct-set-maxconns', String(before + room));
      const [guest, outside] = [await bed.room.tap('web', 'b0'), await bed.room.tap('router', 'to-b')];
      const flooding = flood('stranger', kind, 2_000, 1, careOf);
      expect(await connection.live()).toBe(true);
      expect((await flooding).frames).toBeGreaterThan(1_000);
      expect(await connection.live()).toBe(true);
      expect((await conntrackSize('b')) - before).toBeLessThanOrEqual(room);
      const came = guest.frames((frame) => isForged(ends(frame, version).from, version));
      expect(came.length).toBeGreaterThan(0);
      expect(came.length).toBeLessThanOrEqual(room);
      expect(came.filter((frame) => ends(frame, version).to !== hex(web[version]))).toEqual([]);
      expect(outside.frames((frame) => ends(frame, version).from === hex(web[version]))).toEqual([]);
    },
  );
});

/** Source and destination of a frame's IP packet, tunnels as they are outside. */
function ends(frame: Buffer, version: (typeof versions)[number]): { from: string; to: string } {
  const [type, start, length] = version === 'ipv4' ? [0x0800, 26, 4] : [0x86dd, 22, 16];
  if (frame.readUInt16BE(12) !== type) return { from: '', to: '' };
  const at = (offset: number): string => frame.toString('hex', offset, offset + length);
  return { from: at(start), to: at(start + length) };
}

/** As `flood.py` makes them up; nobody of the bed is among them. */
function isForged(source: string, version: (typeof versions)[number]): boolean {
  if (source === '' || source === hex(client[version])) return false;
  return version === 'ipv4' ? !source.startsWith('0a') : source.startsWith('26');
}

/** So many addresses, everywhere among those that a flood comes from, and the same in every run. */
function distinct(count: number, version: (typeof versions)[number]): string[] {
  const found = new Set<string>();
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 16;
  while (found.size < count) {
    const [one, two] = [next(), next()];
    if (version === 'ipv6') found.add(`${(0x2600 | (one >>> 8)).toString(16)}:${two.toString(16)}::7`);
    else found.add(`${11 + ((one >>> 8) % 212)}.${one & 255}.${two >>> 8}.${two & 255}`);
  }
  return [...found];
}

/** The /24 or /48 that it is in. */
function networkOf(source: string, version: (typeof versions)[number]): string {
  return version === 'ipv4' ? source.replace(/\d+$/, '0/24') : source.replace(/::7$/, '::/48');
}

function hex(text: string): string {
  const { value, version } = parseAddress(text)!;
  return value.toString(16).padStart(version === 4 ? 8 : 32, '0');
}
