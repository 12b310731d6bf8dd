import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkType, readPacket } from '../../../apps/evidence/packet.ts';
import { cooked, echo, ethernet, hex, tcp, udp } from './frames.ts';

const read = (bytes: Buffer, linkType: number = LinkType.ethernet) =>
  readPacket({ ms: 1.5, length: bytes.length, bytes }, linkType);

const client = { address: '10.0.0.9', port: 4000 };
const guest = { address: '10.1.0.100', port: 7 };

describe('a packet', () => {
  it('of TCP', () => {
    const frame = ethernet('0800', tcp({ toGuest: true, seq: 5, ack: 6, flags: 0x18, data: 'hello' }));
    // What pads a short frame is no payload.
    expect(read(Buffer.concat([frame, Buffer.alloc(6)]))).toEqual({
      ms: 1.5,
      kind: 'tcp',
      from: client,
      to: guest,
      seq: 5,
      ack: 6,
      flags: 0x18,
      payload: Buffer.from('hello'),
      length: 5,
    });
  });

  it('of UDP, with a VLAN tag', () => {
    const frame = ethernet('8100', Buffer.concat([hex('0005 0800'), udp(false, 3)]));
    expect(read(frame)).toMatchObject({ kind: 'udp', from: guest, to: client, length: 16 });
  });

  it('of ICMP, at a TAP', () => {
    expect(read(cooked('0800', echo(true, 70_000), 9, true), LinkType.linuxSll2)).toMatchObject({
      kind: 'icmp',
      type: 'request',
      identifier: 77,
      sequence: 70_000 & 0xffff,
      link: { index: 9, out: true },
    });
  });

  it('of IPv6', () => {
    const header = `60000000 0008 11 40 20010db8000100000000000000000001 20010db8000200000000000000000100`;
    expect(read(ethernet('86dd', hex(`${header} 0fa0 0007 0008 0000`)))).toMatchObject({
      kind: 'udp',
      from: { address: '2001:db8:1::1', port: 4000 },
      to: { address: '2001:db8:2::100', port: 7 },
      length: 0,
    });
  });

  it('in a Geneve tunnel is the one inside, with the tunnel’s key', () => {
    const inner = ethernet('0800', udp(true, 1));
    const geneve = Buffer.concat([hex('0000 6558 00abcd 00'), inner]);
    const outerUdp = Buffer.concat([
      hex(`0001 17c1 ${(8 + geneve.length).toString(16).padStart(4, '0')} 0000`),
      geneve,
    ]);
    const outer = Buffer.concat([
      hex(
        `4500 ${(20 + outerUdp.length).toString(16).padStart(4, '0')} 0000 0000 40 11 0000 c0000201 c0000202`,
      ),
      outerUdp,
    ]);
    expect(read(ethernet('0800', outer))).toMatchObject({
      kind: 'udp',
      tunnel: 0xabcd,
      from: client,
      to: guest,
    });
  });
});

describe('an announcement', () => {
  const addresses = (sender: string, target: string): Buffer =>
    hex(`0001 0800 06 04 0001 525400000001 ${sender} 000000000000 ${target}`);

  it('by RARP', () => {
    expect(read(ethernet('8035', addresses('00000000', '00000000')))).toMatchObject({
      kind: 'rarp',
      mac: '52:54:00:00:00:01',
    });
  });

  it('by gratuitous ARP; a question is none', () => {
    expect(read(ethernet('0806', addresses('0a010064', '0a010064')))).toMatchObject({
      kind: 'gratuitous-arp',
      mac: '52:54:00:00:00:01',
      address: '10.1.0.100',
    });
    expect(read(ethernet('0806', addresses('0a010064', '0a010001')))).toBeUndefined();
  });

  it('by an unsolicited neighbour advertisement; a solicited one is none', () => {
    const advertisement = (flags: string): Buffer =>
      ethernet(
        '86dd',
        hex(`60000000 0020 3a ff fe800000000000000000000000000001 ff020000000000000000000000000001
             88 00 0000 ${flags}000000 20010db8000100000000000000000100 0201 525400000001`),
      );
    expect(read(advertisement('20'))).toMatchObject({
      kind: 'neighbour-advertisement',
      mac: '52:54:00:00:00:01',
      address: '2001:db8:1::100',
    });
    expect(read(advertisement('60'))).toBeUndefined();
  });
});

describe('what is no packet of interest', () => {
  it.each([
    [
      'a later fragment',
      ethernet(
        '0800',
        Buffer.concat([hex('4500 0024 0000 0010 40 11 0000 0a000009 0a010064'), Buffer.alloc(16)]),
      ),
    ],
    ['another protocol', ethernet('88cc', Buffer.alloc(40))],
  ])('%s', (_, bytes) => {
    expect(read(bytes)).toBeUndefined();
  });

  it('is anything of any length, without a crash', () => {
    const whole = [
      ethernet('0800', tcp({ toGuest: true, seq: 1, data: 'x' })),
      cooked('0806', hex('00'), 1, true),
    ];
    for (const bytes of whole) {
      for (let length = 0; length < bytes.length; length++) read(bytes.subarray(0, length));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(1, 276, 999), (bytes, linkType) => {
        read(Buffer.from(bytes), linkType);
      }),
    );
  });
});
