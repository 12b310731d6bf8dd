/**
 * The subnet as its neighbours, guests and strangers see it: who answers for which address, who may say what,
 * and who hears what is said to all.
 */
import { describe, expect, test } from 'vitest';
import { address, linkLocal, mac } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { arp, icmpType6, ipv4At, isArp, sourceMac, udp4, udpText } from './frames.ts';

const bed = await bedOfFile();

const [web, db] = [address.guest('web'), address.guest('db')];
const ping = (from: string, to: string): Promise<string> =>
  bed.room.run(from, ['ping', '-q', '-c', '1', '-W', '3', to]);
const pings = (from: string, ...to: string[]): Promise<string[]> =>
  Promise.all(to.map((each) => ping(from, each)));
const forget = (namespace: string): Promise<string> =>
  bed.room.run(namespace, ['ip', 'neigh', 'flush', 'all']);

describe('at home', () => {
  test('client, neighbour and gateway reach a guest, and it reaches them', async () => {
    await pings('client', web.ipv4, web.ipv6);
    await pings('neighbour', web.ipv4, web.ipv6);
    await pings('router', web.ipv4, web.ipv6);
    await pings(
      'web',
      address.client.ipv4,
      address.client.ipv6,
      address.neighbour.ipv4,
      address.neighbour.ipv6,
    );
    await pings('web', address.gateway('a').ipv4, address.gateway('a').ipv6);
  });

  test('the bridge answers ARP for the guest; the guest hears none of it', async () => {
    await forget('neighbour');
    const guest = await bed.room.tap('web', 'a0');
    const neighbour = await bed.room.tap('neighbour', 'eth0');
    await ping('neighbour', web.ipv4);
    const answer = await neighbour.frame('an ARP answer', isArp);
    expect([sourceMac(answer), ipv4At(answer, 28)]).toEqual([mac('web'), web.ipv4]);
    const asked = guest.frames((frame) => isArp(frame) && ipv4At(frame, 38) === web.ipv4);
    // The guest's own kernel may make sure of the neighbour; it is asked for nothing.
    expect(asked.filter((frame) => frame.readUInt16BE(20) === 1)).toEqual([]);
  });

  test('the bridge answers neighbour discovery for the guest; the guest hears none of it', async () => {
    await forget('neighbour');
    const guest = await bed.room.tap('web', 'a0');
    const neighbour = await bed.room.tap('neighbour', 'eth0');
    await ping('neighbour', web.ipv6);
    const answer = await neighbour.frame('an advertisement', (frame) => icmpType6(frame) === 136);
    expect(sourceMac(answer)).toBe(mac('web'));
    // Solicited, override; then the target's link-layer address (RFC 4861, section 4.4).
    expect(answer.readUInt32BE(58) >>> 28).toBe(0x6);
    expect(answer.toString('hex', 78)).toBe(`0201${mac('web').replaceAll(':', '')}`);
    expect(guest.frames((frame) => icmpType6(frame) === 135)).toEqual([]);
  });

  test('two guests of one host talk to each other', async () => {
    await pings('web', db.ipv4, db.ipv6);
    await pings('db', web.ipv4, web.ipv6);
    await ping('web', `${linkLocal('db')}%a0`);
  });

  test('a neighbour reaches the guest by its link-local address', async () => {
    await ping('neighbour', `${linkLocal('web')}%eth0`);
  });

  test('broadcast and multicast reach the guests that are at home, and no others', async () => {
    await bed.move('db', 'b');
    const here = await bed.room.tap('web', 'a0');
    const away = await bed.room.tap('db', 'b0');
    const lan = await bed.room.tap('neighbour', 'eth0');
    const lanMac = await bed.macOf('neighbour', 'eth0');
    const group = (ethTo: string, to: string) => ({
      from: address.neighbour.ipv4,
      ethFrom: lanMac,
      to,
      ethTo,
    });
    await lan.inject(udp4(group('ff:ff:ff:ff:ff:ff', '10.1.0.255'), [1, 2], 'to all'));
    await lan.inject(udp4(group('01:00:5e:00:00:fb', '224.0.0.251'), [1, 5353], 'to some'));
    await here.frame('the broadcast', (frame) => udpText(frame) === 'to all');
    await here.frame('the multicast', (frame) => udpText(frame) === 'to some');
    await ping('neighbour', db.ipv4);
    expect(away.frames((frame) => /^to (all|some)$/.test(udpText(frame) ?? ''))).toEqual([]);
  });

  test('what a guest says to all is heard in the subnet, by guests of its own host too', async () => {
    const said = await bed.room.tap('web', 'a0');
    const hears = [await bed.room.tap('neighbour', 'eth0'), await bed.room.tap('db', 'a0')];
    const from = { from: web.ipv4, ethFrom: mac('web') };
    await said.inject(udp4({ ...from, to: '10.1.0.255', ethTo: 'ff:ff:ff:ff:ff:ff' }, [1, 2], 'to all'));
    await said.inject(udp4({ ...from, to: '224.0.0.251', ethTo: '01:00:5e:00:00:fb' }, [1, 2], 'to some'));
    for (const one of hears) {
      await one.frame('the broadcast', (frame) => udpText(frame) === 'to all');
      await one.frame('the multicast', (frame) => udpText(frame) === 'to some');
    }
    expect(said.frames((frame) => udpText(frame) !== undefined)).toEqual([]);
  });
});

describe.each(['a', 'b'] as const)('at %s, a guest', (host) => {
  test('cannot speak as another', async () => {
    if (host !== 'a') await bed.move('web', host);
    const guest = await bed.room.tap('web', `${host}0`);
    const lan = await bed.room.tap('neighbour', 'eth0');
    const client = await bed.room.tap('client', 'eth0');
    const router = await bed.room.tap('router', `to-${host}`);
    const gateway = await bed.macOf('router', 'to-a');
    const to = { to: address.client.ipv4, ethTo: gateway };
    const false1 = { ...to, from: db.ipv4, ethFrom: mac('web') };
    const false2 = { ...to, from: web.ipv4, ethFrom: mac('db') };
    await guest.inject(udp4(false1, [1, 2], 'false address'));
    await guest.inject(udp4(false2, [1, 2], 'false mac'));
    await guest.inject(udp4({ ...to, from: web.ipv4, ethFrom: mac('web'), vlan: 7 }, [1, 2], 'tagged'));
    await guest.inject(
      arp(mac('web'), { mac: mac('web'), ipv4: address.gateway('a').ipv4 }, address.neighbour.ipv4),
    );
    await guest.inject(arp(mac('web'), { mac: mac('db'), ipv4: web.ipv4 }, address.neighbour.ipv4));
    await guest.inject(udp4({ ...to, from: web.ipv4, ethFrom: mac('web') }, [1, 2], 'true'));
    await client.frame('the true one', (frame) => {
      const text = udpText(frame);
      expect(['false address', 'false mac', 'tagged']).not.toContain(text);
      return text === 'true';
    });
    for (const each of [lan, router]) {
      expect(each.frames((frame) => /false|tagged/.test(frame.toString('latin1')))).toEqual([]);
      expect(each.frames((frame) => isArp(frame) && ipv4At(frame, 28) === address.gateway('a').ipv4)).toEqual(
        [],
      );
    }
  });

  test('cannot advertise what is another’s, nor itself as a router', async () => {
    if (host !== 'a') await bed.move('web', host);
    const guest = await bed.room.tap('web', `${host}0`);
    const lan = await bed.room.tap('neighbour', 'eth0');
    const advert = (target: string, type: number): Buffer => {
      const ends = [web.ipv6, address.neighbour.ipv6].map(ipv6Hex).join('');
      const body = `${type.toString(16)}000000${type === 136 ? `20000000${ipv6Hex(target)}0201${hexMac(mac('web'))}` : '40000708'.padEnd(24, '0')}`;
      const checked = withChecksum(Buffer.from(body, 'hex'), Buffer.from(ends, 'hex'));
      const header = `6000000000${(body.length / 2).toString(16).padStart(2, '0')}3aff${ends}`;
      return Buffer.concat([Buffer.from(`${lanMac}${hexMac(mac('web'))}86dd${header}`, 'hex'), checked]);
    };
    const lanMac = hexMac(await bed.macOf('neighbour', 'eth0'));
    await guest.inject(advert(address.gateway('a').ipv6, 136));
    await guest.inject(advert('', 134));
    await guest.inject(advert(web.ipv6, 136));
    const seen = await lan.frame('an advertisement', (frame) => [134, 136].includes(icmpType6(frame) ?? 0));
    expect([icmpType6(seen), seen.toString('hex', 62, 78)]).toEqual([136, ipv6Hex(web.ipv6)]);
  });
});

describe('away from home', () => {
  test('its bridge at home answers for its home address, the one where it is for its care-of address', async () => {
    await bed.move('web', 'b');
    await forget('neighbour');
    await forget('router');
    await pings('neighbour', web.ipv4, web.ipv6);
    const careOf = bed.careOf('web', 'b');
    await pings('router', web.ipv4, web.ipv6, careOf.ipv4, careOf.ipv6);
    const known = await bed.room.run('router', ['ip', 'neigh', 'show', 'dev', 'to-b']);
    for (const each of [careOf.ipv4, careOf.ipv6]) expect(known).toContain(`${each} lladdr ${mac('web')}`);
  });

  test('a second owner of its address is told', async () => {
    await bed.move('web', 'b');
    const add = ['ip', '-6', 'addr', 'add', `${web.ipv6}/64`, 'dev', 'eth0'];
    await bed.room.run('neighbour', ['sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=1']);
    const watch = bed.room.run('neighbour', ['timeout', '5', 'sh', '-c', untilDadFailed]);
    await bed.room.run('neighbour', add);
    await watch;
    await bed.room.run('neighbour', ['ip', '-6', 'addr', 'del', `${web.ipv6}/64`, 'dev', 'eth0']);
  });

  test('it finds its home gateway, as a router, its neighbours, and the guests of its home host', async () => {
    await bed.move('web', 'b');
    await pings('web', address.gateway('a').ipv4, address.gateway('a').ipv6);
    await pings('web', address.neighbour.ipv4, address.neighbour.ipv6);
    await pings('web', db.ipv4, db.ipv6);
    const known = await bed.room.run('web', ['ip', 'neigh', 'show', 'dev', 'b0']);
    const gateway = await bed.macOf('router', 'to-a');
    expect(known).toContain(`${address.gateway('a').ipv4} lladdr ${gateway}`);
    expect(known).toContain(`${address.gateway('a').ipv6} lladdr ${gateway} router`);
    expect(known).toContain(`${address.neighbour.ipv4} lladdr ${await bed.macOf('neighbour', 'eth0')}`);
    for (const each of [db.ipv4, db.ipv6]) expect(known).toContain(`${each} lladdr ${mac('db')}`);
  });

  test('two guests talk to each other wherever each of them is', async () => {
    for (const [one, other] of [
      ['b', 'a'],
      ['b', 'b'],
      ['c', 'b'],
      ['a', 'b'],
    ] as const) {
      if (bed.network.state.placements.get('web') !== one) await bed.move('web', one);
      if (bed.network.state.placements.get('db') !== other) await bed.move('db', other);
      await pings('web', db.ipv4, db.ipv6);
      await pings('db', web.ipv4, web.ipv6);
    }
  });

  test('two visitors of one host talk by their care-of addresses', async () => {
    await bed.move('web', 'b');
    await bed.move('db', 'b');
    const [one, other] = [bed.careOf('web', 'b'), bed.careOf('db', 'b')];
    await pings('web', other.ipv4, other.ipv6);
    await pings('db', one.ipv4, one.ipv6);
  });
});

test('a visitor reaches another guest by the care-of address that it left behind here', async () => {
  await bed.move('db', 'b');
  const leftBehind = bed.careOf('db', 'b');
  await bed.move('db', 'c');
  await bed.move('web', 'b');
  await pings('web', leftBehind.ipv4, leftBehind.ipv6);
});

describe('on another host of its home site', () => {
  test('it is reached as before, and its MAC address shows where it did', async () => {
    await bed.move('web', 'd');
    const lan = await bed.room.tap('host-d', 'uplink');
    await pings('client', web.ipv4, web.ipv6);
    await pings('neighbour', web.ipv4, web.ipv6);
    await pings('db', web.ipv4, web.ipv6);
    await pings(
      'web',
      address.client.ipv4,
      address.client.ipv6,
      address.neighbour.ipv4,
      address.neighbour.ipv6,
    );
    await pings('web', db.ipv4, db.ipv6, address.gateway('a').ipv4, address.gateway('a').ipv6);
    const ofGuest = Buffer.from(hexMac(mac('web')), 'hex');
    expect(lan.framesSent((frame) => frame.subarray(6, 12).equals(ofGuest))).toEqual([]);
    await bed.move('web', 'a');
    await pings('client', web.ipv4, web.ipv6);
    await pings('web', address.neighbour.ipv4, address.neighbour.ipv6);
  });

  test('from abroad it comes there with all its connections', async () => {
    await bed.move('web', 'b');
    const careOf = bed.careOf('web', 'b');
    await bed.move('web', 'd');
    await pings('client', web.ipv4, web.ipv6, careOf.ipv4, careOf.ipv6);
    await pings('web', address.client.ipv4, address.client.ipv6);
  });
});

const untilDadFailed = 'until ip -6 addr show dev eth0 | grep -q dadfailed; do sleep 0.01; done';
const hexMac = (text: string): string => text.replaceAll(':', '');

function ipv6Hex(text: string): string {
  const [left = '', right = ''] = text.split('::');
  const words = (part: string): string[] =>
    part
      .split(':')
      .filter(Boolean)
      .map((word) => word.padStart(4, '0'));
  const [start, end] = [words(left), words(right)];
  return [...start, ...Array<string>(8 - start.length - end.length).fill('0000'), ...end].join('');
}

function withChecksum(icmp: Buffer, addresses: Buffer): Buffer {
  const pseudo = Buffer.concat([addresses, Buffer.from([0, 0, 0, icmp.length, 0, 0, 0, 58]), icmp]);
  let sum = 0;
  for (let i = 0; i < pseudo.length; i += 2) sum += pseudo.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  icmp.writeUInt16BE(~sum & 0xffff, 2);
  return icmp;
}
