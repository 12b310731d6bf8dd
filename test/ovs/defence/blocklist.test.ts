/**
 * The blocklist and the admission of new connections, on real Open vSwitch: who gets in, who does not, and what is
 * left of a flood.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import { systemClock } from '../../../controller/clock.ts';
import type { Block } from '../../../controller/network/blocklist.ts';
import { admissionLimited } from '../../../controller/network/changes.ts';
import { admissionMeter, cookie } from '../../../controller/switches/pipeline.ts';
import { parseAddress } from '../../../controller/network/address.ts';
import { address } from '../apps/bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { echo } from './echo.ts';
import { made } from './made-by.ts';

const bed = await bedOfFile();
const blocklist = new BlocklistService(bed.network, systemClock);
afterAll(() => blocklist.close());

const [web, db, client] = [address.guest('web'), address.guest('db'), address.client];
const versions = ['ipv4', 'ipv6'] as const;

const randomSources = fileURLToPath(new URL('../../../apps/bench/random-sources.py', import.meta.url));

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
    expect([await meterOf('web'), await meterOf('db')]).toEqual(['none', '1000']);
    bed.network.update((state) => ({ ...state, placements }));
    await bed.settled();
    expect(await meterOf('web')).toBe('50');
  });

  test.each(['syn', 'udp'])(
    'of a %s flood lets as much in as the meter says: connections, megaflows; what lives goes on',
    async (kind) => {
      const connection = await echo(bed, web.ipv4, client.ipv4);
      const listed = Array.from({ length: 20_000 }, (_, i) => `11.${i >> 8}.${i & 255}.${(i * 7) & 255}`);
      for (let at = 0; at < listed.length; at += 10_000) {
        blocklist.block({ sources: listed.slice(at, at + 10_000), origin: 'list', reason: 'test' });
      }
      bed.network.update(admissionLimited('web', { perSecond: 100 }));
      await bed.settled();
      const [before, told] = [await conntrackSize(), await toTheController()];
      const { lost: lostBefore } = await datapath();
      const hop = await bed.macOf('router', 'to-x');
      const sent = bed.room.run('client', [
        ...['/usr/bin/python3', randomSources, 'eth0', hop, web.ipv4, kind, '3000', '3', '20000', '1'],
      ]);
      expect(await connection.live()).toBe(true);
      expect(Number(await sent)).toBeGreaterThan(5_000);
      expect(await connection.live()).toBe(true);
      // A burst of one second's worth, and three seconds; OVS counts by the hundredth of a second.
      expect((await conntrackSize()) - before).toBeLessThan(600);
      const { megaflows, lost } = await datapath();
      expect(megaflows).toBeLessThan(1_000);
      expect(lost - lostBefore).toBe(0);
      expect(await toTheController()).toEqual(told);
    },
    30_000,
  );

  test('of a network that is known does not compete with a flood: its clients get in, and the megaflows stay few', async () => {
    const known = Array.from({ length: 127 }, (_, i) => `${20 + i}.${i}.7.0/24`);
    const network = `${client.ipv4.split('.').slice(0, 3).join('.')}.0/24`;
    const hop = await bed.macOf('router', 'to-x');
    const { lost: lostBefore } = await datapath();
    const getIn = async (): Promise<number> => {
      let entered = 0;
      const before = await conntrackSize();
      const flood = bed.room.run('client', [
        ...['/usr/bin/python3', randomSources, 'eth0', hop, web.ipv4, 'syn', '3000', '4', '20000', '1'],
      ]);
      // When it has used up what the meter had from before: a second's worth.
      await expect.poll(conntrackSize, { timeout: 10_000 }).toBeGreaterThan(before + 20);
      const end = Date.now() + 2_000;
      let tries = 0;
      for (; tries < 20 && Date.now() < end; tries++) if (await reaches('client', web.ipv4)) entered++;
      await flood;
      return entered / tries;
    };
    bed.network.update(admissionLimited('web', { perSecond: 20, known: [] }));
    await bed.settled();
    expect(await getIn()).toBeLessThan(0.5);
    bed.network.update(admissionLimited('web', { perSecond: 20, known: [...known, network].sort() }));
    await bed.settled();
    expect(await getIn()).toBe(1);
    const { megaflows, lost } = await datapath();
    expect(megaflows).toBeLessThan(1_000);
    expect(lost - lostBefore).toBe(0);
  }, 30_000);

  const conntrackSize = async (): Promise<number> =>
    Number(/\d+/.exec(await bed.appctl('a', 'dpctl/ct-get-nconns'))![0]);
  /** `lost`: upcalls that failed since the bed was made, of all its tests. */
  const datapath = async (): Promise<{ megaflows: number; lost: number }> => {
    const shown = await bed.appctl('a', 'dpctl/show', '-s');
    const number = (pattern: RegExp): number => Number(pattern.exec(shown)![1]);
    return { megaflows: number(/flows: (\d+)/), lost: number(/lost:(\d+)/) };
  };
  /**
   * What went to the controller: flows of the gateways' answers are another matter. OVS counts a packet for the flows of
   * both ways that `check_pkt_larger` leads to; so what earlier tests relayed may show here.
   */
  const toTheController = async (): Promise<string[]> => {
    const flows = await bed.ofctl('a', 'dump-flows');
    return flows
      .split('\n')
      .filter((flow) => flow.includes('actions=controller') && !flow.includes('n_packets=0'))
      .filter((flow) => !flow.includes('userdata=02'))
      .map((flow) => flow.replace(/(duration|idle_age)=[^,]*, /g, ''));
  };
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
});

/** Source and destination of a frame's IP packet, tunnels as they are outside. */
function ends(frame: Buffer, version: (typeof versions)[number]): { from: string; to: string } {
  const [type, start, length] = version === 'ipv4' ? [0x0800, 26, 4] : [0x86dd, 22, 16];
  if (frame.readUInt16BE(12) !== type) return { from: '', to: '' };
  const at = (offset: number): string => frame.toString('hex', offset, offset + length);
  return { from: at(start), to: at(start + length) };
}

function hex(text: string): string {
  const { value, version } = parseAddress(text)!;
  return value.toString(16).padStart(version === 4 ? 8 : 32, '0');
}
