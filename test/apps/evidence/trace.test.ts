import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Carried, isCarried, beginnings, trace, type Seen } from '../../../apps/evidence/trace.ts';
import { LinkType, readPacket } from '../../../apps/evidence/packet.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { echo, ethernet, type Segment, tcp, udp } from './frames.ts';

function carried(ip: Buffer, ms: number): Carried {
  const packet = readPacket({ ms, length: 0, bytes: ethernet('0800', ip) }, LinkType.ethernet);
  if (packet === undefined || !isCarried(packet)) throw new Error('not a packet of a connection');
  return packet;
}

const seen = (...segments: readonly Segment[]): Seen[] =>
  segments.map((segment, i) => ({ packet: carried(tcp(segment), i), node: 'c1', toGuest: segment.toGuest }));

const SYN = 2;

describe('TCP segments', () => {
  it('are known by the offset of their first byte, and those sent before are counted', () => {
    const packets = trace(
      seen(
        { toGuest: true, seq: 99, flags: SYN },
        { toGuest: false, seq: 499, ack: 100, flags: SYN | 16 },
        { toGuest: true, seq: 100, ack: 500, data: 'abcd' },
        { toGuest: true, seq: 104, ack: 500, data: 'efgh' },
        { toGuest: true, seq: 100, ack: 500, data: 'abcd' },
        { toGuest: false, seq: 500, ack: 108, data: 'abcd' },
        { toGuest: true, seq: 106, ack: 504, data: 'ghij' },
        { toGuest: true, seq: 110, ack: 504 },
      ),
    );
    expect(packets.map(({ n }) => n)).toEqual([null, null, 0, 4, 0, 0, 6, null]);
    expect(packets.map(({ resent }) => resent)).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(packets.map(({ acked }) => acked)).toEqual([null, 0, 0, 0, 0, 8, 4, 4]);
  });

  it('that fill a hole were not sent here before', () => {
    const packets = trace(
      seen(
        { toGuest: true, seq: 100, data: 'ab' },
        { toGuest: true, seq: 104, data: 'ef' },
        { toGuest: true, seq: 102, data: 'cd' },
        { toGuest: true, seq: 102, data: 'cd' },
      ),
    );
    expect(packets.map(({ resent }) => resent)).toEqual([false, false, false, true]);
  });

  it('go on beyond the end of the sequence numbers', () => {
    const packets = trace(
      seen(
        { toGuest: true, seq: 0xffff_fffd, flags: SYN },
        { toGuest: true, seq: 0xffff_fffe, data: 'abcd' },
        { toGuest: true, seq: 2, data: 'ef' },
        { toGuest: true, seq: 0xffff_fffe, data: 'abcd' },
      ),
    );
    expect(packets.map(({ n }) => n)).toEqual([null, 0, 4, 0]);
    expect(packets.map(({ resent }) => resent)).toEqual([false, false, false, true]);
  });

  it('have the same offsets wherever they are seen, given where the streams begin', () => {
    const known = beginnings(
      seen({ toGuest: true, seq: 99, flags: SYN }, { toGuest: false, seq: 499, flags: SYN | 16 }),
    );
    expect(known).toEqual({ toGuest: 100, fromGuest: 500 });
    const [first, answer] = trace(
      seen(
        { toGuest: true, seq: 1_000, ack: 700, data: 'abcd' },
        { toGuest: false, seq: 700, ack: 1_004, data: 'abcd' },
      ),
      known,
    );
    expect(first).toMatchObject({ n: 900, acked: 200, resent: false });
    expect(answer).toMatchObject({ n: 200, acked: 904 });
  });
});

it('messages are known by their numbers, an answer by that of its request', () => {
  const packets = [udp(true, 70_000), udp(false, 70_000), echo(true, 65_537), echo(false, 65_537)];
  const numbers = packets.map(
    (bytes, i) => trace([{ packet: carried(bytes, i), node: 'c1', toGuest: true }])[0]!.n,
  );
  expect(numbers).toEqual([70_000, 70_000, 65_537, 65_537]);
});

it('packets are put in the order of their stamps', () => {
  const packets = trace([
    { packet: carried(udp(true, 2), 5), node: 'a1', toGuest: true },
    { packet: carried(udp(true, 1), 3), node: 'b1', toGuest: true },
  ]);
  expect(packets.map(({ ms, node, n }) => [ms, node, n])).toEqual([
    [3, 'b1', 1],
    [5, 'a1', 2],
  ]);
});

describe('ICMP echo', () => {
  it('has its number where the probe puts it, beyond the 16 bits of the sequence number', () => {
    const script = 'import sys, icmp; sys.stdout.buffer.write(icmp.request(icmp.V4, 77, 0x1_2345_6789))';
    const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-B', '-c', script], {
      env: { PYTHONPATH: join(packageRoot, 'mininet') },
    });
    expect(stderr.toString()).toBe('');
    // The same frame as the other tests' own, but for what follows the IP header.
    const header = echo(true, 0).subarray(0, 20);
    const packet = carried(Buffer.concat([header, stdout]), 0);
    expect(packet).toMatchObject({ identifier: 77, sequence: 0x6789 });
    expect(trace([{ packet, node: 'c1', toGuest: true }])).toMatchObject([{ n: 0x1_2345_6789 }]);
  });
});
