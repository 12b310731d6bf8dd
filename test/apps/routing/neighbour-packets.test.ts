/** The bytes were read back with tcpdump, which found every checksum right (test/ovs/apps/packets.test.ts). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arpAnnouncement,
  arpProbe,
  neighbourAnnouncement,
  neighbourSolicitation,
  readNeighbourAnswer,
} from '../../../apps/routing/neighbour-packets.ts';

const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

test('an ARP probe asks from no address (RFC 5227)', () => {
  expect(hex(arpProbe('52:54:00:00:00:64', '10.1.0.1'))).toBe(
    'ffffffffffff525400000064' +
      '0806' +
      '0001080006040001' +
      '52540000006400000000' +
      '0000000000000a010001',
  );
});

test('an ARP announcement asks for its own', () => {
  expect(hex(arpAnnouncement('52:54:00:00:00:64', '10.1.0.1'))).toBe(
    'ffffffffffff525400000064' +
      '0806' +
      '0001080006040001' +
      '5254000000640a010001' +
      '0000000000000a010001',
  );
});

test('a solicitation goes to the solicited-node group, from the link-local address of the MAC address', () => {
  expect(hex(neighbourSolicitation('02:00:00:00:00:01', '2001:db8:1::12:3456'))).toBe(
    '3333ff123456' + '020000000001' + '86dd' + '6000000000203aff' +
      'fe80000000000000000000fffe000001' + 'ff0200000000000000000001ff123456' +
      '8700' + 'e391' + '00000000' + '20010db8000100000000000000123456' + '0101020000000001',
  ); // prettier-ignore
});

test('an announcement goes to all nodes, unsolicited', () => {
  const frame = hex(neighbourAnnouncement('52:54:00:00:00:64', '2001:db8:2::200'));
  expect(frame.slice(0, 28)).toBe('33330000000152540000006486dd');
  expect(frame.slice(108, 112)).toBe('8800');
  expect(frame.slice(116, 124)).toBe('20000000');
  expect(frame.slice(156)).toBe('0201525400000064');
});

describe('answers', () => {
  const arpReply = bytes(`020000000001 c2eecf07e1b1 0806 0001 0800 0604 0002
    c2eecf07e1b1 0a010001 020000000001 00000000`);
  const advert = bytes(`020000000001 c2eecf07e1b1 86dd 60000000 0020 3a ff
    20010db8000100000000000000000001 fe80000000000000000000fffe000001
    88 00 0000 e0000000 20010db8000100000000000000000001 0201 c2eecf07e1b2`);

  test('of ARP: who, and with which MAC address', () => {
    expect(readNeighbourAnswer(arpReply)).toEqual({ address: '10.1.0.1', mac: 'c2:ee:cf:07:e1:b1' });
  });

  test('of neighbour discovery: the option tells, or else the frame', () => {
    expect(readNeighbourAnswer(advert)).toEqual({ address: '2001:db8:1::1', mac: 'c2:ee:cf:07:e1:b2' });
    expect(readNeighbourAnswer(advert.subarray(0, 78))).toEqual({
      address: '2001:db8:1::1',
      mac: 'c2:ee:cf:07:e1:b1',
    });
  });

  test('at whatever offset of their buffer', () => {
    const shifted = new Uint8Array(7 + arpReply.length);
    shifted.set(arpReply, 7);
    expect(readNeighbourAnswer(shifted.subarray(7))).toEqual(readNeighbourAnswer(arpReply));
  });

  test('a question is none', () => {
    expect(readNeighbourAnswer(arpProbe('02:00:00:00:00:01', '10.1.0.1'))).toBeUndefined();
    expect(readNeighbourAnswer(neighbourSolicitation('02:00:00:00:00:01', '2001:db8::1'))).toBeUndefined();
  });

  test('nor is one that is cut short, anywhere', () => {
    for (let length = 0; length < 42; length++)
      expect(readNeighbourAnswer(arpReply.subarray(0, length))).toBeUndefined();
    for (let length = 0; length < 78; length++)
      expect(readNeighbourAnswer(advert.subarray(0, length))).toBeUndefined();
  });

  test('whatever comes, it does no harm', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (frame) => void readNeighbourAnswer(frame)));
    const near = fc.tuple(fc.nat(85), fc.nat(255)).map(([at, value]) => {
      const frame = advert.slice();
      frame[at] = value;
      return frame;
    });
    fc.assert(fc.property(near, (frame) => void readNeighbourAnswer(frame)));
  });
});
