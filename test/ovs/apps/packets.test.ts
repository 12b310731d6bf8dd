/**
 * Packets that the controller makes, as tcpdump reads them: it checks every checksum by itself and says so.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  arpAnnouncement,
  arpProbe,
  neighbourAnnouncement,
  neighbourSolicitation,
} from '../../../apps/routing/neighbour-packets.ts';
import { answerTooLarge } from '../../../apps/routing/too-large.ts';
import { udp4 } from './frames.ts';

/** A capture file of one Ethernet frame (pcap 2.4), read by tcpdump. */
function read(frame: Uint8Array): string {
  const head = Buffer.alloc(24 + 16);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65535, 16);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(frame.length, 32);
  head.writeUInt32LE(frame.length, 36);
  const argv = ['-r', '-', '-n', '-t', '-e', '-vv'];
  const text = execFileSync('tcpdump', argv, {
    input: Buffer.concat([head, frame]),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return text.toString().trim();
}

const MAC = '52:54:00:00:00:64';

test('an ARP probe', () => {
  expect(read(arpProbe(MAC, '10.1.0.1'))).toBe(
    '52:54:00:00:00:64 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Ethernet (len 6), IPv4 (len 4), ' +
      'Request who-has 10.1.0.1 tell 0.0.0.0, length 28',
  );
});

test('an ARP announcement', () => {
  expect(read(arpAnnouncement(MAC, '10.2.0.200'))).toContain(
    '52:54:00:00:00:64 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Ethernet (len 6), IPv4 (len 4), ' +
      'Request who-has 10.2.0.200 tell 10.2.0.200, length 28',
  );
});

test('a neighbour solicitation', () => {
  const text = read(neighbourSolicitation('02:00:00:00:00:01', '2001:db8:1::12:3456'));
  expect(text).toContain('02:00:00:00:00:01 > 33:33:ff:12:34:56, ethertype IPv6 (0x86dd), length 86:');
  expect(text).toContain('hlim 255, next-header ICMPv6 (58) payload length: 32)');
  expect(text).toContain(
    'fe80::ff:fe00:1 > ff02::1:ff12:3456: [icmp6 sum ok] ICMP6, neighbor solicitation, length 32',
  );
  expect(text).toContain('who has 2001:db8:1::12:3456');
  expect(text).toContain('source link-address option (1), length 8 (1): 02:00:00:00:00:01');
});

test('a neighbour announcement', () => {
  const text = read(neighbourAnnouncement(MAC, '2001:db8:2::200'));
  expect(text).toContain('52:54:00:00:00:64 > 33:33:00:00:00:01, ethertype IPv6 (0x86dd), length 86:');
  expect(text).toContain('hlim 255, next-header ICMPv6 (58) payload length: 32)');
  expect(text).toContain(
    '2001:db8:2::200 > ff02::1: [icmp6 sum ok] ICMP6, neighbor advertisement, length 32',
  );
  expect(text).toContain('tgt is 2001:db8:2::200, Flags [override]');
  expect(text).toContain('destination link-address option (2), length 8 (1): 52:54:00:00:00:64');
});

describe('too large', () => {
  const packet = udp4(
    { from: '203.0.113.11', to: '10.1.0.100', ethFrom: '02:00:00:00:00:0a', ethTo: MAC },
    [4000, 53],
    'x'.repeat(1472),
  );

  test('fragmentation needed', () => {
    const text = read(answerTooLarge({ frame: packet, mtu: 1450, from: '10.1.0.10' })!);
    expect(text).toContain(
      '52:54:00:00:00:64 > 02:00:00:00:00:0a, ethertype IPv4 (0x0800), length 70: (tos 0x0, ttl 64',
    );
    // tcpdump says "bad cksum" of a header that it finds wrong, and "wrong icmp cksum" of such a message.
    expect(text).not.toMatch(/bad|wrong/);
    expect(text).toContain(
      '10.1.0.10 > 203.0.113.11: ICMP 10.1.0.100 unreachable - need to frag (mtu 1450), length 36',
    );
    expect(text).toContain('203.0.113.11.4000 > 10.1.0.100.53:');
  });

  test('of a translated packet, as its sender knows it', () => {
    const answer = answerTooLarge({
      frame: packet,
      mtu: 1450,
      from: '10.2.0.10',
      originalDestination: '10.2.0.200',
    })!;
    const text = read(answer);
    expect(text).not.toMatch(/bad|wrong/);
    expect(text).toContain('ICMP 10.2.0.200 unreachable - need to frag (mtu 1450)');
    expect(text).toContain('203.0.113.11.4000 > 10.2.0.200.53:');
  });

  test('a checksum that is wrong would be told', () => {
    const answer = answerTooLarge({ frame: packet, mtu: 1450, from: '10.1.0.10' })!;
    answer[41]! ^= 1;
    expect(read(answer)).toContain('wrong icmp cksum');
    answer[24]! ^= 1;
    expect(read(answer)).toContain('bad cksum');
  });

  test('packet too big', () => {
    const header =
      '6000000005b01140' + '20010db8000f00000000000000000011' + '20010db8000100000000000000000100';
    const udp = Buffer.concat([Buffer.from('0fa0003505b01234', 'hex'), Buffer.alloc(1448, 0x78)]);
    const frame = Buffer.concat([Buffer.from(`52540000006402000000000a86dd${header}`, 'hex'), udp]);
    const home = read(answerTooLarge({ frame, mtu: 1450, from: '2001:db8:1::1' })!);
    expect(home).toContain('52:54:00:00:00:64 > 02:00:00:00:00:0a, ethertype IPv6 (0x86dd), length 1294:');
    expect(home).toContain('2001:db8:1::1 > 2001:db8:f::11: [icmp6 sum ok] ICMP6, packet too big, mtu 1450');
    const careOf = read(
      answerTooLarge({ frame, mtu: 1450, from: '2001:db8:2::1', originalDestination: '2001:db8:2::200' })!,
    );
    expect(careOf).toContain('[icmp6 sum ok] ICMP6, packet too big, mtu 1450');
    const short = read(answerTooLarge({ frame: frame.subarray(0, 200), mtu: 1450, from: '2001:db8:1::1' })!);
    expect(short).toContain('[icmp6 sum ok] ICMP6, packet too big, mtu 1450');
  });
});
