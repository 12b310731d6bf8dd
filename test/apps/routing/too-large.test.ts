import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerPacketIn } from '../../../apps/routing/too-large-answer.ts';
import { answerTooLarge } from '../../../apps/routing/too-large.ts';
import { anchored, delivered } from '../../../controller/network/changes.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { match, type MatchInput, type NxPacketIn } from '../../../controller/openflow/index.ts';
import type { Fabric } from '../../../controller/switches/fabric.ts';
import { after, atHome } from '../../controller/network/sites.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const hex = (frame: Uint8Array | undefined): string => Buffer.from(frame ?? []).toString('hex');

/** A TCP segment from 203.0.113.11 to 10.1.0.101, 1,500 bytes long, of which the first 54 are here. */
const segment4 = bytes(`525400000001 02000000000a 0800
  4500 05dc 1234 4000 3f06 4a9c cb00710b 0a010065  a410 0050 00000001 00000002 5010 ffff 0000 0000`);
const segment6 = bytes(`525400000001 02000000000a 86dd
  60000000 05b4 06 3f 20010db8000f00000000000000000011 20010db8000100000000000000000101
  a410 0050 00000001 00000002 5010 ffff 0000 0000`);

describe('the answer', () => {
  test('quotes the header and 8 bytes (RFC 792), and says what would have fitted (RFC 1191)', () => {
    const answer = hex(answerTooLarge({ frame: segment4, mtu: 1450, from: '10.1.0.11' }));
    expect(answer.slice(0, 28)).toBe('02000000000a525400000001' + '0800');
    // Checksums are for tcpdump to judge (test/ovs/apps/packets.test.ts).
    expect(answer.slice(28)).toMatch(/^45000038000000004001.{4}0a01000bcb00710b0304.{4}000005aa/);
    expect(answer.slice(28 + 56)).toBe(hex(segment4.subarray(14, 42)));
  });

  test('to options: they are quoted with the header', () => {
    const frame = new Uint8Array(segment4.length + 4);
    frame.set(segment4.subarray(0, 34));
    frame[14] = 0x46;
    frame.set([1, 1, 1, 1], 34);
    frame.set(segment4.subarray(34), 38);
    expect(hex(answerTooLarge({ frame, mtu: 1450, from: '10.1.0.11' })).slice(28 + 56)).toBe(
      hex(frame.subarray(14, 46)),
    );
  });

  test.each([3, 4, 5, 11, 12])('none about an ICMP error (type %i)', (type) => {
    const frame = segment4.slice();
    frame[23] = 1;
    frame[34] = type;
    expect(answerTooLarge({ frame, mtu: 1450, from: '10.1.0.11' })).toBeUndefined();
    frame[34] = 8;
    expect(answerTooLarge({ frame, mtu: 1450, from: '10.1.0.11' })).toBeDefined();
  });

  test('none about an ICMPv6 error', () => {
    const frame = segment6.slice();
    frame[20] = 58;
    frame[54] = 1;
    expect(answerTooLarge({ frame, mtu: 1450, from: '2001:db8:1::1' })).toBeUndefined();
    frame[54] = 128;
    expect(answerTooLarge({ frame, mtu: 1450, from: '2001:db8:1::1' })).toBeDefined();
  });

  test('none about a fragment but the first, nor to a group (RFC 1122, section 3.2.2)', () => {
    const fragment = segment4.slice();
    fragment[21] = 1;
    expect(answerTooLarge({ frame: fragment, mtu: 1450, from: '10.1.0.11' })).toBeUndefined();
    const group = segment4.slice();
    group[0] = 1;
    expect(answerTooLarge({ frame: group, mtu: 1450, from: '10.1.0.11' })).toBeUndefined();
  });

  test('none in the name of another family, nor about what is not IP', () => {
    expect(answerTooLarge({ frame: segment4, mtu: 1450, from: '2001:db8::1' })).toBeUndefined();
    expect(answerTooLarge({ frame: segment6, mtu: 1450, from: '10.1.0.11' })).toBeUndefined();
    const arp = segment4.slice();
    arp[13] = 6;
    expect(answerTooLarge({ frame: arp, mtu: 1450, from: '10.1.0.11' })).toBeUndefined();
  });

  test('whatever comes, it is an answer of bounded size or none', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 1600 }),
      fc
        .tuple(fc.constantFrom(segment4, segment6), fc.nat(73), fc.nat(255), fc.nat(74))
        .map(([frame, at, value, cut]) => {
          const changed = frame.slice(0, cut);
          if (at < changed.length) changed[at] = value;
          return changed;
        }),
    );
    fc.assert(
      fc.property(any, fc.constantFrom('10.1.0.11', '2001:db8:1::1'), (frame, from) => {
        const answer = answerTooLarge({ frame, mtu: 1450, from, originalDestination: from });
        expect(answer?.length ?? 0).toBeLessThanOrEqual(14 + 1280);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a packet-in', () => {
  const careOf = {
    index: 2,
    host: 'away-1',
    addresses: { ipv4: '10.2.0.200', ipv6: '2001:db8:2::200' },
    admit: 'all',
  } as const;
  const state: NetworkState = after(atHome(), anchored(1, careOf), delivered('web', 'bare-1'));

  function answered(host: string, frame: Uint8Array, metadata: MatchInput, now = state) {
    const sent: { host: string; port: number; frame: Uint8Array }[] = [];
    const fabric = {
      packetOut: (to: string, port: number, out: Uint8Array) => sent.push({ host: to, port, frame: out }),
    };
    const message = { metadata: match(metadata) } as unknown as NxPacketIn;
    answerPacketIn(now, fabric as unknown as Fabric, host, message, frame);
    return sent;
  }
  const quotedDestination = (frame: Uint8Array): string => hex(frame.subarray(58, 62));

  test('is answered out of the port that the packet came in by, in the name of the host', () => {
    const [answer, ...more] = answered('home-1', segment4, { in_port: 1, reg0: 1 });
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ host: 'home-1', port: 1 });
    expect(hex(answer!.frame.subarray(26, 30))).toBe('0a01000b');
    expect(quotedDestination(answer!.frame)).toBe('0a010065');
  });

  test('at a care-of address: quoted as the sender knows it, however OVS tells the register', () => {
    for (const registers of [{ reg0: 1, reg1: 2 }, { xreg0: (1n << 32n) | 2n }]) {
      const [answer] = answered('away-1', segment4, { in_port: 1, ...registers });
      expect(quotedDestination(answer!.frame)).toBe('0a0200c8');
    }
    const [answer] = answered('away-1', segment6, { in_port: 1, reg0: 1 });
    expect(hex(answer!.frame.subarray(14 + 48 + 24, 14 + 48 + 40))).toBe('20010db8000200000000000000000200');
    expect(hex(answer!.frame.subarray(22, 38))).toBe('20010db8000200000000000000000001');
  });

  test('what the guest sends is quoted as it is', () => {
    const fromGuest = segment4.slice();
    fromGuest.set(segment4.subarray(30, 34), 26);
    fromGuest.set(segment4.subarray(26, 30), 30);
    const [answer] = answered('away-1', fromGuest, { in_port: 11, reg0: 1, reg1: 1 });
    expect(quotedDestination(answer!.frame)).toBe('cb00710b');
  });

  test('of a host whose underlay is of the other family is answered in the gateway’s name', () => {
    const host = { ...state.hosts.get('home-1')!, underlay: '2001:db8:1::11' };
    const [answer] = answered(
      'home-1',
      segment4,
      { in_port: 1, reg0: 1 },
      { ...state, hosts: new Map(state.hosts).set('home-1', host) },
    );
    expect(hex(answer!.frame.subarray(26, 30))).toBe('0a010001');
    // 1,500 less 70: the outer header is IPv6.
    expect(hex(answer!.frame.subarray(40, 42))).toBe('0596');
  });

  test('of an unknown host, or without a port, is not answered', () => {
    expect(answered('nowhere', segment4, { in_port: 1 })).toEqual([]);
    expect(answered('home-1', segment4, { reg0: 1 })).toEqual([]);
    expect(answered('home-1', segment4.subarray(0, 12), { in_port: 1 })).toEqual([]);
  });
});
